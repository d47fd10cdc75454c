//! The figures of a week or month: each with its definition, its target, its groups, and those before it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use mobile_api::{
    complaint::ComplaintClass,
    directory::{Label, OrderType, Organisation, Site, Team, User},
    figures::{ComplaintFacts, CountedOf, Facts, Figure, Measure, Tally, Targets},
    money::Currency,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{complaint_store, store};
use crate::{
    db::Conn,
    language::Language,
    operations::{DoorError, reading::named},
    period::{Month, Period},
};

/// By what the figures are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Who did the work.
    Technician,
    /// The crew.
    Team,
    /// The site.
    Site,
    /// The sort of job.
    OrderType,
    /// What complaints were summed up as.
    Class,
    /// Why it came to complaints, as they were summed up.
    Cause,
}

/// What is in one group: what has this id, what says this, or what is in none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group {
    Id(Uuid),
    Text(String),
    None,
}

impl Group {
    fn id(id: Option<Uuid>) -> Self {
        id.map_or(Group::None, Group::Id)
    }

    fn text(text: Option<String>) -> Self {
        text.map_or(Group::None, Group::Text)
    }
}

impl By {
    /// The group that an order is in; `None` if orders are not divided by this.
    pub(super) fn of(self, facts: &Facts) -> Option<Group> {
        match self {
            By::Technician => Some(Group::id(facts.technician.map(|id| id.uuid()))),
            By::Team => Some(Group::id(facts.team.map(|id| id.uuid()))),
            By::Site => Some(Group::Id(facts.site.uuid())),
            By::OrderType => Some(Group::Id(facts.order_type.uuid())),
            By::Class | By::Cause => None,
        }
    }

    /// The group that a complaint is in; `None` if complaints are not divided by this.
    pub(super) fn of_complaint(self, facts: &ComplaintFacts) -> Option<Group> {
        match self {
            By::Team => Some(Group::id(facts.team.map(|id| id.uuid()))),
            By::Site => Some(Group::id(facts.site.map(|id| id.uuid()))),
            By::Class => Some(Group::id(facts.class.map(|id| id.uuid()))),
            By::Cause => Some(Group::text(facts.cause.clone())),
            By::Technician | By::OrderType => None,
        }
    }
}

/// Which figures are asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) period: Option<Period>,
    pub(super) by: Option<By>,
    /// How many periods before it are told as well.
    pub(super) trend: usize,
    /// Those that the reader sees; `None` means all.
    pub(super) sites: Option<Vec<Uuid>>,
    pub(super) language: Language,
}

/// Figures of a week or month.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "period": "2026-11", "from": "2026-10-31T16:00:00Z", "until": "2026-11-30T16:00:00Z", "currency": "CNY", "as_of": "2026-11-22T04:00:00Z",
    "figures": [{
        "figure": "on_time", "of": "orders", "name": "On-time rate", "measure": "rate", "definition": "Of the orders settled in the period whose deadline was judged…",
        "target": 9500, "denominator": 120, "numerator": 117, "unprovable": 2, "value": 9750, "reached": true,
        "groups": [{ "id": "01930000-0000-7000-8000-000000000012", "name": "Wang Lei", "denominator": 40, "numerator": 38, "unprovable": 1, "value": 9500 }],
        "trend": [{ "period": "2026-10", "denominator": 110, "numerator": 101, "unprovable": 0, "value": 9181 }]
    }]
}))]
pub struct Figures {
    /// The week or month.
    pub period: String,
    /// Its first instant in the organisation's time zone.
    pub from: DateTime<Utc>,
    /// The first instant of the next one.
    pub until: DateTime<Utc>,
    /// The currency of amounts of money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// When this was counted: a visit that is not due yet counts against nobody.
    pub as_of: DateTime<Utc>,
    /// Each figure.
    pub figures: Vec<FigureLine>,
}

/// One figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FigureLine {
    /// Which.
    pub figure: Figure,
    /// Of what it is counted: where the records behind it are listed, `/v1/figures/{figure}/orders` or `…/complaints`.
    pub of: CountedOf,
    /// Its name.
    pub name: String,
    /// What it is.
    pub measure: Measure,
    /// What is counted of what, in a sentence.
    pub definition: String,
    /// What it is to be at least, in parts per ten thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    /// What it was counted from.
    #[serde(flatten)]
    pub tally: Tally,
    /// What it comes to: parts per ten thousand, seconds, minutes, minor units or a number, rounded down. None if nothing counts.
    pub value: Option<u64>,
    /// Whether the target is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<bool>,
    /// By group, if it is divided; the largest first. Orders are not divided by class and cause, complaints not by technician and sort of
    /// job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupLine>,
    /// The periods before, the latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<TrendLine>,
}

/// A figure of one group.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupLine {
    /// The technician, crew, site, sort of job or class; none of those that have none, and of causes.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// What it was counted from.
    #[serde(flatten)]
    pub tally: Tally,
    /// What it comes to.
    pub value: Option<u64>,
}

/// A figure of an earlier period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrendLine {
    /// The week or month.
    pub period: String,
    /// What it was counted from.
    #[serde(flatten)]
    pub tally: Tally,
    /// What it came to.
    pub value: Option<u64>,
}

/// Counts the figures.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn figures(conn: &mut Conn, org: Uuid, asked: &Asked, now: Timestamp) -> Result<Figures, DoorError> {
    let HouseRules { zone, targets, currency } = house_rules(conn, org)?;
    let period = asked.period.unwrap_or_else(|| Period::Month(Month::of(now, zone)));
    let (from, until) = period.span(zone).unwrap_or((now, now));
    let counts = count(conn, org, (from, until), asked, now)?;
    let mut trends: Vec<(String, Counts)> = Vec::new();
    let whole = Asked { by: None, ..asked.clone() };
    for earlier in std::iter::successors(period.before(), |period| period.before()).take(asked.trend) {
        let Some(span) = earlier.span(zone) else { break };
        trends.push((earlier.to_string(), count(conn, org, span, &whole, now)?));
    }
    let names = group_names(conn, org, asked, &counts)?;
    let lines = Figure::ALL.into_iter().map(|figure| line(figure, asked.language, &targets, &counts, &trends, &names));
    Ok(Figures { period: period.to_string(), from, until, currency, as_of: now, figures: lines.collect() })
}

/// What the organisation says about its figures.
pub(super) struct HouseRules {
    pub(super) zone: Tz,
    pub(super) targets: Targets,
    pub(super) currency: Option<Currency>,
}

/// The organisation's time zone, targets and currency.
pub(super) fn house_rules(conn: &mut Conn, org: Uuid) -> Result<HouseRules, DoorError> {
    let firm: HashMap<Uuid, Organisation> = named(conn, org, [org])?;
    let firm = firm.into_values().next();
    let zone = firm.as_ref().and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    let currency = firm.as_ref().map(|firm| firm.currency);
    Ok(HouseRules { zone, targets: firm.map(|firm| firm.targets).unwrap_or_default(), currency })
}

/// Each figure, by group; `None` stands for the whole.
type Counts = HashMap<(Figure, Option<Group>), Tally>;

fn count(
    conn: &mut Conn,
    org: Uuid,
    span: (Timestamp, Timestamp),
    asked: &Asked,
    now: Timestamp,
) -> Result<Counts, DoorError> {
    let (of_orders, of_complaints): (Vec<Figure>, Vec<Figure>) =
        Figure::ALL.into_iter().partition(|figure| figure.counted_of() == CountedOf::Orders);
    let mut counts = Counts::new();
    let mut enter = |figure, group: Option<&Group>, counted| {
        counts.entry((figure, None)).or_default().add(counted);
        if let Some(group) = group {
            counts.entry((figure, Some(group.clone()))).or_default().add(counted);
        }
    };
    for facts in store::settled(conn, org, span, asked.sites.as_deref())? {
        let group = asked.by.and_then(|by| by.of(&facts));
        for figure in &of_orders {
            enter(*figure, group.as_ref(), figure.count(&facts, now));
        }
    }
    for facts in complaint_store::received(conn, org, span, asked.sites.as_deref())? {
        let group = asked.by.and_then(|by| by.of_complaint(&facts));
        for figure in &of_complaints {
            enter(*figure, group.as_ref(), figure.count_complaint(&facts, now));
        }
    }
    Ok(counts)
}

fn group_names(conn: &mut Conn, org: Uuid, asked: &Asked, counts: &Counts) -> Result<HashMap<Uuid, String>, DoorError> {
    let Some(by) = asked.by else { return Ok(HashMap::new()) };
    let ids = counts.keys().filter_map(|(_, group)| if let Some(Group::Id(id)) = group { Some(*id) } else { None });
    let ids: HashSet<Uuid> = ids.collect();
    let label = |label: Label| match asked.language {
        Language::English => label.en,
        Language::Chinese => label.zh,
    };
    let names = match by {
        By::Technician => labelled(named(conn, org, ids)?, |user: User| user.name),
        By::Team => labelled(named(conn, org, ids)?, |team: Team| team.name),
        By::Site => labelled(named(conn, org, ids)?, |site: Site| site.name),
        By::OrderType => labelled(named(conn, org, ids)?, |sort: OrderType| label(sort.name)),
        By::Class => labelled(named(conn, org, ids)?, |class: ComplaintClass| label(class.name)),
        By::Cause => HashMap::new(),
    };
    Ok(names)
}

fn labelled<T>(records: HashMap<Uuid, T>, name: impl Fn(T) -> String) -> HashMap<Uuid, String> {
    records.into_iter().map(|(id, record)| (id, name(record))).collect()
}

fn line(
    figure: Figure,
    language: Language,
    targets: &Targets,
    counts: &Counts,
    trends: &[(String, Counts)],
    names: &HashMap<Uuid, String>,
) -> FigureLine {
    let (measure, target) = (figure.measure(), figure.target(targets));
    let tally = counts.get(&(figure, None)).copied().unwrap_or_default();
    let value = tally.value(measure);
    let say = |what: &str| language.sentence(&format!("figure-{}{what}", figure.as_str()), &[]).unwrap_or_default();
    let of = figure.counted_of();
    let nobody = if of == CountedOf::Orders { "figure-group-none" } else { "figure-group-unsaid" };
    let of_group = |((counted, group), tally): (&(Figure, Option<Group>), &Tally)| {
        let (id, name) = match group.as_ref().filter(|_| *counted == figure)? {
            Group::Id(id) => (Some(*id), names.get(id).cloned().unwrap_or_else(|| id.to_string())),
            Group::Text(text) => (None, text.clone()),
            Group::None => (None, language.sentence(nobody, &[]).unwrap_or_default()),
        };
        Some(GroupLine { id, name, tally: *tally, value: tally.value(measure) })
    };
    let mut groups: Vec<GroupLine> = counts.iter().filter_map(of_group).collect();
    groups.sort_unstable_by(|a, b| (b.tally.denominator, &a.name, a.id).cmp(&(a.tally.denominator, &b.name, b.id)));
    let earlier = |(period, counts): &(String, Counts)| {
        let tally = counts.get(&(figure, None)).copied().unwrap_or_default();
        TrendLine { period: period.clone(), tally, value: tally.value(measure) }
    };
    FigureLine {
        figure,
        of,
        name: say(""),
        measure,
        definition: say("-definition"),
        target,
        tally,
        value,
        reached: target.zip(value).map(|(target, value)| value >= u64::from(target)),
        groups,
        trend: trends.iter().map(earlier).collect(),
    }
}
