//! What happened in the firm's year, each thing from its number alone.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use mobile_api::{
    asset::{AssetCertificate, AssetSave, Meter, MeterKind},
    catalogue::Action,
    complaint::{About, ClosedThere, Complainant, ComplaintChannel, ImportComplaint, Severity},
    inspection::{AnswerItem, AnswerValue, ImportInspection, Spot},
    return_visit::{CalledThere, Satisfaction},
    work_order::{Source, dispatch::Assign, history::Import},
};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use super::{
    Firm, OPEN_EACH,
    firm::flat_name,
    texts::{ASSETS, CLASSES, CLOSINGS, COMPLAINTS, FAULTS, ITEMS, NAMES, SORTS},
};

/// What the seed is to the records that it makes.
const SOURCE: &str = "seed";

/// How far back history goes.
const YEAR: TimeDelta = TimeDelta::days(365);

/// Chance for the `n`th thing of a kind: always the same.
fn chance(kind: u64, n: u64) -> StdRng {
    StdRng::seed_from_u64(kind << 48 | n)
}

fn source(n: u64) -> Source {
    Source { system: SOURCE.into(), id: n.to_string() }
}

fn day(at: DateTime<Utc>) -> NaiveDate {
    at.date_naive()
}

/// The moment of the `n`th of so many things that are spread evenly over the year.
fn moment(firm: &Firm, n: u64, of: u64) -> DateTime<Utc> {
    let share = n as f64 / of.max(1) as f64;
    firm.newest - YEAR + TimeDelta::seconds((YEAR.num_seconds() as f64 * share) as i64)
}

/// An asset: three in four are lifts; a quarter of the certificates runs out within the next three months or has done so.
pub(super) fn asset(firm: &Firm, n: u64) -> Vec<(Uuid, Action)> {
    let mut chance = chance(1, n);
    let (asset_type, zh, en, meter, unit) = ASSETS[if n % 4 < 3 { 0 } else { 1 + (n / 4 % 3) as usize }];
    let installed = firm.newest - TimeDelta::days(chance.random_range(400..9_000));
    let expires = firm.newest + TimeDelta::days(chance.random_range(-30..330));
    let save = AssetSave {
        name: format!("{zh} {en} {n}"),
        asset_type: asset_type.into(),
        code: Some(format!("E-{n:05}")),
        serial: Some(format!("{:08}", 30_000_000 + n)),
        site: firm.site_of_unit(n),
        building: None,
        unit: None,
        place: format!("{} 号楼 shaft {}", n / 50 + 1, n % 4 + 1),
        serves: Default::default(),
        parent: None,
        maker: Some("Hitachi".into()),
        model: Some("HCA-1050".into()),
        installed_on: Some(day(installed)),
        warranty_until: Some(day(installed + TimeDelta::days(730))),
        certificate: Some(AssetCertificate { number: Some(format!("C-{n}")), expires_on: day(expires) }),
        documents: Vec::new(),
        meters: vec![Meter {
            code: meter.into(),
            unit: unit.into(),
            kind: MeterKind::Counter,
            low_milli: None,
            high_milli: None,
        }],
        source: Some(source(n)),
    };
    vec![(firm.asset(n).uuid(), save.into())]
}

/// An order: two in five about an asset, the others from a flat. The newest are open, [`OPEN_EACH`] for each technician; of
/// the others nineteen in twenty were closed in time.
pub(super) fn order(firm: &Firm, n: u64) -> Vec<(Uuid, Action)> {
    let counts = firm.size.counts();
    let mut chance = chance(2, n);
    let sort = pick_sort(&mut chance);
    let about_asset = chance.random_ratio(2, 5);
    let place = chance.random_range(0..if about_asset { counts.assets } else { counts.units });
    let received_at = moment(firm, n, counts.orders);
    let in_time = chance.random_ratio(19, 20);
    let hours = chance.random_range(if in_time { 1..24 } else { 25..72 });
    let closed_at = (received_at + TimeDelta::hours(hours)).min(firm.newest);
    let open = n >= counts.orders - open_orders(firm);
    let fault = FAULTS[sort].choose(&mut chance).copied().unwrap_or_default();
    let closing = CLOSINGS.choose(&mut chance).copied().unwrap_or_default();
    let import = Import {
        source: source(n),
        order_type: firm.order_type(sort),
        site: firm.site_of_unit(place),
        building: None,
        unit: (!about_asset).then(|| firm.unit(place)),
        customer: (!about_asset).then(|| firm.customer(place)),
        asset: about_asset.then(|| firm.asset(place)),
        technician: (!open).then(|| firm.technician(chance.random_range(0..counts.technicians))),
        place: flat_name(place),
        fault: format!("{fault}（{}）", flat_name(place)),
        received_at,
        due: Some(received_at + TimeDelta::hours(24)),
        closed_at: (!open).then_some(closed_at),
        closing: (!open).then(|| closing.into()),
        return_visit: (!open).then(|| call_after(closed_at, &mut chance)).flatten(),
    };
    vec![(firm.order(n), import.into())]
}

/// Every tenth customer was called on the next day; of these nineteen in twenty were content, and one in fifty was not reached.
fn call_after(closed_at: DateTime<Utc>, chance: &mut impl Rng) -> Option<CalledThere> {
    chance.random_ratio(1, 10).then(|| {
        let satisfaction = match chance.random_range(0..100) {
            0..2 => None,
            2..5 => Some(Satisfaction::Fair),
            5..7 => Some(Satisfaction::Dissatisfied),
            _ => Some(Satisfaction::Satisfied),
        };
        CalledThere { at: closed_at + TimeDelta::hours(24), satisfaction, words: None }
    })
}

fn open_orders(firm: &Firm) -> u64 {
    firm.size.counts().technicians * OPEN_EACH
}

fn pick_sort(chance: &mut impl Rng) -> usize {
    let mut drawn = chance.random_range(0..100);
    for (sort, (.., share)) in SORTS.iter().enumerate() {
        match u32::checked_sub(drawn, *share) {
            Some(rest) => drawn = rest,
            None => return sort,
        }
    }
    0
}

/// An open order is given to the technician whose turn it is.
pub(super) fn assignment(firm: &Firm, n: u64) -> Vec<(Uuid, Action)> {
    let order = firm.size.counts().orders - open_orders(firm) + n;
    vec![(firm.order(order), Assign { technician: firm.technician(n) }.into())]
}

/// An inspection of an asset, in turn; every tenth found something.
pub(super) fn inspection(firm: &Firm, n: u64) -> Vec<(Uuid, Action)> {
    let counts = firm.size.counts();
    let mut chance = chance(3, n);
    let asset = n % counts.assets;
    let started_at = moment(firm, n, counts.inspections);
    let failed = chance.random_ratio(1, 10).then(|| chance.random_range(0..16));
    let turn = (n / counts.assets) as i64;
    let answer = |(at, (key, ..)): (usize, &(&str, &str, &str))| {
        let value = match *key {
            "temperature" => AnswerValue::Number { milli: 45_000 + (n % 20_000) as i64 },
            "pressure" => AnswerValue::Number { milli: 400 + (n % 200) as i64 },
            "hours" | "energy" => AnswerValue::Number { milli: (turn * 1_000 + (n % 97) as i64) * 1_000 },
            _ if failed == Some(at) => AnswerValue::Fail,
            _ => AnswerValue::Pass,
        };
        let note = (failed == Some(at)).then(|| "已通知维修 Repair called".to_owned());
        AnswerItem { point: None, item: (*key).into(), value, note }
    };
    let import = ImportInspection {
        source: source(n),
        template: firm.template(),
        spot: Spot { site: firm.site_of_unit(asset), building: None, unit: None, asset: Some(firm.asset(asset)) },
        started_at,
        finished_at: started_at + TimeDelta::minutes(18),
        inspector: Some(firm.technician(n)),
        answers: ITEMS.iter().enumerate().map(answer).collect(),
    };
    vec![(firm.inspection(n), import.into())]
}

/// A complaint of somebody in a flat; the newest hundredth is still open, and every tenth is a serious one.
pub(super) fn complaint(firm: &Firm, n: u64) -> Vec<(Uuid, Action)> {
    let counts = firm.size.counts();
    let mut chance = chance(4, n);
    let unit = chance.random_range(0..counts.units);
    let class = chance.random_range(0..CLASSES.len());
    let received_at = moment(firm, n, counts.complaints);
    let open = n >= counts.complaints - counts.complaints.div_ceil(100);
    let in_time = chance.random_ratio(9, 10);
    let hours = chance.random_range(if in_time { 1..24 } else { 25..96 });
    let fault = FAULTS.choose(&mut chance).and_then(|faults| faults.choose(&mut chance)).copied().unwrap_or_default();
    let what = COMPLAINTS[class].choose(&mut chance).copied().unwrap_or_default();
    let channels = [ComplaintChannel::Phone, ComplaintChannel::Desk, ComplaintChannel::Online, ComplaintChannel::Field];
    let closed = ClosedThere {
        at: (received_at + TimeDelta::hours(hours)).min(firm.newest),
        class: Some(firm.class(class)),
        cause: CLASSES[class].2.into(),
        text: CLOSINGS.choose(&mut chance).copied().unwrap_or_default().into(),
        accepted: Some(chance.random_ratio(9, 10)),
    };
    let severity = if chance.random_ratio(1, 10) { Severity::Serious } else { Severity::Ordinary };
    let import = ImportComplaint {
        source: source(n),
        channel: channels.choose(&mut chance).copied().unwrap_or(ComplaintChannel::Phone),
        by: Complainant { name: format!("{} {unit}", NAMES[(unit % NAMES.len() as u64) as usize]), phone: None },
        about: About { unit: Some(firm.unit(unit)), customer: Some(firm.customer(unit)), ..About::default() },
        text: format!("{what}：{fault}（{}）", flat_name(unit)),
        severity,
        received_at,
        due: Some(received_at + TimeDelta::hours(24)),
        founded: Some(chance.random_ratio(4, 5)),
        closed: (!open).then_some(closed),
    };
    vec![(firm.complaint(n), import.into())]
}
