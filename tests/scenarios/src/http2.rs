//! HTTP/2 with prior knowledge, over one connection.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::client::{PATIENCE, Request, Response};

/// Sends the requests in turn over one connection. Each header is a field of its own, also `cookie`
/// (RFC 9113, section 8.2.3). If the server resets a stream, that request alone is an error.
///
/// # Errors
/// An I/O error when the server refuses the connection, does not speak HTTP/2, or does not answer.
pub fn send(to: SocketAddr, requests: &[Request]) -> io::Result<Vec<io::Result<Response>>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { timeout(PATIENCE, all(to, requests)).await? })
}

/// Whether a server at this address answers in HTTP/2 without an upgrade.
#[must_use]
pub fn is_spoken(at: SocketAddr) -> bool {
    send(at, &[Request::get("/untouched")]).is_ok_and(|responses| responses[0].is_ok())
}

async fn all(to: SocketAddr, requests: &[Request]) -> io::Result<Vec<io::Result<Response>>> {
    let stream = TcpStream::connect(to).await?;
    let (mut client, connection) = h2::client::handshake(stream)
        .await
        .map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let mut responses = Vec::new();
    for request in requests {
        client = client.ready().await.map_err(io::Error::other)?;
        let mut parts = http::Request::builder()
            .method(request.method)
            .uri(format!("http://{to}{}", request.path));
        for (name, value) in &request.headers {
            parts = parts.header(*name, &value[..]);
        }
        let parts = parts.body(()).map_err(io::Error::other)?;
        let has_body = !request.body.is_empty();
        let (response, mut sender) = client
            .send_request(parts, !has_body)
            .map_err(io::Error::other)?;
        if has_body {
            sender
                .send_data(Bytes::from(request.body.clone()), true)
                .map_err(io::Error::other)?;
        }
        let reset = |error| io::Error::other(format!("{error}: {request:?} over HTTP/2"));
        responses.push(read(response).await.map_err(reset));
    }
    connection.abort();
    Ok(responses)
}

async fn read(response: h2::client::ResponseFuture) -> Result<Response, h2::Error> {
    let (head, mut stream) = response.await?.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend(data);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    Ok(Response {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body: text(&body),
    })
}
