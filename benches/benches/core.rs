//! The core, without any framework, and the floor beside it.

fn main() {
    benches::measure(&mut benches::criterion(), benches::core::jobs());
}
