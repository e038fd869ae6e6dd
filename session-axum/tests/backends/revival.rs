//! A request holds a session while another process ends it or gives it a new id.

use std::net::SocketAddr;

use crate::client::{Answer, REMOVED, ask};
use crate::place::Place;

/// The content of the session before the race.
const BEGUN: &str = r#"{"list":["before"],"user":"ada"}"#;

/// The session's old cookie and the answer to `end`, which `there` was asked while `here` a request held the session. That
/// request goes on then, and does to it what `slow` says.
async fn overtaken(here: SocketAddr, there: SocketAddr, slow: &str, end: &str) -> (String, Answer) {
    let cookie = ask(here, "POST /login/ada", "").await.cookie.unwrap();
    ask(there, "POST /push/before", &cookie).await;
    let held = tokio::spawn({
        let (request, cookie) = (format!("POST /slow/{slow}"), cookie.clone());
        async move { ask(here, &request, &cookie).await }
    });
    ask(here, "GET /arrived", "").await;
    let ended = ask(there, end, &cookie).await;
    ask(here, "POST /open", "").await;
    let held = held.await.unwrap();
    assert_eq!(
        (held.body.as_str(), held.cookie),
        (BEGUN, None),
        "{slow} {end}"
    );
    (cookie, ended)
}

/// Neither server knows the old cookie, whatever is asked with it.
async fn is_anonymous(place: &Place, cookie: &str) {
    for server in place.servers {
        let read = ask(server, "GET /", cookie).await;
        assert_eq!((read.body.as_str(), read.cookie), ("{}", None));
        assert_eq!(ask(server, "POST /all/later", cookie).await.cookie, None);
        assert_eq!(ask(server, "POST /take", cookie).await.body, "[]");
    }
}

pub(crate) async fn what_ended_in_one_process_stays_dead(place: &Place) {
    let [one, other] = place.servers;
    for (here, there) in [(one, other), (other, one)] {
        for slow in ["change", "read", "remember"] {
            let (old, ended) = overtaken(here, there, slow, "POST /logout").await;
            assert_eq!(ended.cookie.as_deref(), Some(REMOVED));
            is_anonymous(place, &old).await;
            assert_eq!(place.record(&old).await, None, "{slow}");
            assert_eq!(place.sessions_of("ada").await, 0, "{slow}");

            let (old, ended) = overtaken(here, there, slow, "POST /login/ada").await;
            let new = ended.cookie.unwrap();
            is_anonymous(place, &old).await;
            for server in place.servers {
                assert_eq!(ask(server, "GET /", &new).await.body, BEGUN, "{slow}");
                assert_eq!(ask(server, "POST /take", &new).await.body, "[]", "{slow}");
            }
            // The same record under a new id.
            assert_eq!(
                place.record(&old).await.unwrap().user.as_deref(),
                Some("ada"),
                "{slow}"
            );
            ask(here, "POST /logout", &new).await;
            assert_eq!(place.sessions_of("ada").await, 0, "{slow}");

            let (old, ended) = overtaken(here, there, slow, "POST /login/bob").await;
            let new = ended.cookie.unwrap();
            is_anonymous(place, &old).await;
            for server in place.servers {
                let read = ask(server, "GET /", &new).await.body;
                // Ada's content ended with her session.
                assert_eq!(read, r#"{"user":"bob"}"#, "{slow}");
                assert_eq!(ask(server, "POST /take", &new).await.body, "[]", "{slow}");
            }
            assert_eq!(place.record(&old).await, None, "{slow}");
            assert_eq!(
                place.record(&new).await.unwrap().user.as_deref(),
                Some("bob"),
                "{slow}"
            );
            assert_eq!(
                (
                    place.sessions_of("ada").await,
                    place.sessions_of("bob").await
                ),
                (0, 1),
                "{slow}"
            );

            ask(here, "POST /logout", &new).await;
            assert_eq!(place.record(&new).await, None, "{slow}");
            assert_eq!(place.sessions_of("bob").await, 0, "{slow}");
        }
    }
}
