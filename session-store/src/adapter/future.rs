//! The future that closes the session.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::adapter::backend::{Close, Exchange};
use crate::adapter::response::finish;

pin_project! {
    /// Waits for a service's response and closes the exchange before the response's headers leave: later changes and
    /// opens, while the body streams, are [`TooLate`](session_core::Error::TooLate).
    ///
    /// An error of the service passes through. Dropped before the response, or after an error or a panic, it freezes the
    /// session and sends nothing. Dropped while a store is being asked, it lets the close go on.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let service = async { Ok::<_, std::convert::Infallible>(Response::new("nothing asked for the session")) };
    /// let response = ResponseFuture::new(service, source.exchange(&HeaderMap::new())).await.unwrap();
    /// assert!(response.headers().is_empty());
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        service: F,
        exchange: Option<Exchange>,
        // Boxed, since it is large, seldom there, and a future is moved a few times before it runs.
        closing: Option<Box<(Close, Response<B>)>>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// The service's future and the exchange of its request.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{ResponseFuture, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&HeaderMap::new());
    /// let opener = exchange.opener();
    /// let service = async move {
    ///     opener.open().await?.insert("a", 1).map(|()| Response::new("inserted"))
    /// };
    /// let response = ResponseFuture::new(service, exchange).await.unwrap();
    /// assert!(response.headers().contains_key("set-cookie"));
    /// # }
    /// ```
    pub fn new(service: F, exchange: Exchange) -> Self {
        Self {
            service,
            exchange: Some(exchange),
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
            // Taken in any case: unless it is closed, its drop freezes the session.
            let exchange = this.exchange.take();
            let response = match answer {
                Ok(response) => response,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let Some(exchange) = exchange else {
                return Poll::Ready(Ok(response));
            };
            match exchange.close_now() {
                Ok(outgoing) => return Poll::Ready(Ok(finish(outgoing, response))),
                Err(close) => *this.closing = Some(Box::new((close, response))),
            }
        }
        let Some(closing) = this.closing else {
            return Poll::Pending;
        };
        let (close, response) = &mut **closing;
        let outgoing = ready!(Pin::new(close).poll(context));
        let response = std::mem::replace(response, Response::new(B::default()));
        Poll::Ready(Ok(finish(outgoing, response)))
    }
}
