//! The texts of `--help`.

pub(crate) const HELP: &str = "\
Reads and writes session cookies, Flask's and this library's own, and looks after the sessions in a store.

Usage: session COMMAND [OPTIONS] [--] [ITEM]

 Cookies:
  decode   prints the content of a cookie, without a key
  verify   checks a cookie as a server does, and prints its content
  sign     makes a cookie from a JSON object
  keygen   makes a secret key

 Sessions in a store:
  list     lists the sessions of a user
  show     prints the content of a session, or of all sessions of a user
  end      ends a session, or all sessions of a user

For the options of a command: session COMMAND --help
For the version: session --version

Exit code: 0 valid or found, 1 not valid, not found or failed (the reason is on standard error), 2 wrong usage.
";

pub(crate) const DECODE: &str = "\
Prints the content of a cookie, without a key. Nothing is verified.

Usage: session decode [--] COOKIE

COOKIE is the value, or name=value, also in double quotes. Flask's format, this library's own, and the ids of stored
sessions are recognised. The content of an encrypted cookie needs its key: session verify --encrypted
`-` reads one cookie per line from standard input, and prints one line for each: its payload, or `error: REASON`.

In a pipe the first line is the payload as JSON; the other lines are `name: value`. The payload is an object. In this
library's own format it is [object, flashes] while flashes are pending, and [object, flashes, user] while a user is
logged in. Of an id it is {\"record\":KEY}: session show KEY --store URL prints that session.

Example: session decode eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
";

/// The options for keys, in the order in which they are to be preferred.
macro_rules! keys {
    () => {
        "\
\x20 SECRET_KEY          the secret key, in the environment, as the application has it; also SECRET_KEY_FALLBACKS and
                      SESSION_VERIFY_ONLY_KEYS, for keys that still verify
  --prefix NAME       reads NAME_SECRET_KEY and so on instead, such as FLASK_SECRET_KEY
  --secret-file PATH  a file with the secret key in its first line, and keys that still verify in the lines after it;
                      - is standard input
"
    };
}

/// The options of this library's own format.
macro_rules! ours {
    () => {
        "\
\x20This library's own format:
  --ours              selects it
  --encrypted         selects it, for encrypted cookies
"
    };
}

pub(crate) const VERIFY: &str = concat!(
    "\
Checks a cookie as a server does, and prints its payload: JSON, with Flask's tags as they are in the cookie.

Usage: session verify [OPTIONS] [--] COOKIE

COOKIE is the value, or name=value, also in double quotes.
`-` reads one cookie per line from standard input, and prints one line for each: its payload, or `error: REASON`.

 The key:
",
    keys!(),
    "\
\x20 --secret S          the secret key (other users of this machine can see it while the command runs)
  --fallback F        a former key, which still verifies; up to 8 times (can be seen as well)
 Times:
  --max-age SECONDS   how long a cookie is valid; default: 31 days
  --now UNIX          the time, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
",
    ours!(),
    "\
\x20 --stored            selects it, for ids of stored sessions; prints {\"record\":KEY}. Whether the session still
                      exists, its store knows: session show KEY --store URL
  --name NAME         the whole name of the cookie; default: __Host-session
  --context TEXT      default: none

Example: SECRET_KEY=dev session verify --now 1700000000 eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
"
);

pub(crate) const SIGN: &str = concat!(
    "\
Makes a cookie from a JSON object, and prints its value. Flask's tags give types that JSON lacks: {\" t\":[1,2]}.

Usage: session sign [OPTIONS] [--] JSON

`-` reads one object per line from standard input, and prints one line for each: the value, or `error: REASON`.

 The key:
",
    keys!(),
    "\
\x20 --secret S          the secret key (other users of this machine can see it while the command runs)
 Times:
  --now UNIX          the time of signing, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
",
    ours!(),
    "\
\x20 --name NAME         the whole name of the cookie; default: __Host-session
  --context TEXT      default: none
  --user TEXT         the user who is logged in; default: none
 --fallback and --max-age are accepted, and change nothing.

Example: SECRET_KEY=dev session sign --now 1700000000 '{\"a\":1}'
"
);

pub(crate) const KEYGEN: &str = "\
Makes a secret key: 43 characters, 256 random bits.

Usage: session keygen

Example: SECRET_KEY=$(session keygen)
";

/// The options for a store.
macro_rules! store {
    () => {
        "\
\x20The store:
  STORE_URL           its URL, in the environment; with --prefix NAME, NAME_STORE_URL
  --store URL         its URL (other users of this machine can see it, with its password, while the command runs):
                        sqlite:PATH                         a file that exists
                        redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER]
                        postgres://USER[:PASSWORD]@HOST[:PORT][/DATABASE]
  --redis-prefix P    the beginning of the keys in Redis, as the application has it, such as shop:sessions:
  --table NAME        the table in PostgreSQL; default: session_records
"
    };
}

pub(crate) const LIST: &str = concat!(
    "\
Lists the live sessions of a user, the oldest login first. Needs no key.

Usage: session list --user NAME [OPTIONS]

A terminal gets a table. A pipe gets a JSON object a line, with the names key, created, seen, expires and label; times
are in seconds since 1970.

  --user NAME         the user, as the application has logged them in
  --limit N           at most the newest N; default: 1000
",
    store!(),
    "
Example: session list --user ada --store sqlite:sessions.db
"
);

pub(crate) const SHOW: &str = concat!(
    "\
Prints the content of a session in a store.

Usage: session show [OPTIONS] [--] ITEM
       session show --user NAME [OPTIONS]

ITEM is the key of a record, as list prints it, or the cookie with its id, whose signature is not checked.

In a pipe it is a JSON object a line, with the names key, user, created, seen, expires, label, encrypted and content;
times are in seconds since 1970. The content is as decode prints it: an object, or [object, flashes].
Without its key, the content of an encrypted session is null.

  --user NAME         shows all live sessions of this user, the oldest login first
  --limit N           at most the newest N; default: 1000
",
    store!(),
    " The key, if sessions are encrypted in the store:
",
    keys!(),
    "\
\x20 --context TEXT      the context of the application; default: none

Example: session show --user ada --store sqlite:sessions.db
"
);

pub(crate) const END: &str = concat!(
    "\
Ends sessions in a store at once: the ids in the users' browsers open nothing any more. Says how many. Needs no key.

Usage: session end --user NAME [OPTIONS]          all sessions of the user
       session end --user NAME [OPTIONS] [--] KEY    this one, if it is the user's
       session end [OPTIONS] [--] KEY                this one, of any user

KEY is the key of a record, as list prints it. A pipe gets {\"ended\":N}.

  --user NAME         the user, as the application has logged them in
",
    store!(),
    "
Example: session end --user ada --store sqlite:sessions.db
"
);
