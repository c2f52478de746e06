/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A word that is none of those known.
    #[error("{word:?} is no {what}; known are: {known}")]
    UnknownWord {
        /// What was expected.
        what: &'static str,
        /// What was found.
        word: String,
        /// What would have been understood.
        known: &'static str,
    },
}
