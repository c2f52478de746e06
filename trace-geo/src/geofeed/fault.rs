use core::fmt;

use ipnetwork::IpNetwork;

/// A column of a geofeed, numbered from 1 as spreadsheets do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// Column 1: the prefix.
    Prefix,
    /// Column 2: the country.
    Country,
    /// Column 3: the region.
    Region,
    /// Column 4: the city.
    City,
    /// Column 5: the postal code.
    PostalCode,
    /// Column 6: the latitude.
    Latitude,
    /// Column 7: the longitude.
    Longitude,
}

impl Column {
    pub(super) const ALL: [Self; 7] = [
        Self::Prefix,
        Self::Country,
        Self::Region,
        Self::City,
        Self::PostalCode,
        Self::Latitude,
        Self::Longitude,
    ];
}

/// `column 6 (latitude)`.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, name) = match self {
            Self::Prefix => (1, "prefix"),
            Self::Country => (2, "country"),
            Self::Region => (3, "region"),
            Self::City => (4, "city"),
            Self::PostalCode => (5, "postal code"),
            Self::Latitude => (6, "latitude"),
            Self::Longitude => (7, "longitude"),
        };
        write!(f, "column {number} ({name})")
    }
}

/// What can be wrong with a row of a geofeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// The first column is no address and no prefix.
    #[error(
        "{column}: {text:?} is no address and no prefix such as 192.0.2.0/24 or 2001:db8::/32 \
        (a heading begins with #)",
        column = Column::Prefix
    )]
    Prefix {
        /// What stands there.
        text: String,
    },
    /// The prefix has bits behind its length.
    #[error(
        "{column}: {text} has bits set behind its length; meant is {network} or a longer prefix",
        column = Column::Prefix
    )]
    HostBits {
        /// What stands there.
        text: String,
        /// The prefix without them.
        network: IpNetwork,
    },
    /// The second column is no country.
    #[error(
        "{column}: {text:?} is no country code of ISO 3166-1 such as DE or BR{hint}",
        column = Column::Country,
        hint = if text.eq_ignore_ascii_case("UK") { "; the United Kingdom is GB" } else { "" }
    )]
    Country {
        /// What stands there.
        text: String,
    },
    /// A coordinate is no number within its range.
    #[error("{column}: {text:?} is no number of degrees from -{limit} to {limit}")]
    Degrees {
        /// Which one.
        column: Column,
        /// What stands there.
        text: String,
        /// The end of the range.
        limit: u8,
    },
    /// One coordinate stands there without the other.
    #[error("{missing} is empty although the other coordinate is given; give both or none")]
    HalfPoint {
        /// Which one is missing.
        missing: Column,
    },
    /// A field is no UTF-8 (RFC 8805 section 2.1).
    #[error("{column} is no UTF-8 text; save the file in that encoding")]
    Encoding {
        /// Which one.
        column: Column,
    },
    /// A quotation mark that does not enclose the field.
    #[error("{column} holds a quotation mark; one that encloses a field stands right behind the comma")]
    Quote {
        /// Which one.
        column: Column,
    },
    /// A quotation mark that opens a field and is never closed: whatever follows it would be lost.
    #[error("a quotation mark is opened and not closed; a row is one line")]
    OpenQuote,
    /// The line is too long to be a row.
    #[error("the line is longer than 64 KiB; is this a geofeed?")]
    TooLong,
    /// An earlier row says something else of the same prefix.
    #[error("line {line} says something else of {prefix}; keep one of them")]
    Contradiction {
        /// The prefix.
        prefix: IpNetwork,
        /// The line of the earlier row.
        line: u64,
    },
    /// Reading stopped.
    #[error("reading stopped: {0}")]
    Unreadable(#[source] std::io::Error),
}
