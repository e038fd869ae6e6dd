//! The byte strings that freed memory must not contain.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::{BTreeSet, HashMap};

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Bytes that must not be found, and their name.
pub(crate) struct Needle {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// A match of this many bytes of a needle is enough.
const PIECE: usize = 16;

/// Returns the needles of which a piece is in these bytes.
pub(crate) fn found(needles: &[Needle], bytes: &[u8]) -> Vec<String> {
    let mut pieces: HashMap<&[u8], &str> = HashMap::new();
    for needle in needles {
        let last = needle.bytes.len() - PIECE;
        for start in (0..last).step_by(PIECE).chain([last]) {
            pieces.insert(&needle.bytes[start..start + PIECE], &needle.name);
        }
    }
    let is_start = |byte| pieces.keys().any(|piece| piece[0] == byte);
    let starts: Vec<bool> = (0..=255).map(is_start).collect();
    let may_be = |window: &&[u8]| starts[usize::from(window[0])];
    let found = bytes
        .windows(PIECE)
        .filter(may_be)
        .filter_map(|window| pieces.get(window));
    found
        .map(|name| (*name).to_owned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Returns every value that is made from a secret and makes sessions, or reveals the secret.
pub(crate) fn needles(secret: &str) -> Vec<Needle> {
    let mut all = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| {
        all.push(Needle {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        });
    };
    add("the secret", secret.as_bytes());
    add(
        "the secret in lower case",
        secret.to_ascii_lowercase().as_bytes(),
    );
    add(
        "the secret decoded",
        &URL_SAFE_NO_PAD.decode(secret).unwrap(),
    );
    add_hmac(&mut add, "the secret", secret.as_bytes());
    for (purpose, names) in [
        (1, &["__Host-session", "__Host-old"][..]),
        (2, &["__Host-session", "__Host-old"]),
        (3, &["__Host-session", "__Host-old"]),
        (4, &[""]),
        (5, &["__Host-session", "session"]),
    ] {
        for name in names {
            let key = derived(secret, purpose, name);
            let called = format!("K({purpose}) of {name:?}");
            add(&called, &key);
            add_hmac(&mut add, &called, &key);
            add(&format!("AES' keys of {called}"), &round_keys(&key));
        }
    }
    for (called, key) in [
        (
            "Flask's key, SHA-1",
            hmac::<Hmac<Sha1>>(secret.as_bytes(), b"cookie-session"),
        ),
        (
            "Flask's key, SHA-256",
            hmac::<Hmac<Sha256>>(secret.as_bytes(), b"cookie-session"),
        ),
        (
            "Flask's key, SHA-512",
            hmac::<Hmac<Sha512>>(secret.as_bytes(), b"cookie-session"),
        ),
    ] {
        add(called, &key);
        add_hmac(&mut add, called, &key);
    }
    all
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key)
        .unwrap()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// Returns K(p), as `docs` and the core define it, without a context.
fn derived(secret: &str, purpose: u8, name: &str) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap().to_be_bytes();
    let context = [
        b"rust-session\x00\x01",
        &[purpose][..],
        &length,
        name.as_bytes(),
        &[0; 4],
    ]
    .concat();
    hmac::<Hmac<Sha256>>(secret.as_bytes(), &context)
}

/// Returns the key's block, and HMAC's states after it. Both states are enough to sign.
fn add_hmac(add: &mut impl FnMut(&str, &[u8]), called: &str, key: &[u8]) {
    for (pad, which) in [(0x36, "inner"), (0x5c, "outer")] {
        let block = |length: usize| -> Vec<u8> {
            let padded = key.iter().copied().chain(std::iter::repeat(0));
            padded.take(length).map(|byte| byte ^ pad).collect()
        };
        add(
            &format!("HMAC's {which} block of {called}"),
            &block(key.len()),
        );

        let mut state = [
            0x6745_2301,
            0xefcd_ab89,
            0x98ba_dcfe,
            0x1032_5476,
            0xc3d2_e1f0,
        ];
        sha1::block_api::compress(&mut state, &[block(64).try_into().unwrap()]);
        let words = state.map(u32::to_ne_bytes).concat();
        add(&format!("HMAC-SHA1's {which} state of {called}"), &words);

        let mut state = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        sha2::block_api::compress256(&mut state, &[block(64).try_into().unwrap()]);
        let words = state.map(u32::to_ne_bytes).concat();
        add(&format!("HMAC-SHA256's {which} state of {called}"), &words);

        let mut state = [
            0x6a09_e667_f3bc_c908,
            0xbb67_ae85_84ca_a73b,
            0x3c6e_f372_fe94_f82b,
            0xa54f_f53a_5f1d_36f1,
            0x510e_527f_ade6_82d1,
            0x9b05_688c_2b3e_6c1f,
            0x1f83_d9ab_fb41_bd6b,
            0x5be0_cd19_137e_2179,
        ];
        sha2::block_api::compress512(&mut state, &[block(128).try_into().unwrap()]);
        let words = state.map(u64::to_ne_bytes).concat();
        add(&format!("HMAC-SHA512's {which} state of {called}"), &words);
    }
}

/// Returns the round keys of AES, as this machine's implementation holds them.
fn round_keys(key: &[u8]) -> Vec<u8> {
    let key: [u8; 32] = key.try_into().unwrap();
    let layout = Layout::new::<Aes256>();
    // SAFETY: the block belongs to the cipher, is zeroed, and is freed with the layout it was
    // allocated with.
    let bytes = unsafe {
        let block = alloc_zeroed(layout);
        assert!(!block.is_null());
        block.cast::<Aes256>().write(Aes256::new(&key.into()));
        let bytes = std::slice::from_raw_parts(block, layout.size()).to_vec();
        block.cast::<Aes256>().drop_in_place();
        dealloc(block, layout);
        bytes
    };
    // Starts at the second half of the key, so that the key itself is not found twice, and leaves
    // out parts that may be unused.
    bytes[PIECE..15 * 16].to_vec()
}
