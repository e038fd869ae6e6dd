//! The end of a tour: requests under way are answered first.

use std::io;
use std::time::Duration;

use tokio::time::sleep;

/// How long requests under way may take once the tour is asked to stop. A session waits up to seven seconds for a slow
/// store, two to open and five to close, and what it wrote is in the answer's cookie or behind it. After ten, Docker kills.
pub const LIMIT: Duration = Duration::from_secs(8);

/// Resolves at SIGTERM or Ctrl-C, which from this call on do not end the process by themselves.
///
/// # Errors
/// The signals cannot be caught.
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
/// None here.
#[cfg(not(unix))]
pub fn asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

/// Serves until the server ends, which it should once it is [`asked`] to; [`LIMIT`] after that it is left, and what is still
/// under way is cut: a request that never ends must not keep the process.
///
/// # Errors
/// Those of the server.
pub async fn within_limit(
    server: impl IntoFuture<Output = io::Result<()>>,
    asked: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::select! {
        ended = server.into_future() => ended,
        () = async { asked.await; sleep(LIMIT).await } => Ok(()),
    }
}
