//! What a back end promises about what it has answered.

use std::fmt;

/// What an answered write survives. Each survives what those before it do.
///
/// ```
/// use session_store::Durability;
///
/// assert!(Durability::PowerLoss > Durability::Crash);
/// assert_eq!(Durability::Crash.to_string(), "survives a crash of the store, not a power loss");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Durability {
    /// The back end does not tell how it is configured.
    Unknown,
    /// Nothing: it is gone when the process ends that holds it, be it this one or a server.
    Process,
    /// That this process ends, and mostly that the server does: a crash may take the last moments.
    LastMoments,
    /// A crash of the process that holds it, as by `kill -9`. A loss of power or a crash of the system may take the last moments.
    Crash,
    /// A loss of power: it was on the disk before it was answered.
    PowerLoss,
    /// The loss of the machine: another one had it before it was answered.
    MachineLoss,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the store does not tell what it survives",
            Self::Process => "ends with the process that holds it",
            Self::LastMoments => "a crash of the store may take the last moments",
            Self::Crash => "survives a crash of the store, not a power loss",
            Self::PowerLoss => "survives a power loss, not the loss of the machine",
            Self::MachineLoss => "survives the loss of a machine",
        })
    }
}
