//! Names of the laboratory: files that stand in for the system's, and a name server.

use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use super::{Node, tool};

/// What a name server knows; and the system's configuration that makes programs ask it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    records: HashMap<String, Vec<IpAddr>>,
    hosts: String,
}

impl Names {
    /// A name (ASCII form) that the name server has these addresses for.
    pub(crate) fn record(mut self, name: &str, addresses: &[IpAddr]) -> Self {
        self.records.insert(name.to_ascii_lowercase(), addresses.to_vec());
        self
    }

    /// A name in `/etc/hosts`.
    pub(crate) fn host(mut self, name: &str, address: IpAddr) -> Self {
        self.hosts.push_str(&format!("{address} {name}\n"));
        self
    }

    /// Puts files over `/etc/hosts`, `/etc/resolv.conf` and `/etc/nsswitch.conf` of this test's own mount
    /// namespace, keeps them in `directory`, and answers questions at 127.0.0.1 of `node` until the test ends.
    pub(crate) fn install(self, node: &Node, directory: &Path) {
        let files = [
            ("hosts", format!("127.0.0.1 localhost\n::1 localhost\n{}", self.hosts)),
            ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_owned()),
            ("nsswitch.conf", "hosts: files dns\n".to_owned()),
        ];
        for (name, text) in files {
            let file = directory.join(name);
            std::fs::write(&file, text).expect("write a file of the laboratory");
            let place = Path::new("/etc").join(name);
            let output = tool("mount").arg("--bind").args([&file, &place]).output().expect("start mount");
            assert!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
        }
        let socket = node.enter(|| UdpSocket::bind("127.0.0.1:53").expect("bind the name server"));
        socket.set_read_timeout(Some(Duration::from_secs(120))).expect("limit the name server's wait");
        std::thread::spawn(move || self.serve(&socket));
    }

    fn serve(&self, socket: &UdpSocket) {
        let mut question = [0u8; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut question) {
            if let Some(answer) = self.answer(&question[..length]) {
                let _ = socket.send_to(&answer, asker);
            }
        }
    }

    /// The answer to one question (RFC 1035 section 4).
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let (mut labels, mut at) = (Vec::new(), 12);
        while let length @ 1.. = usize::from(*question.get(at)?) {
            labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).to_ascii_lowercase());
            at += 1 + length;
        }
        let end = at + 5;
        let kind = u16::from_be_bytes([*question.get(at + 1)?, *question.get(at + 2)?]);
        let known = self.records.get(&labels.join("."));
        let data: Vec<Vec<u8>> = known
            .into_iter()
            .flatten()
            .filter_map(|address| match (kind, address) {
                (1, IpAddr::V4(address)) => Some(address.octets().to_vec()),
                (28, IpAddr::V6(address)) => Some(address.octets().to_vec()),
                _ => None,
            })
            .collect();
        let mut answer = question.get(..2)?.to_vec();
        // A response, recursion available; no such name where nothing is known.
        answer.extend([0x81, if known.is_some() { 0x80 } else { 0x83 }, 0, 1, 0]);
        answer.extend([u8::try_from(data.len()).ok()?, 0, 0, 0, 0]);
        answer.extend(question.get(12..end)?);
        for octets in data {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(octets.len()).ok()?]);
            answer.extend(octets);
        }
        Some(answer)
    }
}
