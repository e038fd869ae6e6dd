//! What a browser shows, and why it shows nothing.

use std::future::poll_fn;
use std::pin::pin;

use axum_core::BoxError;
use http::{HeaderMap, Response, StatusCode};

/// A page that a [`Browser`](crate::testing::Browser) shows: the response at the end of the redirects, with its whole body.
///
/// ```
/// # use axum::{Router, routing::get};
/// # use session_axum::testing::{Browser, Page};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let app: Router = Router::new().route("/", get(|| async { "Hello" }));
/// let page: Page = Browser::new(app).get("/").await.unwrap();
/// assert_eq!((page.status().as_u16(), page.path(), page.text()), (200, "/", "Hello"));
/// assert_eq!(page.headers()["content-type"], "text/plain; charset=utf-8");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Page {
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    pub(crate) async fn read<R>(path: String, response: Response<R>) -> Result<Self, BrowserError>
    where
        R: http_body::Body<Data: AsRef<[u8]>, Error: Into<BoxError>>,
    {
        let (parts, body) = response.into_parts();
        let mut body = pin!(body);
        let mut bytes = Vec::new();
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            match frame {
                Ok(frame) => {
                    if let Some(data) = frame.data_ref() {
                        bytes.extend_from_slice(data.as_ref());
                    }
                }
                Err(error) => {
                    let source = error.into();
                    return Err(BrowserError::Body { path, source });
                }
            }
        }
        Ok(Self {
            path,
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// Returns the path and the query of the page: of the last redirect, if there was any.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers of the response.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body. Bytes that are not UTF-8 are replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The reason why a [`Browser`](crate::testing::Browser) shows no page. A page of any status is none.
///
/// ```
/// # use axum::{Router, response::Redirect, routing::get};
/// # use session_axum::testing::{Browser, BrowserError};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let app: Router = Router::new().route("/", get(|| async { Redirect::to("/") }));
/// let error = Browser::new(app).get("/").await.unwrap_err();
/// assert!(matches!(error, BrowserError::TooManyRedirects(_)));
/// assert_eq!(error.to_string(), "20 redirects led to another one, to /; a page probably redirects to itself");
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The service returned an error instead of a response.
    #[error("the service returned an error instead of a response: {0}")]
    Service(#[source] BoxError),
    /// The body of a response ended with an error.
    #[error("the body of the response to {path} ended with an error: {source}")]
    Body {
        /// Path and query of the request.
        path: String,
        /// The error of the body.
        source: BoxError,
    },
    /// There were more than 20 redirects.
    #[error("20 redirects led to another one, to {0}; a page probably redirects to itself")]
    TooManyRedirects(String),
    /// The path is no path.
    #[error(
        "the request cannot be made: {0}; a path begins with a slash, and its other characters than ASCII's are percent-encoded"
    )]
    Request(#[from] http::Error),
}
