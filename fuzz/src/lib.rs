//! What the targets share: the properties of session-core's tests, as they are.

#[path = "../../session-core/tests/common/mod.rs"]
pub mod common;
#[path = "../../session-core/tests/property/mod.rs"]
pub mod property;
