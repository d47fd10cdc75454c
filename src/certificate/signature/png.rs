//! Ink as PNG.

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke, Transform};

use super::{Ink, Piece};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// It would have no pixels, or too many.
    #[error("a picture of {0} × {1} pixels cannot be made")]
    Size(f64, f64),
    /// The encoder failed.
    #[error("the picture cannot be encoded: {0}")]
    Encoding(String),
}

pub(super) fn draw(ink: &Ink, scale: f32) -> Result<Vec<u8>, PngError> {
    let pixels = |length: f64| (length * f64::from(scale)).ceil() as u32;
    let size = PngError::Size(ink.width, ink.height);
    let mut picture = Pixmap::new(pixels(ink.width), pixels(ink.height)).ok_or(size)?;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(0x10, 0x18, 0x2b, 0xff));
    for piece in &ink.pieces {
        piece_of_ink(&mut picture, piece, &paint, Transform::from_scale(scale, scale));
    }
    picture.encode_png().map_err(|error| PngError::Encoding(error.to_string()))
}

fn piece_of_ink(picture: &mut Pixmap, piece: &Piece, paint: &Paint<'_>, transform: Transform) {
    let Piece { from, controls: [one, two], to, width } = *piece;
    let point = |(x, y): (f64, f64)| (x as f32, y as f32);
    if from == to {
        let (x, y) = point(from);
        if let Some(dot) = PathBuilder::from_circle(x, y, width as f32 / 2.0) {
            picture.fill_path(&dot, paint, FillRule::Winding, transform, None);
        }
        return;
    }
    let mut path = PathBuilder::new();
    let ((x, y), (x1, y1), (x2, y2), (x3, y3)) = (point(from), point(one), point(two), point(to));
    path.move_to(x, y);
    path.cubic_to(x1, y1, x2, y2, x3, y3);
    let pen = Stroke { width: width as f32, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
    if let Some(path) = path.finish() {
        picture.stroke_path(&path, paint, &pen, transform, None);
    }
}
