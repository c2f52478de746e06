//! The names of the ASes, packed.

use std::sync::OnceLock;

use super::layout::{Bytes, Varints, at_most, inflate, take, u32_at};

/// The most names a block may hold.
pub(super) const MAX_NAMES: usize = 4096;
/// The most bytes an inflated block may take.
pub(super) const MAX_BLOCK: usize = 1 << 20;

/// A map from AS numbers to names, in blocks deflated alone; a block is inflated when it is first asked for,
/// and kept.
pub(super) struct Names {
    blocks: usize,
    /// The first AS of each block.
    firsts: Bytes,
    offsets: Bytes,
    blob: Bytes,
    opened: Box<[OnceLock<Block>]>,
}

struct Block {
    numbers: Box<[u32]>,
    /// Where each name ends in `text`; a line feed follows.
    ends: Box<[usize]>,
    text: Box<str>,
}

impl Names {
    pub(super) fn new(mut section: Bytes) -> Option<Self> {
        let head = take(&mut section, 1, 4)?;
        let blocks = usize::try_from(u32_at(&head, 0)?).ok()?;
        let firsts = take(&mut section, blocks, 4)?;
        let offsets = take(&mut section, blocks.checked_add(1)?, 4)?;
        let opened = (0..blocks).map(|_| OnceLock::new()).collect();
        Some(Self { blocks, firsts, offsets, blob: section, opened })
    }

    /// The name of the AS `number`; the number of the block if that block is damaged.
    pub(super) fn find(&self, number: u32) -> Result<Option<&str>, usize> {
        let Some(index) = at_most(&self.firsts, self.blocks, 4, u128::from(number)).checked_sub(1) else {
            return Ok(None);
        };
        let block = self.block(index).ok_or(index)?;
        let Ok(position) = block.numbers.binary_search(&number) else { return Ok(None) };
        let start = match position.checked_sub(1) {
            Some(before) => block.ends.get(before).map_or(0, |end| end + 1),
            None => 0,
        };
        let end = block.ends.get(position).copied().unwrap_or(start);
        Ok(block.text.get(start..end).filter(|name| !name.is_empty()))
    }

    fn block(&self, index: usize) -> Option<&Block> {
        let slot = self.opened.get(index)?;
        if let Some(block) = slot.get() {
            return Some(block);
        }
        let block = self.open(index)?;
        Some(slot.get_or_init(|| block))
    }

    fn open(&self, index: usize) -> Option<Block> {
        let inflated = inflate(&self.offsets, &self.blob, index, MAX_BLOCK)?;
        let mut rest = Varints(&inflated);
        let count = rest.next_usize().filter(|count| (1..=MAX_NAMES).contains(count))?;
        let mut number = u32_at(&self.firsts, index)?;
        let mut numbers = Vec::with_capacity(count);
        numbers.push(number);
        for _ in 1..count {
            number = number.checked_add(rest.next_u32()?)?;
            numbers.push(number);
        }
        let text: Box<str> = core::str::from_utf8(rest.0).ok()?.into();
        let ends: Box<[usize]> = text.match_indices('\n').map(|(end, _)| end).collect();
        (ends.len() == count).then(|| Block { numbers: numbers.into(), ends, text })
    }
}
