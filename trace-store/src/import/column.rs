//! The columns of an old row, and what their text says.

use std::net::IpAddr;

use super::date;

/// What the old scripts kept of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Hop,
    Ip,
    Date,
    City,
    Country,
    Isp,
    Latitude,
    Longitude,
}

impl Column {
    pub(super) const ALL: [Self; 9] = [
        Self::Id,
        Self::Hop,
        Self::Ip,
        Self::Date,
        Self::City,
        Self::Country,
        Self::Isp,
        Self::Latitude,
        Self::Longitude,
    ];

    /// Without these there is no trace.
    pub(super) const NEEDED: [Self; 4] = [Self::Id, Self::Hop, Self::Ip, Self::Date];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::Hop => "HOP",
            Self::Ip => "IP",
            Self::Date => "DATE_CREATED",
            Self::City => "CITY",
            Self::Country => "COUNTRY",
            Self::Isp => "ISP",
            Self::Latitude => "LATITUDE",
            Self::Longitude => "LONGITUDE",
        }
    }

    /// The column of this heading.
    pub(super) fn of(heading: &str) -> Option<Self> {
        let heading = heading.trim().trim_start_matches('\u{feff}');
        Self::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(heading))
    }
}

/// What is wrong with a row, and in which column.
pub(super) type Wrong = (Option<Column>, String);

/// A row of the old forms, as it was meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) hop: u8,
    pub(super) ip: Option<IpAddr>,
    /// Nanoseconds since 1970 UTC.
    pub(super) date: i64,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
    pub(super) isp: Option<String>,
    /// Latitude and longitude.
    pub(super) point: Option<(f64, f64)>,
}

impl Row {
    /// Reads the text of each column; a column that a form does not have is missing in every row.
    pub(super) fn read<'a>(text: impl Fn(Column) -> Option<&'a str>) -> Result<Self, Wrong> {
        // What the scripts wrote for what they did not know.
        let known = |column| {
            let text = text(column).map(str::trim)?;
            let missing = ["", "unknown", "none", "null", "nan"];
            (!missing.iter().any(|word| text.eq_ignore_ascii_case(word))).then_some(text)
        };
        let wrong = |column, cause: String| (Some(column), cause);
        let needed = |column| known(column).ok_or_else(|| wrong(column, "it is missing".to_owned()));
        let degrees = |column, most: f64| {
            let Some(text) = known(column) else { return Ok(None) };
            match text.parse::<f64>() {
                Ok(degrees) if degrees.abs() <= most => Ok(Some(degrees)),
                Ok(_) => Err(wrong(
                    column,
                    format!(
                        "{text:?} is out of range: {column} goes from -{most} to {most}",
                        column = column.name()
                    ),
                )),
                Err(_) => Err(wrong(column, format!("{text:?} is no number of degrees"))),
            }
        };
        let id = needed(Column::Id)?;
        let hop = needed(Column::Hop)?;
        // Numbers that went through a sheet of floating-point numbers have a fraction of nought.
        let number = hop.strip_suffix(".0").unwrap_or(hop).parse::<u8>().ok().filter(|hop| *hop > 0);
        let number = number.ok_or_else(|| {
            wrong(Column::Hop, format!("{hop:?} is no hop: hops are numbered from 1 to 255"))
        })?;
        let address = known(Column::Ip)
            .map(|text| {
                text.parse().map_err(|_| wrong(Column::Ip, format!("{text:?} is no IPv4 or IPv6 address")))
            })
            .transpose()?;
        let date = needed(Column::Date)?;
        let instant = date::parse(date).ok_or_else(|| {
            wrong(Column::Date, format!("{date:?} is no date; one looks like 2021-01-31 16:06:12.489-0500"))
        })?;
        let point = match (degrees(Column::Latitude, 90.0)?, degrees(Column::Longitude, 180.0)?) {
            (Some(latitude), Some(longitude)) => Some((latitude, longitude)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(wrong(Column::Longitude, "it is missing, and the latitude is there".to_owned()));
            }
            (None, Some(_)) => {
                return Err(wrong(Column::Latitude, "it is missing, and the longitude is there".to_owned()));
            }
        };
        let owned = |column| known(column).map(str::to_owned);
        Ok(Self {
            id: id.to_owned(),
            hop: number,
            ip: address,
            date: instant,
            city: owned(Column::City),
            country: owned(Column::Country),
            isp: owned(Column::Isp),
            point,
        })
    }
}
