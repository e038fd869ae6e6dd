//! Checks that keys are wiped: memory that this library frees holds no secret, no value derived
//! from one, and no text that a secret was made of.
//!
//! The test looks in freed blocks for each third of the secret, of its lower-cased and of its
//! decoded form; the keys derived for each purpose, also Flask's; HMAC's states before the first
//! byte of a message; the round keys of AES.

mod cases;
#[path = "../../../session-cli/src/keygen.rs"]
mod keygen;
mod needles;

use cases::{FALLBACKS, FORMER, OLDEST, SECRET, UNTIL, cases};
use key_memory::{Spy, freed_during};
use needles::{found, needles};

#[global_allocator]
static SPY: Spy = Spy;

#[test]
fn no_key_is_in_freed_memory() {
    // SAFETY: no other thread of this program reads or writes its environment.
    unsafe {
        std::env::set_var("KEY_MEMORY_SECRET_KEY", SECRET);
        std::env::set_var("KEY_MEMORY_SECRET_KEY_FALLBACKS", FALLBACKS);
        std::env::set_var("KEY_MEMORY_SESSION_VERIFY_ONLY_KEYS", UNTIL);
    }
    // In a thread of its own, whose stack nothing else uses: computing the needles leaves keys there.
    let compute = || {
        let secrets = [SECRET, FORMER, OLDEST];
        secrets.into_iter().flat_map(needles).collect()
    };
    let needles: Vec<_> = std::thread::spawn(compute).join().unwrap();
    let mut left = Vec::new();
    for (name, work) in cases() {
        let freed = freed_during(&work);
        assert!(!freed.is_empty(), "{name}: nothing was freed");
        left.extend(
            found(&needles, &freed)
                .into_iter()
                .map(|what| format!("{name}: {what}")),
        );
    }
    assert!(left.is_empty(), "in freed memory:\n{}", left.join("\n"));
}

/// A generated key is known only afterwards.
#[test]
fn no_generated_key_is_in_freed_memory() {
    let mut text = String::with_capacity(100);
    let freed = freed_during(|| {
        let key = keygen::keygen().unwrap();
        keygen::print(&key, &mut std::io::sink()).unwrap();
        text.push_str(std::str::from_utf8(key.expose()).unwrap());
    });
    assert_eq!(found(&needles(&text), &freed), Vec::<String>::new());
}

/// Checks that the spy finds a key that was not wiped.
#[test]
fn what_is_not_wiped_is_found() {
    let needles = needles(SECRET);
    for needle in &needles {
        let freed = freed_during(|| drop([&[0; 5][..], &needle.bytes, &[0; 9]].concat()));
        assert!(
            found(&needles, &freed).contains(&needle.name),
            "{}",
            needle.name
        );
    }
    let freed = freed_during(|| {
        let mut grown = SECRET[..32].to_owned().into_bytes();
        grown.shrink_to_fit();
        // The text moves, and its old block is freed with its content.
        grown.extend_from_slice(&[0; 1000]);
        grown[..32].fill(0);
    });
    assert_eq!(found(&needles, &freed), ["the secret"]);
}
