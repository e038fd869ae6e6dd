//! The properties that the targets check. They are those of session-core's tests.

#[path = "../../session-core/tests/common/mod.rs"]
pub mod common;
#[path = "../../session-core/tests/property/mod.rs"]
pub mod property;
