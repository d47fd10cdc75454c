//! Signatures as pictures: the strokes of a pen become ink of varying width, as SVG or PNG.
//!
//! What is drawn is the same for both: [`Ink`], a list of short curves with a width each, cropped to the signature
//! and scaled to a bounded size. Strokes that no hand can have written have no picture.

mod png;
mod svg;
#[cfg(test)]
mod tests;

use mobile_api::signing::{Point, Stroke, StrokesProblem, check_strokes};

/// Widest picture, in pixels.
pub const MOST_WIDTH: f64 = 600.0;

/// Highest picture, in pixels.
pub const MOST_HEIGHT: f64 = 200.0;

/// A small signature is not blown up more than this.
const MOST_ENLARGED: f64 = 3.0;

/// White space around the ink, in pixels.
const MARGIN: f64 = 8.0;

/// Width of a slow pen, in pixels of the picture.
const THICKEST: f64 = 3.6;

/// Width of a fast pen, in pixels of the picture.
const THINNEST: f64 = 1.2;

/// How much of the width comes from the piece before: a pen does not change its width from one point to the next.
const INERTIA: f64 = 0.6;

/// Points nearer to each other than this, in pixels of the picture, are one point: nobody could see the curve between.
const NEAR: f64 = 0.75;

/// A signature, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Ink {
    /// Width of the picture in pixels, margin included.
    pub width: f64,
    /// Height of the picture in pixels, margin included.
    pub height: f64,
    /// What the pen drew, in the order of writing.
    pieces: Vec<Piece>,
}

/// A cubic curve that is drawn with one width; a dot if it goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from: (f64, f64),
    controls: [(f64, f64); 2],
    to: (f64, f64),
    width: f64,
}

/// A point of the picture, with the moment and the pressure of the pen.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: (f64, f64),
    time: f64,
    pressure: Option<f64>,
}

impl Ink {
    /// The ink of these strokes.
    ///
    /// # Errors
    /// If they are no signature: nothing, a dot, more points than a hand writes, points on no screen.
    pub fn of(strokes: &[Stroke]) -> Result<Self, StrokesProblem> {
        check_strokes(strokes)?;
        let points = || strokes.iter().flat_map(|stroke| &stroke.points);
        let (left, right) = extent(points().map(|point| point.x));
        let (top, bottom) = extent(points().map(|point| point.y));
        let room = 2.0 * MARGIN;
        // A line has no height; what has no extent must not be divided by.
        let fits = |extent: f64, most: f64| (most - room) / extent.max(1.0);
        let scale = fits(right - left, MOST_WIDTH).min(fits(bottom - top, MOST_HEIGHT)).min(MOST_ENLARGED);
        let mark = |point: &Point| Mark {
            at: ((point.x - left) * scale + MARGIN, (point.y - top) * scale + MARGIN),
            time: point.time,
            pressure: point.pressure.filter(|pressure| *pressure > 0.0).map(|pressure| pressure.min(1.0)),
        };
        let mut pieces = Vec::new();
        for stroke in strokes {
            draw(&thinned(stroke.points.iter().map(mark)), scale, &mut pieces);
        }
        let (width, height) = ((right - left) * scale + room, (bottom - top) * scale + room);
        // What rounding adds to the most there can be is less than a pixel of the margin.
        Ok(Self { width: width.ceil().min(MOST_WIDTH), height: height.ceil().min(MOST_HEIGHT), pieces })
    }

    /// The picture as a document of its own, transparent but for the ink.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// The picture at twice its size in pixels, for sharp print; transparent but for the ink.
    ///
    /// # Errors
    /// If the picture cannot be encoded, which no input is known to bring about.
    pub fn png(&self) -> Result<Vec<u8>, png::PngError> {
        png::draw(self, 2.0)
    }
}

pub use png::PngError;

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
}

/// Without points that lie on their neighbours. The last one stays: there the pen was lifted.
fn thinned(marks: impl Iterator<Item = Mark>) -> Vec<Mark> {
    let mut kept: Vec<Mark> = Vec::new();
    let mut skipped = None;
    for mark in marks {
        if kept.last().is_none_or(|last| distance(last.at, mark.at) >= NEAR) {
            kept.push(mark);
            skipped = None;
        } else {
            skipped = Some(mark);
        }
    }
    kept.extend(skipped.filter(|_| kept.len() > 1));
    kept
}

fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// A curve through all marks of a stroke, a piece between each two (Catmull–Rom: the tangent at a mark is parallel to
/// the line between its neighbours).
fn draw(marks: &[Mark], scale: f64, pieces: &mut Vec<Piece>) {
    if let [dot] = marks {
        pieces.push(Piece { from: dot.at, controls: [dot.at; 2], to: dot.at, width: THICKEST });
        return;
    }
    let mut width = None;
    for (i, pair) in marks.windows(2).enumerate() {
        let [from, to] = pair else { continue };
        let before = marks[i.saturating_sub(1)].at;
        let after = marks.get(i + 2).unwrap_or(to).at;
        let wanted = pen_width(from, to, scale);
        let held = width.map_or(wanted, |last: f64| INERTIA * last + (1.0 - INERTIA) * wanted);
        width = Some(held);
        let toward = |at: (f64, f64), a: (f64, f64), b: (f64, f64), sign: f64| {
            (at.0 + sign * (b.0 - a.0) / 6.0, at.1 + sign * (b.1 - a.1) / 6.0)
        };
        let controls = [toward(from.at, before, to.at, 1.0), toward(to.at, from.at, after, -1.0)];
        pieces.push(Piece { from: from.at, controls, to: to.at, width: held });
    }
}

/// By the pressure where the screen can tell it, else by the speed: who hurries draws a thin line.
fn pen_width(from: &Mark, to: &Mark, scale: f64) -> f64 {
    if let Some(pressure) = to.pressure {
        return THINNEST + (THICKEST - THINNEST) * pressure;
    }
    // In pixels of the screen for each millisecond; a signature takes around one. A clock that stands still or runs
    // backwards tells nothing.
    let elapsed = to.time - from.time;
    let speed = if elapsed > 0.0 { distance(from.at, to.at) / scale / elapsed } else { 0.5 };
    THINNEST + (THICKEST - THINNEST) / (1.0 + speed)
}
