//! What the benches measure their own with.

#[path = "../../src/stores/flight.rs"]
pub mod flight;
#[path = "../../src/stores/peers.rs"]
pub mod peers;
