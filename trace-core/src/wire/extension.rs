use super::checksum::Sum;
use crate::model::{Extension, Label};

/// A valid extension structure of an ICMP message (RFC 4884, section 7): version 2, its checksum right or
/// absent. Reading its objects is put off until it is known that the message is for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    /// The structure that `bytes` are, or `None`.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let ([version, _, high, low], objects) = bytes.split_first_chunk()?;
        // "An all-zero value means that no checksum was transmitted."
        let transmitted = (*high, *low) != (0, 0);
        let intact = !transmitted || Sum::ZERO.bytes(bytes).checksum() == 0;
        (version >> 4 == 2 && intact && !objects.is_empty()).then_some(Self(bytes))
    }

    /// The whole structure.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The objects: MPLS label stacks (RFC 4950) understood, others kept as their bytes. An object whose
    /// length is impossible ends the list.
    #[must_use]
    pub fn read(self) -> (Vec<Label>, Vec<Extension>) {
        let (mut labels, mut others) = (Vec::new(), Vec::new());
        for (class, c_type, payload) in self.objects() {
            match (class, c_type, payload.as_chunks::<4>()) {
                (1, 1, (entries, [])) => labels.extend(entries.iter().map(label)),
                _ => others.push(Extension { class, c_type, bytes: payload.to_vec() }),
            }
        }
        (labels, others)
    }

    /// Class, C-Type and payload of every object (RFC 4884, section 8).
    fn objects(self) -> impl Iterator<Item = (u8, u8, &'a [u8])> {
        let mut rest = self.0.get(4..).unwrap_or_default();
        core::iter::from_fn(move || {
            let ([high, low, class, c_type], _) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let (object, following) = rest.split_at_checked(length)?;
            rest = following;
            // An object shorter than its own header has no payload to get.
            Some((*class, *c_type, object.get(4..)?))
        })
    }
}

/// One label stack entry (RFC 3032, section 2.1): 20 bits label, 3 bits class, 1 bit bottom, 8 bits TTL.
fn label(entry: &[u8; 4]) -> Label {
    let [_, _, low, ttl] = *entry;
    Label {
        label: u32::from_be_bytes(*entry) >> 12,
        traffic_class: (low >> 1) & 0b111,
        bottom: low & 1 == 1,
        ttl,
    }
}

#[cfg(test)]
mod tests;
