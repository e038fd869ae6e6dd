//! Tests of session-core in an application where serde_json holds numbers and whole values as text.
