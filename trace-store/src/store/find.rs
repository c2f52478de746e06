use std::net::IpAddr;

use rusqlite::{OptionalExtension, params};
use trace_core::model::{Protocol, Ttl, Uuid};

use super::Store;
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
            let latest: Option<String> = self
                .connection
                .query_row("SELECT id FROM measurement ORDER BY started DESC, key DESC LIMIT 1", (), |row| {
                    row.get(0)
                })
                .optional()
                .map_err(fault)?;
            let latest = latest.and_then(|id| id.parse().ok());
            return latest.ok_or_else(|| Error::Empty { path: self.path.clone() });
        }
        let unknown = || Error::Unknown { text: text.to_owned() };
        let digits = text.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if digits.is_empty() || digits.len() > LENGTH || !digits.bytes().all(plain) {
            return Err(unknown());
        }
        let (beginning, end) = hyphenated(&digits);
        let mut matches: Vec<Uuid> = Vec::new();
        let beginning_of =
            "SELECT id FROM measurement WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT ?2";
        let end_of = "SELECT id FROM measurement WHERE id LIKE '%' || ?1 ORDER BY id LIMIT ?2";
        // A whole id needs no look at all of them.
        let queries = [(beginning_of, beginning), (end_of, end)];
        let queries = queries.into_iter().take(if digits.len() == LENGTH { 1 } else { 2 });
        for (sql, part) in queries {
            let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
            let ids = statement
                .query_map(params![part, NAMED_AND_MORE], |row| row.get::<_, String>(0))
                .map_err(fault)?;
            for id in ids {
                matches.extend(id.map_err(fault)?.parse::<Uuid>().ok());
            }
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
