//! What lies in stores and vans beside what should, in one snapshot: the low stock list and the requisition (请购单).

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::prelude::*;
use mobile_api::{
    directory::Label,
    ids::{ArticleId, StockPlaceId},
    record::Kind,
    stock::{
        Article, MoveKind, Place, StockPlace,
        requisition::{Policy, Proposal, Supply},
    },
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::sum_of_milli;
use crate::{
    db::{
        Conn, DbError, both,
        schema::{records, reserved, stock_levels, stock_moves},
        types::{Micros, Uid},
    },
    operations::DoorError,
};

/// What leaves a place to be used.
const OUT: [MoveKind; 4] = [MoveKind::Issue, MoveKind::Transfer, MoveKind::Use, MoveKind::Condemn];

/// What comes back unused.
const BACK: [MoveKind; 2] = [MoveKind::Return, MoveKind::Counter];

/// An article at a store or van, with what the figures say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyLine {
    /// The store or van.
    pub place: StockPlaceId,
    /// Its name.
    pub place_name: String,
    /// The article.
    pub article: ArticleId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Its unit.
    pub unit: String,
    /// How much lies there, in thousandths of the unit; may be below zero.
    pub level_milli: i64,
    /// How much of it orders keep back.
    pub reserved_milli: i64,
    /// How much there should be at least; 0 if nobody said so.
    pub minimum_milli: i64,
    /// How much left for good in the past weeks that the place counts: issued, transferred, used and put aside, less what
    /// came back.
    pub used_milli: i64,
    /// Whether there is less than there should be at least.
    pub low: bool,
    /// What to buy, if anything.
    pub proposal: Option<Proposal>,
}

/// A place and its articles that say something: below their minimum, or to be bought. By place, then by code.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn lines(conn: &mut Conn, org: Uuid, only: Option<Uuid>, now: Timestamp) -> Result<Vec<SupplyLine>, DoorError> {
    let mut places: Vec<StockPlace> = all(conn, org, Kind::StockPlace)?;
    places.retain(|place| place.active && only.is_none_or(|only| place.id.uuid() == only));
    places.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let mut articles: Vec<Article> = all(conn, org, Kind::Article)?;
    articles.retain(|article| article.active);
    articles.sort_by(|a, b| (&a.code, a.id).cmp(&(&b.code, b.id)));
    let mut lines = Vec::new();
    for place in &places {
        let supplies = Supplies::of(conn, org, place, now)?;
        let policy = Policy { usage_weeks: place.usage_weeks, cover_weeks: place.cover_weeks };
        lines.extend(
            articles.iter().filter_map(|article| line(place, article, supplies.supply(place, article), policy)),
        );
    }
    Ok(lines)
}

fn line(place: &StockPlace, article: &Article, supply: Supply, policy: Policy) -> Option<SupplyLine> {
    let (low, proposal) = (supply.is_low(), supply.requisition(policy));
    if !low && proposal.is_none() {
        return None;
    }
    Some(SupplyLine {
        place: place.id,
        place_name: place.name.clone(),
        article: article.id,
        code: article.code.clone(),
        name: article.name.clone(),
        unit: article.unit.clone(),
        level_milli: supply.level,
        reserved_milli: supply.reserved,
        minimum_milli: supply.minimum,
        used_milli: supply.used,
        low,
        proposal,
    })
}

/// The figures of one place, by article.
#[derive(Default)]
struct Supplies {
    levels: HashMap<Uuid, i64>,
    reserved: HashMap<Uuid, i64>,
    used: HashMap<Uuid, i64>,
}

impl Supplies {
    fn of(conn: &mut Conn, org: Uuid, place: &StockPlace, now: Timestamp) -> Result<Self, DbError> {
        let name = Place::Store(place.id).to_string();
        let since = now.checked_sub_signed(TimeDelta::weeks(place.usage_weeks.into())).unwrap_or(now);
        let levels = stock_levels::table
            .filter(stock_levels::org_id.eq(Uid(org)))
            .filter(stock_levels::place.eq(&name))
            .select((stock_levels::article_id, stock_levels::milli));
        let levels: Vec<(Uid, i64)> = both!(conn, c => levels.load(c))?;
        let kept = reserved::table
            .filter(reserved::org_id.eq(Uid(org)))
            .filter(reserved::place.eq(&name))
            .group_by(reserved::article_id)
            .select((reserved::article_id, sum_of_milli()));
        let kept: Vec<(Uid, i64)> = both!(conn, c => kept.load(c))?;
        let mut used: HashMap<Uuid, i64> = HashMap::new();
        for (article, milli) in moved(conn, org, &name, since, true)? {
            *used.entry(article.0).or_default() += milli;
        }
        for (article, milli) in moved(conn, org, &name, since, false)? {
            *used.entry(article.0).or_default() -= milli;
        }
        let by_article = |rows: Vec<(Uid, i64)>| rows.into_iter().map(|(id, milli)| (id.0, milli)).collect();
        Ok(Self { levels: by_article(levels), reserved: by_article(kept), used })
    }

    fn supply(&self, place: &StockPlace, article: &Article) -> Supply {
        let figure = |of: &HashMap<Uuid, i64>| of.get(&article.id.uuid()).copied().unwrap_or(0);
        let minimum = article.minimums.iter().find(|minimum| minimum.place == place.id);
        Supply {
            level: figure(&self.levels),
            reserved: figure(&self.reserved),
            minimum: minimum.map_or(0, |minimum| minimum.milli.0),
            used: figure(&self.used),
        }
    }
}

/// What left a place since then, or came back to it, by article.
fn moved(conn: &mut Conn, org: Uuid, place: &str, since: Timestamp, out: bool) -> Result<Vec<(Uid, i64)>, DbError> {
    let names = |kinds: &[MoveKind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let recent = stock_moves::table
        .filter(stock_moves::org_id.eq(Uid(org)))
        .filter(stock_moves::received_at.ge(Micros::from(since)));
    let by_article = (stock_moves::article_id, sum_of_milli());
    let rows = if out {
        let query = recent
            .filter(stock_moves::from_place.eq(place))
            .filter(stock_moves::kind.eq_any(names(&OUT)))
            .group_by(stock_moves::article_id)
            .select(by_article);
        both!(conn, c => query.load(c))?
    } else {
        let query = recent
            .filter(stock_moves::to_place.eq(place))
            .filter(stock_moves::kind.eq_any(names(&BACK)))
            .group_by(stock_moves::article_id)
            .select(by_article);
        both!(conn, c => query.load(c))?
    };
    Ok(rows)
}

/// Every record of a kind.
pub(super) fn all<T: DeserializeOwned>(conn: &mut Conn, org: Uuid, kind: Kind) -> Result<Vec<T>, DoorError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(kind.as_str()))
        .filter(records::deleted.eq(false))
        .select(records::body);
    let bodies: Vec<String> = both!(conn, c => query.load(c))?;
    let read = |body: &String| serde_json::from_str(body);
    let all: Result<Vec<T>, _> = bodies.iter().map(read).collect();
    all.map_err(|cause| DoorError::Corrupt { what: "record", cause })
}
