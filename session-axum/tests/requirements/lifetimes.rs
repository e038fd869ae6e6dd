//! Lifetimes, and what anonymous visitors leave in a store.

use super::*;

/// A copy that no browser would send any more.
#[tokio::test]
async fn s4_a_copied_id_ends_in_time() {
    for (idle, absolute, life) in [(600, None, 600), (3_000, Some(900), 900)] {
        let [_, site] = sites(|builder| {
            let builder = builder
                .permanent(true)
                .idle_lifetime(Duration::from_secs(idle));
            match absolute {
                Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                None => builder,
            }
        });
        let app = Router::new()
            .route("/login", get(login))
            .fallback(read)
            .layer(site.layer);
        let (mut read_in_time, mut copy) = (String::new(), String::new());
        for cookie in [&mut read_in_time, &mut copy] {
            let (_, headers, _) = ask(&app, "/login", "").await;
            assert!(headers[SET_COOKIE].to_str().unwrap().contains("; Max-Age="));
            *cookie = pair(&headers).unwrap();
        }
        site.time.set(NOW + life - 1);
        assert_eq!(ask(&app, "/", &read_in_time).await.2, r#"{"user":"ada"}"#);
        site.time.set(NOW + life + 1);
        assert_eq!(ask(&app, "/", &copy).await.2, "{}");
    }
}

/// Requests at these seconds after a session began, and whether the last of them finds it.
#[tokio::test]
async fn l1_the_earlier_limit_wins_on_the_server() {
    let rows: [(Option<u64>, &[u64], bool); 10] = [
        (Some(1_800), &[599], true),
        (Some(1_800), &[601], false),
        (Some(1_800), &[599, 1_190], true),
        (Some(1_800), &[599, 1_201], false),
        (Some(1_800), &[599, 1_190, 1_780, 1_799], true),
        (Some(1_800), &[599, 1_190, 1_780, 1_799, 1_801], false),
        (Some(100), &[99], true),
        (Some(100), &[101], false),
        (None, &[599, 1_190, 1_780, 2_370], true),
        (None, &[599, 1_190, 1_791], false),
    ];
    // Whether requests change the session, or only read it so that its record is touched.
    for path in ["/count/1", "/read/1"] {
        for (absolute, requests, alive) in rows {
            let server = Server::start_with(|builder| {
                let builder = builder.idle_lifetime(Duration::from_secs(600));
                match absolute {
                    Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                    None => builder,
                }
            })
            .await;
            let cookie = server.begin("/insert/first").await;
            let mut last = String::new();
            for at in requests {
                server.time.set(NOW + at);
                last = server.get(path, &cookie).await.body;
            }
            assert_eq!(
                last.contains("first"),
                alive,
                "{path} {absolute:?} {requests:?}"
            );
        }
    }
}

/// "Asked for the password less than five minutes ago", of a session on the server.
#[tokio::test]
async fn l8_fresh_since_on_the_server() {
    async fn fresh(session: Session) -> String {
        session
            .authenticated_within(Duration::from_secs(300))
            .to_string()
    }
    async fn change(session: Session) -> Result<(), Error> {
        session.increment("n", 1)?;
        session.cycle_id()?;
        Ok(())
    }
    let [_, site] = sites(|builder| builder);
    let app = Router::new()
        .route("/login", get(login))
        .route("/change", get(change))
        .fallback(fresh)
        .layer(site.layer);
    let mut cookie = pair(&ask(&app, "/change", "").await.1).unwrap();
    assert_eq!(
        ask(&app, "/", &cookie).await.2,
        "false",
        "nobody has logged in"
    );
    cookie = pair(&ask(&app, "/login", &cookie).await.1).unwrap();
    for (after, expected) in [
        (0, "true"),
        (200, "true"),
        (300, "true"),
        (301, "false"),
        (3_000, "false"),
    ] {
        site.time.set(NOW + after);
        assert_eq!(ask(&app, "/", &cookie).await.2, expected, "{after}");
        cookie = pair(&ask(&app, "/change", &cookie).await.1).unwrap();
    }
    cookie = pair(&ask(&app, "/login", &cookie).await.1).unwrap();
    assert_eq!(
        ask(&app, "/", &cookie).await.2,
        "true",
        "the password was said again"
    );
}

/// CVE-2015-5963, CVE-2015-5964: who brings no cookie leaves nothing behind.
#[tokio::test]
async fn l9_ten_thousand_strangers_leave_nothing() {
    for site in sites(|builder| builder) {
        let app = Router::new()
            .route("/logout", get(logout))
            .fallback(read)
            .layer(site.layer);
        for path in ["/", "/logout"] {
            for _ in 0..10_000 {
                let request = Request::builder().uri(path).body(Body::empty()).unwrap();
                let (status, headers, _) = send(&app, request).await;
                assert!(
                    status == 200 && !headers.contains_key(SET_COOKIE),
                    "{} {headers:?}",
                    site.mode
                );
            }
        }
        assert!(site.store.calls().is_empty(), "{}", site.mode);
    }
}
