//! The dashboard's server: the program itself, asked over HTTP on this machine.

mod api;
mod browser;
mod busy;
mod contract;
mod csv;
mod faults;
mod guard;
mod http;
mod large;
mod limits;
mod live;
mod samples;
mod service;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::http::{Reply, Request};
use crate::run::Home;

/// A server that runs until it is dropped.
#[derive(Debug)]
struct Server {
    child: Child,
    address: SocketAddr,
    /// The lines that it logs.
    log: Receiver<String>,
}

impl Server {
    /// Starts it on a free port of this machine and waits until it says where that is.
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0", "--no-open"], arguments].concat();
        Self::of(&mut home.command(&all))
    }

    fn of(command: &mut Command) -> Self {
        let mut child =
            command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("start the server");
        let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let mut said = String::new();
        let (tell, log) = channel();
        let address = lines.by_ref().find_map(|line| {
            let line = line.expect("text");
            said.push_str(&line);
            let url = line.split_once("http://")?.1;
            let address = url.split('/').next()?.replace("localhost", "127.0.0.1").parse().ok();
            tell.send(line).expect("it is kept");
            address
        });
        let Some(address) = address else { panic!("the server does not say where it is: {said}") };
        // What else it says must not stop it.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, address, log }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send()
    }

    /// The answer, which has to be JSON and good.
    #[track_caller]
    fn json(&self, path: &str) -> serde_json::Value {
        self.get(path).json()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("send a signal");
    }

    /// Asks for an end and waits for it.
    fn end(mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.child.wait().expect("wait for the server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
