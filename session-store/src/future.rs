//! The future that closes the session.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::{Exchange, Step};

use crate::finish;

pin_project! {
    /// Waits for a service's response and closes the exchange before the response's headers leave: later changes, while
    /// the body streams, are [`TooLate`](session_core::Error::TooLate).
    ///
    /// An error of the service passes through. Dropped before the response, or after an error or a panic, it seals the
    /// session and sends nothing.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
    /// let service = async { Ok::<_, std::convert::Infallible>(Response::new("nothing asked for the session")) };
    /// let response = session_store::ResponseFuture::new(service, exchange).await.unwrap();
    /// assert!(response.headers().is_empty());
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        service: F,
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    /// The service's future and the exchange of its request.
    ///
    /// ```
    /// # use http::{HeaderMap, Response};
    /// # use session_core::{SecretKey, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
    /// let opener = exchange.opener();
    /// let service = async move {
    ///     let session = opener.open().done().unwrap().unwrap();
    ///     session.insert("a", 1).map(|()| Response::new("inserted"))
    /// };
    /// let response = session_store::ResponseFuture::new(service, exchange).await.unwrap();
    /// assert!(response.headers().contains_key("set-cookie"));
    /// # }
    /// ```
    pub fn new(service: F, exchange: Exchange) -> Self {
        Self { service, exchange: Some(exchange) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.service.poll(context));
        // Taken in any case: unless it is closed, its drop seals the session.
        let exchange = this.exchange.take();
        Poll::Ready(answer.map(|response| match exchange.map(Exchange::close) {
            Some(Step::Done(outgoing)) => finish(outgoing, response),
            Some(Step::Ask(ask)) => match ask {},
            None => response,
        }))
    }
}
