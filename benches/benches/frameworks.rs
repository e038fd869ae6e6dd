//! What goes through a framework: our adapters and the peers; and the libraries without any.

fn main() {
    let mut jobs = benches::frameworks::jobs();
    jobs.extend(benches::library::jobs());
    benches::measure(&mut benches::criterion(), jobs);
}
