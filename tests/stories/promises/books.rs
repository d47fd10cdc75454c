//! The server's own books, read straight from the tables in one snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use doorstep::db::{
    Conn, Db, DbError, both,
    schema::{feed, held, journal, journal_conflicts, organisations, records},
    types::Uid,
};
use mobile_api::{
    record::{Kind, Scope},
    review::Review,
    sync::{VERDICT, Verdict, VerdictStatus},
};
use serde_json::Value;
use uuid::Uuid;

use super::kit::{Place, Thing};

/// A row of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    pub op: Uuid,
    pub version: u64,
    pub seq: Option<i64>,
    pub rev: Option<i64>,
    pub body: String,
    pub verdict: Verdict,
}

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    pub rev: i64,
    pub deleted: bool,
    pub body: Value,
}

/// A row of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    pub scope: String,
    pub kind: String,
    pub id: Uuid,
    pub version: u64,
    pub refs: i64,
}

/// Everything of one organisation, at one moment.
#[derive(Clone, Debug)]
pub struct Books {
    pub version: u64,
    pub journal: BTreeMap<Uuid, Entry>,
    /// Second bodies, by the operation's id.
    pub clashes: Vec<(Uuid, String)>,
    pub waiting: BTreeSet<Uuid>,
    pub records: HashMap<(String, Uuid), Stored>,
    pub feed: Vec<FeedRow>,
}

type JournalRow = (Uid, i64, Option<i64>, Option<i64>, String, String, String);
type RecordRow = (String, Uid, i64, bool, String);

impl Books {
    pub async fn of(db: &Db, org: Uuid) -> Self {
        db.read(move |conn| read(conn, org)).await.unwrap()
    }

    /// A record's present state.
    pub fn record(&self, kind: Kind, id: impl Into<Uuid>) -> &Stored {
        &self.records[&(kind.as_str().to_owned(), id.into())]
    }

    /// What devices with these scopes are to hold.
    pub fn holdings(&self, scopes: &[Scope]) -> BTreeMap<Place, Thing> {
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        let held = self.feed.iter().filter(|row| row.refs > 0 && scopes.contains(&row.scope));
        let thing = |row: &FeedRow| {
            let body = if row.kind == VERDICT {
                serde_json::to_value(&self.journal.get(&row.id)?.verdict).unwrap()
            } else {
                let stored = self.records.get(&(row.kind.clone(), row.id)).filter(|stored| !stored.deleted)?;
                stored.body.clone()
            };
            Some(((row.scope.clone(), row.kind.clone(), row.id), (row.version, body)))
        };
        held.filter_map(thing).collect()
    }

    /// The reviews about an operation.
    pub fn reviews_of(&self, op: Uuid) -> Vec<Review> {
        let reviews = self.records.iter().filter(|((kind, _), _)| kind == Kind::Review.as_str());
        let reviews = reviews.map(|(_, stored)| serde_json::from_value::<Review>(stored.body.clone()).unwrap());
        reviews.filter(|review| review.operation == op).collect()
    }

    /// S5: of everything received, each thing is applied, flagged, held or kept, and whatever was not simply applied
    /// has an open question or somebody who answered it.
    #[track_caller]
    pub fn account_for(&self, received: &[Value]) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut ids = BTreeSet::new();
        for sent in received {
            let id: Uuid = sent["id"].as_str().unwrap().parse().unwrap();
            ids.insert(id);
            let entry = self.journal.get(&id).unwrap_or_else(|| panic!("not in the journal: {sent}"));
            let body = sent.to_string();
            let kept_beside = self.clashes.iter().any(|(op, clash)| *op == id && *clash == body);
            assert!(entry.body == body || kept_beside, "neither journal nor conflicts have this body: {body}");
        }
        for entry in ids.iter().map(|id| &self.journal[id]) {
            *counts.entry(entry.verdict.status.as_str()).or_default() += 1;
            let status = entry.verdict.status;
            assert_eq!(self.waiting.contains(&entry.op), status == VerdictStatus::Held, "{entry:?}");
            let answered =
                |review: &Review| review.resolution.as_ref().is_none_or(|resolution| !resolution.by.uuid().is_nil());
            let reviews = self.reviews_of(entry.op);
            if status == VerdictStatus::Applied {
                let open = reviews.iter().filter(|r| r.resolution.is_none() && !self.is_clash(r)).count();
                assert_eq!(open, 0, "a question about what is in order: {entry:?}");
            } else {
                let asked = reviews.iter().find(|review| Some(review.id.uuid()) == entry.verdict.review);
                assert!(asked.is_some_and(answered), "nobody was asked: {entry:?} {reviews:?}");
            }
        }
        let total: usize =
            ["applied", "applied_flagged", "held", "kept"].map(|s| counts.remove(s).unwrap_or(0)).iter().sum();
        assert!(counts.is_empty(), "{counts:?}");
        assert_eq!(total, ids.len(), "received = applied + flagged + held + kept");
    }

    fn is_clash(&self, review: &Review) -> bool {
        review.problem.as_ref().is_some_and(|problem| problem.code == "id_reused")
    }

    /// The journal in the order in which things were decided: by version, and within one by what the device says.
    pub fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.journal.values().collect();
        entries.sort_by_key(|entry| (entry.version, entry.seq, entry.rev));
        entries
    }

    /// Whether every version up to the newest is in the journal, and none twice over two commits.
    pub fn journalled_versions(&self) -> BTreeSet<u64> {
        self.journal.values().map(|entry| entry.version).collect()
    }
}

fn read(conn: &mut Conn, org: Uuid) -> Result<Books, DbError> {
    let version: i64 = {
        let query = organisations::table.find(Uid(org)).select(organisations::version);
        both!(conn, c => query.first(c))?
    };
    let rows: Vec<JournalRow> = {
        let query = journal::table.filter(journal::org_id.eq(Uid(org))).select((
            journal::op_id,
            journal::version,
            journal::seq,
            journal::rev,
            journal::body,
            journal::status,
            journal::outcome,
        ));
        both!(conn, c => query.load(c))?
    };
    let entry = |(op, version, seq, rev, body, status, outcome): JournalRow| {
        let verdict: Verdict = serde_json::from_str(&outcome).unwrap();
        assert_eq!(verdict.status.as_str(), status);
        let version = version.unsigned_abs();
        (op.0, Entry { op: op.0, version, seq, rev, body, verdict })
    };
    let journal = rows.into_iter().map(entry).collect();
    let clashes: Vec<(Uid, String)> = {
        let ours = journal_conflicts::table.filter(journal_conflicts::org_id.eq(Uid(org)));
        let query = ours.select((journal_conflicts::op_id, journal_conflicts::body));
        both!(conn, c => query.load(c))?
    };
    let waiting: Vec<Uid> = {
        let query = held::table.filter(held::org_id.eq(Uid(org))).select(held::op_id);
        both!(conn, c => query.load(c))?
    };
    let rows: Vec<RecordRow> = {
        let columns = (records::kind, records::id, records::rev, records::deleted, records::body);
        let query = records::table.filter(records::org_id.eq(Uid(org))).select(columns);
        both!(conn, c => query.load(c))?
    };
    let stored = |(kind, id, rev, deleted, body): RecordRow| {
        ((kind, id.0), Stored { rev, deleted, body: serde_json::from_str(&body).unwrap() })
    };
    let records = rows.into_iter().map(stored).collect();
    let rows: Vec<(String, String, Uid, i64, i64)> = {
        let columns = (feed::scope, feed::kind, feed::id, feed::version, feed::refs);
        let query = feed::table.filter(feed::org_id.eq(Uid(org))).select(columns);
        both!(conn, c => query.load(c))?
    };
    let row = |(scope, kind, id, version, refs): (String, String, Uid, i64, i64)| FeedRow {
        scope,
        kind,
        id: id.0,
        version: version.unsigned_abs(),
        refs,
    };
    Ok(Books {
        version: version.unsigned_abs(),
        journal,
        clashes: clashes.into_iter().map(|(op, body)| (op.0, body)).collect(),
        waiting: waiting.into_iter().map(|op| op.0).collect(),
        records,
        feed: rows.into_iter().map(row).collect(),
    })
}
