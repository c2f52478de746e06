use super::words::words;

words! {
    /// What physics says of a place.
    Verdict, "verdict" {
        /// Light can be there and back in the time measured.
        Plausible = "plausible",
        /// Light in fibre cannot, light in vacuum could.
        Suspect = "suspect",
        /// Not even light in vacuum could.
        Impossible = "impossible",
        /// A country's area or another default point; its centre means nothing.
        Area = "area",
        /// Answered from several places on the globe.
        Anycast = "anycast",
        /// A special-purpose range, which has no place in the world.
        Private = "private",
        /// No source knows, or none of what they say can stand.
        Unlocated = "unlocated",
    }
}
