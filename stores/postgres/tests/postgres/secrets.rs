//! T5, T7: nothing in the table opens a session, and no log contains a user, an id or content.

use std::error::Error as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use log::{LevelFilter, Log, Metadata, Record};
use session_store::Store;
use session_store_postgres::PostgresStore;

use crate::tools::*;

/// As text: raw, in hexadecimal, in base64url with any neighbours, and as lists of numbers.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    let list = list[1..list.len() - 1].to_owned();
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    // The last character depends on the bytes that follow.
    let text = text[..text.len() - 1].to_owned();
    let upper = hex.to_uppercase();
    [
        bytes.to_vec(),
        hex.into(),
        upper.into(),
        text.into(),
        list.into(),
    ]
    .into()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn t5_a_dump_opens_nothing() {
    let Some((store, table)) = store().await else {
        return;
    };
    let source = source(store);
    let browsers: Vec<_> = (0..5).map(|_| Browser::default()).collect();
    for (number, browser) in browsers.iter().enumerate() {
        browser
            .visit(&source, |session| session.increment("visits", 1))
            .await
            .unwrap();
        browser
            .visit(&source, |session| session.log_in(&format!("user {number}")))
            .await
            .unwrap();
        browser
            .visit(&source, |session| session.cycle_id())
            .await
            .unwrap();
    }
    browsers[4]
        .visit(&source, |session| session.clear())
        .await
        .unwrap();

    // The values in the table, and the forms in which an operator's tools print them.
    let pool = pool(server().unwrap().port(), 1);
    let columns = "key, owner, label, body, owner_hash";
    let rows = pool
        .get()
        .await
        .unwrap()
        .query(&format!("SELECT {columns} FROM {table}"), &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 5);
    let values: Vec<Vec<u8>> = rows
        .iter()
        .flat_map(|row| (0..5).filter_map(|column| row.get::<_, Option<Vec<u8>>>(column)))
        .collect();
    let dump = server()
        .unwrap()
        .program("pg_dump")
        .args(["-t", &table])
        .output()
        .unwrap();
    assert!(dump.status.success());
    let mut places = values.clone();
    places.push(dump.stdout);
    assert!(
        contains(&places[places.len() - 1], &forms(b"user 1")[1]),
        "the search finds what is there"
    );

    for browser in &browsers {
        for cookie in browser.cookies() {
            let (_, value) = cookie.split_once('=').unwrap();
            let Some((id, _)) = value.split_once('.') else {
                continue; // the removal of a cookie
            };
            let id = BASE64_URL_SAFE_NO_PAD.decode(id).unwrap();
            for secret in [&id[..16], &id[16..], &id[..]] {
                for (form, place) in forms(secret)
                    .iter()
                    .flat_map(|form| places.iter().map(move |place| (form, place)))
                {
                    assert!(
                        !contains(place, form),
                        "a cookie's secret lies in the table"
                    );
                }
            }
        }
    }

    // No form of a row is a cookie. A request with the real cookie opens the session.
    let cookie = browsers[0].cookies().pop().unwrap();
    let (name, value) = cookie.split_once('=').unwrap();
    let (_, stamp_and_signature) = value.split_once('.').unwrap();
    let mut forged = vec![value.to_owned()];
    for value in &values {
        let text = BASE64_URL_SAFE_NO_PAD.encode(value);
        let two = BASE64_URL_SAFE_NO_PAD
            .encode([&value[..], &values[0][..16.min(values[0].len())]].concat());
        for text in [text, two] {
            forged.push(format!("{text}.{stamp_and_signature}"));
            forged.push(text);
        }
    }
    for (number, value) in forged.iter().enumerate() {
        let mut request = HeaderMap::new();
        request.insert(
            COOKIE,
            HeaderValue::from_str(&format!("{name}={value}")).unwrap(),
        );
        let session = source.open(&source.exchange(&request)).await.unwrap();
        assert_eq!(session.get::<i64>("visits").unwrap().is_some(), number == 0);
        assert_eq!(session.user().is_some(), number == 0);
    }
}

struct Logged(Mutex<String>);

static LOGGED: Logged = Logged(Mutex::new(String::new()));

impl Log for Logged {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        use std::fmt::Write as _;
        writeln!(
            self.0.lock().unwrap(),
            "{} {}",
            record.target(),
            record.args()
        )
        .unwrap();
    }

    fn flush(&self) {}
}

/// The client logs all that it can, which includes the parameters of statements.
#[tokio::test]
async fn a_log_names_nobody() {
    let Some((store, _)) = store().await else {
        return;
    };
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let (user, place) = ("Ada Lovelace, secretly", key(0x5ec2_e700_1234_5678));
    let mut stored = record(0x1234_5678_9abc_def0, Some(user));
    stored.label = Some("Firefox, secretly".into());
    stored.body = b"a body, secretly".as_slice().into();
    store.insert(place, &stored, NOW).await.unwrap();
    store
        .update(place, stored.version, &stored, NOW)
        .await
        .unwrap();
    store.trim(user, 1, place, NOW).await.unwrap();
    store.list(user, 1, NOW).await.unwrap();
    store.load(place, NOW).await.unwrap();
    store.delete(place, NOW).await.unwrap();
    log::set_max_level(LevelFilter::Off);
    let logged = LOGGED.0.lock().unwrap().clone();
    assert!(
        logged.contains("executing statement") && logged.contains("UPDATE"),
        "{logged}"
    );
    let secrets = [
        user.as_bytes(),
        b"secretly",
        &place.as_bytes()[..8],
        b"a body, secretly",
    ];
    for form in secrets.into_iter().flat_map(forms) {
        assert!(!contains(logged.as_bytes(), &form), "{logged}");
    }
    assert!(!logged.contains(&stored.version.to_string()));
}

/// The server's errors quote rows; the store's do not.
#[tokio::test]
async fn an_error_names_nobody() {
    let Some((store, table)) = store().await else {
        return;
    };
    let pool = pool(server().unwrap().port(), 1);
    let trigger = "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS \
                   $$ BEGIN RAISE EXCEPTION 'no %', convert_from(NEW.owner, 'UTF8'); END $$";
    for refusal in [
        format!("ALTER TABLE {table} ADD CONSTRAINT nobody CHECK (owner IS NULL)"),
        format!(
            "ALTER TABLE {table} DROP CONSTRAINT nobody; CREATE UNIQUE INDEX {table}_u ON {table} (owner); {trigger}"
        ),
        format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        ),
    ] {
        run(&pool, &refusal).await;
        for number in 1..3 {
            if let Err(error) = store
                .insert(key(number), &record(number, Some("ada")), NOW)
                .await
            {
                let source = error.source().unwrap();
                for text in [format!("{error} {error:?}"), format!("{source} {source:?}")] {
                    assert!(!text.contains("ada") && !text.contains("616461"), "{text}");
                }
                assert_eq!(error.to_string(), "PostgreSQL refused a statement");
            }
        }
    }
    let error = store
        .insert(key(3), &record(3, Some("ada")), NOW)
        .await
        .unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "P0001");

    let nowhere = PostgresStore::with_pool(crate::tools::pool(servers::free_port(), 1));
    let error = nowhere.load(key(1), NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "PostgreSQL did not reply");
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .contains("onnection refused"),
        "{:?}",
        error.source()
    );
}
