//! A network that fails on demand, between a client and a server on the loopback interface.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Forwards the data between clients and a server, until it is set to fail. Ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Hang,
    Refuse,
    Ended,
}

#[derive(Debug)]
struct Shared {
    /// The port to which new connections lead.
    server: AtomicU16,
    mode: Mutex<Mode>,
    changed: Condvar,
    links: Mutex<Vec<Arc<Link>>>,
    lost: AtomicUsize,
}

/// A connection of a client, and its connection to the server.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    lose_the_next_answer: AtomicBool,
    swallowed: AtomicBool,
}

impl Proxy {
    /// Listens on a free port, in front of this port of a server.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: AtomicU16::new(server),
            mode: Mutex::new(Mode::Pass),
            changed: Condvar::new(),
            links: Mutex::default(),
            lost: AtomicUsize::new(0),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                match *accepting.mode.lock().unwrap() {
                    Mode::Ended => break,
                    Mode::Refuse => continue,
                    Mode::Pass | Mode::Hang => {}
                }
                // The server is down, so the client's connection is closed.
                let _ = client.and_then(|client| accepting.link(client));
            }
        });
        Self { port, shared }
    }

    /// Returns the port to which clients connect.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards everything, also the data that [`hang`](Self::hang) held back.
    pub fn pass(&self) {
        self.shared.set(Mode::Pass);
    }

    /// Loses the next reply on each connection that is open now, and closes the connection. So the server carries out a request, and
    /// the client gets no reply. Later connections are not affected.
    ///
    /// # Panics
    /// Only if it panicked before.
    pub fn lose_answers(&self) {
        for link in &*self.shared.links.lock().unwrap() {
            link.lose_the_next_answer.store(true, Ordering::SeqCst);
        }
    }

    /// Returns the number of connections that were closed in place of a reply.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::SeqCst)
    }

    /// Holds back the data of both sides, until [`pass`](Self::pass) or the end.
    pub fn hang(&self) {
        self.shared.set(Mode::Hang);
    }

    /// Forgets the connections that are open now: they stay open, and no data is forwarded any more, in either direction. New ones
    /// work.
    ///
    /// # Panics
    /// Only if it panicked before.
    pub fn swallow(&self) {
        for link in &*self.shared.links.lock().unwrap() {
            link.swallowed.store(true, Ordering::SeqCst);
        }
    }

    /// Leads new connections to another server. Open ones stay.
    pub fn lead_to(&self, server: u16) {
        self.shared.server.store(server, Ordering::SeqCst);
    }

    /// Closes all connections, and every new one immediately.
    pub fn refuse(&self) {
        self.shared.set(Mode::Refuse);
        self.shared.end_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.set(Mode::Ended);
        self.shared.end_all();
        // Wakes the thread that accepts connections.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
        self.changed.notify_all();
    }

    fn end_all(&self) {
        for link in self.links.lock().unwrap().drain(..) {
            link.end();
        }
    }

    fn link(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server.load(Ordering::SeqCst)))?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        let [lose_the_next_answer, swallowed] = [false, false].map(AtomicBool::new);
        let link = Arc::new(Link {
            client,
            server,
            lose_the_next_answer,
            swallowed,
        });
        self.links.lock().unwrap().push(link.clone());
        for answers in [false, true] {
            let (shared, link) = (self.clone(), link.clone());
            thread::spawn(move || {
                let _ = shared.pump(&link, answers);
                link.end();
                shared
                    .links
                    .lock()
                    .unwrap()
                    .retain(|other| !Arc::ptr_eq(other, &link));
            });
        }
        Ok(())
    }

    fn pump(&self, link: &Link, answers: bool) -> io::Result<()> {
        let (mut from, mut to) = if answers {
            (&link.server, &link.client)
        } else {
            (&link.client, &link.server)
        };
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = from.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            if link.swallowed.load(Ordering::SeqCst) {
                continue;
            }
            let mode = self
                .changed
                .wait_while(self.mode.lock().unwrap(), |mode| *mode == Mode::Hang)
                .unwrap();
            let passes = *mode == Mode::Pass;
            drop(mode);
            if !passes {
                return Ok(());
            }
            if answers && link.lose_the_next_answer.load(Ordering::SeqCst) {
                self.lost.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            to.write_all(&buffer[..length])?;
        }
    }
}

impl Link {
    fn end(&self) {
        for stream in [&self.client, &self.server] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Replies to each byte with its successor.
    fn server() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok()
                        && stream.write_all(&[byte[0] + 1]).is_ok()
                    {}
                });
            }
        });
        port
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap()
    }

    fn ask(mut stream: &TcpStream, byte: u8) -> io::Result<u8> {
        stream.write_all(&[byte])?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(answer[0])
    }

    #[test]
    fn passes_loses_hangs_and_refuses() {
        let proxy = Proxy::start(server());
        let stream = connect(&proxy);
        assert_eq!(ask(&stream, 1).unwrap(), 2);

        proxy.lose_answers();
        let other = connect(&proxy);
        assert!(ask(&stream, 1).is_err());
        assert_eq!((ask(&other, 1).unwrap(), proxy.lost()), (2, 1));

        proxy.hang();
        other
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert!(ask(&other, 5).is_err());
        proxy.pass();
        other.set_read_timeout(None).unwrap();
        let mut late = [0];
        (&other).read_exact(&mut late).unwrap();
        assert_eq!(late, [6]);

        proxy.refuse();
        assert!(ask(&other, 1).is_err());
        assert!(ask(&connect(&proxy), 1).is_err());
        proxy.pass();
        let stream = connect(&proxy);
        assert_eq!(ask(&stream, 7).unwrap(), 8);

        proxy.swallow();
        stream
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert_eq!(
            ask(&stream, 7).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        assert_eq!(ask(&connect(&proxy), 9).unwrap(), 10);
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        proxy.lead_to(nobody);
        assert!(ask(&connect(&proxy), 9).is_err());
        proxy.lead_to(server());
        assert_eq!(ask(&connect(&proxy), 9).unwrap(), 10);
    }
}
