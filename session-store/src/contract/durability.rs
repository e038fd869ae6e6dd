//! The faults that a write survives after its back end has replied.

use std::fmt;

/// The faults that a write survives after its back end has replied. Each value survives what those before it survive.
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
    /// Unknown: the back end does not report its configuration.
    Unknown,
    /// Nothing: it ends with the process that holds it, this one or a server.
    Process,
    /// The end of this process, and of the server, except that a crash of the server may lose the last moments.
    LastMoments,
    /// A crash of the process that holds it, as by `kill -9`. A power loss or a crash of the system may lose the last moments.
    Crash,
    /// A power loss: it is on the disk before the reply.
    PowerLoss,
    /// The loss of the machine: another machine has it before the reply.
    MachineLoss,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the store does not report what a write survives",
            Self::Process => "ends with the process that holds it",
            Self::LastMoments => "a crash of the store may lose the last moments",
            Self::Crash => "survives a crash of the store, not a power loss",
            Self::PowerLoss => "survives a power loss, not the loss of the machine",
            Self::MachineLoss => "survives the loss of a machine",
        })
    }
}
