//! SQL by which moves, levels, pieces and count sheets are listed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{
    Actor,
    record::Kind,
    stock::{MoveKind, Place},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{records, stock_counts, stock_levels, stock_moves, stock_serials},
        types::{Micros, Uid},
    },
    paging::{Ask, Listed, Row, found, newest, page_of},
    query::Several,
    sight::{Sight, narrow},
};

/// Which moves are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MoveFilter {
    /// Into or out of this place.
    #[param(value_type = Option<String>, example = "bag:01930000-0000-7000-8000-000000000012")]
    pub place: Option<Place>,
    /// Of this article.
    pub article: Option<Uuid>,
    /// Of these kinds; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<MoveKind>, style = Form, explode = false, required = false, example = json!(["issue", "return"]))]
    pub kind: Several<MoveKind>,
    /// Whether it waits for a manager to decide.
    pub awaiting: Option<bool>,
    /// The server received it at this instant or later.
    pub received_from: Option<DateTime<Utc>>,
    /// The server received it before this instant.
    pub received_until: Option<DateTime<Utc>>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most moves of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which levels are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LevelFilter {
    /// Of this place.
    #[param(value_type = Option<String>, example = "bag:01930000-0000-7000-8000-000000000012")]
    pub place: Option<Place>,
    /// Of this article.
    pub article: Option<Uuid>,
    /// `true`: below zero. `false`: all others.
    pub below_zero: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most levels of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which numbered pieces are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SerialFilter {
    /// At this place.
    #[param(value_type = Option<String>, example = "bag:01930000-0000-7000-8000-000000000012")]
    pub place: Option<Place>,
    /// Of this article.
    pub article: Option<Uuid>,
    /// With this number.
    pub serial: Option<String>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most pieces of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which count sheets are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountFilter {
    /// Of this place.
    #[param(value_type = Option<String>, example = "bag:01930000-0000-7000-8000-000000000012")]
    pub place: Option<Place>,
    /// Whether somebody still has to count or to close.
    pub open: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most sheets of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// The actor's own bag, if that is all they see of the stock; `Err` if they see nothing.
fn own_bag(actor: &Actor, kind: Kind) -> Result<Option<Uuid>, ()> {
    match Sight::of(actor, kind) {
        Sight::All | Sight::Sites(_) => Ok(None),
        Sight::Own(user) => Ok(Some(user.0)),
        Sight::Nothing => Err(()),
    }
}

fn bag(user: Uuid) -> String {
    Place::Bag(user.into()).to_string()
}

/// One way of finding moves. Each is a range of one index: a condition with `or` would have all of a busy place's moves read
/// and sorted for each page.
#[derive(Clone, Default)]
struct Way {
    from: Option<String>,
    to: Option<String>,
    by: Option<Uid>,
}

impl Way {
    /// Every way to a move that is at this place and that this technician may see, or all if neither is given.
    fn all(place: Option<String>, technician: Option<Uuid>) -> Vec<Way> {
        let Some(user) = technician else {
            return Way::default().at(place);
        };
        let own = bag(user);
        let by = Way { by: Some(Uid(user)), ..Way::default() };
        match place {
            Some(place) if place == own => Way::default().at(Some(own)),
            Some(place) => {
                let out = Way { from: Some(own.clone()), to: Some(place.clone()), by: None };
                let back = Way { from: Some(place.clone()), to: Some(own), by: None };
                [out, back].into_iter().chain(by.at(Some(place))).collect()
            }
            None => Way::default().at(Some(own)).into_iter().chain([by]).collect(),
        }
    }

    /// Out of a place, and into it.
    fn at(self, place: Option<String>) -> Vec<Way> {
        match place {
            None => vec![self],
            Some(place) => vec![Way { from: Some(place.clone()), ..self.clone() }, Way { to: Some(place), ..self }],
        }
    }
}

/// Moves that fit the filter and that the actor may see, newest first: for a technician those into and out of their bag, and
/// those that they recorded.
///
/// # Errors
/// The database's.
pub fn moves(conn: &mut Conn, actor: &Actor, filter: &MoveFilter, ask: &Ask<i64>) -> Result<Vec<Listed<i64>>, DbError> {
    let Ok(own) = own_bag(actor, Kind::StockMove) else { return Ok(Vec::new()) };
    let sites = match Sight::of(actor, Kind::StockMove) {
        Sight::Sites(sites) => Some(sites),
        _ => None,
    };
    let mut rows: Vec<Row<i64>> = Vec::new();
    for way in Way::all(filter.place.map(|place| place.to_string()), own) {
        rows.extend(moves_by(conn, actor.org, way, sites.clone(), filter, ask)?);
    }
    Ok(newest(rows, ask))
}

fn moves_by(
    conn: &mut Conn,
    org: Uuid,
    way: Way,
    sites: Option<Vec<Uid>>,
    filter: &MoveFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Row<i64>>, DbError> {
    let Way { from, to, by } = way;
    let kinds = filter.kind.given().map(|given| given.iter().map(|kind| kind.as_str()).collect::<Vec<_>>());
    let rows = page_of!(conn, org, ask, Kind::StockMove => stock_moves, newest by received_at;
        from => |place| stock_moves::from_place.eq(place);
        to => |place| stock_moves::to_place.eq(place);
        by => |user| stock_moves::by_id.eq(user);
        sites => |sites| stock_moves::site_id.is_null().or(stock_moves::site_id.eq_any(sites));
        filter.article => |id| stock_moves::article_id.eq(Uid(id));
        kinds => |kinds| stock_moves::kind.eq_any(kinds);
        filter.awaiting => |awaiting| stock_moves::awaiting.eq(awaiting);
        filter.received_from => |from| stock_moves::received_at.ge(Micros::from(from));
        filter.received_until => |until| stock_moves::received_at.lt(Micros::from(until));
    );
    Ok(rows)
}

/// Levels that fit the filter and that the actor may see, by place and article.
///
/// # Errors
/// The database's.
pub fn levels(
    conn: &mut Conn,
    actor: &Actor,
    filter: &LevelFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let Ok(own) = own_bag(actor, Kind::StockLevel) else { return Ok(Vec::new()) };
    let rows: Vec<Row<String>> = both!(conn, c => {
        let mut query = found!(stock_levels, Kind::StockLevel, actor.org)
            .order((stock_levels::place, stock_levels::article_id))
            .limit(ask.rows())
            .select((stock_levels::place, stock_levels::article_id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            own => |user| stock_levels::place.eq(bag(user));
            filter.place => |place| stock_levels::place.eq(place.to_string());
            filter.article => |id| stock_levels::article_id.eq(Uid(id));
            filter.below_zero.filter(|wanted| *wanted) => |_yes| stock_levels::milli.lt(0);
            filter.below_zero.filter(|wanted| !*wanted) => |_no| stock_levels::milli.ge(0);
            ask.after.as_ref() => |place| stock_levels::place
                .ge(&place.0)
                .and(stock_levels::place.gt(&place.0).or(stock_levels::article_id.gt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Numbered pieces that fit the filter and that the actor may see, by number.
///
/// # Errors
/// The database's.
pub fn serials(
    conn: &mut Conn,
    actor: &Actor,
    filter: &SerialFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let Ok(own) = own_bag(actor, Kind::StockSerial) else { return Ok(Vec::new()) };
    let rows: Vec<Row<String>> = page_of!(conn, actor.org, ask, Kind::StockSerial => stock_serials, alphabetical by serial;
        own => |user| stock_serials::place.eq(bag(user));
        filter.place => |place| stock_serials::place.eq(place.to_string());
        filter.article => |id| stock_serials::article_id.eq(Uid(id));
        filter.serial.as_deref() => |serial| stock_serials::serial.eq(serial.trim());
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Count sheets that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn counts(
    conn: &mut Conn,
    actor: &Actor,
    filter: &CountFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let Ok(own) = own_bag(actor, Kind::StockCount) else { return Ok(Vec::new()) };
    let rows: Vec<Row<i64>> = page_of!(conn, actor.org, ask, Kind::StockCount => stock_counts, newest by opened_at;
        own => |user| stock_counts::place.eq(bag(user)).or(stock_counts::counters.like(format!("%{user}%")));
        filter.place => |place| stock_counts::place.eq(place.to_string());
        filter.open => |open| stock_counts::open.eq(open);
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}
