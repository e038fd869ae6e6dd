//! S3, S7: the context and the keys to which a value is bound.

use proptest::prelude::*;
use session_core::{Builder, Prefix, Rejected, Sessions};

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, key};
use crate::cookie_value::helpers::{rejection, value};
use crate::{NOW, ours};

/// Pairs of a name and a context whose concatenations are equal.
fn split_in_two_ways() -> impl Strategy<Value = [(String, String); 2]> {
    (
        "[a-zA-Z0-9_]{2,12}",
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(text, one, two)| {
            [one, two].map(|at| {
                let (name, context) = text.split_at(1 + at.index(text.len()));
                (name.to_owned(), context.to_owned())
            })
        })
}

proptest! {
    /// A value is valid for one name and one context.
    #[test]
    fn s3_name_and_context_are_bound(
        pairs in prop_oneof![
            split_in_two_ways(),
            ["[a-z_]{1,4}", "[a-z_]{1,4}"].prop_flat_map(|[a, b]| {
                ["\\PC{0,6}", "\\PC{0,6}"].prop_map(move |[c, d]| [(a.clone(), c), (b.clone(), d)])
            }),
        ],
        prefixes in [prop::bool::ANY, prop::bool::ANY],
    ) {
        let time = ManualClock::at(NOW);
        let build = |(name, context): &(String, String), host: bool| {
            let prefix = if host { Prefix::Host } else { Prefix::Secure };
            ours(&time).prefix(prefix).cookie_name(name).context(context).build().unwrap()
        };
        let (one, two) = (build(&pairs[0], prefixes[0]), build(&pairs[1], prefixes[1]));
        let moved = rejection(&two, value(&cookie_with(&one, "a", 1)));
        let same = pairs[0] == pairs[1] && prefixes[0] == prefixes[1];
        prop_assert_eq!(moved, (!same).then_some(Rejected::BadSignature));
    }
}

/// Flask's format binds the salt alone. `docs/security.md` names this weakness.
#[test]
fn s3_flask_binds_the_salt_and_not_the_name() {
    let build = |builder: Builder| builder.clock(ManualClock::at(NOW)).build().unwrap();
    let flask = build(Sessions::flask_builder(KEY));
    let cookie = cookie_with(&flask, "a", 1);
    let renamed = build(Sessions::flask_builder(KEY).cookie_name("admin"));
    assert_eq!(rejection(&renamed, value(&cookie)), None);
    let salted = build(Sessions::flask_builder(KEY).salt("admin-session"));
    assert_eq!(
        rejection(&salted, value(&cookie)),
        Some(Rejected::BadSignature)
    );
}

/// CVE-2025-47278: Flask 3.1.0 signed with the oldest key.
#[test]
fn s7_only_the_primary_key_signs() {
    let other = |letter: &str| key(&KEY.replace('u', letter));
    let build = |builder: Builder| builder.clock(ManualClock::at(NOW)).build().unwrap();
    let (old, new) = (
        build(Sessions::builder(key(OTHER_KEY))),
        build(Sessions::builder(key(KEY))),
    );
    let orders: [fn(Builder, [session_core::SecretKey; 3]) -> Builder; 2] = [
        |builder, [a, b, c]| builder.verify_only(a).verify_only(b).verify_only(c),
        |builder, [a, b, c]| builder.verify_only(c).verify_only(b).verify_only(a),
    ];
    for order in orders {
        let keys = [key(OTHER_KEY), other("v"), other("w")];
        let ring = build(order(Sessions::builder(key(KEY)), keys));
        assert_eq!(rejection(&ring, value(&cookie_with(&old, "a", 1))), None);
        let by_ring = cookie_with(&ring, "a", 1);
        assert_eq!(
            by_ring,
            cookie_with(&new, "a", 1),
            "equal to that of the primary key alone"
        );
        assert_eq!(
            rejection(&old, value(&by_ring)),
            Some(Rejected::BadSignature)
        );
    }
    let flask = |secret: &str| build(Sessions::flask_builder(secret));
    let ring = build(
        Sessions::flask_builder("new")
            .fallback("older")
            .fallback("old"),
    );
    assert_eq!(
        cookie_with(&ring, "a", 1),
        cookie_with(&flask("new"), "a", 1)
    );
    assert_eq!(
        rejection(&ring, value(&cookie_with(&flask("old"), "a", 1))),
        None
    );
}
