//! Every string of the Big List of Naughty Strings, and some of our own, in every text of every operation: it comes
//! back as it was written, or is refused with a word about which field and why.
//!
//! The texts are found by walking the catalogue's examples, so that a new operation is covered as soon as [`LIFE`]
//! says when in the life of an order it happens.

use std::{
    collections::{BTreeSet, HashSet},
    sync::LazyLock,
};

use mobile_api::{
    catalogue::{Action, OPERATIONS},
    check::FieldError,
    refusal::Refusal,
    return_visit, signing,
};
use serde_json::value::to_raw_value;

use super::*;
use crate::harness::Firm;

fn naughty() -> Vec<String> {
    let list = std::fs::read(conformance("naughty-strings/blns.json")).unwrap();
    let mut strings: Vec<String> = serde_json::from_slice(&list).unwrap();
    assert!(strings.len() > 500);
    let own =
        ["\0", "a\0b", "\u{1}\u{7f}\u{85}", "\u{feff}plain", "e\u{301}", "\u{2028}\u{2029}", "\u{10ffff}", "a\r\nb\t"];
    strings.extend(own.map(Into::into));
    strings.extend(["x".repeat(5_000), "漏".repeat(300), "\u{1f469}\u{200d}\u{1f527}".repeat(50)]);
    strings
}

/// A record that is made anew in each round; except for the firm, which is always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Firm,
    Site,
    Building,
    Unit,
    Customer,
    Account,
    Team,
    OrderType,
    PriceItem,
    Calendar,
    Article,
    Store,
    Moved,
    Condemned,
    Counted,
    Device,
    Asset,
    Plan,
    Shutdown,
    OffShutdown,
    Handover,
    Class,
    Complaint,
    OtherComplaint,
    OldComplaint,
    Visit,
    Form,
    Walk,
    Inspected,
    Order,
    OtherOrder,
    Imported,
    Review,
}

impl Thing {
    fn id(self, round: usize) -> Uuid {
        match self {
            Thing::Firm => Firm::with(0).org,
            // A question has the id of the operation that it is about.
            Thing::Review => operation_id("work_order.sign_off", round),
            Thing::Visit => return_visit::id_of(Ref::new(Kind::WorkOrder, Thing::Order.id(round))).uuid(),
            thing => Uuid::from_u128((0x0193_7000 << 96) | (round as u128) << 16 | thing as u128),
        }
    }
}

/// The life of an order, and of everything around it: each operation with its record. What lies between the first
/// [`DOOR`] and the last is done by the technician, the rest by the office.
const LIFE: &[(&str, Thing)] = &[
    ("organisation.save", Thing::Firm),
    ("organisation.set_money_rules", Thing::Firm),
    ("organisation.set_maintenance_rules", Thing::Firm),
    ("organisation.set_targets", Thing::Firm),
    ("organisation.set_complaint_rules", Thing::Firm),
    ("organisation.set_return_visit_rules", Thing::Firm),
    ("site.save", Thing::Site),
    ("building.save", Thing::Building),
    ("unit.save", Thing::Unit),
    ("customer.save", Thing::Customer),
    ("customer.add_contact", Thing::Customer),
    ("user.save", Thing::Account),
    ("user.renew_calendar_link", Thing::Account),
    ("team.save", Thing::Team),
    ("calendar.save", Thing::Calendar),
    ("order_type.save", Thing::OrderType),
    ("price_item.save", Thing::PriceItem),
    ("article.save", Thing::Article),
    ("stock_place.save", Thing::Store),
    ("stock_move.record", Thing::Moved),
    ("stock_move.counter", Thing::Moved),
    ("stock_move.scrap", Thing::Condemned),
    ("stock_move.decide_scrap", Thing::Condemned),
    ("stock_count.open", Thing::Counted),
    ("asset.save", Thing::Asset),
    ("asset.set_service", Thing::Asset),
    ("maintenance_plan.save", Thing::Plan),
    ("maintenance_plan.generate", Thing::Plan),
    ("maintenance_plan.withdraw", Thing::Plan),
    ("shutdown.save", Thing::Shutdown),
    ("shutdown.set_affected", Thing::Shutdown),
    ("shutdown.send_back", Thing::Shutdown),
    ("shutdown.approve", Thing::Shutdown),
    ("shutdown.give_notice", Thing::Shutdown),
    ("shutdown.reschedule", Thing::Shutdown),
    ("shutdown.measure_ready", Thing::Shutdown),
    ("shutdown.start", Thing::Shutdown),
    ("shutdown.restore", Thing::Shutdown),
    ("shutdown.announce", Thing::Shutdown),
    ("shutdown.record", Thing::Shutdown),
    ("shutdown.save", Thing::OffShutdown),
    ("shutdown.withdraw", Thing::OffShutdown),
    ("asset.retire", Thing::Asset),
    ("template.save", Thing::Form),
    ("template.publish", Thing::Form),
    ("round.save", Thing::Walk),
    ("round.withdraw", Thing::Walk),
    ("inspection.start", Thing::Inspected),
    ("inspection.void", Thing::Inspected),
    ("template.withdraw", Thing::Form),
    ("device.register", Thing::Device),
    ("device.revoke", Thing::Device),
    ("work_order.import", Thing::Imported),
    ("work_order.request", Thing::OtherOrder),
    ("work_order.cancel", Thing::OtherOrder),
    ("handover.open", Thing::Handover),
    ("handover.remark", Thing::Handover),
    ("handover.withdraw", Thing::Handover),
    ("complaint_class.save", Thing::Class),
    ("complaint.receive", Thing::Complaint),
    ("complaint.import", Thing::OldComplaint),
    ("complaint.edit", Thing::Complaint),
    ("complaint.judge", Thing::Complaint),
    ("complaint.refer", Thing::Complaint),
    ("complaint.respond", Thing::Complaint),
    ("complaint.set_task", Thing::Complaint),
    ("complaint.report_task", Thing::Complaint),
    ("complaint.record_findings", Thing::Complaint),
    ("complaint.open_order", Thing::Complaint),
    ("complaint.propose", Thing::Complaint),
    ("complaint.approve", Thing::Complaint),
    ("complaint.carry_out", Thing::Complaint),
    ("complaint.follow_up", Thing::Complaint),
    ("complaint.note", Thing::Complaint),
    ("complaint.add_photo", Thing::Complaint),
    ("complaint.accept", Thing::Complaint),
    ("complaint.refuse", Thing::Complaint),
    ("complaint.call_back", Thing::Complaint),
    ("complaint.summarise", Thing::Complaint),
    ("complaint.close", Thing::Complaint),
    ("complaint.reopen", Thing::Complaint),
    ("complaint.receive", Thing::OtherComplaint),
    ("complaint.judge", Thing::OtherComplaint),
    ("complaint.record_understanding", Thing::OtherComplaint),
    ("work_order.request", Thing::Order),
    ("work_order.assign", Thing::Order),
    ("work_order.hand_back", Thing::Order),
    ("work_order.assign", Thing::Order),
    ("work_order.agree_time", Thing::Order),
    ("work_order.arrive", Thing::Order),
    ("work_order.diagnose", Thing::Order),
    ("work_order.quote", Thing::Order),
    ("work_order.confirm_quote", Thing::Order),
    ("work_order.start", Thing::Order),
    ("work_order.pause", Thing::Order),
    ("work_order.resume", Thing::Order),
    ("work_order.use_material", Thing::Order),
    ("work_order.record_labour", Thing::Order),
    ("work_order.note", Thing::Order),
    ("work_order.explain_delay", Thing::Order),
    ("work_order.add_photo", Thing::Order),
    ("work_order.void_entry", Thing::Order),
    ("work_order.edit", Thing::Order),
    ("work_order.record_result", Thing::Order),
    ("work_order.finish", Thing::Order),
    ("work_order.refuse_acceptance", Thing::Order),
    ("work_order.finish", Thing::Order),
    ("work_order.sign_off", Thing::Order),
    ("return_visit.attempt", Thing::Visit),
    ("return_visit.send_survey", Thing::Visit),
    ("return_visit.record", Thing::Visit),
    ("work_order.set_charge", Thing::Order),
    ("work_order.record_payment", Thing::Order),
    ("work_order.refund_payment", Thing::Order),
    ("work_order.close", Thing::Order),
    ("review.resolve", Thing::Review),
];

/// What nobody types: the founding of a firm goes through another door, and what became of bytes the server says itself.
/// And what takes two people in turn: a customer answers a survey on a page (`return_visits::survey`); who agrees to a quote is another than who made it (`conflicts::paying`), a customer confirms on a page (`conflicts::by_link`), what was taken for rework takes two orders (`conflicts::paying`), and an order
/// changes hands between technicians (`conflicts::hands`), as a shift does (`conflicts::handover`). And what names the keys of a form, which are texts themselves
/// (`inspections::forms`), and what names an address (`webhooks::who_may_set_one_up`).
const ELSEWHERE: &[&str] = &[
    "organisation.found",
    "complaint.settle_photos",
    "complaint.raise_alarm",
    "complaint.plan_survey",
    "work_order.settle_photos",
    "round.plan",
    "inspection.plan",
    "inspection.import",
    "inspection.assign",
    "inspection.visit_point",
    "inspection.answer",
    "inspection.add_photo",
    "inspection.settle_photos",
    "inspection.report_fault",
    "inspection.sign",
    "inspection.finish",
    "inspection.note_missed",
    "work_order.raise_alarm",
    "work_order.agree_quote",
    "work_order.unlink_rework",
    "work_order.send_quote",
    "work_order.confirm_by_link",
    "webhook.save",
    "webhook.give_up",
    "handover.sign",
    "return_visit.answer_survey",
    "return_visit.raise_alarm",
    "work_order.plan_visit",
    "work_order.grab",
    "work_order.pass_on",
    "asset.record_reading",
    "asset.note_expiring",
    "shutdown_notice.read",
];

const DOOR: [&str; 2] = ["work_order.agree_time", "work_order.sign_off"];

fn place_of(step: &str) -> usize {
    LIFE.iter().position(|(name, _)| *name == step).unwrap()
}

fn id_of(place: usize, round: usize) -> Uuid {
    Uuid::from_u128((0x0193_8000 << 96) | (round as u128) << 16 | place as u128)
}

fn operation_id(step: &str, round: usize) -> Uuid {
    id_of(place_of(step), round)
}

fn example(name: &str) -> Value {
    let action = Action::examples().into_iter().find(|action| action.spec().name == name).expect(name);
    serde_json::from_str(action.payload().unwrap().get()).unwrap()
}

/// A payload that fits into the life of a round.
fn payload(name: &str, round: usize) -> Value {
    let (firm, mut payload) = (Firm::with(0), example(name));
    let yuan = |minor: u32| json!({ "minor": minor, "currency": "CNY" });
    let quote = operation_id("work_order.quote", round);
    let (article, store) = (Thing::Article.id(round), format!("store:{}", Thing::Store.id(round)));
    let changes = match name {
        "work_order.request" => json!({ "order_type": firm.plumbing, "site": firm.site }),
        "work_order.import" => {
            let called = json!({ "at": "2030-01-01T00:00:00Z", "satisfaction": "fair", "words": "" });
            json!({ "order_type": firm.plumbing, "site": firm.site, "return_visit": called })
        }
        "building.save" | "unit.save" | "customer.save" | "asset.save" => json!({ "site": firm.site }),
        "round.save" => {
            let (template, spot) = (Thing::Form.id(round), json!({ "site": firm.site }));
            json!({ "template": template, "spot": spot, "points": [], "repeats": null })
        }
        "maintenance_plan.save" => {
            payload["job"]["order_type"] = json!(firm.plumbing);
            json!({ "asset": Thing::Asset.id(round) })
        }
        "shutdown.save" => {
            let affected = json!({ "units": [Thing::Unit.id(round)], "changed": "" });
            json!({ "asset": Thing::Asset.id(round), "affected": affected })
        }
        "shutdown.set_affected" => json!({ "affected": { "units": [Thing::Unit.id(round)], "changed": "" } }),
        "inspection.start" => json!({ "template": Thing::Form.id(round), "spot": { "site": firm.site } }),
        "user.save" => json!({ "certificates": [{ "code": "", "expires_at": "2030-01-01T00:00:00Z" }] }),
        "stock_move.record" => json!({ "article": article, "from": "supplier", "to": store }),
        "stock_move.scrap" => json!({ "article": article, "from": store }),
        "stock_count.open" => json!({ "articles": [article], "place": store }),
        "handover.open" => {
            let window = json!({ "from": "2030-01-01T00:00:00Z", "until": "2030-01-01T02:00:00Z" });
            let order = json!({
                "order": Thing::OtherOrder.id(round), "number": "", "status": "requested", "fault": "", "technician": null,
                "promised": { "window": window, "to": "" }
            });
            let material = json!({ "article": article, "name": { "zh": "", "en": "" }, "milli": 1000, "unit": "" });
            json!({ "from": firm.wang, "to": firm.zhao, "orders": [order], "material": [material] })
        }
        "complaint.receive" | "complaint.import" => json!({ "about": { "site": firm.site } }),
        "complaint.edit" => json!({ "text": "", "wanted": "", "by": { "name": "", "phone": "" } }),
        "complaint.refer" => json!({ "team": firm.plumbers }),
        "complaint.set_task" => json!({ "who": firm.wang }),
        "complaint.report_task" => json!({ "task": operation_id("complaint.set_task", round) }),
        "complaint.open_order" => json!({ "order_type": firm.plumbing }),
        "complaint.approve" => json!({ "proposal": operation_id("complaint.propose", round) }),
        "complaint.accept" => {
            payload["said"]["content"]["complaint"] = json!(Thing::Complaint.id(round));
            json!({})
        }
        "work_order.assign" => json!({ "technician": firm.wang }),
        "work_order.confirm_quote" => json!({ "quote": quote, "method": { "how": "verbal", "witness": "" } }),
        "work_order.record_labour" => {
            let from = crate::harness::morning() + chrono::TimeDelta::hours(round as i64);
            json!({ "from": from, "until": from + chrono::TimeDelta::minutes(30) })
        }
        "work_order.void_entry" => json!({ "entry": operation_id("work_order.note", round) }),
        "work_order.edit" => {
            payload = json!({});
            json!({ "place": "", "fault": "", "caller": { "name": "", "phone": "" }, "findings": "" })
        }
        "work_order.sign_off" => {
            let shown = json!({ "id": quote, "revision": 1, "lines": [], "total": yuan(1_000) });
            payload["content"]["order"] = json!(Thing::Order.id(round));
            payload["content"]["quote"] = shown;
            payload["content"]["amount"] = yuan(1_000);
            json!({})
        }
        "work_order.refund_payment" => json!({ "payment": operation_id("work_order.record_payment", round) }),
        "work_order.set_charge" => {
            json!({ "sign_off": operation_id("work_order.sign_off", round), "amount": yuan(500) })
        }
        _ => json!({}),
    };
    payload.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    payload
}

/// Puts a text in its place. The signature stands for what is shown.
fn put(payload: &mut Value, pointer: &str, text: &str) {
    *payload.pointer_mut(pointer).unwrap() = json!(text);
    if pointer.starts_with("/said/content/") {
        payload["said"]["digest"] = json!(signing::digest(&payload["said"]["content"]).unwrap());
    }
    if pointer.starts_with("/content/") {
        payload["digest"] = json!(signing::digest(&payload["content"]).unwrap());
    }
}

/// What the contract has against a payload.
fn complaints(name: &str, payload: &Value) -> Result<(), Vec<FieldError>> {
    let action = Action::parse(name, &to_raw_value(payload).unwrap()).map_err(|_| Vec::new())?;
    action.check().map_err(|refusal| match refusal {
        Refusal::Invalid { errors } => errors,
        other => panic!("{other}"),
    })
}

/// Every string, and everything that may become one, by its pointer.
fn strings(value: &Value, pointer: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| strings(value, &format!("{pointer}/{key}"), into))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| strings(value, &format!("{pointer}/{at}"), into));
        }
        Value::String(_) | Value::Null => into.push(pointer.into()),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where an operation takes any text, and where only an id, a date, a choice.
fn texts(name: &str) -> (Vec<String>, Vec<String>) {
    let whole = plain(name, 0);
    let mut pointers = Vec::new();
    strings(&whole, "", &mut pointers);
    pointers.into_iter().partition(|pointer| {
        let mut probe = whole.clone();
        put(&mut probe, pointer, "plain");
        complaints(name, &probe).is_ok()
    })
}

/// The payload of a round with a plain word in every place that takes one.
fn plain(name: &str, round: usize) -> Value {
    let mut whole = payload(name, round);
    let mut pointers = Vec::new();
    strings(&whole, "", &mut pointers);
    // What was left empty above is there to be filled.
    for pointer in
        pointers.iter().filter(|pointer| whole.pointer(pointer) == Some(&json!(""))).cloned().collect::<Vec<_>>()
    {
        put(&mut whole, &pointer, "plain");
    }
    if name == "work_order.sign_off" {
        put(&mut whole, "/content/place", "plain");
    }
    if name == "complaint.accept" {
        put(&mut whole, "/said/content/text", "plain");
    }
    assert_eq!(complaints(name, &whole), Ok(()), "{name}: {whole}");
    whole
}

/// A text that the contract refuses.
struct Refused {
    name: &'static str,
    pointer: String,
    payload: Value,
    error: FieldError,
}

/// What is sent, and what is to be read afterwards.
struct Plan {
    /// By round, by place in [`LIFE`].
    rounds: Vec<Vec<Value>>,
    /// By round: place, pointer, text.
    texts: Vec<Vec<(usize, String, String)>>,
    refused: Vec<Refused>,
}

/// In round `r` every text has another string, and after all rounds each has had every string. Round 0 is plain.
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let naughty = naughty();
    let places: Vec<_> = LIFE.iter().map(|(name, _)| texts(name).0).collect();
    let mut plan = Plan { rounds: Vec::new(), texts: Vec::new(), refused: Vec::new() };
    for round in 0..=naughty.len() {
        let (mut payloads, mut wanted, mut turn) = (Vec::new(), Vec::new(), round);
        for (place, (name, _)) in LIFE.iter().enumerate() {
            let calm = plain(name, round);
            let mut whole = calm.clone();
            for (at, pointer) in places[place].iter().enumerate() {
                turn += 13;
                let mut text = format!("p{place}x{at}r{round}");
                if round > 0 {
                    let (bad, mut probe) = (&naughty[turn % naughty.len()], calm.clone());
                    put(&mut probe, pointer, bad);
                    match complaints(name, &probe) {
                        Ok(()) => text.clone_from(bad),
                        Err(errors) => {
                            let error = errors.into_iter().next().expect("a text is a text");
                            plan.refused.push(Refused { name, pointer: pointer.clone(), payload: probe, error });
                        }
                    }
                }
                put(&mut whole, pointer, &text);
                wanted.push((place, pointer.clone(), text));
            }
            payloads.push(whole);
        }
        plan.rounds.push(payloads);
        plan.texts.push(wanted);
    }
    plan
});

/// The texts of a record.
fn leaves<'v>(value: &'v Value, into: &mut HashSet<&'v str>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, into)),
        Value::Array(items) => items.iter().for_each(|value| leaves(value, into)),
        Value::String(text) => drop(into.insert(text)),
        _ => {}
    }
}

/// Lives every round, 200 operations at a time.
async fn live(house: &House, places: std::ops::Range<usize>, login: &str) {
    let (office, device) = device(house, login).await;
    let of_round = |(round, payloads): (usize, &Vec<Value>)| {
        let step = |place: usize| {
            let (name, thing) = LIFE[place];
            operation(id_of(place, round), name, thing.id(round), payloads[place].clone())
        };
        places.clone().map(step).collect::<Vec<_>>()
    };
    let operations: Vec<Value> = PLAN.rounds.iter().enumerate().flat_map(of_round).collect();
    for operations in operations.chunks(200) {
        let answer = office.push(device, operations).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        for (verdict, operation) in answer.body["verdicts"].as_array().unwrap().iter().zip(operations) {
            let applied = ["applied", "applied_flagged"].contains(&verdict["status"].as_str().unwrap());
            assert!(applied, "{verdict}\n{operation}");
        }
    }
}

/// Reads every record of a round, in the order of [`LIFE`].
async fn read(house: &House, round: usize) -> Vec<Value> {
    let kind = |name: &str| OPERATIONS.iter().find(|spec| spec.name == name).unwrap().kind;
    let wanted = LIFE.iter().map(|(name, thing)| Ref::new(kind(name), thing.id(round))).collect();
    records(house, wanted).await.into_iter().map(Option::unwrap).collect()
}

stories! {
    async fn a_text_comes_back_as_it_was_written(house: House) {
        let [arrives, leaves_again] = DOOR.map(place_of);
        live(&house, 0..arrives, "admin").await;
        live(&house, arrives..leaves_again + 1, "wang").await;
        live(&house, leaves_again + 1..LIFE.len(), "admin").await;

        let calm = read(&house, 0).await;
        let mut shown: BTreeSet<(usize, String)> = BTreeSet::new();
        for (place, pointer, text) in PLAN.texts[0].iter().filter(|(place, ..)| LIFE[*place].1 != Thing::Firm) {
            let mut texts = HashSet::new();
            leaves(&calm[*place], &mut texts);
            if texts.contains(&**text) {
                shown.insert((*place, pointer.clone()));
            }
        }
        assert!(shown.len() > 40, "texts that a record shows: {shown:?}");
        for round in 1..PLAN.rounds.len() {
            let found = read(&house, round).await;
            for (place, pointer, text) in &PLAN.texts[round] {
                if !shown.contains(&(*place, pointer.clone())) {
                    continue;
                }
                let mut texts = HashSet::new();
                leaves(&found[*place], &mut texts);
                // A summary of nothing but spaces is none.
                if pointer == "/summary" && text.trim().is_empty() {
                    continue;
                }
                // Logins are compared without regard to case, and kept so.
                let kept = if pointer == "/login" { text.to_lowercase() } else { text.clone() };
                assert!(texts.contains(&*kept), "{} {pointer}: {text:?} is not in {}", LIFE[*place].0, found[*place]);
            }
        }
        alive(&house).await;
    }

    /// One of each sort: the others differ in nothing that the server could see.
    async fn a_text_that_is_none_is_refused_with_its_place(house: House) {
        let (admin, wang, before) = (house.office("admin").await, house.office("wang").await, version(&house).await);
        let mut seen = BTreeSet::new();
        for refused_text in &PLAN.refused {
            let Refused { name, pointer, payload, error } = refused_text;
            assert_eq!(&error.pointer, pointer, "{name}: {}", error.detail);
            if !seen.insert((name, pointer, &error.code)) {
                continue;
            }
            let spec = OPERATIONS.iter().find(|spec| spec.name == *name).unwrap();
            let office = if spec.allows(mobile_api::Role::Admin) { &admin } else { &wang };
            let address = spec.path().replace("{id}", "01930000-0000-7000-8000-00000000dead");
            let answer = office.post(&address, payload).await;
            assert_eq!(refused(&answer, name), "invalid", "{name} {pointer}");
            let told = &answer.body["errors"][0];
            assert_eq!((&told["pointer"], &told["code"]), (&json!(pointer), &json!(error.code)), "{name}");
        }
        assert!(seen.len() > 60, "{seen:?}");
        assert_eq!(version(&house).await, before);
    }
}

#[test]
fn every_operation_with_a_text_is_part_of_the_story() {
    let told: HashSet<&str> = LIFE.iter().map(|(name, _)| *name).chain(ELSEWHERE.iter().copied()).collect();
    for action in Action::examples() {
        let name = action.spec().name;
        let mut pointers = Vec::new();
        strings(&example(name), "", &mut pointers);
        assert!(pointers.is_empty() || told.contains(name) || texts(name).0.is_empty(), "put {name} into LIFE");
    }
}

#[test]
fn an_id_a_date_and_a_choice_are_no_text() {
    let naughty = naughty();
    for name in LIFE.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>() {
        let whole = plain(name, 0);
        for pointer in texts(name).1 {
            for text in &naughty {
                let mut probe = whole.clone();
                put(&mut probe, &pointer, text);
                // Which currencies there are is not for the contract to say.
                let letters = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
                let currency = pointer.ends_with("/currency") && letters;
                assert!(currency || complaints(name, &probe).is_err(), "{name} {pointer} took {text:?}");
            }
        }
    }
}
