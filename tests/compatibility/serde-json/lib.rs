//! Tests of session-core in an application where serde_json keeps numbers and whole values as text.
