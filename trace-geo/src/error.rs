use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use maxminddb::MaxMindDbError;

use crate::exchange::ExchangeFault;
use crate::geofeed::RowFault;
use crate::hints::RuleFault;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read at all.
    #[error("cannot read the {what} {path}: {source}", path = path.display())]
    Read {
        /// What the file was taken for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A row of a geofeed makes no sense. Nothing of the file is used.
    #[error("geofeed {file}, line {line} (row {row}): {fault}")]
    Geofeed {
        /// The file.
        file: String,
        /// The line of the file, from 1.
        line: u64,
        /// The row, from 1, comments and empty lines not counted.
        row: u64,
        /// What is wrong, and in which column.
        fault: RowFault,
    },
    /// A row of a file of host name patterns makes no sense. Nothing of the file is used.
    #[error("host name patterns {file}, line {line}: {fault}")]
    Hints {
        /// The file.
        file: String,
        /// The line of the file, from 1.
        line: u64,
        /// What is wrong.
        fault: RuleFault,
    },
    /// A file of exchange points makes no sense. Nothing of the file is used.
    #[error("exchange points {file}: {fault}")]
    Exchanges {
        /// The file.
        file: String,
        /// What is wrong, and where.
        fault: Box<ExchangeFault>,
    },
    /// A file is no database of the MaxMind form, or a damaged one. Nothing of the file is used.
    #[error("{file} is no usable MaxMind-format database: {source}; fetch it anew or leave it out")]
    Database {
        /// The file.
        file: String,
        /// What is wrong, and where.
        source: Box<MaxMindDbError>,
    },
    /// A database of the MaxMind form failed at one address.
    #[error("{database} cannot tell where {address} is: {source}; fetch the database anew")]
    Lookup {
        /// The name of the source.
        database: String,
        /// The address that was asked for.
        address: IpAddr,
        /// What is wrong, and where.
        source: Box<MaxMindDbError>,
    },
    /// A packed table of countries and origin ASes is damaged.
    #[error("the table of countries and origin ASes is unusable: {0}")]
    Table(TableFault),
    /// The address of a web service is none.
    #[cfg(feature = "http")]
    #[error("cannot ask {service}: its address makes no sense: {fault}")]
    BaseUrl {
        /// The service.
        service: &'static str,
        /// What is wrong with it.
        fault: crate::BaseUrlFault,
    },
    /// A database was not brought up to date. The one that was there is still there.
    #[cfg(feature = "http")]
    #[error("{database} is not updated: {fault}")]
    Update {
        /// The database.
        database: crate::update::Database,
        /// What went wrong, and what mends it.
        fault: crate::update::UpdateFault,
    },
}

/// What can be wrong with a packed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// It does not begin as one.
    #[error("this is no such table")]
    NoTable,
    /// Another version of the layout.
    #[error("it has layout version {found}, this program reads version 1; pack it anew")]
    Version {
        /// The version found.
        found: u32,
    },
    /// Not the bytes that were written.
    #[error("its checksum differs; fetch or pack it anew")]
    Checksum,
    /// It ends too early.
    #[error("it is cut short; fetch or pack it anew")]
    Cut,
    /// One block cannot be read; the others can.
    #[error("block {block} of section {section} is damaged; fetch or pack it anew")]
    Block {
        /// The section.
        section: &'static str,
        /// The number of the block, from 0.
        block: usize,
    },
}
