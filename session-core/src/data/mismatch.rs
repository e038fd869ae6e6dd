//! How errors explain a change that does not fit.

use crate::data::change::TypeMismatch;

impl TypeMismatch {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotACounter => {
                "to be incremented it must be an integer of 64 bits, or a float without a fraction, up to 2^53; any other \
                 number is changed with `update`"
            }
            Self::Overflow => {
                "the sum leaves the range of a counter: i64, or 2^53 if it is a float"
            }
            Self::NotAList => "to be pushed onto it must be a list",
        }
    }
}
