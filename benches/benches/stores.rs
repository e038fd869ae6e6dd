//! Stores, beside their raw clients and peers' stores.

fn main() {
    benches::measure(&mut benches::criterion(), benches::stores::jobs());
}
