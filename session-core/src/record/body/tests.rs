//! Bodies are encoded, decoded, cut and altered.

use super::*;
use proptest::prelude::*;

fn any_body() -> impl Strategy<Value = Body> {
    let hash = || any::<[u8; 32]>().prop_map(VerifierHash);
    let previous_verifier = (hash(), any::<Option<u64>>())
        .prop_map(|(hash, valid_until)| PreviousVerifier { hash, valid_until });
    let times = (any::<u64>(), any::<u64>(), any::<Option<u64>>());
    let recent_writes = prop::collection::vec(any::<u64>(), 1..=RECENT_WRITES);
    (
        any::<bool>(),
        any::<[u8; 4]>(),
        times,
        hash(),
        prop::option::of(previous_verifier),
        recent_writes,
        any::<String>(),
    )
        .prop_map(
            |(
                permanent,
                epoch,
                (verifier_created, indexed, authenticated),
                verifier,
                previous_verifier,
                recent_writes,
                data,
            )| {
                Body {
                    permanent,
                    epoch: Epoch::decode(epoch),
                    verifier_created,
                    indexed,
                    verifier,
                    authenticated,
                    previous_verifier,
                    recent_writes,
                    data: data.into(),
                }
            },
        )
}

proptest! {
    #[test]
    fn bodies_survive(body in any_body()) {
        prop_assert_eq!(Body::decode(&body.encode()), Some(body));
    }

    /// Nothing panics, and what is accepted is what would be written.
    #[test]
    fn one_text_for_one_body(mut bytes in prop::collection::vec(any::<u8>(), 0..300), flags in 0..16_u8, count in 0..10_u8) {
        if let [first, second, ..] = &mut bytes[..] {
            (*first, *second) = (ENCODING, flags);
        }
        let optional = [(AUTHENTICATED, 8), (HAS_PREVIOUS, 32), (PREVIOUS_ENDS, 8)];
        let place = 54 + optional.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, size)| size).sum::<usize>();
        if let Some(byte) = bytes.get_mut(place) {
            *byte = count;
            // The rest as text.
            bytes.iter_mut().skip(place + 1 + 8 * usize::from(count)).for_each(|byte| *byte &= 0x7f);
        }
        if let Some(body) = Body::decode(&bytes) {
            prop_assert_eq!(body.encode(), bytes);
        }
    }

    #[test]
    fn a_cut_body_is_none(body in any_body(), cut: prop::sample::Index) {
        let bytes = body.encode();
        let head = bytes.len() - body.data.len();
        prop_assert_eq!(Body::decode(&bytes[..cut.index(head)]), None);
    }
}

fn hash(byte: u8) -> VerifierHash {
    VerifierHash([byte; 32])
}

fn body(until: Option<u64>) -> Body {
    Body {
        permanent: false,
        epoch: Epoch::default(),
        verifier_created: 0,
        indexed: 0,
        verifier: hash(1),
        authenticated: None,
        previous_verifier: Some(PreviousVerifier {
            hash: hash(2),
            valid_until: until,
        }),
        recent_writes: vec![1],
        data: "{}".into(),
    }
}

#[test]
fn what_has_other_flags_is_none() {
    let bytes = Body {
        previous_verifier: None,
        ..body(None)
    }
    .encode();
    assert_eq!(bytes[1], 0);
    for flags in 1..=u8::MAX {
        let mut other = bytes.clone();
        other[1] = flags;
        // Permanence alone takes no more room.
        assert_eq!(
            Body::decode(&other).is_some(),
            flags == PERMANENT,
            "{flags}"
        );
    }
}

#[test]
fn what_opens() {
    for (until, verifier, now, expected) in [
        (None, 1, 0, VerifierMatch::Current),
        (None, 2, u64::MAX, VerifierMatch::Previous),
        (Some(100), 2, 99, VerifierMatch::Previous),
        (Some(100), 2, 100, VerifierMatch::Reused),
        (Some(100), 1, 100, VerifierMatch::Current),
        (None, 3, 0, VerifierMatch::Unknown),
    ] {
        assert_eq!(
            body(until).match_verifier(&hash(verifier), now),
            expected,
            "{until:?} {verifier} {now}"
        );
    }
    assert_eq!(
        Body {
            previous_verifier: None,
            ..body(None)
        }
        .match_verifier(&hash(2), 0),
        VerifierMatch::Unknown
    );
}
