//! The logout.

use super::*;

/// Panics at every event of this thread, when it is told to, as a listener may. The whole process's, since `tracing` may
/// remember of a subscriber of one thread that nobody listens.
struct Panics;

impl tracing::Subscriber for Panics {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        assert!(
            event.metadata().target() != "session" || !PANICS.get(),
            "the listener's"
        );
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// CVE-2021-34428: what fails after the record has ended cannot bring it back, and no cookie is removed before.
#[tokio::test]
async fn l4_the_record_ends_first_whatever_fails() {
    let wait = Duration::from_millis(50);
    let server = Server::start_with(|builder| builder.deadlines(wait, wait)).await;
    // A listener that panics: the client sees a cut connection, and is logged out.
    let cookie = server.begin("/login/ada").await;
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"ada"}"#
    );
    tracing::subscriber::set_global_default(Panics).unwrap();
    PANICS.set(true);
    let mut answer = String::new();
    server
        .send("/logout/1", &cookie)
        .await
        .read_to_string(&mut answer)
        .await
        .unwrap();
    PANICS.set(false);
    assert_eq!(answer, "");
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
    // The requests after the end of the record fail. The user is logged out, and the cookie is removed.
    let cookie = server.begin("/login/ada").await;
    server.store.plan("unindex", usize::MAX, Fault::Panic);
    server.get("/logout/1", &cookie).await;
    server.store.heal();
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
    // The end itself fails: nobody is told that they are logged out.
    let cookie = server.begin("/login/ada").await;
    server.store.plan("delete", usize::MAX, Fault::Fail);
    let answer = server.get("/logout/1", &cookie).await;
    assert_eq!((answer.status, answer.cookie), (503, None));
    server.store.heal();
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"ada"}"#
    );
}

/// A handler that logs out and then answers an error has logged out.
#[tokio::test]
async fn l4_a_logout_counts_on_every_response() {
    async fn fails(session: Session) -> Result<StatusCode, Error> {
        session.clear()?;
        Ok(StatusCode::INTERNAL_SERVER_ERROR)
    }
    for site in sites(|builder| builder) {
        let app = Router::new()
            .route("/login", get(login))
            .route("/fails", get(fails))
            .fallback(read);
        let app = app.layer(site.layer);
        let cookie = pair(&ask(&app, "/login", "").await.1).unwrap();
        let (status, headers, _) = ask(&app, "/fails", &cookie).await;
        assert_eq!(
            (status.as_u16(), pair(&headers).as_deref()),
            (500, Some("__Host-session="))
        );
        // A copy: of a record nothing is left, a cookie cannot be revoked.
        let copy = ask(&app, "/", &cookie).await.2;
        assert_eq!(copy == "{}", site.mode == "stored");
    }
}

/// A server whose clock is 90 s behind refuses the cookie: the session ends all the same, and the browser forgets it. One
/// that has another key can do the second alone.
#[tokio::test]
async fn l4_a_refused_cookie_goes_at_logout() {
    fn app(layer: SessionLayer) -> Router {
        Router::new()
            .route("/login", get(login))
            .route("/logout", get(logout))
            .fallback(read)
            .layer(layer)
    }
    for site in sites(|builder| builder) {
        let (here, stored) = (app(site.layer), site.mode == "stored");
        let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(site.time.clone());
        let elsewhere = app(match stored {
            true => SessionLayer::stored(builder.build_stored().unwrap(), site.store.clone()),
            false => SessionLayer::new(builder.build().unwrap()),
        });
        for (app, behind) in [(&here, 90), (&elsewhere, 0)] {
            let cookie = pair(&ask(&here, "/login", "").await.1).unwrap();
            site.time.set(NOW - behind);
            assert_eq!(ask(app, "/", &cookie).await.2, "{}", "{}", site.mode);
            let (status, headers, _) = ask(app, "/logout", &cookie).await;
            assert_eq!(
                (status.as_u16(), pair(&headers).as_deref()),
                (200, Some("__Host-session="))
            );
            site.time.set(NOW);
            // A copy.
            let ended = ask(&here, "/", &cookie).await.2 == "{}";
            assert_eq!(ended, stored && behind > 0, "{}, {behind} s", site.mode);
        }
    }
}
