use super::mask::{Mask, low};

/// The sets of rows that a lane keeps of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// They want more probes.
    Wanting,
    /// Some of their probes are waited for.
    Flying,
    /// A TTL ran out there.
    Exceeded,
    /// The target answered at their TTL.
    Reached,
    /// Somebody else said there that the target cannot be reached.
    Blocked,
    /// Their router was asked though it has answered others enough.
    Beyond,
    /// Those of them that nobody answered at.
    Unheard,
}

const SETS: usize = 7;

/// All sets of a lane. The first 64 rows of each lie together in one cache line; few paths are longer.
#[derive(Debug, Default)]
pub(super) struct Sets {
    near: [u64; SETS],
    far: Option<Box<[[u64; 3]; SETS]>>,
}

impl Sets {
    /// The rows of a set.
    pub(super) fn get(&self, set: Set) -> Mask {
        let near = self.near.get(set as usize).copied().unwrap_or_default();
        match self.far.as_ref().and_then(|far| far.get(set as usize)) {
            None => Mask([near, 0, 0, 0]),
            Some(&[a, b, c]) => Mask([near, a, b, c]),
        }
    }

    /// Makes a set consist of these rows.
    pub(super) fn put(&mut self, set: Set, rows: Mask) {
        let Mask([near, far @ ..]) = rows;
        if let Some(word) = self.near.get_mut(set as usize) {
            *word = near;
        }
        if (far != [0; 3] || self.far.is_some())
            && let Some(words) = self.far.get_or_insert_default().get_mut(set as usize)
        {
            *words = far;
        }
    }

    pub(super) fn insert(&mut self, set: Set, row: usize) {
        match self.near.get_mut(set as usize) {
            Some(word) if row < 64 => *word |= 1 << row,
            _ => {
                let mut rows = self.get(set);
                rows.insert(row);
                self.put(set, rows);
            }
        }
    }

    pub(super) fn remove(&mut self, set: Set, row: usize) {
        match self.near.get_mut(set as usize) {
            Some(word) if row < 64 => *word &= !(1 << row),
            _ => {
                let mut rows = self.get(set);
                rows.remove(row);
                self.put(set, rows);
            }
        }
    }

    pub(super) fn has(&self, set: Set, row: usize) -> bool {
        match self.near.get(set as usize) {
            Some(word) if row < 64 => word & (1 << row) != 0,
            _ => self.get(set).has(row),
        }
    }

    pub(super) fn is_empty(&self, set: Set) -> bool {
        self.first(set, 0, usize::MAX).is_none()
    }

    /// The lowest row of a set from `from` on and before `end`.
    pub(super) fn first(&self, set: Set, from: usize, end: usize) -> Option<usize> {
        let near = self.near.get(set as usize).copied().unwrap_or_default() & low(end) & !low(from);
        if near != 0 {
            return usize::try_from(near.trailing_zeros()).ok();
        }
        self.far.as_ref()?;
        self.get(set).among_first(end).first_from(from)
    }

    /// The highest row of a set.
    pub(super) fn last(&self, set: Set) -> Option<usize> {
        if self.far.is_some() {
            return self.get(set).last();
        }
        let near = self.near.get(set as usize).copied().unwrap_or_default();
        usize::try_from(near.checked_ilog2()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_64_rows_of_all_sets_fill_a_cache_line() {
        assert_eq!(size_of::<Sets>(), 64);
    }

    #[test]
    fn sets_are_kept_apart_near_and_far() {
        let mut sets = Sets::default();
        for row in [0, 63] {
            sets.insert(Set::Wanting, row);
        }
        assert!(sets.far.is_none(), "short paths need no more");
        assert_eq!((sets.last(Set::Wanting), sets.last(Set::Flying)), (Some(63), None));
        sets.insert(Set::Unheard, 254);
        sets.insert(Set::Wanting, 64);
        assert!(sets.has(Set::Unheard, 254) && !sets.has(Set::Wanting, 254) && sets.has(Set::Wanting, 64));
        assert_eq!(
            (sets.get(Set::Wanting).last(), sets.get(Set::Unheard).first_from(0)),
            (Some(64), Some(254))
        );
        assert_eq!(sets.first(Set::Wanting, 1, 64), Some(63));
        assert_eq!(
            [(1, 63), (64, 64), (64, 255)].map(|(from, end)| sets.first(Set::Wanting, from, end)),
            [None, None, Some(64)]
        );
        assert_eq!(
            (sets.last(Set::Wanting), sets.last(Set::Unheard), sets.last(Set::Flying)),
            (Some(64), Some(254), None)
        );
        sets.remove(Set::Wanting, 64);
        sets.remove(Set::Wanting, 0);
        assert_eq!(sets.get(Set::Wanting).last(), Some(63));
        sets.put(Set::Unheard, Mask::default());
        assert!(sets.is_empty(Set::Unheard) && !sets.is_empty(Set::Wanting) && sets.is_empty(Set::Flying));
    }
}
