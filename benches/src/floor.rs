//! The floor: the same job laid by hand.
