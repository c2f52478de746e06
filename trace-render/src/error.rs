/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A canvas that cannot be drawn on.
    #[error(
        "a canvas of {width} x {height} pixels cannot be drawn: each side must lie within {min} and {max}, and the whole within {budget} pixels"
    )]
    Canvas {
        /// The width that was asked for.
        width: u32,
        /// The height that was asked for.
        height: u32,
        /// The shortest side.
        min: u32,
        /// The longest side.
        max: u32,
        /// The greatest area.
        budget: u64,
    },
    /// A route that does not fit the projection that was asked for.
    #[error(
        "the route spans {degrees} degrees around its centre, and a map in the {projection} projection shows at most {limit}; choose natural-earth or equirectangular"
    )]
    Projection {
        /// The projection that was asked for.
        projection: crate::Projection,
        /// How far the farthest place lies from the centre of the route, in whole degrees.
        degrees: u32,
        /// How far the projection reaches, in whole degrees.
        limit: u32,
    },
    /// A word that is none of those known.
    #[error("{word:?} is no {what}; known are: {known}")]
    UnknownWord {
        /// What was expected.
        what: &'static str,
        /// What was found.
        word: String,
        /// What would have been understood.
        known: String,
    },
    /// The picture could not be encoded.
    #[error("the picture could not be written as {format}: {cause}")]
    Encode {
        /// The format.
        format: &'static str,
        /// What the encoder said.
        cause: String,
    },
}
