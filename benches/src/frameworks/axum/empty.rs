//! A layer that does nothing: the cost in axum of any layer with a future of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

#[derive(Clone)]
pub struct EmptyLayer;

impl<S> Layer<S> for EmptyLayer {
    type Service = EmptyService<S>;

    fn layer(&self, inner: S) -> EmptyService<S> {
        EmptyService { inner }
    }
}

#[derive(Clone)]
pub struct EmptyService<S> {
    inner: S,
}

impl<S: Service<R>, R> Service<R> for EmptyService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = EmptyFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        EmptyFuture {
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    pub struct EmptyFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for EmptyFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(context)
    }
}
