//! A picture as SVG 1.1.

use core::fmt::Write as _;

use tiny_skia::{Path, PathSegment};

use crate::font::{Weight, width};
use crate::picture::{Picture, Shape, Text};
use crate::theme::Color;

/// The document. Title and description are for whoever cannot see it.
pub(crate) fn document(picture: &Picture, (title, description): &(String, String)) -> String {
    let Picture { width, height, .. } = picture;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"'Noto Sans', sans-serif\">\n\
         <title>{}</title>\n<desc>{}</desc>\n",
        escaped(title),
        escaped(description)
    );
    for shape in &picture.shapes {
        // Writing to a String cannot fail.
        let _ = match shape {
            Shape::Fill { path, color } => {
                writeln!(out, "<path d=\"{}\" {}/>", data(path), colored("fill", *color))
            }
            Shape::Stroke { path, color, width, dash } => {
                let dash =
                    dash.map(|[on, off]| format!(" stroke-dasharray=\"{} {}\"", short(on), short(off)));
                writeln!(
                    out,
                    "<path d=\"{}\" fill=\"none\" {} stroke-width=\"{}\" stroke-linecap=\"round\" \
                     stroke-linejoin=\"round\"{}/>",
                    data(path),
                    colored("stroke", *color),
                    short(*width),
                    dash.unwrap_or_default()
                )
            }
            Shape::Fills { paths, color } => {
                let data: String = paths.iter().map(data).collect();
                writeln!(out, "<path d=\"{data}\" {}/>", colored("fill", *color))
            }
            Shape::Lines { paths, color, width } => {
                let data: String = paths.iter().map(data).collect();
                writeln!(
                    out,
                    "<path d=\"{data}\" fill=\"none\" {} stroke-width=\"{}\" stroke-linecap=\"round\" \
                     stroke-linejoin=\"bevel\"/>",
                    colored("stroke", *color),
                    short(*width),
                )
            }
            Shape::Text(text) => writeln!(out, "{}", line(text)),
        };
    }
    out.push_str("</svg>\n");
    out
}

/// A text element that is as wide as the layout reckons, whatever typeface the reader has.
fn line(text: &Text) -> String {
    let weight = match text.weight {
        Weight::Regular => 400,
        Weight::SemiBold => 600,
    };
    let halo = text.halo.map(|(color, width)| {
        format!(
            " {} stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
            colored("stroke", color),
            short(width)
        )
    });
    // Letters that were set apart stay as they are and move; others may be stretched.
    let adjust = if text.tracking > 0.0 { "spacing" } else { "spacingAndGlyphs" };
    format!(
        "<text xml:space=\"preserve\" x=\"{}\" y=\"{}\" font-size=\"{}\" font-weight=\"{weight}\" textLength=\"{}\" \
         lengthAdjust=\"{adjust}\" {}{}>{}</text>",
        short(text.x),
        short(text.y),
        short(text.size),
        short(width(&text.content, text.weight, text.size, text.tracking)),
        colored("fill", text.color),
        halo.unwrap_or_default(),
        escaped(&text.content)
    )
}

fn colored(what: &str, color: Color) -> String {
    let Color { red, green, blue, alpha } = color;
    if alpha == 255 {
        format!("{what}=\"#{red:02x}{green:02x}{blue:02x}\"")
    } else {
        let opacity = format!("{:.2}", f64::from(alpha) / 255.0);
        format!("{what}=\"#{red:02x}{green:02x}{blue:02x}\" {what}-opacity=\"{opacity}\"")
    }
}

fn data(path: &Path) -> String {
    let mut out = String::new();
    let pixel = |x: f32, y: f32| format!("{} {}", short(f64::from(x)), short(f64::from(y)));
    for segment in path.segments() {
        let _ = match segment {
            PathSegment::MoveTo(p) => write!(out, "M{}", pixel(p.x, p.y)),
            PathSegment::LineTo(p) => write!(out, "L{}", pixel(p.x, p.y)),
            PathSegment::QuadTo(a, p) => write!(out, "Q{} {}", pixel(a.x, a.y), pixel(p.x, p.y)),
            PathSegment::CubicTo(a, b, p) => {
                write!(out, "C{} {} {}", pixel(a.x, a.y), pixel(b.x, b.y), pixel(p.x, p.y))
            }
            PathSegment::Close => write!(out, "Z"),
        };
    }
    out
}

/// A number with at most one digit behind the point: a tenth of a pixel cannot be seen.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text as XML takes it (XML 1.0, section 2.2 and 2.4).
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_whatever_it_says() {
        assert_eq!(escaped("<a href='x'>&\"\u{0}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot; ");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(["1.5", "2", "0", "-3.3"].map(str::to_owned), [1.5, 2.0, -0.001, -3.26].map(short));
    }
}
