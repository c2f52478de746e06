//! One packed map from every address of a family to a number.

use std::sync::OnceLock;

use super::layout::{Bytes, Varints, at_most, inflate, key_at, take, u32_at};

/// The most rows a block may hold.
pub(super) const MAX_ROWS: usize = 4096;
/// The most bytes of one row: how long it is, by shift and odd part, and its value.
const MAX_ROW: usize = 1 + 19 + 5;

/// A map from addresses to numbers, 0 meaning nothing. Each row reaches to the next one's start. The rows lie
/// in blocks deflated alone; a block is inflated when it is first asked for, and kept.
pub(super) struct Ranges {
    width: usize,
    blocks: usize,
    /// The values met most often; a row names them by their position.
    common: Bytes,
    common_count: usize,
    /// The first address of each block.
    firsts: Bytes,
    offsets: Bytes,
    blob: Bytes,
    opened: Box<[OnceLock<Block>]>,
}

struct Block {
    starts: Box<[u128]>,
    values: Box<[u32]>,
}

impl Ranges {
    pub(super) fn new(mut section: Bytes) -> Option<Self> {
        let head = take(&mut section, 3, 4)?;
        let width = usize::try_from(u32_at(&head, 0)?).ok()?;
        let blocks = usize::try_from(u32_at(&head, 1)?).ok()?;
        let common_count = usize::try_from(u32_at(&head, 2)?).ok()?;
        if width != 4 && width != 16 {
            return None;
        }
        let common = take(&mut section, common_count, 4)?;
        let firsts = take(&mut section, blocks, width)?;
        let offsets = take(&mut section, blocks.checked_add(1)?, 4)?;
        let opened = (0..blocks).map(|_| OnceLock::new()).collect();
        Some(Self { width, blocks, common, common_count, firsts, offsets, blob: section, opened })
    }

    /// The value at `key`, 0 for none; the number of the block if that block is damaged.
    pub(super) fn find(&self, key: u128) -> Result<u32, usize> {
        let Some(index) = at_most(&self.firsts, self.blocks, self.width, key).checked_sub(1) else {
            return Ok(0);
        };
        let block = self.block(index).ok_or(index)?;
        let after = block.starts.partition_point(|start| *start <= key);
        Ok(after.checked_sub(1).and_then(|row| block.values.get(row)).copied().unwrap_or(0))
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
        let inflated = inflate(&self.offsets, &self.blob, index, MAX_ROWS * MAX_ROW + 4)?;
        let mut rest = Varints(&inflated);
        let rows = rest.next_usize().filter(|rows| (1..=MAX_ROWS).contains(rows))?;
        let shifts = rest.bytes(rows - 1)?;
        let mut start = key_at(&self.firsts, index, self.width)?;
        let mut starts = Vec::with_capacity(rows);
        starts.push(start);
        for shift in shifts {
            let odd = if shift & 0x80 == 0 { 0 } else { rest.next()? };
            let odd = odd.checked_mul(2)?.checked_add(1)?;
            let shift = u32::from(shift & 0x7f);
            let length = odd.checked_shl(shift)?;
            if length >> shift != odd {
                return None;
            }
            start = start.checked_add(length)?;
            starts.push(start);
        }
        let values = (0..rows).map(|_| self.value(rest.next_usize()?)).collect::<Option<_>>()?;
        Some(Block { starts: starts.into(), values })
    }

    fn value(&self, code: usize) -> Option<u32> {
        match code.checked_sub(self.common_count) {
            None => u32_at(&self.common, code),
            Some(value) => u32::try_from(value).ok(),
        }
    }
}
