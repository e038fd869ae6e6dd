//! Finds out whether a connection leads to the server itself or to a pooler, which may give each transaction another server
//! process.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use std::future::{Ready, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Error};

/// Returns whether a connection leads to the server itself.
///
/// The server sends the id of its process on each connection (`BackendKeyData`), and SQL returns it, too. A pooler sends an id
/// of its own, so that it can forward requests to cancel.
pub(crate) async fn is_direct(client: &Client) -> Result<bool, Error> {
    let rows = client.query_typed("SELECT pg_backend_pid()", &[]).await?;
    let process: Option<i32> = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(process.is_some() && process == process_id(client))
}

/// Returns the process id that was sent on this connection, or `None` if the client shows none.
///
/// The client keeps it for requests to cancel alone. So this writes such a request into memory, and reads the id there:
///
/// ```text
/// bytes 0..4     length, 16
/// bytes 4..8     code of `CancelRequest`, 80877102
/// bytes 8..12    process id
/// bytes 12..16   key
/// ```
pub(crate) fn process_id(client: &Client) -> Option<i32> {
    let (written, token) = (Buffer::default(), client.cancel_token());
    // A write to memory is ready at the first poll.
    let mut writing = Box::pin(token.cancel_query_raw(written.clone(), Plain));
    let Poll::Ready(Ok(())) = writing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        return None;
    };
    let written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
    let [0, 0, 0, 16, 4, 210, 22, 46, process @ .., _, _, _, _] = written.last_chunk::<16>()?
    else {
        return None;
    };
    Some(i32::from_be_bytes(*process))
}

/// A connection to memory that stores the bytes written to it. To the question whether it speaks TLS it replies yes, `S`.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl AsyncWrite for Buffer {
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

impl AsyncRead for Buffer {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Buffer {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Takes the place of TLS on such a connection, and encrypts nothing.
struct Plain;

impl TlsConnect<Buffer> for Plain {
    type Stream = Buffer;
    type Error = io::Error;
    type Future = Ready<io::Result<Buffer>>;

    fn connect(self, stream: Buffer) -> Self::Future {
        ready(Ok(stream))
    }
}
