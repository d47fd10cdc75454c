//! SQL by which plans, shutdowns and notices are found. They themselves are records.

use diesel::prelude::*;
use mobile_api::{
    Actor, Id,
    asset::Asset,
    directory::{Organisation, Unit},
    ids::{AssetId, ShutdownNoticeId},
    maintenance::{MOST_AFFECTED, MaintenancePlan, NoticeFor, Served, Shutdown, ShutdownNotice},
    record::{Kind, Ref},
    time::Timestamp,
    work_order::{Status, WorkOrder},
};
use uuid::Uuid;

use crate::{
    asset::history,
    db::{
        Conn, DbError, both, column_text, insert_rows,
        schema::{directory, maintenance_plans, notice_links, shutdown_notices, shutdowns},
        types::{Micros, Uid},
    },
    jobs::{self, Job},
    link_code::{Leads, LinkCode},
    operations::{DoorError, reading, store::secret},
};

/// Brings the columns of a plan up to date.
///
/// # Errors
/// The database's.
pub fn project_plan(conn: &mut Conn, org: Uuid, plan: &MaintenancePlan) -> Result<(), DbError> {
    let values = (
        maintenance_plans::name.eq(column_text(&plan.name)),
        maintenance_plans::site_id.eq(Uid::from(plan.site)),
        maintenance_plans::asset_id.eq(Uid::from(plan.asset)),
        maintenance_plans::active.eq(plan.is_active()),
        maintenance_plans::readings.eq(plan.triggers.looks_at_readings()),
        maintenance_plans::look_at.eq(plan.look_at.map(Micros::from)),
    );
    let upsert = diesel::insert_into(maintenance_plans::table)
        .values((maintenance_plans::org_id.eq(Uid(org)), maintenance_plans::id.eq(Uid::from(plan.id)), values.clone()))
        .on_conflict((maintenance_plans::org_id, maintenance_plans::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Brings the columns of a shutdown up to date, and enters it into the record of its asset once it begins.
///
/// # Errors
/// The database's.
pub fn project_shutdown(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Shutdown>,
    shutdown: &Shutdown,
) -> Result<(), DbError> {
    let values = (
        shutdowns::begins_at.eq(Micros::from(shutdown.window.from)),
        shutdowns::site_id.eq(Uid::from(shutdown.site)),
        shutdowns::asset_id.eq(Uid::from(shutdown.asset)),
        shutdowns::plan_id.eq(shutdown.plan.map(Uid::from)),
        shutdowns::work_order_id.eq(shutdown.order.map(Uid::from)),
        shutdowns::assignee_id.eq(shutdown.assignee.user.map(Uid::from)),
        shutdowns::team_id.eq(shutdown.assignee.team.map(Uid::from)),
        shutdowns::status.eq(shutdown.status().as_str()),
        shutdowns::edition.eq(i64::from(shutdown.edition())),
    );
    let upsert = diesel::insert_into(shutdowns::table)
        .values((shutdowns::org_id.eq(Uid(org)), shutdowns::id.eq(Uid::from(shutdown.id)), values))
        .on_conflict((shutdowns::org_id, shutdowns::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    let began = shutdown.started.as_ref().filter(|_| before.is_none_or(|before| before.started.is_none()));
    if let Some(step) = began {
        history::enter(conn, org, shutdown.asset, Ref::new(Kind::Shutdown, shutdown.id), step.at.latest)?;
    }
    Ok(())
}

/// Writes the columns of new notices, and the codes of their links.
///
/// # Errors
/// The database's.
pub fn insert_notices(conn: &mut Conn, org: Uuid, notices: &[ShutdownNotice]) -> Result<(), DbError> {
    if notices.is_empty() {
        return Ok(());
    }
    let row = |notice: &ShutdownNotice| {
        let (unit, team) = match notice.whom {
            NoticeFor::Unit(unit) => (Some(Uid::from(unit)), None),
            NoticeFor::Team(team) => (None, Some(Uid::from(team))),
        };
        (
            shutdown_notices::org_id.eq(Uid(org)),
            shutdown_notices::id.eq(Uid::from(notice.id)),
            shutdown_notices::shutdown_id.eq(Uid::from(notice.shutdown)),
            shutdown_notices::site_id.eq(Uid::from(notice.site)),
            shutdown_notices::unit_id.eq(unit),
            shutdown_notices::team_id.eq(team),
            shutdown_notices::read_edition.eq(i64::from(notice.read_edition())),
        )
    };
    let rows: Vec<_> = notices.iter().map(row).collect();
    insert_rows!(conn, rows, rows => diesel::insert_into(shutdown_notices::table).values(rows));
    let secret = secret(conn, org)?;
    let link = |notice: &ShutdownNotice| {
        let code = LinkCode::of(&secret, Leads::ToNotice, notice.id.uuid());
        (
            notice_links::code.eq(code.digits().to_owned()),
            notice_links::org_id.eq(Uid(org)),
            notice_links::notice_id.eq(Uid::from(notice.id)),
        )
    };
    let links: Vec<_> = notices.iter().map(link).collect();
    insert_rows!(conn, links, links => diesel::insert_into(notice_links::table).values(links));
    Ok(())
}

/// Notes which edition of a notice was read.
///
/// # Errors
/// The database's.
pub fn note_read(conn: &mut Conn, org: Uuid, notice: &ShutdownNotice) -> Result<(), DbError> {
    let update = diesel::update(shutdown_notices::table.find((Uid(org), Uid::from(notice.id))))
        .set(shutdown_notices::read_edition.eq(i64::from(notice.read_edition())));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Plans that are to be looked at by now, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn plans_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = maintenance_plans::table
        .filter(maintenance_plans::look_at.le(Micros::from(now)))
        .order(maintenance_plans::look_at)
        .limit(most)
        .select((maintenance_plans::org_id, maintenance_plans::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// The plans of an asset that make orders.
///
/// # Errors
/// The database's.
pub fn plans_of(conn: &mut Conn, org: Uuid, asset: Uuid) -> Result<Vec<Uuid>, DbError> {
    let query = maintenance_plans::table
        .filter(maintenance_plans::org_id.eq(Uid(org)))
        .filter(maintenance_plans::asset_id.eq(Uid(asset)))
        .filter(maintenance_plans::active.eq(true))
        .order(maintenance_plans::id)
        .select(maintenance_plans::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}

/// A reading came: the plans that it can make due are looked at, by a job that is written with it.
///
/// # Errors
/// The database's.
pub fn reading_came(conn: &mut Conn, org: Uuid, asset: AssetId, now: Timestamp) -> Result<(), DbError> {
    let query = maintenance_plans::table
        .filter(maintenance_plans::org_id.eq(Uid(org)))
        .filter(maintenance_plans::asset_id.eq(Uid::from(asset)))
        .filter(maintenance_plans::active.eq(true))
        .filter(maintenance_plans::readings.eq(true))
        .select(maintenance_plans::id);
    let concerned: Option<Uid> = both!(conn, c => query.first(c).optional())?;
    match concerned {
        Some(_) => jobs::store::schedule(conn, org, &Job::LookAtPlansOf { asset: asset.uuid() }, now),
        None => Ok(()),
    }
}

/// An asset was retired: its plans are looked at, and stop.
///
/// # Errors
/// The database's.
pub fn asset_changed(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Asset>,
    asset: &Asset,
    now: Timestamp,
) -> Result<(), DbError> {
    if !asset.is_retired() || before.is_some_and(Asset::is_retired) {
        return Ok(());
    }
    jobs::store::schedule(conn, org, &Job::LookAtPlansOf { asset: asset.id.uuid() }, now)
}

/// The order of a plan is done, or will not be: its plan is looked at.
///
/// # Errors
/// The database's.
pub fn order_changed(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&WorkOrder>,
    order: &WorkOrder,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(of) = &order.plan else { return Ok(()) };
    let ended = |order: &WorkOrder| order.status() >= Status::Finished || order.merged_into.is_some();
    if !ended(order) || before.is_some_and(ended) {
        return Ok(());
    }
    jobs::store::schedule(conn, org, &Job::LookAtPlan { plan: of.plan.uuid() }, now)
}

/// Whom an asset serves; see [`Served`]. At most one more than a shutdown can affect.
///
/// # Errors
/// The database's.
pub fn served_by(conn: &mut Conn, org: Uuid, asset: &Asset) -> Result<Served, DbError> {
    let most = i64::try_from(MOST_AFFECTED).unwrap_or(i64::MAX).saturating_add(1);
    let of = |kind: Kind| {
        directory::table
            .filter(directory::org_id.eq(Uid(org)))
            .filter(directory::kind.eq(kind.as_str()))
            .order(directory::id)
            .limit(most)
            .select(directory::id)
    };
    let in_buildings = |conn: &mut Conn, buildings: Vec<Uid>| -> Result<Vec<Uid>, DbError> {
        let query = of(Kind::Unit).filter(directory::parent_id.eq_any(buildings));
        Ok(both!(conn, c => query.load(c))?)
    };
    let mut units: Vec<Uid> = asset.serves.units.iter().copied().map(Uid::from).collect();
    if !asset.serves.buildings.is_empty() {
        let buildings = asset.serves.buildings.iter().copied().map(Uid::from).collect();
        units.extend(in_buildings(conn, buildings)?);
    }
    if asset.serves.is_empty() {
        units = match (asset.unit, asset.building) {
            (Some(unit), _) => vec![Uid::from(unit)],
            (None, Some(building)) => in_buildings(conn, vec![Uid::from(building)])?,
            (None, None) => {
                let query = of(Kind::Unit).filter(directory::site_id.eq(Uid::from(asset.site)));
                both!(conn, c => query.load(c))?
            }
        };
    }
    let query = of(Kind::Team).filter(directory::site_id.eq(Uid::from(asset.site)));
    let teams: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(Served {
        units: units.into_iter().map(|id| Id::new(id.0)).collect(),
        teams: teams.into_iter().map(|id| Id::new(id.0)).collect(),
    })
}

/// The code of a notice's link.
///
/// # Errors
/// The database's.
pub fn code(conn: &mut Conn, org: Uuid, notice: ShutdownNoticeId) -> Result<LinkCode, DbError> {
    Ok(LinkCode::of(&secret(conn, org)?, Leads::ToNotice, notice.uuid()))
}

/// What lies behind the link of a notice.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Whose it is.
    pub firm: Organisation,
    /// The notice.
    pub notice: ShutdownNotice,
    /// What it is about.
    pub shutdown: Shutdown,
    /// What is worked on.
    pub asset: Asset,
    /// The household that it is for, if it is for one.
    pub unit: Option<Unit>,
}

/// What lies behind the link with this code. As much work for a code that nobody has as for a text that is none.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn find(conn: &mut Conn, code: Option<LinkCode>) -> Result<Option<Linked>, DoorError> {
    let digits = code.as_ref().map_or("", LinkCode::digits);
    let query = notice_links::table.find(digits).select((notice_links::org_id, notice_links::notice_id));
    let row: Option<(Uid, Uid)> = both!(conn, c => query.first(c).optional())?;
    let Some((Uid(org), notice)) = row else { return Ok(None) };
    let system = Actor::system(org);
    let firm = reading::record(conn, &system, Id::new(org))?;
    let notice: Option<ShutdownNotice> = reading::record(conn, &system, notice.into())?;
    let Some((firm, notice)) = firm.zip(notice) else { return Ok(None) };
    let shutdown: Option<Shutdown> = reading::record(conn, &system, notice.shutdown)?;
    let Some(shutdown) = shutdown else { return Ok(None) };
    let Some(asset) = reading::record(conn, &system, shutdown.asset)? else { return Ok(None) };
    let unit = match notice.whom {
        NoticeFor::Unit(unit) => reading::record(conn, &system, unit)?,
        NoticeFor::Team(_) => None,
    };
    Ok(Some(Linked { firm, notice, shutdown, asset, unit }))
}
