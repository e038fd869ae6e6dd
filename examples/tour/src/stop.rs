//! Stops a tour after the current requests were answered.

use std::io;
use std::time::Duration;

use tokio::time::sleep;

/// The time that current requests have once the tour is asked to stop. A session waits up to seven
/// seconds for a slow store, two to open and five to close. Docker kills after ten.
pub const LIMIT: Duration = Duration::from_secs(8);

/// Resolves at SIGTERM or Ctrl-C. After this call they do not end the process by themselves.
///
/// # Errors
/// An I/O error when the signals cannot be caught.
#[cfg(unix)]
pub fn asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
///
/// # Errors
/// None on systems without these signals.
#[cfg(not(unix))]
pub fn asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

/// Serves until the server ends, which it should do once it was [`asked`] to. [`LIMIT`] after that
/// the remaining requests are cut: a request that never ends must not keep the process.
///
/// # Errors
/// The errors of the server.
pub async fn within_limit(
    server: impl IntoFuture<Output = io::Result<()>>,
    asked: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::select! {
        ended = server.into_future() => ended,
        () = async { asked.await; sleep(LIMIT).await } => Ok(()),
    }
}
