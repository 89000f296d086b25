//! QR codes as inline SVG: no image is loaded, and any size is sharp.

use qrcodegen::{QrCode, QrCodeEcc};

use super::html::{Element, element};

/// Light border that a reader needs, in modules (ISO/IEC 18004 §9.1).
const QUIET_ZONE: i32 = 4;

/// A text as a QR code, with a name for those who cannot see it. `None` where the text is longer
/// than a code can be.
pub(super) fn code(text: &str, name: &str) -> Option<Element> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size().saturating_add(QUIET_ZONE.saturating_mul(2));
    let drawing = element("svg")
        .with("class", "qr")
        .with("role", "img")
        .with("aria-label", name)
        .with("viewBox", format!("0 0 {size} {size}"))
        .with("shape-rendering", "crispEdges")
        .child(element("rect").with("width", "100%").with("height", "100%").with("fill", "#fff"))
        .child(element("path").with("d", path(&code)).with("fill", "#000"));
    Some(drawing)
}

/// The dark modules: a rectangle for each run of them in a row.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let length = (x..code.size()).take_while(|at| code.get_module(*at, y)).count();
            let length = i32::try_from(length).unwrap_or(0);
            if length > 0 {
                let (left, top) = (x.saturating_add(QUIET_ZONE), y.saturating_add(QUIET_ZONE));
                path.extend([format!("M{left} {top}h{length}v1h-{length}z")]);
            }
            x = x.saturating_add(length.max(1));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::code;
    use crate::checkout::html::Html;

    #[test]
    fn a_code_has_its_corners_and_a_name() {
        let drawn = Html::from(code("Dabc", "Swish <code>").unwrap());
        let drawn = drawn.as_str();
        // The first row of a finder pattern is seven dark modules; so is its last.
        assert!(drawn.contains("M4 4h7v1h-7z"), "{drawn}");
        assert!(drawn.contains("M4 10h7v1h-7z"), "{drawn}");
        assert!(drawn.contains("aria-label=\"Swish &lt;code&gt;\""), "{drawn}");
        assert!(code(&"x".repeat(5_000), "long").is_none());
    }
}
