//! A proxy with one fault.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Changes the head of a request, or of its response.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    None,
    Request(fn(Vec<String>) -> Vec<String>),
    /// The first argument is the request's first line.
    Response(fn(&str, Vec<String>) -> Vec<String>),
    PanicsAreAnswered,
}

/// Splits a message into the lines of its head, and the rest.
fn split(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    // Latin-1, so that every byte is restored.
    let head: String = bytes[..end].iter().map(|byte| char::from(*byte)).collect();
    Some((
        head.split("\r\n").map(str::to_owned).collect(),
        &bytes[end + 4..],
    ))
}

fn joined(head: &[String], body: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = head
        .join("\r\n")
        .chars()
        .map(|byte| u8::try_from(byte).unwrap())
        .collect();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn named<'a>(head: &'a [String], name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is = move |line: &String| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
    head.iter()
        .enumerate()
        .filter(move |(_, line)| is(line))
        .map(|(index, _)| index)
}

pub(crate) fn without(mut head: Vec<String>, name: &str) -> Vec<String> {
    while let Some(index) = { named(&head, name).next() } {
        head.remove(index);
    }
    head
}

/// Replaces a text in all headers of the name.
pub(crate) fn replaced(mut head: Vec<String>, name: &str, from: &str, to: &str) -> Vec<String> {
    for index in named(&head.clone(), name) {
        head[index] = head[index].replace(from, to);
    }
    head
}

/// Handles one request per connection. A request that cannot be read is dropped, as by a server.
fn carry(mut client: TcpStream, to: SocketAddr, fault: Fault) -> std::io::Result<()> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let (mut head, body) = loop {
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&buffer[..length]);
        let Some((head, body)) = split(&bytes) else {
            continue;
        };
        let length = named(&head, "content-length")
            .next()
            .map_or("0", |index| &head[index][16..]);
        if body.len() >= length.parse().unwrap() {
            break (head, body.to_vec());
        }
    };
    let line = head[0].clone();
    if let Fault::Request(change) = fault {
        head = change(head);
    }
    let mut server = TcpStream::connect(to)?;
    server.write_all(&joined(
        &replaced(head, "connection", "keep-alive", "close"),
        &body,
    ))?;
    let mut answer = Vec::new();
    let cut = server.read_to_end(&mut answer).is_err() || answer.is_empty();
    if let (true, Fault::PanicsAreAnswered) = (cut, fault) {
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    }
    if let (Some((head, body)), Fault::Response(change)) = (split(&answer), fault) {
        answer = joined(&change(&line, head), body);
    }
    client.write_all(&answer)
}

pub(crate) fn proxy(to: SocketAddr, fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // The proxy runs until the test's process ends.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || carry(client, to, fault));
        }
    });
    address
}
