//! The code by which the benches measure their own stores.

#[path = "../../src/stores/flight.rs"]
pub mod flight;
#[path = "../../src/stores/peers.rs"]
pub mod peers;
