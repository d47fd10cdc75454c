use serde::{Deserialize, Serialize};

/// More points than any hand writes in a name.
pub const MOST_POINTS: usize = 20_000;

/// Coordinates beyond this, in pixels, lie on no screen.
const FARTHEST: f64 = 100_000.0;

/// One stroke of a signature, as signature pads on the web record it. Pen settings may come along and are not kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stroke {
    /// The points in the order of writing; one point is a dot.
    #[serde(default)]
    pub points: Vec<Point>,
}

/// Where the pen was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Point {
    /// Pixels from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
    /// Milliseconds by the phone's own clock. Tells the rhythm of writing, never the date.
    #[serde(default)]
    pub time: f64,
    /// From 0 to 1; 0 where the screen cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<f64>,
}

/// Why strokes are no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StrokesProblem {
    /// There is nothing.
    #[error("the signature is empty")]
    Empty,
    /// Everything is in one place.
    #[error("the signature is a single dot")]
    Dot,
    /// More than [`MOST_POINTS`].
    #[error("the signature has too many points")]
    TooManyPoints,
    /// A point lies on no screen.
    #[error("the signature leaves the screen")]
    OutOfRange,
}

/// Whether a hand can have written this. It does not judge whose hand.
///
/// # Errors
/// The first problem found.
pub fn check_strokes(strokes: &[Stroke]) -> Result<(), StrokesProblem> {
    let mut points = strokes.iter().flat_map(|stroke| &stroke.points);
    let Some(first) = points.next() else { return Err(StrokesProblem::Empty) };
    if points.clone().nth(MOST_POINTS - 1).is_some() {
        return Err(StrokesProblem::TooManyPoints);
    }
    if !first.on_screen() || !points.clone().all(Point::on_screen) {
        return Err(StrokesProblem::OutOfRange);
    }
    let moved = points.any(|point| (point.x - first.x).abs() >= 1.0 || (point.y - first.y).abs() >= 1.0);
    if moved { Ok(()) } else { Err(StrokesProblem::Dot) }
}

impl Point {
    fn on_screen(&self) -> bool {
        // Written so that a number that is none fails too.
        let near = |value: f64| value.abs() <= FARTHEST;
        near(self.x) && near(self.y) && self.time.is_finite() && self.pressure.is_none_or(f64::is_finite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(points: impl IntoIterator<Item = (f64, f64)>) -> Stroke {
        let points = points.into_iter().map(|(x, y)| Point { x, y, time: 0.0, pressure: None });
        Stroke { points: points.collect() }
    }

    #[test]
    fn what_a_signature_pad_sends_is_a_signature() {
        let json = r#"[
            {"penColor":"black","dotSize":0,"minWidth":0.5,"maxWidth":2.5,"velocityFilterWeight":0.7,
             "compositeOperation":"source-over",
             "points":[{"time":1637131731972,"x":26,"y":27,"pressure":0},{"time":1637131732257,"x":26.5,"y":37}]},
            {"color":"black","points":[{"time":1523730547109,"x":125,"y":54,"pressure":0.5}]}
        ]"#;
        let strokes: Vec<Stroke> = serde_json::from_str(json).expect("parses");
        assert_eq!(check_strokes(&strokes), Ok(()));
        let again: Vec<Stroke> =
            serde_json::from_value(serde_json::to_value(&strokes).expect("writes")).expect("reads");
        assert_eq!(again, strokes);
    }

    #[test]
    fn absurd_strokes_are_named() {
        use StrokesProblem::{Dot, Empty, OutOfRange, TooManyPoints};
        let line = |count: u32| stroke((0..count).map(|i| (f64::from(i % 500), 1.0)));
        let cases = [
            (vec![], Err(Empty)),
            (vec![stroke([]), stroke([])], Err(Empty)),
            (vec![stroke([(5.0, 5.0)])], Err(Dot)),
            (vec![stroke([(5.0, 5.0), (5.2, 5.3)]), stroke([(5.0, 5.0)])], Err(Dot)),
            (vec![line(20_000)], Ok(())),
            (vec![line(20_001)], Err(TooManyPoints)),
            (vec![line(10_000), line(10_001)], Err(TooManyPoints)),
            (vec![stroke([(0.0, 0.0), (1e300, 0.0)])], Err(OutOfRange)),
            (vec![stroke([(f64::NAN, 0.0), (9.0, 0.0)])], Err(OutOfRange)),
            (vec![stroke([(0.0, 0.0), (0.0, f64::NEG_INFINITY)])], Err(OutOfRange)),
            (vec![stroke([(-20.0, 0.0), (0.0, 4.0)])], Ok(())),
        ];
        for (strokes, expected) in cases {
            assert_eq!(check_strokes(&strokes), expected);
        }
    }
}
