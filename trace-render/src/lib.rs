//! Network paths drawn on a map.
//!
//! For whoever has a [`Trace`](trace_core::model::Trace) and the places of its addresses, an
//! [`Atlas`](trace_core::model::Atlas), and wants to see where the packets went. Values in, bytes out: no file, socket
//! or clock is touched, and the same scene always gives the same bytes. Coastlines, borders and the typeface are
//! inside.
//!
//! ```
//! use trace_core::model::{Atlas, Trace, TraceKind, Uuid};
//! use trace_render::{MapOptions, Scene};
//!
//! # let trace = Trace {
//! #     id: Uuid::nil(), kind: TraceKind::Measured, vantage: None, target: None, source: None, origin: None,
//! #     protocol: None, mode: None, settings: None, started: 0, duration: None, outcome: None,
//! #     outcome_detail: None, hops: Vec::new(),
//! # };
//! # let atlas = Atlas::default();
//! let scene = Scene::new(&[(&trace, &atlas)]);
//! let bytes = trace_render::png(&scene, &MapOptions::default())?;
//! assert!(bytes.starts_with(b"\x89PNG"));
//! # Ok::<(), trace_render::Error>(())
//! ```
//!
//! [`Scene`] joins hops and places; it is the one thing that [`png`], [`svg`], [`html()`] and [`geojson`] draw. [`Map`] lays a scene
//! out on a canvas and tells where everything lies.
//!
//! # Limits
//!
//! The globe is a sphere here. Legs are great circles, which cables are not: a leg says which places follow each other,
//! not where the fibre runs. The base map holds to about 1,800 km across ([`LEAST_KM`]); its borders are those of Natural
//! Earth in 2018. Letters are Latin ones: what is written in others is shown as far as it has a Latin form, and
//! otherwise by country or address.

mod basemap;
mod clip;
mod error;
mod font;
mod frame;
mod geojson;
mod ground;
mod html;
mod label;
mod map;
mod options;
pub mod page;
mod picture;
mod png;
mod project;
mod scene;
mod sphere;
mod svg;
mod text;
mod theme;

pub use error::Error;
pub use frame::LEAST_KM;
pub use geojson::{geojson, geojson_with};
pub use html::html;
pub use map::Map;
pub use options::{Extent, MapOptions};
pub use project::{Projection, View};
pub use scene::{Leg, LegKind, Mark, Route, Scene, Spot, Stop, Trust, Visit};
pub use theme::{Color, MARK_CASING, MARK_RADIUS, Theme};

/// A scene as a PNG picture.
///
/// # Errors
/// As [`Map::new`] and [`Map::png`].
pub fn png(scene: &Scene, options: &MapOptions) -> Result<Vec<u8>, Error> {
    Map::new(scene, options)?.png()
}

/// A scene as an SVG document.
///
/// # Errors
/// As [`Map::new`].
pub fn svg(scene: &Scene, options: &MapOptions) -> Result<String, Error> {
    Ok(Map::new(scene, options)?.svg())
}

impl Map<'_> {
    /// The map as a PNG picture: opaque, 8 bits a channel.
    ///
    /// # Errors
    /// [`Error::Encode`] where the encoder refuses, or there is no memory for the canvas.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        png::encode(&self.picture())
    }

    /// The map as an SVG document that needs nothing beside it. Its text is text: it can be searched and copied.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::document(&self.picture(), &map::title(self.scene()))
    }
}

/// The examples of the README, which are compiled as those here are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
