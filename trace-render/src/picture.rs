//! What is on the canvas: shapes in the order they are painted. Both PNG and SVG paint the same list.

use tiny_skia::{Path, PathBuilder};

use crate::clip::{Pixel, Rect};
use crate::font::Weight;
use crate::theme::Color;

/// A finished drawing.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) shapes: Vec<Shape>,
}

/// One thing to paint.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A filled area.
    Fill { path: Path, color: Color },
    /// A line with round joins.
    Stroke { path: Path, color: Color, width: f64, dash: Option<[f64; 2]> },
    /// Many filled areas of one opaque colour that do not overlap.
    Fills { paths: Vec<Path>, color: Color },
    /// Many lines of one opaque colour, with round ends and plain joins: painted one by one, which is much faster than as one
    /// path, and looks the same as long as nothing shines through.
    Lines { paths: Vec<Path>, color: Color, width: f64 },
    /// A line of text.
    Text(Text),
}

/// A line of text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) content: String,
    /// Left end of the base line.
    pub(crate) x: f64,
    /// The base line.
    pub(crate) y: f64,
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    /// Space added between letters, in parts of the size.
    pub(crate) tracking: f64,
    pub(crate) color: Color,
    /// A glow behind the letters: colour and width.
    pub(crate) halo: Option<(Color, f64)>,
}

/// A pixel position as the rasteriser takes it.
#[expect(clippy::cast_possible_truncation, reason = "pixels need no more than 24 bits")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

/// Collects lines and polygons into one path.
#[derive(Default)]
pub(crate) struct Pencil(PathBuilder);

impl Pencil {
    pub(crate) fn line(&mut self, points: &[Pixel]) {
        let mut points = points.iter();
        if let Some(&(x, y)) = points.next() {
            self.0.move_to(narrow(x), narrow(y));
            for &(x, y) in points {
                self.0.line_to(narrow(x), narrow(y));
            }
        }
    }

    pub(crate) fn polygon(&mut self, points: &[Pixel]) {
        self.line(points);
        if !points.is_empty() {
            self.0.close();
        }
    }

    pub(crate) fn circle(&mut self, (x, y): Pixel, radius: f64) {
        self.0.push_circle(narrow(x), narrow(y), narrow(radius));
    }

    /// A rectangle whose corners are rounded; a radius of half the height makes a pill.
    pub(crate) fn rounded(&mut self, rect: Rect, radius: f64) {
        // How far the handles of a cubic lie from the corner of a quarter circle.
        const HANDLE: f64 = 0.447_715;
        let radius = radius.min(rect.width() / 2.0).min(rect.height() / 2.0).max(0.0);
        let handle = radius * HANDLE;
        let Rect { left, top, right, bottom } = rect;
        let path = &mut self.0;
        path.move_to(narrow(left + radius), narrow(top));
        let mut side = |to: Pixel, one: Pixel, two: Pixel, end: Pixel| {
            path.line_to(narrow(to.0), narrow(to.1));
            path.cubic_to(
                narrow(one.0),
                narrow(one.1),
                narrow(two.0),
                narrow(two.1),
                narrow(end.0),
                narrow(end.1),
            );
        };
        side((right - radius, top), (right - handle, top), (right, top + handle), (right, top + radius));
        side(
            (right, bottom - radius),
            (right, bottom - handle),
            (right - handle, bottom),
            (right - radius, bottom),
        );
        side(
            (left + radius, bottom),
            (left + handle, bottom),
            (left, bottom - handle),
            (left, bottom - radius),
        );
        side((left, top + radius), (left, top + handle), (left + handle, top), (left + radius, top));
        path.close();
    }

    /// The path; `None` if nothing was drawn.
    pub(crate) fn path(self) -> Option<Path> {
        self.0.finish()
    }
}

impl Picture {
    pub(crate) fn fill(&mut self, pencil: Pencil, color: Color) {
        if let Some(path) = pencil.path() {
            self.shapes.push(Shape::Fill { path, color });
        }
    }

    pub(crate) fn stroke(&mut self, pencil: Pencil, color: Color, width: f64) {
        if let Some(path) = pencil.path() {
            self.shapes.push(Shape::Stroke { path, color, width, dash: None });
        }
    }

    /// Fills groups of polygons.
    pub(crate) fn fills(&mut self, groups: impl Iterator<Item = Vec<Vec<Pixel>>>, color: Color) {
        let paths = groups
            .filter_map(|group| {
                let mut pencil = Pencil::default();
                group.iter().for_each(|polygon| pencil.polygon(polygon));
                pencil.path()
            })
            .collect();
        self.shapes.push(Shape::Fills { paths, color });
    }

    /// Draws lines.
    pub(crate) fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a [Pixel]>, color: Color, width: f64) {
        let paths = lines
            .filter_map(|line| {
                let mut pencil = Pencil::default();
                pencil.line(line);
                pencil.path()
            })
            .collect();
        self.shapes.push(Shape::Lines { paths, color, width });
    }

    pub(crate) fn dashes(&mut self, pencil: Pencil, color: Color, width: f64, dash: [f64; 2]) {
        if let Some(path) = pencil.path() {
            self.shapes.push(Shape::Stroke { path, color, width, dash: Some(dash) });
        }
    }

    pub(crate) fn rectangle(&mut self, rect: Rect, color: Color) {
        let mut pencil = Pencil::default();
        pencil.polygon(&[
            (rect.left, rect.top),
            (rect.right, rect.top),
            (rect.right, rect.bottom),
            (rect.left, rect.bottom),
        ]);
        self.fill(pencil, color);
    }

    pub(crate) fn text(&mut self, text: Text) {
        if !text.content.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }
}
