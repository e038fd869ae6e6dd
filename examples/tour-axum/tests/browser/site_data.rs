//! `Clear-Site-Data` in a real browser.

use axum::Router;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::get;
use session_axum::{SecretKey, Session, SessionLayer, Sessions};

use crate::{scenario, serve};

async fn log_in(session: Session) -> impl IntoResponse {
    session.insert("user", "ada").unwrap();
    let others = [
        (SET_COOKIE, "theme=dark; Max-Age=600"),
        (SET_COOKIE, "basket=1; Path=/shop"),
    ];
    (AppendHeaders(others), "in")
}

async fn log_out(session: Session) -> &'static str {
    session.clear().unwrap();
    "out"
}

#[test]
fn h5_a_logout_that_clears_site_data_leaves_no_cookie() {
    scenario(async |browser| {
        for (clears, left) in [(false, vec!["basket", "theme"]), (true, vec![])] {
            let builder = Sessions::builder(SecretKey::generate().unwrap());
            let sessions = builder.clear_site_data(clears).build().unwrap();
            let router = Router::new()
                .route("/", get(log_in))
                .route("/shop", get(async || "shop"))
                .route("/logout", get(log_out))
                .layer(SessionLayer::new(sessions));
            let address = serve(router).await;
            browser.open(&address).await;
            browser.open(&format!("{address}shop")).await;
            assert_eq!(browser.cookies().await.len(), 3);
            browser.open(&format!("{address}logout")).await;
            browser.open(&format!("{address}shop")).await;
            let mut names: Vec<String> = browser
                .cookies()
                .await
                .iter()
                .map(|cookie| cookie.name().to_owned())
                .collect();
            names.sort();
            assert_eq!(names, left);
        }
    });
}
