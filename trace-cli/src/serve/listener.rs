//! Connections: how many there may be, how long they may keep us waiting, and how they end.

use core::time::Duration;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::anyhow;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use super::metrics::Metrics;
use crate::exit::{Exit, Failure, Result};

/// How long a peer may take to say what it wants, also between two requests.
const HEAD: Duration = Duration::from_secs(10);
/// How long a peer may take nothing of an answer.
const STALLED: Duration = Duration::from_secs(15);
/// The most connections, if the system permits that many files.
const CONNECTIONS: u64 = 4096;
/// Files that are open for other reasons.
const OTHER_FILES: u64 = 64;
/// How long answers that are under way may take once an end is asked for.
const DRAIN: Duration = Duration::from_secs(2);
/// How long traces under way may take to be kept then.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);
/// How long readers may take to come back.
pub(super) const LAST: Duration = Duration::from_millis(500);
/// How long no connection is accepted when the system has no file left for it.
const PAUSE: Duration = Duration::from_millis(50);
/// What hyper keeps of a request that it does not understand yet.
const BUFFER: usize = 16 << 10;

/// Takes the port.
pub(super) fn bind(listen: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        let cause = if error.kind() == io::ErrorKind::AddrInUse {
            anyhow!(
                "cannot listen on {listen}: another program does; --listen {}:0 takes a free port",
                bracketed(listen)
            )
        } else {
            anyhow!("cannot listen on {listen}: {error}")
        };
        Failure::new(Exit::Senseless, cause)
    })
}

fn bracketed(listen: SocketAddr) -> String {
    let text = listen.to_string();
    text.rsplit_once(':').map_or(text.clone(), |(host, _)| host.to_owned())
}

/// Where a browser on this machine finds it.
pub(super) fn url(listener: &TcpListener) -> String {
    match listener.local_addr() {
        Ok(address) if address.ip().is_unspecified() => format!("http://localhost:{}/", address.port()),
        Ok(address) => format!("http://{address}/"),
        Err(_) => "http://localhost/".to_owned(),
    }
}

/// How many connections there may be: as many as files may be open, so far as that can be raised.
pub(super) fn most_connections() -> usize {
    let wanted = CONNECTIONS + OTHER_FILES;
    let mut files = wanted;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        if let Some(now) = limit.current.filter(|now| *now < wanted) {
            let raised = limit.maximum.map_or(wanted, |most| most.min(wanted)).max(now);
            let set = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum });
            files = if set.is_ok() { raised } else { now };
        }
    }
    usize::try_from(files.saturating_sub(OTHER_FILES).max(16)).unwrap_or(usize::MAX)
}

/// Serves until a signal asks for an end, and then until what is under way is answered or time is up.
///
/// `end_all` is called when it is asked for.
pub(super) async fn serve(
    listener: TcpListener,
    most: usize,
    routes: Router,
    metrics: &Arc<Metrics>,
    begun: impl FnOnce(),
    end_all: impl FnOnce(),
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    let mut end = core::pin::pin!(signal()?);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
    begun();
    loop {
        let accept = async {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?, place))
        };
        let ((stream, _), place) = tokio::select! {
            accepted = accept => match accepted {
                Ok(accepted) => accepted,
                // A peer that is gone already, or no file left: both pass.
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            () = &mut end => break,
        };
        // Answers leave in one piece: nothing is gained by holding the last part back.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(STALLED));
        let service = TowerToHyperService::new(routes.clone());
        let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        let metrics = Arc::clone(metrics);
        metrics.connections.inc();
        tokio::spawn(async move {
            // What a peer does wrong is its own business.
            let _ = connection.await;
            metrics.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    end_all();
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    Ok(())
}

/// Waits for a signal that asks for an end.
fn signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
