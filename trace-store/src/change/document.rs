//! A change as programs read it.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use trace_core::model::{Target, Uuid};

use super::{Change, What};
use crate::document::{Instant, Text};

/// A target's name and address.
#[derive(Serialize)]
struct Goal {
    name: Option<String>,
    address: Option<Text<std::net::IpAddr>>,
}

#[derive(Serialize)]
struct Path {
    before: String,
    after: String,
    first_ttl: u8,
    last_ttl: u8,
}

#[derive(Serialize)]
struct Level {
    before: f64,
    after: f64,
    unit: &'static str,
    score: f64,
}

/// `{ at, key, target: { name, address }, protocol, vantage, kind, before, after, sure, sure_at, path, level, text }`:
/// `key` is [`crate::Series::key`] with 16 digits, `kind` is `path`, `rtt` or `loss`, `path` stands for the first and
/// `level` for the others: `{ before, after, unit: "ms" | "share", score }`.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = match self.what {
            What::Path { before, after, first_ttl, last_ttl } => Some(Path {
                before: format!("{before:016x}"),
                after: format!("{after:016x}"),
                first_ttl: first_ttl.get(),
                last_ttl: last_ttl.get(),
            }),
            What::Rtt { .. } | What::Loss { .. } => None,
        };
        let ms = |rtt: core::time::Duration| rtt.as_nanos() as f64 / 1e6;
        let level = match self.what {
            What::Path { .. } => None,
            What::Rtt { before, after, score } => {
                Some(Level { before: ms(before), after: ms(after), unit: "ms", score })
            }
            What::Loss { before, after, score } => Some(Level { before, after, unit: "share", score }),
        };
        let goal = Goal { name: self.name.clone(), address: self.series.address.map(Text) };
        let mut fields = serializer.serialize_struct("Change", 13)?;
        fields.serialize_field("at", &Instant(self.at))?;
        fields.serialize_field("key", &format!("{:016x}", self.series.key()))?;
        fields.serialize_field("target", &goal)?;
        fields.serialize_field("protocol", &self.series.protocol.map(|protocol| protocol.as_str()))?;
        fields.serialize_field("vantage", &self.series.vantage)?;
        fields.serialize_field("kind", self.what.as_str())?;
        fields.serialize_field("before", &Text(self.before))?;
        fields.serialize_field("after", &Text(self.after))?;
        fields.serialize_field("sure", &Text(self.sure))?;
        fields.serialize_field("sure_at", &Instant(self.sure_at))?;
        fields.serialize_field("path", &path)?;
        fields.serialize_field("level", &level)?;
        fields.serialize_field("text", &self.what.to_string())?;
        fields.end()
    }
}

impl Change {
    /// What was traced to.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        Some(Target { name: self.name.clone(), address: self.series.address? })
    }

    /// The traces to hold against one another: the last before and the first afterwards.
    #[must_use]
    pub const fn pair(&self) -> (Uuid, Uuid) {
        (self.before, self.after)
    }
}
