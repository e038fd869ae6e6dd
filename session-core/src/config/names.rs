//! Names that look like settings and are none. They are errors: a misspelt setting that is ignored leaves a default where the
//! author has chosen something else.

use crate::config::kind::Kind;

/// How the settings of Flask-Session begin, an extension of Flask that stores sessions on the server.
const FLASK_SESSION: [&str; 14] = [
    "SESSION_TYPE",
    "SESSION_USE_SIGNER",
    "SESSION_KEY_PREFIX",
    "SESSION_ID_LENGTH",
    "SESSION_SID_LENGTH",
    "SESSION_SERIALIZATION_FORMAT",
    "SESSION_CLEANUP_N_REQUESTS",
    "SESSION_REDIS",
    "SESSION_MEMCACHED",
    "SESSION_CACHELIB",
    "SESSION_FILE_",
    "SESSION_MONGODB",
    "SESSION_SQLALCHEMY",
    "SESSION_DYNAMODB",
];

/// Words that other libraries use in place of `SESSION_...`, and that are no misspelling.
const SYNONYMS: [(&str, &str); 12] = [
    ("SESSION_SECRET", "SECRET_KEY"),
    ("SESSION_SECRET_KEY", "SECRET_KEY"),
    ("SESSION_KEY", "SECRET_KEY"),
    ("SESSION_COOKIE_SECRET", "SECRET_KEY"),
    ("SESSION_COOKIE_KEY", "SECRET_KEY"),
    ("SESSION_SEAL", "SESSION_ENCRYPTED"),
    ("SESSION_SEALED", "SESSION_ENCRYPTED"),
    ("SESSION_LIFETIME", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_TIMEOUT", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_MAX_AGE", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_COOKIE_AGE", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_COOKIE_MAX_AGE", "PERMANENT_SESSION_LIFETIME"),
];

/// Settings whose names do not begin with `SESSION_`, and are so long that a name beside them is hardly another program's.
const LONG_NAMES: [&str; 3] = [
    "SECRET_KEY_FALLBACKS",
    "PERMANENT_SESSION_LIFETIME",
    "MAX_COOKIE_SIZE",
];
/// A misspelling of such a name differs in at most this many characters.
const NEAR: usize = 2;

/// A name that is meant to be a setting, and is none.
pub(super) struct Unknown {
    /// The setting whose name is nearest.
    pub(super) nearest: &'static str,
    of_flask_session: bool,
}

impl Unknown {
    /// Judges a name, in upper case and without a prefix. Returns `None` for a setting, and for a name that belongs to something
    /// else, since a configuration is read beside those of other programs.
    pub(super) fn of(name: &str) -> Option<Self> {
        if Kind::of(name).is_some() {
            return None;
        }
        let nearest = if name.starts_with("SESSION_") {
            nearest(name)
        } else {
            LONG_NAMES.into_iter().find(|known| is_near(name, known))?
        };
        Some(Self {
            nearest,
            of_flask_session: FLASK_SESSION.iter().any(|start| name.starts_with(start)),
        })
    }

    /// Returns the end of the error's sentence. `nearest` is the name of the nearest setting as the author would write it.
    pub(super) fn problem(&self, nearest: &str) -> String {
        if self.of_flask_session {
            "this setting is Flask-Session's, whose sessions on the server cannot be shared; remove it here, and for sessions \
             in a store use Config::build_stored, with a store that the program makes"
                .to_owned()
        } else {
            format!(
                "there is no such setting, and it would be ignored; the nearest one is {nearest}: correct the name, or remove it"
            )
        }
    }
}

fn is_near(name: &str, known: &str) -> bool {
    // The distance is at least the difference of the lengths.
    name.len().abs_diff(known.len()) <= NEAR && distance(name, known) <= NEAR
}

/// Returns the setting that a name beginning with `SESSION_` is meant to be.
fn nearest(name: &str) -> &'static str {
    for (synonym, setting) in SYNONYMS {
        if name == synonym {
            return setting;
        }
    }
    // SESSION_DOMAIN is meant to be SESSION_COOKIE_DOMAIN.
    let with_cookie = name.replacen("SESSION_", "SESSION_COOKIE_", 1);
    let (mut best, mut least) = ("SESSION_COOKIE_NAME", usize::MAX);
    for known in Kind::names() {
        let far = distance(name, known).min(distance(&with_cookie, known) + 1);
        if far < least {
            (best, least) = (known, far);
        }
    }
    best
}

/// Returns the edit distance (Levenshtein): how many characters are inserted, removed or replaced to make one text of the other.
fn distance(from: &str, to: &str) -> usize {
    // The row of the table for the beginning of `from` that was read: its distance to each beginning of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (read, byte) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = read + 1;
        for (column, other) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(byte != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_number_of_edits() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ac", 1),
            ("ac", "abc", 1),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    /// Each setting with one character less is unknown, and the setting is named.
    #[test]
    fn the_nearest_setting_is_named() {
        for setting in Kind::names() {
            assert!(Unknown::of(setting).is_none());
            let short = &setting[..setting.len() - 1];
            let found = Unknown::of(short).map(|unknown| unknown.nearest);
            let is_judged = setting.starts_with("SESSION_") || LONG_NAMES.contains(&setting);
            assert_eq!(found, is_judged.then_some(setting), "{short}");
        }
        for (name, setting) in [
            ("SESSION_SEAL", "SESSION_ENCRYPTED"),
            ("SESSION_ENCRYPT", "SESSION_ENCRYPTED"),
            ("SESSION_COOKIE_SAMSITE", "SESSION_COOKIE_SAMESITE"),
            ("SESSION_COOKIE_SAME_SITE", "SESSION_COOKIE_SAMESITE"),
            ("SESSION_SECURE", "SESSION_COOKIE_SECURE"),
            ("SESSION_DOMAIN", "SESSION_COOKIE_DOMAIN"),
            ("SESSION_TIMEOUT", "PERMANENT_SESSION_LIFETIME"),
            ("SESSION_SECRET", "SECRET_KEY"),
            ("PERMANENT_SESSION_LIFTIME", "PERMANENT_SESSION_LIFETIME"),
            ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ] {
            let found = Unknown::of(name).map(|unknown| unknown.nearest);
            assert_eq!(found, Some(setting), "{name}");
        }
        // Names of other programs, some of them close to ours.
        for name in [
            "",
            "DEBUG",
            "ADDRESS",
            "SECRET_KEY_BASE",
            "SECRET_KEY_2",
            "APPLICATION_PORT",
            "MAX_CONTENT_LENGTH",
            "DESKTOP_SESSION",
            "XDG_SESSION_TYPE",
        ] {
            assert!(Unknown::of(name).is_none(), "{name}");
        }
        // Neither long names nor other letters do harm.
        assert!(Unknown::of(&format!("SESSION_{}", "É".repeat(500))).is_some());
    }

    #[test]
    fn the_names_of_other_libraries_are_no_settings_of_ours() {
        for name in FLASK_SESSION {
            assert!(Unknown::of(name).unwrap().of_flask_session, "{name}");
        }
        // Flask-Session has it, too.
        assert!(Kind::of("SESSION_PERMANENT").is_some());
        for (name, setting) in SYNONYMS {
            assert!(Kind::of(name).is_none() && Kind::of(setting).is_some());
        }
    }
}
