//! The typeface: Noto Sans in two weights, as outlines.

use std::collections::HashMap;
use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::raw::TableProvider;
use skrifa::raw::tables::kern::SubtableKind;
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::PathBuilder;

use crate::picture::narrow;

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// 400.
    Regular,
    /// 600.
    SemiBold,
}

/// One weight of the typeface, read once a process.
pub(crate) struct Font {
    file: FontRef<'static>,
    units_per_em: f64,
    glyphs: HashMap<char, (GlyphId, f64)>,
    kerning: HashMap<(u32, u32), f64>,
}

static REGULAR: &[u8] = include_bytes!("../data/NotoSans-Regular.ttf");
static SEMI_BOLD: &[u8] = include_bytes!("../data/NotoSans-SemiBold.ttf");

/// The height of capital letters, and that of the tallest letters with accents, as parts of the size.
pub(crate) const CAP_HEIGHT: f64 = 0.714;

impl Font {
    /// The font of a weight; `None` only if the file inside the binary cannot be read.
    pub(crate) fn of(weight: Weight) -> Option<&'static Self> {
        static FONTS: [OnceLock<Option<Font>>; 2] = [OnceLock::new(), OnceLock::new()];
        let [regular, semi_bold] = &FONTS;
        match weight {
            Weight::Regular => regular.get_or_init(|| Self::read(REGULAR)).as_ref(),
            Weight::SemiBold => semi_bold.get_or_init(|| Self::read(SEMI_BOLD)).as_ref(),
        }
    }

    /// Whether there is an outline for a character.
    pub(crate) fn has(letter: char) -> bool {
        Self::of(Weight::Regular).is_some_and(|font| font.glyphs.contains_key(&letter))
    }

    fn read(bytes: &'static [u8]) -> Option<Self> {
        let file = FontRef::new(bytes).ok()?;
        let units_per_em = f64::from(file.head().ok()?.units_per_em());
        let metrics = file.glyph_metrics(Size::unscaled(), LocationRef::default());
        let glyphs = file
            .charmap()
            .mappings()
            .filter_map(|(code, glyph)| {
                Some((char::from_u32(code)?, (glyph, f64::from(metrics.advance_width(glyph)?))))
            })
            .collect();
        let mut kerning = HashMap::new();
        for subtable in file.kern().ok().into_iter().flat_map(|table| table.subtables().collect::<Vec<_>>()) {
            if let Ok(Ok(SubtableKind::Format0(table))) = subtable.map(|subtable| subtable.kind()) {
                for pair in table.pairs() {
                    kerning.insert(
                        (u32::from(pair.left().to_u16()), u32::from(pair.right().to_u16())),
                        f64::from(pair.value()),
                    );
                }
            }
        }
        Some(Self { file, units_per_em, glyphs, kerning })
    }

    /// Each glyph of a text with the place where it starts, in pixels, and the width of the whole. `tracking` is
    /// the space added between letters, in parts of the size.
    fn line(&self, text: &str, size: f64, tracking: f64) -> (Vec<(GlyphId, f64)>, f64) {
        let scale = size / self.units_per_em;
        let mut x = 0.0;
        let mut before: Option<GlyphId> = None;
        let mut placed = Vec::with_capacity(text.len());
        for letter in text.chars() {
            let Some(&(glyph, advance)) = self.glyphs.get(&letter) else { continue };
            if let Some(before) = before {
                let kern = self.kerning.get(&(before.to_u32(), glyph.to_u32())).copied().unwrap_or(0.0);
                x += kern * scale + tracking * size;
            }
            placed.push((glyph, x));
            x += advance * scale;
            before = Some(glyph);
        }
        (placed, x)
    }

    /// The outlines of a text whose first letter stands at (x, y) on the base line.
    pub(crate) fn outline(
        &self,
        builder: &mut PathBuilder,
        text: &str,
        size: f64,
        tracking: f64,
        x: f64,
        y: f64,
    ) {
        let outlines = self.file.outline_glyphs();
        let pixels = narrow(size);
        for (glyph, offset) in self.line(text, size, tracking).0 {
            if let Some(outline) = outlines.get(glyph) {
                let settings = DrawSettings::unhinted(Size::new(pixels), LocationRef::default());
                let mut pen = Pen { builder, x: narrow(x + offset), y: narrow(y) };
                // A glyph that cannot be drawn leaves its space empty.
                let _ = outline.draw(settings, &mut pen);
            }
        }
    }
}

/// The width of a text in pixels.
pub(crate) fn width(text: &str, weight: Weight, size: f64, tracking: f64) -> f64 {
    Font::of(weight).map_or(0.0, |font| font.line(text, size, tracking).1)
}

/// As much of a text as fits, with an ellipsis where it was cut; the whole where it fits.
pub(crate) fn fitted(text: &str, weight: Weight, size: f64, available: f64) -> String {
    if width(text, weight, size, 0.0) <= available {
        return text.to_owned();
    }
    // Kerning never takes a third of a width away: what lies beyond need not be measured again and again.
    let mut reckoned = 0.0;
    let mut kept: Vec<char> = text
        .chars()
        .take_while(|letter| {
            let advance =
                Font::of(weight).and_then(|font| Some(font.glyphs.get(letter)?.1 / font.units_per_em));
            reckoned += advance.unwrap_or(0.0) * size;
            reckoned <= available * 1.5
        })
        .collect();
    while kept.pop().is_some() {
        while kept.last().is_some_and(|letter| letter.is_whitespace() || matches!(letter, ',' | '·' | '-')) {
            kept.pop();
        }
        let cut: String = kept.iter().chain(['…'].iter()).collect();
        if width(&cut, weight, size, 0.0) <= available {
            return cut;
        }
    }
    String::new()
}

/// Glyph outlines come with y upwards.
struct Pen<'a> {
    builder: &'a mut PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.builder.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.builder.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.builder.quad_to(self.x + cx0, self.y - cy0, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.builder.cubic_to(self.x + cx0, self.y - cy0, self.x + cx1, self.y - cy1, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_weights_are_there_and_have_what_the_map_writes() {
        for weight in [Weight::Regular, Weight::SemiBold] {
            let font = Font::of(weight).unwrap();
            for letter in "AZaz09 ÄßŁșĐạ–—·…’°()%".chars() {
                assert!(font.glyphs.contains_key(&letter), "{letter}");
            }
            assert!(font.kerning.len() > 100);
        }
        assert!(!Font::has('東') && !Font::has('\u{202e}'));
    }

    #[test]
    fn widths_add_up() {
        let one = width("H", Weight::Regular, 20.0, 0.0);
        assert!((width("HHH", Weight::Regular, 20.0, 0.0) - 3.0 * one).abs() < 1e-9);
        assert!((width("HHH", Weight::Regular, 20.0, 0.1) - 3.0 * one - 4.0).abs() < 1e-9);
        assert!(width("To", Weight::Regular, 20.0, 0.0) < one + width("o", Weight::Regular, 20.0, 0.0));
        assert!(width("H", Weight::SemiBold, 20.0, 0.0) > one);
        assert_eq!(width("", Weight::Regular, 20.0, 0.0), 0.0);
    }

    #[test]
    fn what_does_not_fit_is_cut_with_an_ellipsis() {
        let text = "Llanfairpwllgwyngyll, Wales";
        assert_eq!(fitted(text, Weight::Regular, 14.0, 1000.0), text);
        let cut = fitted(text, Weight::Regular, 14.0, 80.0);
        assert!(cut.ends_with('…') && width(&cut, Weight::Regular, 14.0, 0.0) <= 80.0, "{cut}");
        assert_eq!(fitted(text, Weight::Regular, 14.0, 1.0), "");
        let list = fitted(&"one of many · ".repeat(100_000), Weight::Regular, 14.0, 300.0);
        let wide = width(&list, Weight::Regular, 14.0, 0.0);
        assert!(list.ends_with('…') && (260.0..=300.0).contains(&wide), "{list}");
    }
}
