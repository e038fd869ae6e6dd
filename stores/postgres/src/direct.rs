//! Whether a connection leads to the server itself, or to a pooler, which may send each transaction to another server process.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use std::future::{Ready, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Error};

/// The server tells each connection the number of its process (`BackendKeyData`), and knows it in SQL. A pooler tells a
/// number of its own, so that it can pass on requests to cancel.
pub(crate) async fn is_direct(client: &Client) -> Result<bool, Error> {
    let rows = client.query_typed("SELECT pg_backend_pid()", &[]).await?;
    let process: Option<i32> = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(process.is_some() && process == told(client))
}

/// The number that this connection was told. The client knows it for cancelling alone, so a request to cancel is written
/// where nobody carries it out, and read there. Anything unexpected is no number.
pub(crate) fn told(client: &Client) -> Option<i32> {
    let (written, token) = (Nowhere::default(), client.cancel_token());
    // There it waits for nothing.
    let mut writing = Box::pin(token.cancel_query_raw(written.clone(), Plain));
    let Poll::Ready(Ok(())) = writing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        return None;
    };
    let written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
    // Length and code of `CancelRequest`, the number of the process, the key.
    let [0, 0, 0, 16, 4, 210, 22, 46, process @ .., _, _, _, _] = written.last_chunk::<16>()?
    else {
        return None;
    };
    Some(i32::from_be_bytes(*process))
}

/// Keeps what is written to it. Asked whether it speaks TLS, it says yes.
#[derive(Clone, Default)]
struct Nowhere(Arc<Mutex<Vec<u8>>>);

impl AsyncWrite for Nowhere {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Nowhere {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Nowhere {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// In place of TLS, where a connection wants it.
struct Plain;

impl TlsConnect<Nowhere> for Plain {
    type Stream = Nowhere;
    type Error = io::Error;
    type Future = Ready<io::Result<Nowhere>>;

    fn connect(self, stream: Nowhere) -> Self::Future {
        ready(Ok(stream))
    }
}
