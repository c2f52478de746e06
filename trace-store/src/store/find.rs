use std::net::IpAddr;

use rusqlite::{OptionalExtension, ToSql, params};
use trace_core::model::{Protocol, Ttl, Uuid};

use super::{Filter, Store, key};
use crate::Error;

/// How many traces an error about several of them names.
const NAMED: usize = 5;

const NAMED_AND_MORE: i64 = 6;

/// Where the hyphens of an id stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

const LENGTH: usize = 36;

impl Store {
    /// The id that somebody means: a whole one, the beginning or end of one and no other (with or without
    /// hyphens, in either case), or `latest` for the trace that started last.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::Ambiguous`] which names some of the matches, [`Error::Empty`] for the latest
    /// of none.
    pub fn find(&self, text: &str) -> Result<Uuid, Error> {
        let fault = self.fault("look for a trace");
        let text = text.trim();
        if text == "latest" {
            let newest = Filter { limit: Some(1), ..Filter::default() };
            let latest = self.list(&newest)?.pop().map(|summary| summary.id);
            return latest.ok_or_else(|| Error::Empty { path: self.path.clone() });
        }
        let unknown = || Error::Unknown { text: text.to_owned() };
        let digits = text.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if digits.is_empty() || digits.len() > LENGTH || !digits.bytes().all(plain) {
            return Err(unknown());
        }
        let (beginning, end) = hyphenated(&digits);
        let mut matches = self.beginning_with(&beginning).map_err(fault)?;
        // A whole id needs no look at all of them.
        if digits.len() < LENGTH {
            matches.extend(self.ending_with(&end).map_err(fault)?);
        }
        matches.sort_unstable();
        matches.dedup();
        match *matches.as_slice() {
            [] => Err(unknown()),
            [id] => Ok(id),
            _ => {
                let more = matches.len() > NAMED;
                matches.truncate(NAMED);
                Err(Error::Ambiguous { text: text.to_owned(), matches, more })
            }
        }
    }

    /// The first few traces whose ids begin so.
    fn beginning_with(&self, beginning: &str) -> rusqlite::Result<Vec<Uuid>> {
        let of = |sql: &str, values: &[&dyn ToSql]| -> rusqlite::Result<Vec<Uuid>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let ids = statement.query_map(values, |row| row.get(0).map(Uuid::from_bytes))?;
            ids.collect()
        };
        let apart =
            "SELECT uuid FROM measurement WHERE id >= ?1 AND id < ?1 || 'g' AND key < 0 ORDER BY id LIMIT ?2";
        let mut found = of(apart, &[&beginning, &NAMED_AND_MORE])?;
        // Between the first and the last id that begin so lie the keys of all that do.
        let (first, last) = (filled(beginning, '0'), filled(beginning, 'f'));
        if let Some((first, last)) = first.and_then(key::span).zip(Some(last.and_then(key::span))) {
            let last = last.map_or(i64::MAX, |(_, last)| last);
            let in_time = "SELECT uuid FROM measurement WHERE key BETWEEN ?3 AND ?4 AND id >= ?1 AND id < ?1 || 'g' LIMIT ?2";
            found.extend(of(in_time, &[&beginning, &NAMED_AND_MORE, &first.0, &last])?);
        }
        Ok(found)
    }

    /// The first few traces whose ids end so: every id is looked at.
    fn ending_with(&self, end: &str) -> rusqlite::Result<Vec<Uuid>> {
        let digits = end.replace('-', "");
        // Where there are hyphens, they stand where those of an id do.
        if digits.is_empty() || hyphenated(&digits).1.trim_start_matches('-') != end.trim_start_matches('-') {
            return Ok(Vec::new());
        }
        // Whole bytes are soon compared; only those that agree are spelt out.
        let sql = "SELECT uuid FROM measurement
             WHERE substr(uuid, 17 - length(?3)) = ?3 AND substr(hex(uuid), -length(?1)) = ?1 LIMIT ?2";
        let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.as_bytes().rchunks_exact(2).rev().filter_map(byte).collect();
        let mut statement = self.connection.prepare_cached(sql)?;
        let ids = statement
            .query_map(params![digits.to_ascii_uppercase(), NAMED_AND_MORE, bytes], |row| row.get(0))?;
        ids.map(|id| id.map(Uuid::from_bytes)).collect()
    }

    /// The path length of the newest trace that reached `target` with `protocol`: how far the next one will
    /// have to go. A hint, which may be out of date.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn expected_length(&self, target: IpAddr, protocol: Protocol) -> Result<Option<Ttl>, Error> {
        let ttl: Option<u8> = self
            .connection
            .prepare_cached(
                "SELECT reached_ttl FROM setup
                 WHERE address = (SELECT id FROM address WHERE ip = ?) AND protocol IN (?, 'all')
                     AND reached_ttl IS NOT NULL AND kind = 'measured'
                 ORDER BY reached_started DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![target.to_string(), protocol.as_str()], |row| row.get(0))
                    .optional()
            })
            .map_err(self.fault("look for the length of a path"))?;
        Ok(ttl.and_then(Ttl::new))
    }
}

/// The id that begins so and goes on with the same digit; `None` if none begins so.
fn filled(beginning: &str, digit: char) -> Option<Uuid> {
    let id: String = (0..LENGTH)
        .map(|place| match beginning.get(place..=place).and_then(|letter| letter.chars().next()) {
            Some(letter) => letter,
            None if HYPHENS.contains(&place) => '-',
            None => digit,
        })
        .collect();
    Uuid::try_parse(&id).ok()
}

/// What `digits` looks like at the beginning of an id, and at its end.
fn hyphenated(digits: &str) -> (String, String) {
    if digits.contains('-') {
        return (digits.to_owned(), digits.to_owned());
    }
    let mut beginning = String::with_capacity(LENGTH);
    for digit in digits.chars() {
        if HYPHENS.contains(&beginning.len()) {
            beginning.push('-');
        }
        beginning.push(digit);
    }
    let mut end = Vec::with_capacity(LENGTH);
    for digit in digits.chars().rev() {
        if HYPHENS.contains(&(LENGTH - 1).saturating_sub(end.len())) {
            end.push('-');
        }
        end.push(digit);
    }
    (beginning, end.into_iter().rev().collect())
}

#[cfg(test)]
mod tests {
    use super::hyphenated;

    #[test]
    fn hyphens_stand_where_they_belong() {
        let id = "019aa3f0-5c00-7b6e-8a52-0123456789ab";
        let plain = id.replace('-', "");
        for length in 1..=plain.len() {
            let (beginning, _) = hyphenated(&plain[..length]);
            assert!(id.starts_with(&beginning), "{beginning}");
            let (_, end) = hyphenated(&plain[plain.len() - length..]);
            assert!(id.ends_with(&end), "{end}");
        }
        assert_eq!(hyphenated("5c00-7").0, "5c00-7");
    }
}
