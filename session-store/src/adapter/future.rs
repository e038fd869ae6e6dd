//! The future of a response, which closes the session.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::protocol::Exchange;

use crate::adapter::backend::SessionBackend;
use crate::adapter::close::{Closing, StoreClose, close};
use crate::adapter::driver::Driver;
use crate::adapter::response::write_response;

pin_project! {
    /// Waits for a service's response, and closes the exchange before the response's headers are sent. Later opens and
    /// changes, while the body streams, are [`TooLate`](session_core::Error::TooLate).
    ///
    /// An error of the service is passed on. A drop before the response, an error, or a panic freezes the session, and
    /// nothing is sent. A drop while a store is being asked lets the [close](crate::Close) continue.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&HeaderMap::new());
    /// let service = async { Ok::<_, std::convert::Infallible>(Response::new("no handler asked for the session")) };
    /// let response = ResponseFuture::new(service, &backend, exchange).await.unwrap();
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
        // Boxed, because it is large and rare, and a future is moved several times before it runs.
        closing: Option<Box<(StoreClose, Response<B>)>>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// Returns the future of a request's response: from the service's future, and the request's exchange with the backend
    /// that began it.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&HeaderMap::new());
    /// let slot = backend.slot::<()>(&exchange);
    /// let service = async move {
    ///     slot.open().await?.insert("a", 1).map(|()| Response::new("inserted"))
    /// };
    /// let response = ResponseFuture::new(service, &backend, exchange).await.unwrap();
    /// assert!(response.headers().contains_key("set-cookie"));
    /// # }
    /// ```
    pub fn new(service: F, backend: &SessionBackend, exchange: Exchange) -> Self {
        Self {
            service,
            exchange: Some(exchange),
            driver: backend.driver().cloned(),
            closing: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
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
                    return Poll::Ready(Ok(write_response(outgoing, response)));
                }
                Closing::Waiting(close) => *this.closing = Some(Box::new((close, response))),
            }
        }
        let Some(closing) = this.closing else {
            return Poll::Pending;
        };
        let (close, response) = &mut **closing;
        let outgoing = ready!(close.poll(context));
        let response = std::mem::replace(response, Response::new(B::default()));
        Poll::Ready(Ok(write_response(outgoing, response)))
    }
}
