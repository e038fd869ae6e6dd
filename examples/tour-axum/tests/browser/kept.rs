//! Cookies for which the builder only warns: a real browser stores each of them and sends it back.

use axum::Router;
use axum::routing::get;
use session_axum::session_core::Builder;
use session_axum::{SecretKey, Session, SessionLayer, Sessions};

use crate::machine::HOST;
use crate::{scenario, serve};

async fn visit(session: Session) -> String {
    session.increment("visits", 1).unwrap().to_string()
}

#[test]
fn c2_what_only_warns_is_kept() {
    type Configure = fn(Builder) -> Builder;
    let rows: [(&str, Configure); 7] = [
        ("a space in the name", |builder| builder.cookie_name("a b")),
        ("a name that is not ASCII", |builder| {
            builder.cookie_name("sé")
        }),
        ("a name with a comma and a quote", |builder| {
            builder.cookie_name("a,b\"c")
        }),
        ("a domain with an underscore", |builder| {
            builder.domain(HOST)
        }),
        ("an empty domain", |builder| builder.domain("")),
        ("a path without a slash", |builder| builder.path("app")),
        ("an empty path", |builder| builder.path("")),
    ];
    scenario(async |browser| {
        for (what, configure) in rows {
            let builder = Sessions::builder(SecretKey::generate().unwrap()).insecure_plain_http();
            let sessions = configure(builder).build().unwrap();
            assert_eq!(sessions.warnings().len(), 2, "{what}: plain HTTP, and this");
            let router = Router::new()
                .route("/", get(visit))
                .layer(SessionLayer::new(sessions));
            let address = serve(router).await.replace("localhost", HOST);
            for visits in ["1", "2", "3"] {
                browser.open(&address).await;
                assert_eq!(browser.text("body").await, visits, "{what}");
            }
        }
    });
}
