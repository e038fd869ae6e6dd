//! The sizes of our cookies.

use benches::payload::{self, SECRET, SIZES};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use session_core::{SecretKey, Sessions, testing};

/// Bytes on the wire for one session.
#[derive(Serialize, Deserialize)]
pub struct Lengths {
    pub who: String,
    /// Bytes of JSON in the session.
    pub size: usize,
    /// Bytes that each request carries: `name=value`.
    pub cookie: usize,
    /// Bytes of the response that writes it: the value of Set-Cookie, with attributes.
    pub set_cookie: usize,
}

/// The sizes in each of our formats.
pub fn lengths() -> Vec<Lengths> {
    let key = SecretKey::new(SECRET).unwrap();
    let formats = [
        ("ours, signed", Sessions::new(key.clone())),
        (
            "ours, encrypted",
            Sessions::builder(key).encrypted().build().unwrap(),
        ),
        ("ours, Flask mode", Sessions::flask(SECRET).unwrap()),
    ];
    let mut lengths = Vec::new();
    for (who, sessions) in formats {
        for size in SIZES {
            let response = testing::respond(&sessions, &HeaderMap::new(), |session| {
                payload::session(size)
                    .iter()
                    .try_for_each(|(key, value)| session.insert(key, value))
            });
            let set_cookie = response.unwrap()["set-cookie"].to_str().unwrap().to_owned();
            let cookie = set_cookie.split(';').next().unwrap_or_default().len();
            lengths.push(Lengths {
                who: who.into(),
                size,
                cookie,
                set_cookie: set_cookie.len(),
            });
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_take_them_all() {
        for Lengths {
            who,
            size,
            cookie,
            set_cookie,
        } in lengths()
        {
            assert!(
                cookie < set_cookie && cookie <= 4096,
                "{who} {size}: {cookie} {set_cookie}"
            );
            // Flask's format compresses wherever that makes the cookie shorter.
            assert!(
                size < cookie || who == "ours, Flask mode",
                "{who} {size}: {cookie}"
            );
        }
    }
}
