//! SQL by which handovers are listed, and what belongs on the next one.

use diesel::prelude::*;
use mobile_api::{
    Actor, Role,
    directory::User,
    handover::{HandoverDraft, Known, draft},
    ids::UserId,
    record::Kind,
    stock::{Place, StockLevel},
    time::Timestamp,
    work_order::Status,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError,
        schema::{handovers, records},
        types::Uid,
    },
    operations::{DoorError, reading},
    paging::{Ask, Listed, Row, page_of},
    query::Several,
    sight::Sight,
    stock::list::{LevelFilter, SerialFilter, levels, serials},
    work_order::list::{self as orders, WorkOrderFilter},
};

/// Most of each sort that a draft looks at: more than one handover can have, so that it can say how much it leaves out.
const LOOKED_AT: usize = 1000;

/// Which handovers are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HandoverFilter {
    /// Handed over by this person.
    pub from: Option<Uuid>,
    /// Taken over by this person.
    pub to: Option<Uuid>,
    /// Whether a signature is still missing; withdrawn ones miss none.
    pub open: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most handovers of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Handovers that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &HandoverFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let own = match Sight::of(actor, Kind::Handover) {
        Sight::All => None,
        Sight::Own(user) => Some(user),
        Sight::Sites(_) | Sight::Nothing => return Ok(Vec::new()),
    };
    let rows: Vec<Row<i64>> = page_of!(conn, actor.org, ask, Kind::Handover => handovers, newest by opened_at;
        own => |user| handovers::from_id.eq(user).or(handovers::to_id.eq(user));
        filter.from => |user| handovers::from_id.eq(Uid(user));
        filter.to => |user| handovers::to_id.eq(Uid(user));
        filter.open => |open| handovers::open.eq(open);
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// What `from` has to hand over to `to` as things stand, as far as the actor may see it.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn next(
    conn: &mut Conn,
    actor: &Actor,
    giver: &User,
    to: UserId,
    now: Timestamp,
) -> Result<HandoverDraft, DoorError> {
    let from = giver.id;
    let open = Status::ALL.iter().copied().filter(|status| (Status::Assigned..Status::SignedOff).contains(status));
    let of_theirs =
        WorkOrderFilter { assignee: Some(from.uuid()), status: Several(open.collect()), ..WorkOrderFilter::default() };
    let to_send = WorkOrderFilter { status: Several(vec![Status::Requested]), ..WorkOrderFilter::default() };
    let bag = Some(Place::Bag(from));
    let in_bag = LevelFilter { place: bag, ..LevelFilter::default() };
    let held = SerialFilter { place: bag, ..SerialFilter::default() };
    let levels: Vec<StockLevel> = read(levels(conn, actor, &in_bag, &all())?)?;
    let mut articles = Vec::new();
    for level in &levels {
        articles.extend(reading::record(conn, actor, level.article)?);
    }
    let orders = read(orders::list(conn, actor, &of_theirs, &all(), now)?)?;
    let sends = matches!(giver.role, Role::Admin | Role::Manager | Role::Dispatcher);
    let unassigned = if sends { read(orders::list(conn, actor, &to_send, &all(), now)?)? } else { Vec::new() };
    let pieces = read(serials(conn, actor, &held, &all())?)?;
    Ok(draft(from, to, &Known { orders, unassigned, levels, pieces, articles }))
}

fn all<K>() -> Ask<K> {
    Ask { after: None, limit: LOOKED_AT }
}

fn read<T: DeserializeOwned, K>(rows: Vec<Listed<K>>) -> Result<Vec<T>, DoorError> {
    let corrupt = |cause| DoorError::Corrupt { what: "record", cause };
    rows.into_iter().map(|row| serde_json::from_str(&row.body).map_err(corrupt)).collect()
}
