//! The monthly count: on its day a sheet opens of everything that lies in a store or a van, for those who count there.

use chrono::{DateTime, Datelike, Months, Utc};
use serde::{Deserialize, Serialize};

use super::{CountReason, Place, StockCount, StockPlace, StockPlaceKind, count};
use crate::{
    actor::Actor,
    check::Check,
    directory::Organisation,
    ids::{ArticleId, Id, UserId, derived},
    operation::{Change, Context, Decision, Need, Payload},
    price_list::{day_of, start_of},
    record::Record,
    refusal::Refusal,
    time::Timestamp,
};

/// Last day that every month has.
const LAST_DAY: i64 = 28;

/// Most people who count at one place.
const MOST_COUNTERS: usize = 20;

/// When everything that lies at a place is counted (盘点), month by month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MonthlyCount {
    /// The day of the month on which the sheet opens, by the organisation's calendar; 1 to 28, because every month has it.
    pub day: u32,
    /// Who counts, beside the office and a van's technicians: their phones get the sheet; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<UserId>,
}

impl MonthlyCount {
    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        check.number(&format!("{pointer}/day"), self.day.into(), 1..=LAST_DAY);
        check.count(&format!("{pointer}/counters"), self.counters.len(), 0..=MOST_COUNTERS);
    }

    /// When the next sheet opens: at the beginning of its day, after `now`.
    pub fn next_after(&self, now: Timestamp, firm: Option<&Organisation>) -> Option<DateTime<Utc>> {
        let this_month = day_of(firm, now).with_day(self.day)?;
        let next_month = this_month.checked_add_months(Months::new(1))?;
        [this_month, next_month].into_iter().map(|day| start_of(firm, day)).find(|begins| *begins > now)
    }
}

/// The time has come to count what lies at a place. A server that slept through several months opens one sheet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenMonthlyCount {}

impl Payload for OpenMonthlyCount {
    type Record = StockPlace;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, place: Option<&StockPlace>, actor: &Actor) -> Vec<Need> {
        let levels = place.map(|place| Need::LevelsAt { place: Place::Store(place.id) });
        levels.into_iter().chain([Need::record(Id::<Organisation>::new(actor.org))]).collect()
    }
}

impl Change for OpenMonthlyCount {
    fn decide(self, mut place: StockPlace, context: &Context<'_>) -> Result<Decision<StockPlace>, Refusal> {
        let due = place.next_count_at.filter(|due| *due <= context.received_at).ok_or(Refusal::NotDue)?;
        let monthly = place.monthly_count.clone().ok_or(Refusal::NotDue)?;
        let firm = context.related.get(Id::<Organisation>::new(context.actor.org));
        place.next_count_at = monthly.next_after(context.received_at, firm);
        let there = context.related.levels_at.iter().filter(|level| level.milli != 0);
        let mut articles: Vec<ArticleId> = there.map(|level| level.article).collect();
        articles.sort_unstable();
        let holders = place.holders.iter().filter(|_| place.kind == StockPlaceKind::Van);
        let mut counters: Vec<UserId> = monthly.counters.iter().chain(holders).copied().collect();
        counters.sort_unstable();
        counters.dedup();
        let month = day_of(firm, due).format("%Y-%m").to_string();
        let sheets = articles.chunks(count::MOST_LINES).enumerate().map(|(n, articles)| {
            let due = due.timestamp_micros().to_be_bytes();
            let id = derived(&[b"monthly count", place.id.uuid().as_bytes(), &due, &n.to_be_bytes()]);
            StockCount {
                id: id.into(),
                place: Place::Store(place.id),
                why: CountReason::Planned,
                note: Some(month.clone()),
                counters: counters.clone(),
                opened_by: context.actor.user,
                opened_at: context.received_at,
                lines: articles.iter().copied().map(count::CountLine::of).collect(),
                closed_by: None,
                closed: None,
            }
        });
        let also = sheets.map(Record::from).collect();
        Ok(Decision { record: Some(place), also, flags: Vec::new() })
    }
}
