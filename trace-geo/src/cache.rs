//! What was found once and is not looked for again: the places of addresses in memory, and the answers of web
//! services in a file.

#[cfg(feature = "http")]
mod answers;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;
use trace_core::model::Located;

#[cfg(feature = "http")]
pub use answers::{Answer, AnswerStore, AnswerStoreError};

/// So many places are remembered; one more, and all are forgotten. Throwing out single ones would cost every lookup
/// more than looking them up again does.
const MOST: usize = 1 << 17;

/// The places of addresses that were looked up.
#[derive(Default)]
pub(crate) struct Places(RwLock<HashMap<IpAddr, Arc<Located>, RandomState>>);

impl Places {
    pub(crate) fn get(&self, address: IpAddr) -> Option<Arc<Located>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&address).map(Arc::clone)
    }

    pub(crate) fn put(&self, address: IpAddr, located: &Arc<Located>) {
        let mut places = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST {
            places.clear();
        }
        places.insert(address, Arc::clone(located));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows_without_end() {
        let places = Places::default();
        let located = Arc::new(Located::default());
        for number in 0..=u32::try_from(MOST).unwrap() {
            places.put(IpAddr::from(number.to_be_bytes()), &located);
        }
        assert_eq!(places.0.read().unwrap().len(), 1);
        assert!(places.get(IpAddr::from(u32::try_from(MOST).unwrap().to_be_bytes())).is_some());
        assert!(places.get(IpAddr::from([0, 0, 0, 1])).is_none());
    }
}
