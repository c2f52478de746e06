//! All series at a glance, kept up to date by reading what is new.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::{Store, key};
use crate::{Error, Series};

/// Where a series stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The series.
    pub series: Series,
    /// [`Series::key`].
    pub key: u64,
    /// The name that was typed for the newest trace; where that was an address, the name of an earlier one.
    pub name: Option<String>,
    /// How many traces there are.
    pub traces: u64,
    /// When the first one started: nanoseconds since 1970 UTC.
    pub first: i64,
    /// When the newest one started.
    pub last: i64,
    /// Whether the newest one reached the target.
    pub reached: bool,
    /// The number of the newest trace's row.
    pub(super) newest: i64,
    /// The setups that belong to it.
    pub(super) setups: Vec<i64>,
}

impl Standing {
    /// Changes whenever a trace is added to the series.
    #[must_use]
    pub const fn stamp(&self) -> (u64, i64) {
        (self.traces, self.newest)
    }
}

/// All series of a store. It is read once, and then what is new: hundreds of thousands of traces are looked at in a
/// fraction of a second, further ones in no time.
#[derive(Debug, Default)]
pub struct Overview {
    epoch: i64,
    /// The greatest key of a counted trace that lies apart.
    apart: Option<i64>,
    /// The greatest of the others.
    newest: Option<i64>,
    /// Those that started shortly before: more may come in between.
    recent: HashSet<i64>,
    traces: u64,
    standings: Vec<Standing>,
    by_key: HashMap<u64, usize>,
    by_setup: HashMap<i64, (usize, Option<String>)>,
}

const ALL: &str = "SELECT key, setup, started, outcome FROM measurement";

/// A trace as it is counted.
struct Row {
    key: i64,
    setup: i64,
    started: i64,
    reached: bool,
}

impl Overview {
    /// Takes in what was stored since the last time; if traces were removed, all anew.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say. The overview is then empty, and the next
    /// time begins anew.
    pub fn refresh(&mut self, store: &Store) -> Result<(), Error> {
        let read = self.read(&store.connection);
        if read.is_err() {
            *self = Self::default();
        }
        read.map_err(store.fault("read which series there are"))
    }

    /// The series, in the order of their first traces in the database.
    #[must_use]
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// The series with this [`Series::key`].
    #[must_use]
    pub fn find(&self, key: u64) -> Option<&Standing> {
        self.standings.get(*self.by_key.get(&key)?)
    }

    /// How many traces there are in all.
    #[must_use]
    pub const fn traces(&self) -> u64 {
        self.traces
    }

    fn read(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // One look: between two, traces may be removed.
        let _look = connection.unchecked_transaction()?;
        let epoch = connection.prepare_cached("SELECT number FROM epoch")?.query_row((), |row| row.get(0))?;
        if self.epoch != epoch {
            *self = Self { epoch, ..Self::default() };
        }
        // What comes in later than this lies apart.
        let straggler =
            |newest: Option<i64>| newest.map_or(0, |newest| newest.saturating_sub(key::STRAGGLE).max(0));
        if self.traces == 0 {
            let newest = connection
                .prepare_cached("SELECT max(key) FROM measurement WHERE key >= 0")?
                .query_row((), |row| row.get(0))?;
            return self.take(connection, ALL, &[], straggler(newest));
        }
        let first = straggler(self.newest);
        self.take(connection, &format!("{ALL} WHERE key >= ?"), &[first], first)?;
        match self.apart {
            Some(apart) => {
                self.take(connection, &format!("{ALL} WHERE key > ? AND key < 0"), &[apart], first)?
            }
            None => self.take(connection, &format!("{ALL} WHERE key < 0"), &[], first)?,
        }
        let first = straggler(self.newest);
        self.recent.retain(|key| *key >= first);
        Ok(())
    }

    /// Counts what is not counted yet, and keeps in mind what of it stands at this key or behind it.
    fn take(
        &mut self,
        connection: &Connection,
        sql: &str,
        values: &[i64],
        recent: i64,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let row = Row {
                key: row.get(0)?,
                setup: row.get(1)?,
                started: row.get(2)?,
                reached: row.get::<_, Option<i64>>(3)? == Some(0),
            };
            if row.key >= recent && !self.recent.insert(row.key) {
                continue;
            }
            if row.key < 0 {
                self.apart = self.apart.max(Some(row.key));
            } else {
                self.newest = self.newest.max(Some(row.key));
            }
            self.count(connection, &row)?;
        }
        Ok(())
    }

    fn count(&mut self, connection: &Connection, row: &Row) -> rusqlite::Result<()> {
        if !self.by_setup.contains_key(&row.setup) {
            self.learn(connection, row)?;
        }
        self.traces += 1;
        let Some((place, name)) = self.by_setup.get(&row.setup) else { return Ok(()) };
        let Some(standing) = self.standings.get_mut(*place) else { return Ok(()) };
        standing.traces += 1;
        standing.first = standing.first.min(row.started);
        if (row.started, key::rank(row.key)) >= (standing.last, key::rank(standing.newest)) {
            standing.last = row.started;
            standing.newest = row.key;
            standing.reached = row.reached;
            if name.is_some() {
                standing.name.clone_from(name);
            }
        } else if standing.name.is_none() {
            standing.name.clone_from(name);
        }
        Ok(())
    }

    /// Reads which series a setup belongs to.
    fn learn(&mut self, connection: &Connection, row: &Row) -> rusqlite::Result<()> {
        let (name, ip, protocol, vantage) = connection
            .prepare_cached(
                "SELECT s.target, a.ip, s.protocol, s.vantage FROM setup AS s
                 LEFT JOIN address AS a ON a.id = s.address WHERE s.id = ?",
            )?
            .query_row(params![row.setup], |row| {
                let text = |index| row.get::<_, Option<String>>(index);
                Ok((text(0)?, text(1)?, text(2)?, text(3)?))
            })?;
        let series = Series {
            address: ip.and_then(|ip| ip.parse().ok()),
            protocol: protocol.and_then(|protocol| protocol.parse().ok()),
            vantage,
        };
        let key = series.key();
        let place = *self.by_key.entry(key).or_insert_with(|| {
            self.standings.push(Standing {
                series,
                key,
                name: None,
                traces: 0,
                first: i64::MAX,
                last: i64::MIN,
                reached: false,
                newest: 0,
                setups: Vec::new(),
            });
            self.standings.len() - 1
        });
        if let Some(standing) = self.standings.get_mut(place) {
            standing.setups.push(row.setup);
        }
        self.by_setup.insert(row.setup, (place, name));
        Ok(())
    }
}
