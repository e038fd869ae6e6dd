//! The close of an exchange, as a future.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use session_core::Error;
use session_core::protocol::{Exchange, Outgoing, Step};
use tokio::runtime::Handle;

use crate::adapter::driver::Driver;

/// The close of an exchange: a future of the [`Outgoing`] that is to be applied to the response. See
/// [`SessionBackend::close`](crate::SessionBackend::close).
///
/// Dropped while a store is being asked, it continues in a task of its own, so a client that hangs up in the middle of
/// its logout is logged out.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # use session_store::{Close, SessionBackend};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
/// let exchange = backend.exchange(&http::HeaderMap::new());
/// backend.open(&exchange).await.unwrap().insert("a", 1).unwrap();
/// let close: Close = backend.close(exchange);
/// assert!(close.await.apply(&mut http::HeaderMap::new()).is_ok());
/// # }
/// ```
#[must_use = "its result is to be applied to the response"]
#[derive(Debug)]
pub struct Close(pub(crate) Closing);

/// The state of a close. A cookie session is closed without a wait, and the future of a response then moves no
/// `Outgoing`, which is large, into its own state.
#[derive(Debug)]
pub(crate) enum Closing {
    Done(Outgoing),
    Waiting(StoreClose),
}

/// Begins the close of an exchange.
pub(crate) fn close(exchange: Exchange, driver: Option<&Arc<Driver>>) -> Closing {
    match (exchange.close(), driver) {
        (Step::Done(outgoing), _) => Closing::Done(outgoing),
        (step, Some(driver)) => Closing::Waiting(StoreClose::new(step, driver.clone())),
        // Only a stored session asks a store, and its backend has a driver.
        (Step::Pending(_), None) => Closing::Done(Outgoing::failed(Error::Unavailable)),
    }
}

impl Future for Close {
    type Output = Outgoing;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outgoing> {
        match &mut self.0 {
            Closing::Done(outgoing) => Poll::Ready(std::mem::take(outgoing)),
            Closing::Waiting(close) => close.poll(context),
        }
    }
}

type Work = Pin<Box<dyn Future<Output = Outgoing> + Send>>;

/// A close that waits for a store. It runs in the task that polls it: a task of its own would wake another thread, which
/// takes half of the time of a write to a file.
///
/// The work owns what it needs: the step with the session, and the driver. So a drop can hand it to the runtime as it is. It
/// must not be dropped with the future, because the store may have carried out a part of it, and because it holds the
/// session's write lock: unpolled, it would make all other writers of the session wait until their deadlines.
pub(crate) struct StoreClose {
    work: Option<Work>,
    // Taken at the start: the drop may run in a thread that is in no runtime.
    runtime: Handle,
}

impl StoreClose {
    fn new(step: Step<Outgoing>, driver: Arc<Driver>) -> Self {
        Self {
            work: Some(Box::pin(async move { driver.drive(step).await })),
            runtime: Handle::current(),
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outgoing> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(Outgoing::default());
        };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        let outgoing = match polled {
            Ok(polled) => ready!(polled),
            // A store that panicked did not answer. Its work is not polled again.
            Err(_) => Outgoing::failed(Error::Unavailable),
        };
        self.work = None;
        Poll::Ready(outgoing)
    }
}

impl Drop for StoreClose {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work);
        }
    }
}

impl fmt::Debug for StoreClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreClose").finish_non_exhaustive()
    }
}
