//! An HTTP server on 127.0.0.1 that answers as it is told to, also in ways no server should.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared by the tests of several crates, each of which uses a part of it; a test that cannot go on fails"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// What a client sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value of the query, as it came.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.target.split_once('?')?.1.split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub struct Reply {
    head: Vec<String>,
    body: Vec<u8>,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Proper,
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// A byte at a time.
    Drip(Duration),
    /// The body over and over, until the client has enough; 1 GiB at most.
    Endless,
    /// Nothing at all comes.
    Hang,
    /// The body is all that comes, without a head.
    Raw,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { head: vec![format!("HTTP/1.1 {status} Said So")], body: body.into(), manner: Manner::Proper }
    }

    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { manner: Manner::Raw, ..Self::new(200, bytes) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push(format!("{name}: {value}"));
        self
    }

    pub fn cut(mut self, after: usize) -> Self {
        self.manner = Manner::Cut(after);
        self
    }

    pub fn drip(mut self, every: Duration) -> Self {
        self.manner = Manner::Drip(every);
        self
    }

    pub fn endless(mut self) -> Self {
        self.manner = Manner::Endless;
        self
    }

    pub fn hang(mut self) -> Self {
        self.manner = Manner::Hang;
        self
    }

    fn write(&self, stream: &mut TcpStream, head_only: bool) -> std::io::Result<()> {
        let pause = |span: Duration| {
            // Nobody sends: this waits.
            let (_sender, receiver) = mpsc::channel::<()>();
            let _ = receiver.recv_timeout(span);
        };
        if self.manner == Manner::Raw {
            return stream.write_all(&self.body);
        }
        if self.manner == Manner::Hang {
            // Until the client goes away, or for as long as no test lasts.
            stream.set_read_timeout(Some(Duration::from_secs(120)))?;
            let _ = stream.read(&mut [0; 1]);
            return Ok(());
        }
        let mut head = self.head.join("\r\n");
        if self.manner != Manner::Endless {
            head.push_str(&format!("\r\nContent-Length: {}", self.body.len()));
        }
        head.push_str("\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        if head_only {
            return Ok(());
        }
        match self.manner {
            Manner::Cut(after) => stream.write_all(&self.body[..after.min(self.body.len())]),
            Manner::Drip(every) => {
                for byte in &self.body {
                    stream.write_all(&[*byte])?;
                    pause(every);
                }
                Ok(())
            }
            Manner::Endless => {
                let block = self.body.repeat((1 << 16) / self.body.len().max(1) + 1);
                for _ in 0..1 << 14 {
                    stream.write_all(&block)?;
                }
                Ok(())
            }
            _ => stream.write_all(&self.body),
        }
    }
}

/// The server, until it is dropped.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server that answers with what `answer` says; it is told the number of the request, from 0.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("listen on 127.0.0.1");
        let address = listener.local_addr().expect("an address");
        let (seen, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (requests, stop, answer) = (Arc::clone(&seen), Arc::clone(&over), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    let number = {
                        let mut requests = requests.lock().expect("the requests");
                        requests.push(request.clone());
                        requests.len() - 1
                    };
                    // A client that has gone is none of the server's business.
                    let _ = answer(&request, number).write(&mut stream, request.method == "HEAD");
                });
            }
        });
        Self { address, seen, over }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("the requests").clone()
    }

    pub fn count(&self) -> usize {
        self.requests().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the one that waits for clients.
        let _ = TcpStream::connect(self.address);
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, target, headers, body })
}
