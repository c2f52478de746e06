//! The tables of PeeringDB's dump, as far as they are used. Fields as its API names them
//! (<https://www.peeringdb.com/apidocs/>).

use core::fmt;
use core::marker::PhantomData;
use std::collections::HashMap;
use std::io::Read;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use trace_core::model::Coordinates;

use super::{ExchangeFault, wrong};

/// The whole file.
#[derive(Debug, Deserialize)]
struct Dump {
    ix: Option<Table<Ix>>,
    ixlan: Option<Table<IxLan>>,
    ixpfx: Option<Table<IxPfx>>,
    ixfac: Option<Table<IxFac>>,
    fac: Option<Table<Fac>>,
}

/// An exchange point.
#[derive(Debug, Deserialize)]
pub(super) struct Ix {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
}

/// A peering LAN of an exchange point.
#[derive(Debug, Deserialize)]
pub(super) struct IxLan {
    pub(super) id: u64,
    pub(super) ix_id: u64,
}

/// A prefix of a peering LAN.
#[derive(Debug, Deserialize)]
pub(super) struct IxPfx {
    pub(super) id: u64,
    pub(super) ixlan_id: u64,
    pub(super) prefix: String,
}

/// That an exchange point is at a facility.
#[derive(Debug, Deserialize)]
pub(super) struct IxFac {
    pub(super) ix_id: u64,
    pub(super) fac_id: u64,
}

/// A facility.
#[derive(Debug, Deserialize)]
struct Fac {
    id: u64,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// The rows of a table, bare or as the API answers. (An untagged enum would lose the line of what is wrong.)
#[derive(Debug)]
pub(super) struct Table<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Rows(PhantomData))
    }
}

struct Rows<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
    type Value = Table<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows, or an object with such an array as `data`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Table<T>, A::Error> {
        let mut table = Vec::new();
        while let Some(row) = rows.next_element()? {
            table.push(row);
        }
        Ok(Table(table))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Table<T>, A::Error> {
        let mut table = None;
        while let Some(field) = fields.next_key::<String>()? {
            if field == "data" {
                table = Some(Table(fields.next_value()?));
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        table.ok_or_else(|| A::Error::missing_field("data"))
    }
}

impl<T> Table<T> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

/// Every table that is needed is there.
pub(super) struct Tables {
    pub(super) ix: Table<Ix>,
    pub(super) ixlan: Table<IxLan>,
    pub(super) ixpfx: Table<IxPfx>,
    pub(super) ixfac: Option<Table<IxFac>>,
    fac: Option<Table<Fac>>,
}

impl Tables {
    pub(super) fn read(reader: impl Read) -> Result<Self, ExchangeFault> {
        let Dump { ix, ixlan, ixpfx, ixfac, fac } = serde_json::from_reader(reader)?;
        Ok(Self {
            ix: ix.ok_or(ExchangeFault::NoTable("ix"))?,
            ixlan: ixlan.ok_or(ExchangeFault::NoTable("ixlan"))?,
            ixpfx: ixpfx.ok_or(ExchangeFault::NoTable("ixpfx"))?,
            ixfac,
            fac,
        })
    }

    /// Where the facilities are whose coordinates are known.
    pub(super) fn facilities(&self) -> Result<HashMap<u64, Coordinates>, ExchangeFault> {
        let mut facilities = HashMap::new();
        for Fac { id, latitude, longitude } in self.fac.iter().flat_map(Table::rows) {
            let (Some(north), Some(east)) = (latitude, longitude) else { continue };
            if !(-90.0..=90.0).contains(north) {
                return Err(wrong("fac", *id, "latitude", &north.to_string()));
            }
            let at = Coordinates::new(*north, *east)
                .ok_or_else(|| wrong("fac", *id, "longitude", &east.to_string()))?;
            facilities.insert(*id, at);
        }
        Ok(facilities)
    }
}
