//! What an asset's meters say: hours run, pressure, temperature. Each reading is a record of its own; the asset keeps only the last
//! few of each meter, so that a phone can tell without signal that a counter seems to run backwards.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Asset, retired};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{AssetId, AssetReadingId, SiteId, UserId, WorkOrderId, derived},
    operation::{Change, Context, Decision, Payload},
    record::{Kind, Reach, RecordType},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// Most meters of one asset.
pub(super) const MOST_METERS: usize = 20;

/// How many readings of each meter an asset keeps.
const KEPT: usize = 5;

/// Largest value either way, in thousandths of the unit.
const MOST: i64 = 1_000_000_000_000_000;

/// Whether a meter only ever goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeterKind {
    /// Hours, trips, kilowatt-hours: it counts on.
    Counter,
    /// Pressure, temperature: it goes up and down.
    Gauge,
}

/// Something that is read off an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Meter {
    /// What it is called in readings: `hours`; 1 to 60 characters.
    pub code: String,
    /// The unit, `h`, `bar`; 1 to 30 characters.
    pub unit: String,
    /// Counter or gauge.
    pub kind: MeterKind,
    /// Below this it is not well, in thousandths of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_milli: Option<i64>,
    /// Above this it is not well, in thousandths of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_milli: Option<i64>,
}

impl Meter {
    /// Whether a value lies beyond the limits.
    pub fn is_beyond(&self, milli: i64) -> bool {
        self.low_milli.is_some_and(|low| milli < low) || self.high_milli.is_some_and(|high| milli > high)
    }
}

/// Notes what is wrong with meters: limits that are reversed, two of one code.
pub(super) fn check_meters(check: &mut Check, meters: &[Meter]) {
    check.count("/meters", meters.len(), 0..=MOST_METERS);
    for (at, meter) in meters.iter().take(MOST_METERS).enumerate() {
        let pointer = format!("/meters/{at}");
        check.text(&format!("{pointer}/code"), &meter.code, 1..=60);
        check.text(&format!("{pointer}/unit"), &meter.unit, 1..=30);
        for (name, limit) in [("low_milli", meter.low_milli), ("high_milli", meter.high_milli)] {
            if let Some(limit) = limit {
                check.number(&format!("{pointer}/{name}"), limit, -MOST..=MOST);
            }
        }
        if let (Some(low), Some(high)) = (meter.low_milli, meter.high_milli)
            && low > high
        {
            check.error(format!("{pointer}/high_milli"), "out_of_range", "not below `low_milli`");
        }
        if meters[..at].iter().any(|other| other.code.trim() == meter.code.trim()) {
            check.error(format!("{pointer}/code"), "duplicate", "a code of its own");
        }
    }
}

/// One of the last readings of a meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastReading {
    /// The reading.
    pub id: AssetReadingId,
    /// The meter's code.
    pub meter: String,
    /// The value, in thousandths of the unit.
    pub milli: i64,
    /// When it was read.
    pub at: chrono::DateTime<chrono::Utc>,
}

/// A value that somebody read off an asset. It is never edited: a later one says more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetReading {
    /// Its id.
    pub id: AssetReadingId,
    /// The operation that recorded it.
    pub op: Uuid,
    /// The asset.
    pub asset: AssetId,
    /// The asset's site.
    pub site: SiteId,
    /// The meter's code.
    pub meter: String,
    /// The unit that the meter had.
    pub unit: String,
    /// The value, in thousandths of the unit.
    pub milli: i64,
    /// The limits that the meter had: below and above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_milli: Option<i64>,
    /// See `low_milli`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_milli: Option<i64>,
    /// Whether it lies beyond them.
    pub beyond: bool,
    /// The order on which it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who read it.
    pub by: UserId,
    /// When.
    pub at: When,
}

impl RecordType for AssetReading {
    const KIND: Kind = Kind::AssetReading;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    // A phone has the last few on the asset.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

/// Records what a meter of the asset says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordReading {
    /// The meter's code.
    pub meter: String,
    /// The value, in thousandths of the meter's unit.
    pub milli: i64,
    /// The order on which it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// What else there is to say; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for RecordReading {
    type Record = Asset;

    fn example() -> Self {
        Self { meter: "hours".into(), milli: 18_250_000, order: None, note: Some("Before the oil change".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.text("/meter", &self.meter, 1..=60);
        check.number("/milli", self.milli, -MOST..=MOST);
        check.optional_text("/note", self.note.as_deref(), 1000);
    }
}

impl Change for RecordReading {
    fn decide(self, mut asset: Asset, context: &Context<'_>) -> Result<Decision<Asset>, Refusal> {
        let (reading, flags) = asset.take_reading(self, context)?;
        Ok(Decision { record: Some(asset), also: vec![reading.into()], flags })
    }
}

impl Asset {
    /// The meter of this code.
    pub fn meter(&self, code: &str) -> Option<&Meter> {
        self.meters.iter().find(|meter| meter.code.trim() == code.trim())
    }

    /// Takes a reading: the record that it becomes, and what a person should look at. What was read without signal is never refused for
    /// what it says: a counter that seems to run backwards was perhaps changed, and that is a question.
    ///
    /// # Errors
    /// `bad_reference` for a meter that the asset does not have; `asset_retired`, if somebody waits for the answer.
    pub fn take_reading(
        &mut self,
        reading: RecordReading,
        context: &Context<'_>,
    ) -> Result<(AssetReading, Vec<Flagged>), Refusal> {
        let mut flags: Vec<Flagged> = retired(self, context)?.into_iter().collect();
        let meter = self.meter(&reading.meter).cloned();
        let meter = meter.ok_or_else(|| Refusal::BadReference { pointer: "/meter".into() })?;
        let at = context.when.latest;
        let of_meter = || self.readings.iter().filter(|other| other.meter == meter.code);
        let backwards = |other: &&LastReading| {
            (other.at <= at && other.milli > reading.milli) || (other.at > at && other.milli < reading.milli)
        };
        if meter.kind == MeterKind::Counter
            && let Some(other) = of_meter().find(backwards)
        {
            let detail = json!({ "meter": meter.code, "milli": reading.milli, "other": other });
            flags.push(Flagged::with(Flag::CounterBackwards, detail));
        }
        let beyond = meter.is_beyond(reading.milli);
        if beyond {
            let limits = json!({ "meter": meter.code, "milli": reading.milli, "low_milli": meter.low_milli, "high_milli": meter.high_milli });
            flags.push(Flagged::with(Flag::ReadingBeyondLimits, limits));
        }
        // Derived from the meter as well: an inspection reads several at once.
        let id = AssetReadingId::new(derived(&[b"asset reading", context.op.as_bytes(), meter.code.as_bytes()]));
        self.readings.push(LastReading { id, meter: meter.code.clone(), milli: reading.milli, at });
        self.forget_old_readings(&meter.code);
        let record = AssetReading {
            id,
            op: context.op,
            asset: self.id,
            site: self.site,
            meter: meter.code,
            unit: meter.unit,
            milli: reading.milli,
            low_milli: meter.low_milli,
            high_milli: meter.high_milli,
            beyond,
            order: reading.order,
            note: reading.note,
            by: context.actor.user,
            at: context.when.clone(),
        };
        Ok((record, flags))
    }

    fn forget_old_readings(&mut self, meter: &str) {
        self.readings.sort_by_key(|reading| (reading.at, reading.id));
        let count = self.readings.iter().filter(|reading| reading.meter == meter).count();
        let mut surplus = count.saturating_sub(KEPT);
        self.readings.retain(|reading| {
            let forget = surplus > 0 && reading.meter == meter;
            surplus -= usize::from(forget);
            !forget
        });
    }
}

/// What a series of readings comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// How many there are.
    pub count: usize,
    /// The smallest, in thousandths.
    pub min_milli: i64,
    /// The largest, in thousandths.
    pub max_milli: i64,
    /// The mean, in thousandths, rounded.
    pub mean_milli: i64,
    /// How much it rises a day, in thousandths, by the straight line through all of them (least squares); `None` if they were all read
    /// at one instant.
    pub daily_milli: Option<f64>,
}

impl Series {
    /// Of values in thousandths with their instants; `None` of none.
    pub fn of(values: &[(Timestamp, i64)]) -> Option<Self> {
        let (first, _) = *values.first()?;
        let count = values.len();
        let n = count as f64;
        // Reckoned from the first instant, so that squares of large numbers do not eat the small differences.
        let points = || values.iter().map(|(at, milli)| ((*at - first).as_seconds_f64() / 86_400.0, *milli as f64));
        let mean = points().map(|(_, y)| y).sum::<f64>() / n;
        let mean_day = points().map(|(x, _)| x).sum::<f64>() / n;
        let spread: f64 = points().map(|(x, _)| (x - mean_day).powi(2)).sum();
        let rise: f64 = points().map(|(x, y)| (x - mean_day) * (y - mean)).sum();
        Some(Self {
            count,
            min_milli: values.iter().map(|(_, milli)| *milli).min()?,
            max_milli: values.iter().map(|(_, milli)| *milli).max()?,
            mean_milli: mean.round() as i64,
            daily_milli: (spread > 0.0).then(|| rise / spread),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_timestamp(1_772_438_400 + day * 86_400, 0).unwrap()
    }

    #[test]
    fn a_series_has_its_limits_its_mean_and_its_rise() {
        assert_eq!(Series::of(&[]), None);
        let one = Series::of(&[(day(0), 7_000)]).unwrap();
        assert_eq!(
            (one.count, one.min_milli, one.max_milli, one.mean_milli, one.daily_milli),
            (1, 7_000, 7_000, 7_000, None)
        );
        let steady = Series::of(&[(day(0), 1_000), (day(1), 3_000), (day(3), 7_000)]).unwrap();
        assert_eq!((steady.min_milli, steady.max_milli, steady.mean_milli), (1_000, 7_000, 3_667));
        assert!((steady.daily_milli.unwrap() - 2_000.0).abs() < 1e-6);
    }

    proptest! {
        /// Points on a line have the line's rise, wherever they lie and in whichever order.
        #[test]
        fn points_on_a_line_rise_as_it_does(rise in -5_000i64..5_000, start in -1_000_000i64..1_000_000, mut days in prop::collection::vec(-900i64..900, 2..40)) {
            days.dedup();
            prop_assume!(days.iter().any(|other| *other != days[0]));
            let values: Vec<_> = days.iter().map(|at| (day(*at), start + rise * at)).collect();
            let found = Series::of(&values).unwrap().daily_milli.unwrap();
            prop_assert!((found - rise as f64).abs() < 1e-3, "{found} for {rise}");
        }
    }
}
