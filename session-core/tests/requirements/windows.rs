//! O3: formats and keys that are accepted within a declared window, and no longer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_core::{KeyRing, Sessions};

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, key, request, visit};
use crate::{NOW, ours};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Returns for each of these times whether the reader accepts the writer's cookie.
fn reads<const N: usize>(
    time: &ManualClock,
    reader: &Sessions,
    writer: &Sessions,
    times: [u64; N],
) -> [bool; N] {
    time.set(NOW);
    let cookie = cookie_with(writer, "a", 1);
    times.map(|now| {
        time.set(now);
        reader.open(&request(&[&cookie])).rejected().is_none()
    })
}

/// The end of the window.
const END: u64 = NOW + 1_000;

/// From signed to encrypted and back, with live cookies. First every server learns to read the new
/// format, then each begins to write it. Both formats are read until a declared second, and no
/// longer.
#[test]
fn o3_two_formats_are_read_within_a_declared_window() {
    let time = ManualClock::at(NOW);
    let (signed, encrypted) = (
        ours(&time).build().unwrap(),
        ours(&time).encrypted().build().unwrap(),
    );
    let readers = ours(&time).accept_encrypted_until(at(END)).build().unwrap();
    let writers = ours(&time)
        .encrypted()
        .accept_signed_until(at(END))
        .build()
        .unwrap();
    const ALWAYS: [bool; 4] = [true; 4];
    const WITHIN: [bool; 4] = [true, true, false, false];
    const NEVER: [bool; 4] = [false; 4];
    for (what, reader, writer, expected) in [
        // Before the window: a format that is not declared is not read.
        ("signed alone", &signed, &signed, ALWAYS),
        ("a server that was left out", &signed, &writers, NEVER),
        ("without a window", &encrypted, &signed, NEVER),
        // Within: the servers of each step read the cookies of the steps before and after it.
        ("readers first", &readers, &signed, ALWAYS),
        ("readers write what all read", &signed, &readers, ALWAYS),
        ("readers, of writers", &readers, &writers, WITHIN),
        ("writers, of readers", &writers, &readers, WITHIN),
        ("writers", &writers, &writers, ALWAYS),
        // After the window.
        ("encrypted alone, of writers", &encrypted, &writers, ALWAYS),
        ("writers, of encrypted alone", &writers, &encrypted, ALWAYS),
        ("encrypted alone, of readers", &encrypted, &readers, NEVER),
    ] {
        assert_eq!(
            reads(&time, reader, writer, [NOW, END - 1, END, END + 10]),
            expected,
            "{what}"
        );
    }
    // A live session survives the whole roll-out and its roll-back: no user is logged out.
    time.set(NOW);
    let mut cookie = cookie_with(&signed, "visits", 0);
    for (visits, sessions) in (1..).zip([
        &readers, &writers, &writers, &readers, &signed, &readers, &writers, &encrypted,
    ]) {
        let closed = visit(sessions, &[&cookie], |session| {
            assert_eq!(session.increment("visits", 1)?, visits);
            Ok(())
        });
        cookie = closed.unwrap().new_cookie();
    }
}

/// Keys have windows, too: a key that only verifies does so until its end.
#[test]
fn o3_a_key_verifies_until_its_end() {
    for encrypted in [false, true] {
        let time = ManualClock::at(NOW);
        let build = |ring: KeyRing| {
            let builder = Sessions::builder(ring).clock(time.clone());
            let builder = if encrypted {
                builder.encrypted()
            } else {
                builder
            };
            builder.build().unwrap()
        };
        let (old, new) = (|| key(OTHER_KEY), || key(KEY));
        let before = build(KeyRing::new(old()));
        let learned = build(KeyRing::new(old()).verify_only_until(new(), at(END)));
        let turned = build(KeyRing::new(new()).verify_only_until(old(), at(END)));
        let after = build(KeyRing::new(new()));
        let reads = |reader, writer| reads(&time, reader, writer, [NOW, END - 1, END]);
        assert_eq!(reads(&learned, &before), [true; 3], "before");
        assert_eq!(reads(&learned, &turned), [true, true, false], "within");
        assert_eq!(reads(&turned, &before), [true, true, false]);
        assert_eq!(reads(&turned, &learned), [true, true, false]);
        assert_eq!(reads(&after, &turned), [true; 3], "after");
        assert_eq!(reads(&after, &learned), [false; 3]);
        assert_eq!(
            reads(&before, &turned),
            [false; 3],
            "a server that was left out"
        );
        // Rolled back with a live session: the old servers read a cookie of the new key, and write
        // it with the old key again.
        time.set(NOW);
        let mut cookie = cookie_with(&before, "visits", 0);
        for sessions in [
            &learned, &turned, &learned, &before, &learned, &turned, &after,
        ] {
            let closed = visit(sessions, &[&cookie], |session| {
                session.increment("visits", 1).map(drop)
            });
            cookie = closed.unwrap().new_cookie();
        }
        assert_eq!(
            after
                .open(&request(&[&cookie]))
                .get::<i64>("visits")
                .unwrap(),
            Some(7)
        );
    }
}
