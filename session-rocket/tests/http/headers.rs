//! The session's headers beside those of the application, and Cookie headers of every kind.

use super::*;

#[rocket::async_test]
async fn several_cookie_headers() {
    let client = client(app(routes![both]).attach(admin())).await;
    let pairs = pairs(&client.get("/both").dispatch().await);
    let mut request = client
        .get("/both")
        .header(Header::new("Cookie", "theme=dark"));
    for pair in pairs {
        request.add_header(Header::new("Cookie", pair));
    }
    assert_eq!(
        request.dispatch().await.into_string().await.unwrap(),
        "2 20"
    );
}

#[derive(Responder)]
struct Cached {
    body: (),
    vary: Header<'static>,
    cache_control: Header<'static>,
    cdn: Header<'static>,
    cookie: Header<'static>,
}

fn cached() -> Cached {
    Cached {
        body: (),
        vary: Header::new("vary", "Accept"),
        cache_control: Header::new("Cache-Control", "max-age=60"),
        cdn: Header::new("CDN-Cache-Control", "max-age=600"),
        cookie: Header::new("Set-Cookie", "theme=dark"),
    }
}

#[rocket::async_test]
async fn headers_of_the_application_are_merged() {
    #[get("/set")]
    fn set(session: Session) -> Result<Cached, Error> {
        session.insert("a", 1)?;
        Ok(cached())
    }

    #[get("/look")]
    fn look(_session: Session) -> Cached {
        cached()
    }

    let client = client(app(routes![set, look])).await;
    let headers = async |path: &'static str| {
        let response = client.get(path).dispatch().await;
        let all = |name: &str| response.headers().get(name).collect::<Vec<_>>().join(" | ");
        (
            all("vary"),
            all("cache-control"),
            all("cdn-cache-control"),
            pairs(&response).len(),
        )
    };
    let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let (a, b, c, cookies) = headers("/set").await;
    assert_eq!(
        ((a, b, c), cookies),
        (texts("Accept, Cookie", "no-store", ""), 2)
    );
    let (a, b, c, cookies) = headers("/look").await;
    assert_eq!(
        ((a, b, c), cookies),
        (texts("Accept, Cookie", "max-age=60", "max-age=600"), 1)
    );
}

/// Rocket's headers are lent to the core: a line of the handler's stays beside ours.
#[rocket::async_test]
async fn h5_a_handlers_own_clear_site_data_stays() {
    #[derive(Responder)]
    struct Out {
        body: (),
        storage: Header<'static>,
    }

    #[get("/logout")]
    fn logout(session: Session) -> Result<Out, Error> {
        session.clear()?;
        Ok(Out {
            body: (),
            storage: Header::new("Clear-Site-Data", "\"storage\""),
        })
    }

    let key = session_rocket::SecretKey::new(KEY).unwrap();
    let sessions = session_core::Sessions::builder(key)
        .clear_site_data(true)
        .build()
        .unwrap();
    let rocket = rocket::build()
        .attach(SessionFairing::new(sessions))
        .mount("/", routes![visit, logout]);
    let client = client(rocket).await;
    let cookie = pairs(&client.get("/visit").dispatch().await).remove(0);
    let response = client
        .get("/logout")
        .header(Header::new("Cookie", cookie))
        .dispatch()
        .await;
    let all: Vec<&str> = response.headers().get("clear-site-data").collect();
    assert_eq!(all, ["\"storage\"", "\"cookies\""]);
}

/// Rocket drops a Cookie header that is not UTF-8.
#[rocket::async_test]
async fn a_cookie_header_that_is_no_text_is_dropped() {
    let server = Server::start(app(routes![visit])).await;
    let cookie = server.get("/visit", "").await.cookie.unwrap();
    assert_eq!(
        server
            .get("/visit", &format!("{cookie}; name=hé"))
            .await
            .body,
        "2"
    );
    let raw = server
        .get_raw("/visit", format!("{cookie}; name=h").as_bytes(), b"\xe9")
        .await;
    assert_eq!((raw.status, raw.body.as_str()), (200, "1"));
}
