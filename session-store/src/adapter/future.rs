//! The future of a response, which closes the session.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::{HeaderValue, SET_COOKIE};
use pin_project_lite::pin_project;
use session_core::protocol::Exchange;

use crate::adapter::backend::{Begun, SessionBackend};
use crate::adapter::close::{Closing, StoreClose, close};
use crate::adapter::driver::Driver;
use crate::adapter::plain_http::PlainHttp;
use crate::adapter::response::write_response;

pin_project! {
    /// Waits for a service's response, and closes the exchange before the response's headers are sent. Later opens and
    /// changes, while the body streams, are [`TooLate`](session_core::Error::TooLate).
    ///
    /// An error of the service is passed on. A drop before the response, an error, or a panic freezes the session, and
    /// nothing is sent. A drop while a store is being asked lets the [close](crate::Close) continue.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let begun = backend.begin::<(), _>(&mut Request::new(()));
    /// let service = async { Ok::<_, Infallible>(Response::new("no handler asked for the session".to_owned())) };
    /// let response = ResponseFuture::new(service, &backend, begun, String::from).await.unwrap();
    /// assert!(response.headers().is_empty());
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        service: F,
        // Present until the service has answered.
        exchange: Option<Exchange>,
        driver: Option<Arc<Driver>>,
        plain_http: Option<Box<PlainHttp>>,
        error_body: fn(String) -> B,
        // Boxed, because it is large and rare, and a future is moved several times before it runs.
        closing: Option<Box<(StoreClose, Response<B>)>>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// Returns the future of a request's response: from the service's future, and the request's session with the backend
    /// that began it. `error_body` makes a body from the text of an [`error_response`](crate::error_response), which is empty
    /// in release builds.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend, SessionSlot};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let mut request = Request::new(());
    /// let begun = backend.begin::<(), _>(&mut request);
    /// let service = async move {
    ///     let slot = SessionSlot::<()>::find(request.extensions()).unwrap();
    ///     slot.open().await?.insert("a", 1).map(|()| Response::new("inserted".to_owned()))
    /// };
    /// let response = ResponseFuture::new(service, &backend, begun, String::from).await.unwrap();
    /// assert!(response.headers().contains_key("set-cookie"));
    /// # }
    /// ```
    pub fn new(
        service: F,
        backend: &SessionBackend,
        begun: Begun,
        error_body: fn(String) -> B,
    ) -> Self {
        // An outer layer closes the session that this layer has not begun.
        let driver = match begun.exchange {
            Some(_) => backend.driver().cloned(),
            None => None,
        };
        Self {
            service,
            exchange: begun.exchange,
            driver,
            plain_http: begun.plain_http,
            error_body,
            closing: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.closing.is_none() {
            let answer = ready!(this.service.poll(context));
            // Taken also when the service failed: the drop of an exchange freezes its session.
            let exchange = this.exchange.take();
            let response = match answer {
                Ok(response) => response,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let Some(exchange) = exchange else {
                return Poll::Ready(Ok(response));
            };
            match close(exchange, this.driver.as_ref()) {
                Closing::Done(outgoing) => {
                    let response = write_response(outgoing, response, this.error_body);
                    return Poll::Ready(Ok(looked_at(response, this.plain_http)));
                }
                Closing::Waiting(close) => *this.closing = Some(Box::new((close, response))),
            }
        }
        let Some(closing) = this.closing else {
            return Poll::Pending;
        };
        let (close, response) = &mut **closing;
        let outgoing = ready!(close.poll(context));
        let empty = Response::new((this.error_body)(String::new()));
        let response = std::mem::replace(response, empty);
        let response = write_response(outgoing, response, this.error_body);
        Poll::Ready(Ok(looked_at(response, this.plain_http)))
    }
}

/// Looks at a response whose browser certainly uses plain HTTP.
fn looked_at<B>(response: Response<B>, plain_http: &Option<Box<PlainHttp>>) -> Response<B> {
    if let Some(plain_http) = plain_http {
        let set_cookies = response.headers().get_all(SET_COOKIE);
        plain_http.warn_of(set_cookies.iter().map(HeaderValue::as_bytes));
    }
    response
}
