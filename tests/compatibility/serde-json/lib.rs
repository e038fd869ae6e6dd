//! Tests of session-core in an application whose serde_json holds numbers and whole values as text.
