//! A picture as PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};

use crate::Error;
use crate::font::Font;
use crate::picture::{Picture, Shape, Text, narrow};
use crate::theme::Color;

/// The bytes of a PNG file: 8 bits for each of red, green and blue.
pub(crate) fn encode(picture: &Picture) -> Result<Vec<u8>, Error> {
    let failed = |cause: String| Error::Encode { format: "PNG", cause };
    let canvas = paint(picture).ok_or_else(|| failed("there is no memory for the canvas".to_owned()))?;
    // The page is opaque: nothing is lost with the fourth channel.
    let rgb: Vec<u8> =
        canvas.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(&rgb, picture.width, picture.height, ExtendedColorType::Rgb8)
        .map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}

fn paint(picture: &Picture) -> Option<Pixmap> {
    let mut canvas = Pixmap::new(picture.width, picture.height)?;
    canvas.fill(tiny_skia::Color::WHITE);
    for shape in &picture.shapes {
        match shape {
            Shape::Fill { path, color } => fill(&mut canvas, path, *color),
            Shape::Stroke { path, color, width, dash } => {
                stroke(&mut canvas, path, *color, *width, *dash, LineJoin::Round)
            }
            Shape::Fills { paths, color } => {
                for path in paths {
                    fill(&mut canvas, path, *color);
                }
            }
            Shape::Lines { paths, color, width } => {
                for path in paths {
                    stroke(&mut canvas, path, *color, *width, None, LineJoin::Bevel);
                }
            }
            Shape::Text(text) => write(&mut canvas, text),
        }
    }
    Some(canvas)
}

fn brush(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.red, color.green, color.blue, color.alpha);
    paint
}

fn fill(canvas: &mut Pixmap, path: &Path, color: Color) {
    canvas.fill_path(path, &brush(color), FillRule::Winding, Transform::identity(), None);
}

fn stroke(
    canvas: &mut Pixmap,
    path: &Path,
    color: Color,
    width: f64,
    dash: Option<[f64; 2]>,
    join: LineJoin,
) {
    let stroke = Stroke {
        width: narrow(width),
        line_cap: LineCap::Round,
        line_join: join,
        dash: dash.and_then(|[on, off]| StrokeDash::new(vec![narrow(on), narrow(off)], 0.0)),
        ..Stroke::default()
    };
    canvas.stroke_path(path, &brush(color), &stroke, Transform::identity(), None);
}

fn write(canvas: &mut Pixmap, text: &Text) {
    let Some(font) = Font::of(text.weight) else { return };
    let mut builder = PathBuilder::new();
    font.outline(&mut builder, &text.content, text.size, text.tracking, text.x, text.y);
    let Some(path) = builder.finish() else { return };
    if let Some((color, width)) = text.halo {
        stroke(canvas, &path, color, width, None, LineJoin::Round);
    }
    fill(canvas, &path, text.color);
}
