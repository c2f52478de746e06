//! What was meant by what was typed for `serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::anyhow;

use super::token::Token;
use crate::args::{LogFormat, ServeArguments};
use crate::confine::Walls;
use crate::exit::{Exit, Failure, Result};
use crate::settings;

/// What to serve, to whom.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) from: From,
    pub(crate) open: bool,
    pub(crate) token: Option<Token>,
    pub(crate) allow_trace: bool,
    pub(crate) host_names: Vec<String>,
    pub(crate) log_format: LogFormat,
}

/// Where traces come from.
#[derive(Debug)]
pub(crate) enum From {
    /// The store of this data directory.
    Directory(PathBuf),
    /// A CSV file of the old form.
    Csv(PathBuf),
}

impl ServeSettings {
    pub(crate) fn of(typed: ServeArguments, data_dir: Option<PathBuf>) -> Result<Self> {
        let ServeArguments { listen, csv, no_open, token_file, allow_trace, log_format, host_name } = typed;
        let token = token_file.as_deref().map(Token::read).transpose()?;
        if token.is_none() && !is_loopback(listen.ip()) {
            let cause = anyhow!(
                "--listen {listen} lets others in: say with --token-file FILE what they have to know, or listen on \
                 127.0.0.1"
            );
            return Err(Failure::new(Exit::Senseless, cause));
        }
        let named = || std::env::var_os("CSV_DATA").filter(|path| !path.is_empty()).map(PathBuf::from);
        let from = match csv.or_else(|| if data_dir.is_none() { named() } else { None }) {
            Some(_) if allow_trace => {
                let cause =
                    anyhow!("CSV_DATA and --allow-trace contradict each other: a CSV file is only shown");
                return Err(Failure::new(Exit::Senseless, cause));
            }
            Some(path) => From::Csv(path),
            None => From::Directory(settings::data_dir(data_dir)?),
        };
        Ok(Self { listen, from, open: !no_open, token, allow_trace, host_names: host_name, log_format })
    }

    /// What it reads and writes once it listens. The database is written to where the page may start traces, and readers
    /// of it, too, make files beside it.
    pub(crate) fn walls(&self) -> Walls {
        match &self.from {
            From::Directory(directory) => Walls::new().write_within(directory),
            // Also what takes the place of the file later.
            From::Csv(file) => Walls::new().read_beside(file),
        }
    }

    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        is_loopback(self.listen.ip())
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
