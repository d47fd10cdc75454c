//! Ink as SVG.

use std::fmt::Write;

use super::{Ink, Piece};

/// Of the colour of ink rather than of a screen: it is to look alike on paper.
pub(super) const COLOUR: &str = "#10182b";

pub(super) fn draw(ink: &Ink) -> String {
    let (width, height) = (ink.width, ink.height);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><g fill="none" stroke="{COLOUR}" stroke-linecap="round" stroke-linejoin="round">"#
    );
    let mut rest = ink.pieces.as_slice();
    while let Some(first) = rest.first() {
        let width = tenths(first.width);
        let run = rest.iter().take_while(|piece| tenths(piece.width) == width).count();
        let (same, other) = rest.split_at(run);
        path(&mut svg, same, width);
        rest = other;
    }
    svg.push_str("</g></svg>");
    svg
}

/// Pieces of one width in one path. Writing to a text cannot fail.
fn path(svg: &mut String, pieces: &[Piece], tenths: i64) {
    let _ = write!(svg, r#"<path stroke-width="{}" d=""#, as_pixels(tenths * 10));
    let mut end = None;
    for Piece { from, controls: [one, two], to, .. } in pieces {
        if end != Some(*from) {
            let _ = write!(svg, "M{}", at(*from));
        }
        let _ = write!(svg, "C{} {} {}", at(*one), at(*two), at(*to));
        end = Some(*to);
    }
    svg.push_str("\"/>");
}

fn tenths(width: f64) -> i64 {
    (width * 10.0).round() as i64
}

fn at((x, y): (f64, f64)) -> String {
    format!("{} {}", as_pixels((x * 100.0).round() as i64), as_pixels((y * 100.0).round() as i64))
}

/// Hundredths of a pixel, with no more digits than needed.
fn as_pixels(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}
