//! Sealed cookies beside signed ones: open and read a value; open, count and close.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use session_core::{SecretKey, Sessions, testing};

/// Bytes of JSON in a session: `visits` and a text that fills it up.
const SIZES: [usize; 5] = [50, 98, 200, 1_000, 2_900];

fn formats() -> [(&'static str, Sessions); 2] {
    let builder = || Sessions::builder(SecretKey::new("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c").unwrap());
    [("signed", builder().build().unwrap()), ("sealed", builder().sealed().build().unwrap())]
}

/// A request whose session has so many bytes of JSON.
fn request(sessions: &Sessions, size: usize) -> HeaderMap {
    let rest = size - r#"{"text":"","visits":1}"#.len();
    let text: String = (0..rest).map(|at| char::from(b'a' + (at * 7 % 26) as u8)).collect();
    testing::request(sessions, |session| {
        session.insert("text", &text)?;
        session.increment("visits", 1)
    })
    .unwrap()
}

fn sealing(criterion: &mut Criterion) {
    for (job, write) in [("open, get", false), ("open, increment, close", true)] {
        let mut group = criterion.benchmark_group(job);
        for size in SIZES {
            for (format, sessions) in formats() {
                let request = request(&sessions, size);
                group.bench_function(BenchmarkId::new(format, size), |bencher| {
                    bencher.iter(|| {
                        let session = sessions.open(black_box(&request));
                        if write {
                            let mut response = HeaderMap::new();
                            session.increment("visits", 1).unwrap();
                            sessions.close(&session, &mut response).unwrap();
                            black_box(response);
                        } else {
                            black_box(session.get::<i64>("visits").unwrap());
                        }
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, sealing);
criterion_main!(benches);
