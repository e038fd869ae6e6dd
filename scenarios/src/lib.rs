//! One suite of scenarios for every adapter.
