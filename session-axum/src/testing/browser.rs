//! A browser that calls a service instead of a server.

use std::fmt;
use std::future::poll_fn;
use std::time::SystemTime;

use axum_core::BoxError;
use axum_core::body::Body;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use session_core::Clock;
use session_core::testing::CookieJar;
use tower_service::Service;

use crate::testing::location::{Location, Origin};
use crate::testing::page::{BrowserError, Page};

/// Browsers give up after 20 redirects (Fetch, section 4.4).
const MOST_REDIRECTS: usize = 20;

/// `CookieJar` takes any clock, and a closure is one: so a browser has the same type with each clock.
type BrowserClock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// A browser for the tests of an application: it visits a router, or any other Tower service, without a socket. It stores
/// the cookies that it is sent by the rules of [`CookieJar`], and follows redirects as browsers do.
///
/// ```
/// use axum::{Form, Router, response::Redirect, routing::{get, post}};
/// use session_axum::testing::{self, Browser};
/// use session_axum::{Error, Session, SessionLayer};
///
/// async fn log_in(session: Session, Form(form): Form<Vec<(String, String)>>) -> Result<Redirect, Error> {
///     session.log_in(&form[0].1)?;
///     Ok(Redirect::to("/"))
/// }
///
/// async fn hello(session: Session) -> String {
///     format!("Hello {}", session.user().as_deref().unwrap_or("stranger"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app: Router = Router::new().route("/", get(hello)).route("/login", post(log_in));
/// let mut browser = Browser::new(app.layer(SessionLayer::new(testing::sessions())));
/// assert_eq!(browser.get("/").await?.text(), "Hello stranger");
/// assert_eq!(browser.post_form("/login", &[("name", "ada")]).await?.text(), "Hello ada");
/// # Ok(())
/// # }
/// ```
///
/// It has one origin, `https://localhost` unless [`origin`](Self::origin) sets another. A redirect to another origin is not
/// followed: the test gets the page that redirects, with its `Location`.
pub struct Browser<S> {
    service: S,
    origin: Origin,
    jar: CookieJar<BrowserClock>,
    headers: HeaderMap,
}

impl<S> Browser<S> {
    /// Returns a browser without cookies.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app: Router = Router::new().route("/", get(|| async { "Hello" }));
    /// let page = Browser::new(app).get("/").await.unwrap();
    /// assert_eq!((page.status().as_u16(), page.text()), (200, "Hello"));
    /// # }
    /// ```
    pub fn new(service: S) -> Self {
        let origin = Origin::new("https://localhost");
        let now: BrowserClock = Box::new(SystemTime::now);
        Self {
            service,
            jar: CookieJar::new(origin.as_str(), now),
            origin,
            headers: HeaderMap::new(),
        }
    }

    /// Sets the origin that the browser visits, such as `http://192.168.0.5:5000`. Call it before the first request: the
    /// browser forgets its cookies.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use session_axum::{Error, Session, SessionLayer, testing::{self, Browser}};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let count = async |session: Session| session.increment("visits", 1).map(|n| n.to_string()).map_err(Error);
    /// # let app: Router = Router::new().route("/", get(count)).layer(SessionLayer::new(testing::sessions()));
    /// let mut browser = Browser::new(app).origin("http://192.168.0.5:5000");
    /// browser.get("/").await.unwrap();
    /// assert_eq!(browser.get("/").await.unwrap().text(), "1"); // plain HTTP: the Secure cookie was refused
    /// # }
    /// ```
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        let now: BrowserClock = Box::new(SystemTime::now);
        self.origin = Origin::new(origin);
        self.jar = CookieJar::new(origin, now);
        self
    }

    /// Sets the clock that tells when a cookie has expired: a clone of the one that the application's sessions have. Call it
    /// before the first request: the browser forgets its cookies.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use axum::{Router, routing::get};
    /// # use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
    /// use session_axum::testing::{Browser, ManualClock};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let key = SecretKey::generate().unwrap();
    /// # let count = async |session: Session| session.increment("visits", 1).map(|n| n.to_string()).map_err(Error);
    /// let time = ManualClock::at(1_700_000_000);
    /// let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
    /// let app: Router = Router::new().route("/", get(count)).layer(SessionLayer::new(sessions));
    /// let mut browser = Browser::new(app).clock(time.clone());
    /// browser.get("/").await.unwrap();
    /// assert_eq!(browser.get("/").await.unwrap().text(), "2");
    /// time.advance(Duration::from_secs(32 * 24 * 60 * 60));
    /// assert_eq!(browser.get("/").await.unwrap().text(), "1");
    /// # }
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        let now: BrowserClock = Box::new(move || clock.now());
        self.jar = CookieJar::new(self.origin.as_str(), now);
        self
    }

    /// Sets a header of all requests from now on, such as `User-Agent` or `Accept-Language`. A request that has the header
    /// itself keeps its own.
    ///
    /// ```
    /// # use axum::{Router, http::{HeaderMap, HeaderValue, header::USER_AGENT}, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let agent = async |headers: HeaderMap| headers["user-agent"].to_str().unwrap().to_owned();
    /// # let app: Router = Router::new().route("/", get(agent));
    /// let mut browser = Browser::new(app).header(USER_AGENT, HeaderValue::from_static("Firefox on Linux"));
    /// assert_eq!(browser.get("/").await.unwrap().text(), "Firefox on Linux");
    /// # }
    /// ```
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Takes the cookies of a response that the test made by other means. So a test begins as a user who is logged in:
    ///
    /// ```
    /// # use axum::{Router, http::HeaderMap, routing::get};
    /// # use session_axum::{Session, SessionLayer, testing::{Browser, stored}};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let name = async |session: Session| session.user().as_deref().unwrap_or("stranger").to_owned();
    /// let backend = stored::backend();
    /// let app: Router = Router::new().route("/", get(name)).layer(SessionLayer::from(backend.clone()));
    /// let mut browser = Browser::new(app);
    /// browser.receive(&stored::respond(&backend, &HeaderMap::new(), |session| session.log_in("ada")).await?);
    /// assert_eq!(browser.get("/").await?.text(), "ada");
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&mut self, response: &HeaderMap) {
        self.jar.receive(response);
    }

    /// Returns the value of the cookie that a request for `/` would carry under this name.
    ///
    /// ```
    /// # use axum::{Router, http::header::SET_COOKIE, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app: Router = Router::new().route("/", get(|| async { [(SET_COOKIE, "theme=dark")] }));
    /// let mut browser = Browser::new(app);
    /// browser.get("/").await.unwrap();
    /// assert_eq!(browser.cookie("theme"), Some("dark"));
    /// # }
    /// ```
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name)
    }

    /// Closes the browser and opens it again: the cookies without an expiry date are gone.
    ///
    /// ```
    /// # use axum::{Router, http::header::SET_COOKIE, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let app: Router = Router::new().route("/", get(|| async { [(SET_COOKIE, "theme=dark")] }));
    /// # let mut browser = Browser::new(app);
    /// # browser.get("/").await.unwrap();
    /// browser.close();
    /// assert_eq!(browser.cookie("theme"), None);
    /// # }
    /// ```
    pub fn close(&mut self) {
        self.jar.close_browser();
    }
}

impl<S, R> Browser<S>
where
    S: Service<Request<Body>, Response = Response<R>, Error: Into<BoxError>>,
    R: http_body::Body<Data: AsRef<[u8]>, Error: Into<BoxError>>,
{
    /// Visits a path, which may have a query, and follows redirects.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    ///
    /// ```
    /// # use axum::{Router, response::Redirect, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app: Router = Router::new()
    ///     .route("/", get(|| async { Redirect::to("/home") }))
    ///     .route("/home", get(|| async { "Home" }));
    /// let page = Browser::new(app).get("/").await.unwrap();
    /// assert_eq!((page.path(), page.text()), ("/home", "Home"));
    /// # }
    /// ```
    pub async fn get(&mut self, path: &str) -> Result<Page, BrowserError> {
        let request = Request::get(path).body(String::new())?;
        self.request(request).await
    }

    /// Sends a form as a browser does when its button is pressed (`application/x-www-form-urlencoded`), and follows
    /// redirects.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    ///
    /// ```
    /// # use axum::{Form, Router, routing::post};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let echo = async |Form(form): Form<Vec<(String, String)>>| form[0].1.clone();
    /// let app: Router = Router::new().route("/", post(echo));
    /// let page = Browser::new(app).post_form("/", &[("name", "Ada & Søn")]).await.unwrap();
    /// assert_eq!(page.text(), "Ada & Søn");
    /// # }
    /// ```
    pub async fn post_form(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, BrowserError> {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encode_form(fields))?;
        self.request(request).await
    }

    /// Sends any request, and follows redirects: after 303, and after 301 and 302 to a POST, with GET and without the body;
    /// after 307 and 308 with method and body. Each response's cookies are stored.
    ///
    /// # Errors
    /// A [`BrowserError`] if the service or a body fails, if a path is no path, or after more than 20 redirects.
    ///
    /// ```
    /// # use axum::{Router, http::Request, routing::put};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app: Router = Router::new().route("/", put(async |body: String| format!("got {body}")));
    /// let request = Request::put("/").body("a text".to_owned()).unwrap();
    /// assert_eq!(Browser::new(app).request(request).await.unwrap().text(), "got a text");
    /// # }
    /// ```
    pub async fn request(&mut self, mut request: Request<String>) -> Result<Page, BrowserError> {
        for _ in 0..=MOST_REDIRECTS {
            let sent = request.clone();
            let path = path_of(&sent);
            let response = self.send(sent).await?;
            let location = self.origin.location(&path, &response);
            let Some(Location::Here(target)) = location else {
                return Page::read(path, response).await;
            };
            redirect(&mut request, response.status());
            *request.uri_mut() = match target.parse() {
                Ok(uri) => uri,
                Err(error) => return Err(http::Error::from(error).into()),
            };
        }
        Err(BrowserError::TooManyRedirects(path_of(&request)))
    }

    /// Sends one request with the browser's cookies, stores those of the response, and returns the response as it is: a
    /// redirect is not followed, and the body not read. For a body that does not end, as that of server-sent events.
    ///
    /// # Errors
    /// [`BrowserError::Service`] if the service fails.
    ///
    /// ```
    /// # use axum::{Router, http::Request, response::Redirect, routing::get};
    /// # use session_axum::testing::Browser;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app: Router = Router::new().route("/", get(|| async { Redirect::to("/home") }));
    /// let response = Browser::new(app).send(Request::new(String::new())).await.unwrap();
    /// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/home".parse().unwrap()));
    /// # }
    /// ```
    pub async fn send(&mut self, request: Request<String>) -> Result<Response<R>, BrowserError> {
        let path = path_of(&request);
        let mut request = request.map(Body::from);
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Ok(host) = HeaderValue::from_str(self.origin.host()) {
            headers.entry(HOST).or_insert(host);
        }
        let (path_only, _query) = path.split_once('?').unwrap_or((&path, ""));
        headers.extend(self.jar.request_to(path_only));
        if let Err(error) = poll_fn(|context| self.service.poll_ready(context)).await {
            return Err(BrowserError::Service(error.into()));
        }
        match self.service.call(request).await {
            Ok(response) => {
                self.jar.receive(response.headers());
                Ok(response)
            }
            Err(error) => Err(BrowserError::Service(error.into())),
        }
    }
}

impl<S> fmt::Debug for Browser<S> {
    // Without the service, whose `Debug` is long or absent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Changes method and body for a redirect of this status (Fetch, section 4.4).
fn redirect(request: &mut Request<String>, status: StatusCode) {
    let becomes_get = match status {
        StatusCode::SEE_OTHER => *request.method() != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *request.method() == Method::POST,
        _ => false,
    };
    if becomes_get {
        *request.method_mut() = Method::GET;
        request.body_mut().clear();
        request.headers_mut().remove(CONTENT_TYPE);
        request.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// Returns path and query.
fn path_of<B>(request: &Request<B>) -> String {
    match request.uri().path_and_query() {
        Some(path) => path.to_string(),
        None => "/".to_owned(),
    }
}

/// Returns the fields as `application/x-www-form-urlencoded` (URL Standard, section 5.2).
fn encode_form(fields: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        encode(name, &mut form);
        form.push('=');
        encode(value, &mut form);
    }
    form
}

fn encode(text: &str, form: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                form.push(char::from(byte));
            }
            b' ' => form.push('+'),
            _ => {
                form.push('%');
                form.push(char::from(HEX[usize::from(byte >> 4)]));
                form.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}
