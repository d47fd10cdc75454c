//! A small world in which an order lives: people, a firm with its prices, an office that acts at once, and phones
//! that act on what they last saw.

use std::collections::HashMap;

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Actor, Id, Role,
    catalogue::Action,
    directory::{
        Certificate, Deadlines, Escalation, Label, OrderType, Organisation, PriceItem, PriceKind, Site, Team, User,
    },
    evidence::When,
    money::{Currency, Money, Quantity},
    operation::{Context, Decision, Mode, Need, Related},
    record::{Kind, Record, Ref},
    refusal::{Flag, Refusal},
    signing::{Digest, Point, Stroke, digest},
    time::Timestamp,
    work_order::{
        Caller, Channel, ConfirmationMethod, Priority, SignedContent, Status, Window, WorkOrder,
        confirm::ConfirmQuote,
        dispatch::{Accept, AgreeTime, Assign, Cancel, Close, Depart, HandBack},
        pause::Pause,
        quote::{MakeQuote, NewLine},
        request::Request,
        sign_off::Sign,
        visit::{Arrive, Finish, Start},
    },
};

/// Ids are small numbers, so that a snapshot reads the same for ever.
pub(super) const fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(super) const FIRM: Uuid = number(1);
pub(super) const SITE: Uuid = number(2);
pub(super) const NORTH: Uuid = number(3);
pub(super) const PLUMBING: Uuid = number(4);
pub(super) const LIFTS: Uuid = number(5);
pub(super) const WARRANTY: Uuid = number(6);
pub(super) const SEAL: Uuid = number(7);

/// Somebody of the firm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: Uuid,
    pub(super) name: &'static str,
    pub(super) role: Role,
}

const fn person(id: u128, name: &'static str, role: Role) -> Person {
    Person { id: number(id), name, role }
}

/// A technician; the lift certificate he once had ran out at noon.
pub(super) const WANG: Person = person(20, "Wang Lei", Role::Technician);
/// Another, with a valid certificate.
pub(super) const LI: Person = person(21, "Li Na", Role::Technician);
/// A third, of another team.
pub(super) const ZHAO: Person = person(22, "Zhao Min", Role::Technician);
pub(super) const DISPATCHER: Person = person(30, "Ding", Role::Dispatcher);
pub(super) const MANAGER: Person = person(31, "Guo", Role::Manager);
pub(super) const DESK: Person = person(32, "Fang", Role::FrontDesk);

impl Person {
    pub(super) fn user(self) -> Id<User> {
        Id::new(self.id)
    }

    pub(super) fn actor(self) -> Actor {
        let teams = if [WANG, LI].contains(&self) { vec![Id::new(NORTH)] } else { vec![] };
        Actor { org: FIRM, user: self.user(), role: self.role, sites: vec![], teams, device: None }
    }

    fn record(self) -> User {
        let certificate = |hours: i64| Certificate { code: "lift".into(), expires_at: at(hours * 60) };
        let certificates = match self {
            WANG => vec![certificate(4)],
            LI => vec![certificate(24 * 365)],
            _ => vec![],
        };
        let login = self.name.to_lowercase().replace(' ', ".");
        let (id, name, role, teams) = (self.user(), self.name.into(), self.role, self.actor().teams);
        User {
            id,
            name,
            login,
            role,
            sites: vec![],
            teams,
            skills: vec![],
            certificates,
            calendar: None,
            active: true,
            calendar_links: 0,
        }
    }
}

/// So many minutes after Monday 2 March 2026, 08:00 UTC.
pub(super) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_timestamp(1_772_438_400, 0).expect("a time") + Duration::minutes(minutes)
}

/// Happened between two minutes, as far as can be proved.
pub(super) fn between(earliest: i64, latest: i64) -> When {
    When { earliest: at(earliest), latest: at(latest), wall: None }
}

pub(super) fn window(from: i64, until: i64) -> Window {
    Window { from: at(from), until: at(until) }
}

pub(super) fn yuan(yuan: i64) -> Money {
    Money { minor: yuan * 100, currency: Currency::CNY }
}

pub(super) fn world() -> HashMap<Ref, Record> {
    let sort = |id, code: &str, free_of_charge, certificate: Option<&str>| OrderType {
        id: Id::new(id),
        code: code.into(),
        name: Label::new(code, code),
        free_of_charge,
        certificate: certificate.map(Into::into),
        deadlines: None,
        photos: Vec::new(),
        timing: Default::default(),
        warranty_days: None,
        active: true,
    };
    let (deadlines, money) = (Deadlines::TRADE, Default::default());
    let (time_zone, currency) = ("Asia/Shanghai".into(), Currency::CNY);
    let seal = PriceItem {
        id: Id::new(SEAL),
        code: "SEAL".into(),
        name: Label::new("密封圈", "Seal"),
        kind: PriceKind::Material,
        unit: "pc".into(),
        price: yuan(12),
        active: true,
        terms: Default::default(),
        others: Vec::new(),
        earlier: Vec::new(),
    };
    let mut records: Vec<Record> = vec![
        Organisation {
            id: Id::new(FIRM),
            name: "Bright Home".into(),
            time_zone,
            currency,
            deadlines,
            escalation: Escalation::TRADE,
            pool_cap: 2,
            money,
            maintenance: Default::default(),
            targets: Default::default(),
            complaints: Default::default(),
            return_visits: Default::default(),
        }
        .into(),
        Site { id: Id::new(SITE), name: "Lakeside".into(), address: String::new(), location: None, time_zone: None }
            .into(),
        Team { id: Id::new(NORTH), name: "North".into(), site: None }.into(),
        sort(PLUMBING, "plumbing", false, None).into(),
        sort(LIFTS, "lifts", false, Some("lift")).into(),
        sort(WARRANTY, "warranty", true, None).into(),
        seal.into(),
    ];
    records.extend([WANG, LI, ZHAO, DISPATCHER, MANAGER, DESK].map(|person| Record::from(person.record())));
    records.into_iter().map(|record| (record.address(), record)).collect()
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Did {
    /// Applied, with its flags.
    Applied(Vec<Flag>),
    /// Not applied.
    Refused(&'static str),
}

impl Did {
    #[track_caller]
    pub(super) fn applied(self) {
        assert_eq!(self, Did::Applied(vec![]));
    }

    #[track_caller]
    pub(super) fn flagged(self, flag: Flag) {
        assert_eq!(self, Did::Applied(vec![flag]));
    }

    #[track_caller]
    pub(super) fn refused(self, code: &'static str) {
        assert_eq!(self, Did::Refused(code));
    }
}

/// One order as the server holds it, and the world around it.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) order: WorkOrder,
    pub(super) rev: u64,
    /// The last operation.
    pub(super) op: Uuid,
    /// What the flags of the last operation said.
    pub(super) details: Vec<Value>,
    /// The present, in minutes; see [`at`].
    pub(super) now: i64,
    pub(super) related: Related,
}

impl Story {
    /// A request for a plumber, written down at eight o'clock, two minutes after the call.
    pub(super) fn new() -> Self {
        Self::of(PLUMBING)
    }

    pub(super) fn of(order_type: Uuid) -> Self {
        Self::requested(number(1000), DESK, Request { order_type: Id::new(order_type), ..request() })
    }

    pub(super) fn requested(id: Uuid, by: Person, request: Request) -> Self {
        let (order_number, receipt_number) = (Some("2026-000001".into()), Some("R2026-000001".into()));
        let related = Related { records: world(), order_number, receipt_number, ..Related::default() };
        let op = number(id.as_u128() + 1);
        let order = write_down(id, &Deed::online(by), request, &related).expect("a request is always taken").0;
        Self { order, rev: 1, op, details: vec![], now: 0, related }
    }

    fn context<'a>(
        &'a self,
        op: Uuid,
        actor: &'a Actor,
        when: When,
        mode: Mode,
        base_rev: Option<u64>,
        own_revs: &'a [u64],
    ) -> Context<'a> {
        let received_at = at(self.now);
        Context { op, actor, when, received_at, base_rev, own_revs, rev: self.rev + 1, mode, related: &self.related }
    }

    /// What the rule would decide, without anything coming of it.
    pub(super) fn decide(&self, deed: &Deed<'_>, action: impl Into<Action>) -> Result<Decision<Record>, Refusal> {
        let action = action.into();
        action.check()?;
        let actor = deed.who.actor();
        let when = deed.when.clone().unwrap_or_else(|| When::at(at(self.now)));
        // The rule is given what it asked for and no more, as the server does it.
        let order = Record::from(self.order.clone());
        let asked: Vec<_> = action.needs(Some(&order), &actor);
        let given = |address: &Ref| {
            asked.iter().any(|need| match need {
                Need::Record(asked) => asked == address,
                // The level of wherever the piece is.
                Need::Holder { piece } => address.id == piece.uuid() || address.kind == Kind::StockLevel,
                _ => false,
            })
        };
        let mut story = self.clone();
        story.related.records.retain(|address, _| given(address));
        let op = number(self.op.as_u128() + 1);
        let context = story.context(op, &actor, when, deed.mode, deed.base_rev, deed.own_revs);
        action.decide(self.order.id.uuid(), Some(order), &context)
    }

    /// Lets something happen.
    pub(super) fn perform(&mut self, deed: &Deed<'_>, action: impl Into<Action>) -> Did {
        let decided = self.decide(deed, action);
        self.op = number(self.op.as_u128() + 1);
        match decided {
            Err(refusal) => Did::Refused(refusal.code()),
            Ok(Decision { record, also, flags }) => {
                self.order = record.expect("orders are never deleted").try_into().expect("an order");
                self.rev += 1;
                self.related.records.extend(also.into_iter().map(|record| (record.address(), record)));
                self.details = flags.iter().map(|flagged| flagged.detail.clone()).collect();
                Did::Applied(flags.into_iter().map(|flagged| flagged.flag).collect())
            }
        }
    }

    /// Somebody acts online.
    pub(super) fn by(&mut self, who: Person, action: impl Into<Action>) -> Did {
        self.perform(&Deed::online(who), action)
    }

    /// The office or the technician acted online, and all went well.
    #[track_caller]
    pub(super) fn then(mut self, who: Person, action: impl Into<Action>) -> Self {
        self.by(who, action).applied();
        self
    }

    /// So many minutes after eight.
    pub(super) fn at(mut self, minutes: i64) -> Self {
        self.now = minutes;
        self
    }

    #[track_caller]
    pub(super) fn assigned_to(self, technician: Person) -> Self {
        self.then(DISPATCHER, assign(technician))
    }

    #[track_caller]
    pub(super) fn arrived(self) -> Self {
        let who = self.technician();
        self.then(who, Accept {}).then(who, Depart {}).then(who, Arrive {})
    }

    /// A quote over so many yuan that the customer confirmed.
    #[track_caller]
    pub(super) fn quoted(self, price: i64) -> Self {
        let who = self.technician();
        let story = self.then(who, quote(price));
        let confirmation = confirm(story.op);
        story.then(who, confirmation)
    }

    #[track_caller]
    pub(super) fn started(self) -> Self {
        let who = self.technician();
        self.then(who, Start {})
    }

    #[track_caller]
    pub(super) fn finished(self) -> Self {
        let who = self.technician();
        self.then(who, Finish { summary: None })
    }

    #[track_caller]
    pub(super) fn signed(self) -> Self {
        let who = self.technician();
        let signature = self.signature();
        self.then(who, signature)
    }

    /// Wang's order at this status, in the usual way there; 120 yuan are confirmed where there is a price.
    pub(super) fn reaching(status: Status) -> Self {
        match status {
            Status::Requested => Self::new(),
            Status::Assigned => Self::new().assigned_to(WANG),
            Status::EnRoute => Self::reaching(Status::Assigned).then(WANG, Depart {}),
            Status::OnSite => Self::reaching(Status::EnRoute).then(WANG, Arrive {}).quoted(120),
            Status::Working => Self::reaching(Status::OnSite).started(),
            Status::Paused => Self::reaching(Status::Working).then(WANG, pause()),
            Status::Finished => Self::reaching(Status::Working).finished(),
            Status::SignedOff => Self::reaching(Status::Finished).signed(),
            Status::Closed => Self::reaching(Status::SignedOff).then(DISPATCHER, close()),
            Status::Cancelled => Self::reaching(Status::Working).then(DISPATCHER, cancel()),
        }
    }

    pub(super) fn technician(&self) -> Person {
        let to = self.order.technician().expect("assigned");
        [WANG, LI, ZHAO].into_iter().find(|person| person.user() == to).expect("one of ours")
    }

    /// What Mrs Chen signs on a screen that shows what the server holds.
    pub(super) fn signature(&self) -> Sign {
        let who = self.order.technician().map_or(WANG, |_| self.technician());
        signature(self.order.content_to_sign(who.name, who.user(), "Mrs Chen"))
    }

    /// A phone that pulls now and then loses the signal.
    pub(super) fn phone(&self, who: Person) -> Phone {
        Phone { who, base_rev: self.rev, own_revs: Vec::new(), screen: self.clone() }
    }

    #[track_caller]
    pub(super) fn expect(&self, status: Status) {
        assert_eq!(self.order.status(), status);
    }
}

/// Who acts, and what they know.
#[derive(Clone, Debug)]
pub(super) struct Deed<'a> {
    pub(super) who: Person,
    pub(super) mode: Mode,
    pub(super) base_rev: Option<u64>,
    pub(super) own_revs: &'a [u64],
    pub(super) when: Option<When>,
}

impl Deed<'_> {
    pub(super) fn online(who: Person) -> Self {
        Deed { who, mode: Mode::Online, base_rev: None, own_revs: &[], when: None }
    }

    /// Recorded on the state of `base_rev`.
    pub(super) fn recorded(who: Person, base_rev: Option<u64>) -> Self {
        Deed { mode: Mode::Recorded, base_rev, ..Self::online(who) }
    }
}

/// A phone without signal: it shows what it pulled, with its own work replayed on top, and sends that work later.
#[derive(Clone)]
pub(super) struct Phone {
    who: Person,
    base_rev: u64,
    own_revs: Vec<u64>,
    /// What its owner sees.
    pub(super) screen: Story,
}

impl Phone {
    /// Shows on the screen what happens; the server hears nothing of it yet.
    #[track_caller]
    pub(super) fn shows(&mut self, action: impl Into<Action>) {
        let deed = Deed::recorded(self.who, Some(self.screen.rev));
        self.screen.perform(&deed, action).applied();
    }

    /// What was recorded reaches the server.
    pub(super) fn sends(&mut self, story: &mut Story, action: impl Into<Action>) -> Did {
        self.sends_of(story, None, action)
    }

    /// The same, with evidence of when it was.
    pub(super) fn sends_of(&mut self, story: &mut Story, when: Option<When>, action: impl Into<Action>) -> Did {
        let own_revs = self.own_revs.clone();
        let deed = Deed { own_revs: &own_revs, when, ..Deed::recorded(self.who, Some(self.base_rev)) };
        let did = story.perform(&deed, action);
        if matches!(did, Did::Applied(_)) {
            self.own_revs.push(story.rev);
        }
        did
    }
}

/// What the rule makes of a request at eight o'clock.
pub(super) fn write_down(
    id: Uuid,
    deed: &Deed<'_>,
    request: Request,
    related: &Related,
) -> Result<(WorkOrder, Vec<Flag>), Refusal> {
    let actor = deed.who.actor();
    let context = Context {
        op: number(id.as_u128() + 1),
        actor: &actor,
        when: deed.when.clone().unwrap_or_else(|| When::at(at(0))),
        received_at: at(0),
        base_rev: None,
        own_revs: &[],
        rev: 1,
        mode: deed.mode,
        related,
    };
    let made = Action::from(request).decide(id, None, &context)?;
    let order = made.record.expect("a record").try_into().expect("an order");
    Ok((order, made.flags.into_iter().map(|flagged| flagged.flag).collect()))
}

pub(super) fn request() -> Request {
    Request {
        order_type: Id::new(PLUMBING),
        site: Id::new(SITE),
        building: None,
        unit: None,
        customer: None,
        asset: None,
        team: Some(Id::new(NORTH)),
        place: "7-1203, kitchen".into(),
        fault: "Water drips".into(),
        caller: Caller { name: "Mrs Chen".into(), phone: None },
        channel: Channel::Phone,
        priority: Priority::Normal,
        preferred: None,
        called_at: Some(at(-2)),
    }
}

pub(super) fn request_by_phone(order_type: Uuid) -> Request {
    Request { order_type: Id::new(order_type), team: None, channel: Channel::Patrol, ..request() }
}

pub(super) fn assign(technician: Person) -> Assign {
    Assign { technician: technician.user() }
}

pub(super) fn quote(price: i64) -> MakeQuote {
    let line = NewLine {
        item: None,
        name: "Repair".into(),
        kind: PriceKind::Labour,
        quantity_milli: Quantity(1000),
        unit: "job".into(),
        unit_price: yuan(price),
        discount: 0,
        tax_rate: None,
    };
    MakeQuote { lines: vec![line], note: None }
}

pub(super) fn confirm(quote: Uuid) -> ConfirmQuote {
    ConfirmQuote { quote, name: "Mrs Chen".into(), method: ConfirmationMethod::Verbal { witness: "Mr Gu".into() } }
}

pub(super) fn pause() -> Pause {
    Pause { reason: "No seal in the van".into(), next: None, code: None, consented_by: None }
}

pub(super) fn cancel() -> Cancel {
    Cancel { reason: "It stopped by itself".into() }
}

pub(super) fn close() -> Close {
    Close { without_signature: None, without_photos: None }
}

pub(super) fn hand_back() -> HandBack {
    HandBack { reason: "Needs an electrician".into() }
}

pub(super) fn signature(content: SignedContent) -> Sign {
    let digest = digest(&content).unwrap_or(Digest::new([0; 32]));
    let point = |x| Point { x, y: 5.0, time: 0.0, pressure: None };
    let strokes = vec![Stroke { points: vec![point(1.0), point(40.0)] }];
    Sign { content, digest, relation: "owner".into(), opinion: None, strokes }
}

pub(super) fn agree(from: i64, until: i64) -> AgreeTime {
    AgreeTime { window: window(from, until), consented_by: "Mrs Chen".into() }
}
