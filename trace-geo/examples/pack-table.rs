//! Packs the built-in table out of the CSV files of ip-location-db, and checks it.
//!
//! ```text
//! npm pack @ip-location-db/geo-whois-asn-country @ip-location-db/asn     # then unpack both
//! cargo run --release -p trace-geo --features pack --example pack-table -- \
//!     pack DIR 2026-06-17 trace-geo/data/builtin.table
//! cargo run --release -p trace-geo --features pack --example pack-table -- \
//!     check DIR trace-geo/data/builtin.table
//! ```
//!
//! DIR holds `geo-whois-asn-country-ipv4-num.csv`, `geo-whois-asn-country-ipv6-num.csv`, `asn-ipv4-num.csv`
//! and `asn-ipv6-num.csv`. `check` asks the table for the first and last address of every range of the
//! sources, and for their neighbours outside, and compares with the narrowest range that holds them, found
//! another way.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use trace_core::model::CountryCode;
use trace_geo::Builtin;
use trace_geo::builtin::pack::{Range, Sources, country_value, pack};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["pack", directory, built, table] => {
            let packed = pack(&read(Path::new(directory))?, built)?;
            fs::write(table, &packed)?;
            say(&format!("{table}: {} bytes, built {built}", packed.len()))
        }
        ["check", directory, table] => {
            let checked = check(&read(Path::new(directory))?, &Builtin::from_bytes(fs::read(table)?)?)?;
            say(&format!("{checked} answers compared, all equal"))
        }
        _ => Err("usage: pack-table pack DIR YYYY-MM-DD TABLE | pack-table check DIR TABLE".into()),
    }
}

fn say(text: &str) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn read(directory: &Path) -> Outcome<Sources> {
    let mut sources = Sources::default();
    for (file, ranges) in [
        ("geo-whois-asn-country-ipv4-num.csv", &mut sources.countries4),
        ("geo-whois-asn-country-ipv6-num.csv", &mut sources.countries6),
    ] {
        rows(&directory.join(file), |first, last, row| {
            let code = row.get(2).and_then(CountryCode::new).ok_or("no country code")?;
            ranges.push(Range { first, last, value: country_value(code) });
            Ok(())
        })?;
    }
    let names = &mut sources.names;
    for (file, ranges) in
        [("asn-ipv4-num.csv", &mut sources.origins4), ("asn-ipv6-num.csv", &mut sources.origins6)]
    {
        rows(&directory.join(file), |first, last, row| {
            let value = row.get(2).ok_or("no AS number")?.parse()?;
            ranges.push(Range { first, last, value });
            names.entry(value).or_insert_with(|| row.get(3).unwrap_or_default().to_owned());
            Ok(())
        })?;
    }
    Ok(sources)
}

fn rows(path: &Path, mut each: impl FnMut(u128, u128, &csv::StringRecord) -> Outcome<()>) -> Outcome<()> {
    let wrong = |line: u64, error: &dyn std::fmt::Display| format!("{} line {line}: {error}", path.display());
    let file = File::open(path).map_err(|error| wrong(0, &error))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let number = |column| -> Outcome<u128> { Ok(row.get(column).ok_or("too few columns")?.parse()?) };
        number(0)
            .and_then(|first| each(first, number(1)?, &row))
            .map_err(|error| wrong(line, error.as_ref()))?;
    }
    Ok(())
}

fn check(sources: &Sources, table: &Builtin) -> Outcome<u64> {
    let mut compared = 0;
    for (ranges, v4, origin) in [
        (&sources.countries4, true, false),
        (&sources.countries6, false, false),
        (&sources.origins4, true, true),
        (&sources.origins6, false, true),
    ] {
        let top = if v4 { u128::from(u32::MAX) } else { u128::MAX };
        let oracle = Oracle::new(ranges);
        for range in ranges {
            let outside = [range.first.checked_sub(1), range.last.checked_add(1).filter(|key| *key <= top)];
            for key in [range.first, range.last].into_iter().chain(outside.into_iter().flatten()) {
                let address = match u32::try_from(key) {
                    Ok(key) if v4 => IpAddr::V4(Ipv4Addr::from(key)),
                    _ => IpAddr::V6(Ipv6Addr::from(key)),
                };
                let found = table.lookup(address)?;
                let value = if origin {
                    let name = found.asn.and_then(|asn| sources.names.get(&asn.get()));
                    if found.as_name != name.map(|name| name.trim()).filter(|name| !name.is_empty()) {
                        return Err(format!("{address}: name {:?}, expected {name:?}", found.as_name).into());
                    }
                    found.asn.map_or(0, |asn| asn.get())
                } else {
                    found.country.map_or(0, country_value)
                };
                let expected = oracle.value(key);
                if value != expected {
                    return Err(format!("{address}: {value}, expected {expected}").into());
                }
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// The narrowest range that holds an address, by looking at each one that may.
struct Oracle {
    /// By first address, and of equal ones in the order of the file.
    ranges: BTreeMap<u128, Vec<(usize, Range)>>,
    /// How far back a range that holds an address may begin: the last address of all ranges up to each first.
    reach: BTreeMap<u128, u128>,
}

impl Oracle {
    fn new(ranges: &[Range]) -> Self {
        let mut by_first: BTreeMap<u128, Vec<(usize, Range)>> = BTreeMap::new();
        for (index, range) in ranges.iter().enumerate() {
            by_first.entry(range.first).or_default().push((index, *range));
        }
        let mut furthest = 0;
        let mut reach = BTreeMap::new();
        for (first, here) in &by_first {
            furthest = here.iter().map(|(_, range)| range.last).fold(furthest, u128::max);
            reach.insert(*first, furthest);
        }
        Self { ranges: by_first, reach }
    }

    fn value(&self, key: u128) -> u32 {
        let mut best: Option<(u128, std::cmp::Reverse<usize>, u32)> = None;
        for (first, here) in self.ranges.range(..=key).rev() {
            if self.reach.get(first).is_none_or(|furthest| *furthest < key) {
                break;
            }
            for (index, range) in here.iter().filter(|(_, range)| range.last >= key) {
                let this = (range.last - range.first, std::cmp::Reverse(*index), range.value);
                best = Some(best.map_or(this, |best| best.min(this)));
            }
        }
        best.map_or(0, |(_, _, value)| value)
    }
}
