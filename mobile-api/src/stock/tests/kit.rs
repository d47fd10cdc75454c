//! A small store: a storekeeper, a manager, two technicians with their bags, valves, a drill with a number.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    Actor, Id, Role,
    catalogue::Action,
    directory::{Label, User},
    evidence::When,
    ids::{ArticleId, StockMoveId, StockPlaceId},
    money::Quantity,
    operation::{Context, Decision, Mode, Need, Related},
    record::{Kind, Record, Ref},
    refusal::{Flag, Flagged, Refusal},
    stock::{
        Article, ArticleKind, Pack, Place, RecordMove, StockLevel, StockMove, StockPlace, StockPlaceKind, StockSerial,
    },
    time::Timestamp,
};

pub(super) const KEEPER: (u128, Role) = (30, Role::Storekeeper);
pub(super) const MANAGER: (u128, Role) = (31, Role::Manager);
pub(super) const WANG: (u128, Role) = (20, Role::Technician);
pub(super) const ZHAO: (u128, Role) = (21, Role::Technician);

pub(super) fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(super) fn valves() -> ArticleId {
    number(50).into()
}

pub(super) fn drill() -> ArticleId {
    number(51).into()
}

pub(super) fn store() -> Place {
    Place::Store(number(60).into())
}

pub(super) fn van() -> Place {
    Place::Store(number(61).into())
}

pub(super) fn bag(of: (u128, Role)) -> Place {
    Place::Bag(number(of.0).into())
}

pub(super) fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + chrono::Duration::days(20_600) + chrono::Duration::minutes(minutes)
}

/// Valves, counted in pieces, that also come in boxes of ten.
pub(crate) fn valve(id: ArticleId) -> Article {
    Article {
        id,
        code: "VALVE-15".into(),
        name: Label::new("角阀", "Angle valve"),
        kind: ArticleKind::Material,
        unit: "pc".into(),
        packs: vec![Pack { unit: "box".into(), holds_milli: Quantity(10_000) }],
        tracked: false,
        item: None,
        minimums: vec![],
        active: true,
    }
}

/// A store.
pub(crate) fn store_called(id: StockPlaceId) -> StockPlace {
    StockPlace {
        id,
        name: "Central store".into(),
        kind: StockPlaceKind::Store,
        holders: vec![],
        usage_weeks: 4,
        cover_weeks: 2,
        articles: vec![],
        monthly_count: None,
        next_count_at: None,
        active: true,
    }
}

/// What went from where to where, in whole pieces.
pub(super) fn carried(article: ArticleId, from: Place, to: Place, pieces: i64) -> RecordMove {
    let quantity_milli = Quantity(pieces * 1000);
    RecordMove { article, from, to, quantity_milli, unit: None, serials: vec![], reason: Some("As it was".into()) }
}

/// The drill with this number.
pub(super) fn numbered(from: Place, to: Place, serial: &str) -> RecordMove {
    RecordMove { serials: vec![serial.into()], ..carried(drill(), from, to, 1) }
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Did {
    Applied(Vec<Flag>),
    Refused(&'static str),
}

/// All records, and who changes them.
#[derive(Clone)]
pub(super) struct Depot {
    pub(super) records: HashMap<Ref, Record>,
    /// The last operation.
    pub(super) op: u128,
    pub(super) now: i64,
    pub(super) flags: Vec<Flagged>,
    /// Whether it is a phone's part of everything.
    pub(super) partial: bool,
}

impl Depot {
    pub(super) fn new() -> Self {
        let tool = Article {
            code: "DRILL".into(),
            name: Label::new("电钻", "Drill"),
            kind: ArticleKind::Tool,
            packs: vec![],
            tracked: true,
            ..valve(drill())
        };
        let van = StockPlace {
            id: number(61).into(),
            kind: StockPlaceKind::Van,
            holders: vec![number(WANG.0).into()],
            ..store_called(number(61).into())
        };
        let mut records: Vec<Record> =
            vec![valve(valves()).into(), tool.into(), store_called(number(60).into()).into(), van.into()];
        records.extend([KEEPER, MANAGER, WANG, ZHAO].map(|(id, role)| Record::from(person(id, role))));
        let records = records.into_iter().map(|record| (record.address(), record)).collect();
        Self { records, op: 1000, now: 0, flags: vec![], partial: false }
    }

    /// With so many valves in the store.
    pub(super) fn stocked(pieces: i64) -> Self {
        let mut depot = Self::new();
        depot.by(KEEPER, carried(valves(), Place::Supplier, store(), pieces)).applied();
        depot
    }

    pub(super) fn by(&mut self, who: (u128, Role), action: impl Into<Action>) -> Done<'_> {
        self.does(who, Mode::Online, None, action)
    }

    pub(super) fn recorded(&mut self, who: (u128, Role), action: impl Into<Action>) -> Done<'_> {
        self.does(who, Mode::Recorded, None, action)
    }

    /// Something new, or on an existing record.
    pub(super) fn does(
        &mut self,
        who: (u128, Role),
        mode: Mode,
        on: Option<Ref>,
        action: impl Into<Action>,
    ) -> Done<'_> {
        let action = action.into();
        self.op += 1;
        let about = on.unwrap_or(Ref::new(action.spec().kind, number(self.op)));
        let did = match self.decide(who, mode, about, action) {
            Err(refusal) => Did::Refused(refusal.code()),
            Ok(Decision { record, also, flags }) => {
                let changed = record.into_iter().chain(also);
                self.records.extend(changed.map(|record| (record.address(), record)));
                self.flags = flags;
                Did::Applied(self.flags.iter().map(|flagged| flagged.flag).collect())
            }
        };
        Done { depot: self, did, about }
    }

    fn decide(&self, who: (u128, Role), mode: Mode, about: Ref, action: Action) -> Result<Decision<Record>, Refusal> {
        action.check()?;
        let actor = actor(who);
        let record = self.records.get(&about).cloned();
        // The rule is given what it asked for and no more, as the server does it.
        let related = self.related(&action.needs(record.as_ref(), &actor));
        let context = Context {
            op: number(self.op),
            actor: &actor,
            when: When::at(at(self.now)),
            received_at: at(self.now),
            base_rev: None,
            own_revs: &[],
            rev: 1,
            mode,
            related: &related,
        };
        action.decide(about.id, record, &context)
    }

    fn related(&self, needs: &[Need]) -> Related {
        let mut related = Related { partial: self.partial, ..Related::default() };
        let mut give = |address: Ref| {
            let record = self.records.get(&address)?;
            related.records.insert(address, record.clone());
            Some(record.clone())
        };
        for need in needs {
            match need {
                Need::Record(address) => drop(give(*address)),
                Need::Holder { piece } => {
                    if let Some(Record::StockSerial(piece)) = give(Ref::new(Kind::StockSerial, *piece)) {
                        drop(give(piece.level()));
                    }
                }
                Need::LevelsAt { place } => {
                    let levels = self.records.values().filter_map(|record| <&StockLevel>::try_from(record).ok());
                    related.levels_at = levels.filter(|level| level.place == *place).cloned().collect();
                }
                _ => {}
            }
        }
        related
    }

    pub(super) fn get<T>(&self, kind: Kind, id: impl Into<Uuid>) -> Option<T>
    where
        T: TryFrom<Record>,
    {
        self.records.get(&Ref::new(kind, id)).cloned().and_then(|record| record.try_into().ok())
    }

    pub(super) fn level(&self, place: Place, article: ArticleId) -> i64 {
        let level: Option<StockLevel> = self.get(Kind::StockLevel, StockLevel::id_of(place, article));
        level.map_or(0, |level| level.milli)
    }

    pub(super) fn holder(&self, serial: &str) -> Option<Place> {
        let piece: Option<StockSerial> = self.get(Kind::StockSerial, StockSerial::id_of(drill(), serial));
        piece.map(|piece| piece.place)
    }

    pub(super) fn moves(&self) -> Vec<&StockMove> {
        let mut moves: Vec<&StockMove> = self.records.values().filter_map(|record| record.try_into().ok()).collect();
        moves.sort_by_key(|entry| (entry.op, entry.id));
        moves
    }

    pub(super) fn entry(&self, id: StockMoveId) -> StockMove {
        self.get(Kind::StockMove, id).expect("it was entered")
    }

    /// What the moves come to at a place.
    pub(super) fn sum(&self, place: Place, article: ArticleId) -> i64 {
        let sign = |entry: &&StockMove| i64::from(entry.to == place) - i64::from(entry.from == place);
        let of_article = self.moves().into_iter().filter(|entry| entry.article == article);
        of_article.map(|entry| sign(&entry) * entry.quantity_milli.0).sum()
    }
}

/// What was done, to look at.
pub(super) struct Done<'d> {
    pub(super) depot: &'d Depot,
    pub(super) did: Did,
    pub(super) about: Ref,
}

impl Done<'_> {
    #[track_caller]
    pub(super) fn applied(self) -> Ref {
        assert_eq!(self.did, Did::Applied(vec![]), "{:?}", self.depot.flags);
        self.about
    }

    #[track_caller]
    pub(super) fn flagged(self, flags: &[Flag]) -> Ref {
        assert_eq!(self.did, Did::Applied(flags.to_vec()));
        self.about
    }

    #[track_caller]
    pub(super) fn refused(self, code: &'static str) {
        assert_eq!(self.did, Did::Refused(code));
    }
}

pub(super) fn actor((id, role): (u128, Role)) -> Actor {
    Actor { org: number(1), user: Id::new(number(id)), role, sites: vec![], teams: vec![], device: None }
}

fn person(id: u128, role: Role) -> User {
    User {
        id: number(id).into(),
        name: role.to_string(),
        login: role.to_string(),
        role,
        sites: vec![],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
        calendar_links: 0,
    }
}
