//! A scene as an HTML file that needs nothing beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::geojson::geojson;
use crate::map;
use crate::page::unpack;
use crate::scene::Scene;
use crate::svg::escaped;

/// What the file is made of: built from `trace-render/web` and deflated.
struct Alone {
    script: &'static [u8],
    /// What its policy lets run: `sha256-` and the digest of the script (CSP level 3, section 2.3.1).
    script_hash: &'static str,
    style: &'static [u8],
    style_hash: &'static str,
    /// The shapes of countries, coarse and fine.
    far: &'static [u8],
    near: &'static [u8],
}

static ALONE: Alone = include!("../web/dist/alone.rs");

/// No part of the file is longer.
const MOST: usize = 4 << 20;

/// A scene as an HTML document of about 350 kB: a map to pan and zoom, and the hops beside it, by mouse, touch and keyboard.
///
/// It is one file, opens from a disk, and asks nobody for anything: its policy permits no request, and no script or style
/// but its own, by their digests. Text from the network stands in it as data, never as markup. It follows the light or
/// dark of the reader's system.
#[must_use]
pub fn html(scene: &Scene) -> String {
    let text = |packed: &[u8]| String::from_utf8(unpack(packed, MOST)).unwrap_or_default();
    let (title, description) = map::title(scene);
    // Inside a script element only `<` can end it; JSON may spell it otherwise.
    let data = geojson(scene).replace('<', "\\u003c");
    let Alone { script_hash, style_hash, .. } = ALONE;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{script_hash}'; \
         style-src '{style_hash}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"description\" content=\"{description}\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <noscript><p>{description}</p></noscript>\n\
         <script type=\"application/json\" id=\"scene\">{data}</script>\n\
         <script type=\"text/plain\" id=\"far\">{far}</script>\n\
         <script type=\"text/plain\" id=\"near\">{near}</script>\n\
         <script>{script}</script>\n</body>\n</html>\n",
        title = escaped(&title),
        description = escaped(&description),
        style = text(ALONE.style),
        script = text(ALONE.script),
        far = STANDARD.encode(ALONE.far),
        near = STANDARD.encode(ALONE.near),
    )
}

#[cfg(test)]
mod tests {
    use trace_core::model::{Coordinates, Target, Ttl};

    use super::*;
    use crate::{Mark, Route, Spot, Stop, Trust, Visit};

    fn hostile() -> Scene {
        let bad = "</script><script>alert(1)</script><!--";
        let address = "192.0.2.1".parse().unwrap();
        Scene {
            routes: vec![Route {
                target: Some(Target { name: Some(bad.to_owned()), address }),
                vantage: None,
                started: 0,
                outcome: None,
                protocol: None,
                hops: 1,
                rtt: None,
                placed: 1,
                silent: 0,
                private: 0,
                unlocated: 0,
            }],
            marks: vec![Mark {
                spot: Spot::Point(Coordinates::new(48.2, 16.4).unwrap()),
                trust: Trust::Sound,
                city: Some(bad.to_owned()),
                country: None,
                stops: vec![Stop {
                    route: 0,
                    origin: false,
                    target: true,
                    hops: vec![Visit { ttl: Ttl::new(1).unwrap(), address, rtt: None }],
                }],
            }],
            legs: Vec::new(),
        }
    }

    #[test]
    fn text_from_the_network_ends_no_element() {
        let page = html(&hostile());
        // Four of its own, and no more.
        assert_eq!(page.matches("<script").count(), 4);
        assert_eq!(page.matches("</script>").count(), 4);
        assert!(!page.contains("<!--") && !page.contains("<script>alert"));
        assert!(page.contains("\\u003c/script>"));
    }

    #[test]
    fn nothing_is_asked_for() {
        let page = html(&Scene::default());
        for forbidden in [" src=", "url(", "@import", "<link", " style=", "onload="] {
            // Data URLs of the style's own would be allowed; there are none.
            assert!(!page.split("<script>").next().unwrap_or_default().contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("default-src 'none'; script-src 'sha256-"));
        assert!(page.len() < 500_000, "{}", page.len());
    }
}
