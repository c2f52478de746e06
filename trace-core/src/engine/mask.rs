/// A set of rows, of which there are at most 255.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mask(pub(super) [u64; 4]);

impl Mask {
    /// The first `count` rows.
    pub(super) fn first(count: usize) -> Self {
        let mut words = [0; 4];
        for (place, word) in words.iter_mut().enumerate() {
            *word = low(count.saturating_sub(64 * place));
        }
        Self(words)
    }

    pub(super) fn insert(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    pub(super) fn remove(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    pub(super) fn has(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// Those of them that are among the first `count`.
    pub(super) fn among_first(&self, count: usize) -> Self {
        let Self([first, rest @ ..]) = self;
        if *rest == [0; 3] {
            return Self([first & low(count), 0, 0, 0]);
        }
        let among = Self::first(count);
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(among.0) {
            *word &= other;
        }
        Self(words)
    }

    /// Takes the lowest out.
    pub(super) fn pop_first(&mut self) -> Option<usize> {
        for (place, word) in self.0.iter_mut().enumerate() {
            if *word != 0 {
                let bit = word.trailing_zeros();
                *word &= *word - 1;
                return Some(64 * place + usize::try_from(bit).unwrap_or_default());
            }
        }
        None
    }

    /// Takes the highest out.
    pub(super) fn pop_last(&mut self) -> Option<usize> {
        for (place, word) in self.0.iter_mut().enumerate().rev() {
            if *word != 0 {
                let bit = 63 - word.leading_zeros();
                *word &= !(1 << bit);
                return Some(64 * place + usize::try_from(bit).unwrap_or_default());
            }
        }
        None
    }

    /// The lowest from this row on.
    pub(super) fn first_from(&self, row: usize) -> Option<usize> {
        let mut rest = *self;
        if row > 0 {
            let before = Self::first(row);
            for (word, other) in rest.0.iter_mut().zip(before.0) {
                *word &= !other;
            }
        }
        rest.pop_first()
    }

    /// The highest.
    pub(super) fn last(mut self) -> Option<usize> {
        self.pop_last()
    }
}

/// A word with its lowest bits set.
pub(super) const fn low(bits: usize) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_word_come_out_in_order() {
        let mut mask = Mask::default();
        for row in [254, 0, 63, 64, 130] {
            mask.insert(row);
        }
        assert_eq!([0, 1, 64, 131].map(|row| mask.first_from(row)), [Some(0), Some(63), Some(64), Some(254)]);
        assert_eq!((mask.first_from(255), mask.last(), Mask::default().last()), (None, Some(254), None));
        assert!(mask.has(64) && !mask.has(65));
        assert_eq!(mask.among_first(64), {
            let mut two = Mask::default();
            two.insert(0);
            two.insert(63);
            two
        });
        let mut other = mask;
        let forth: Vec<usize> = std::iter::from_fn(|| mask.pop_first()).collect();
        let mut back: Vec<usize> = std::iter::from_fn(|| other.pop_last()).collect();
        assert_eq!(forth, [0, 63, 64, 130, 254]);
        back.reverse();
        assert_eq!(forth, back);
        assert!(mask.is_empty());
    }

    #[test]
    fn the_first_so_many() {
        for count in [0, 1, 63, 64, 65, 255] {
            let mut mask = Mask::first(count);
            assert_eq!(std::iter::from_fn(|| mask.pop_first()).count(), count);
        }
    }
}
