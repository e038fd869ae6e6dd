//! Guards, forwards and other fairings see the session of their request.

use super::*;

#[rocket::async_test]
async fn guards_and_routes_see_one_session() {
    struct Checked;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Checked {
        type Error = ();

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
            let Outcome::Success(session) = request.guard::<Session>().await else {
                return Outcome::Error((Status::Unauthorized, ()));
            };
            session.increment("checked", 1).unwrap();
            Outcome::Success(Self)
        }
    }

    #[get("/checked")]
    fn checked(_checked: Checked, session: Session) -> String {
        session.to_json()
    }

    let client = Client::tracked(app(routes![checked])).await.unwrap();
    for expected in [r#"{"checked":1}"#, r#"{"checked":2}"#] {
        assert_eq!(
            client
                .get("/checked")
                .dispatch()
                .await
                .into_string()
                .await
                .unwrap(),
            expected
        );
    }
}

#[rocket::async_test]
async fn a_session_survives_forwards() {
    struct Never;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Never {
        type Error = ();

        async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
            Outcome::Forward(Status::NotFound)
        }
    }

    struct Marks;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Marks {
        type Error = ();

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
            request
                .guard::<Session>()
                .await
                .unwrap()
                .push("passed", "first")
                .unwrap();
            Outcome::Success(Self)
        }
    }

    #[get("/forward", rank = 1)]
    fn first(_marks: Marks, _session: Session, _never: Never) {}

    #[get("/forward", rank = 2)]
    fn second(session: Session) -> Result<String, Error> {
        session.push("passed", "second")?;
        Ok(session.to_json())
    }

    let client = client(app(routes![first, second])).await;
    let response = client.get("/forward").dispatch().await;
    assert_eq!(pairs(&response).len(), 1);
    assert_eq!(
        response.into_string().await.unwrap(),
        r#"{"passed":["first","second"]}"#
    );
}

/// Other fairings stand around ours: what they do to the session before counts, and after is too late, to read it, too, unless
/// they had it before.
#[rocket::async_test]
async fn fairings_around_ours() {
    let before = AdHoc::on_response("before", |request, _| {
        Box::pin(async move {
            let session = request.guard::<Session>().await.unwrap();
            session.insert("before", true).unwrap();
            request.local_cache(|| Some(session));
        })
    });
    let after = AdHoc::on_response("after", |request, _| {
        Box::pin(async move {
            assert_too_late(request.guard::<Session>().await);
            let session = request.local_cache(|| None::<Session>).as_ref().unwrap();
            assert!(session.contains_key("before"));
            assert_eq!(
                session.insert("after", true),
                Err(session_core::Error::TooLate)
            );
        })
    });
    let rocket = rocket::build()
        .attach(before)
        .attach(SessionFairing::new(sessions()))
        .attach(after);
    let client = Client::tracked(rocket.mount("/", routes![untouched, read]))
        .await
        .unwrap();
    assert_eq!(pairs(&client.get("/untouched").dispatch().await).len(), 1);
    assert_eq!(
        client
            .get("/read")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap(),
        r#"{"before":true}"#
    );
}
