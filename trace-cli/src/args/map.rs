//! What is typed behind `map`, and how a map looks.

use std::path::PathBuf;

use clap::Args;
use trace_render::{Extent, Projection, Theme};

use super::{Canvas, OriginArguments, help, values};

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES)]
pub(crate) struct MapArguments {
    /// Traces to draw: ids, their beginnings or ends, `latest`, or document files
    #[arg(value_name = "TRACE", required = true)]
    pub(crate) traces: Vec<String>,
    /// The .png, .svg, .html or .geojson file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) drawing: Drawing,
    #[command(flatten)]
    pub(crate) origin: OriginArguments,
}

/// How a map looks.
#[derive(Debug, Args)]
pub(crate) struct Drawing {
    /// Size of a map in pixels [default: 1600x900]
    #[arg(long, value_name = "WxH")]
    pub(crate) canvas: Option<Canvas>,
    /// light or dark [default: light]
    #[arg(long, value_name = "THEME", value_parser = values::theme(), hide_possible_values = true)]
    pub(crate) theme: Option<Theme>,
    /// world, or fit: the route [default: fit]
    ///
    /// `fit` shows the route and some country around it; `world` all of the globe, turned so that the route lies
    /// in the middle.
    #[arg(long, value_name = "EXTENT", value_parser = values::extent(), hide_possible_values = true)]
    pub(crate) extent: Option<Extent>,
    /// natural-earth, equirectangular or azimuthal
    ///
    /// Without it azimuthal for a route that fits a continent or an ocean, natural-earth for anything larger.
    #[arg(long, value_name = "NAME", value_parser = values::projection(), hide_short_help = true, hide_possible_values = true)]
    pub(crate) projection: Option<Projection>,
}
