//! axum-extra's jars: one cookie with all values as JSON, as an application without a session
//! library writes it.

/// The two jars differ only in their type.
macro_rules! jar {
    ($module:ident, $jar:ident) => {
        pub mod $module {
            use axum::Router;
            use axum_extra::extract::cookie::{Cookie, Key, SameSite};
            use axum_extra::extract::$jar as Jar;
            use serde_json::{Map, Value};

            use super::super::{answer, routes};
            use crate::payload::KEY;

            pub fn router(fields: Map<String, Value>) -> Router {
                let fill = |jar: Jar| async move { jar.add(cookie(&fields)) };
                routes(read, write, fill).with_state(Key::generate())
            }

            fn open(jar: &Jar) -> Map<String, Value> {
                serde_json::from_str(jar.get("session").unwrap().value()).unwrap()
            }

            fn cookie(fields: &Map<String, Value>) -> Cookie<'static> {
                let cookie = Cookie::build(("session", serde_json::to_string(fields).unwrap()));
                cookie
                    .path("/")
                    .http_only(true)
                    .secure(true)
                    .same_site(SameSite::Lax)
                    .build()
            }

            async fn read(jar: Jar) -> &'static str {
                answer(open(&jar)[KEY].as_i64().unwrap())
            }

            async fn write(jar: Jar) -> (Jar, &'static str) {
                let mut fields = open(&jar);
                let visits = fields[KEY].as_i64().unwrap() + 1;
                fields.insert(KEY.to_owned(), visits.into());
                (jar.add(cookie(&fields)), answer(visits))
            }
        }
    };
}

jar!(signed, SignedCookieJar);
jar!(private, PrivateCookieJar);
