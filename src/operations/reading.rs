//! Reading a record, for those who may see it.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{
    Actor, Id, Role,
    record::{Kind, Record, RecordType, Ref},
};

use super::{
    DoorError,
    store::{in_scopes, uids, unsigned},
};
use crate::{
    db::{Conn, both, schema::records, types::Uid},
    sync::scopes_of,
};
use uuid::Uuid;

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its revision.
    pub rev: u64,
    /// Its wire form.
    pub body: String,
}

/// The record, if it exists and the actor may see it: by right, or because their device holds it.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn visible(conn: &mut Conn, actor: &Actor, about: Ref) -> Result<Option<Found>, DoorError> {
    let query = records::table
        .find((Uid(actor.org), about.kind.as_str(), Uid(about.id)))
        .filter(records::deleted.eq(false))
        .select((records::rev, records::body));
    let row: Option<(i64, String)> = both!(conn, c => query.first(c).optional())?;
    let Some((rev, body)) = row else { return Ok(None) };
    let record = Record::from_json(about.kind, &body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
    if !record.visible_to(actor) && !in_scopes(conn, actor.org, &scopes_of(actor), about, false)? {
        return Ok(None);
    }
    Ok(Some(Found { rev: unsigned(rev), body }))
}

/// Like [`visible`], read.
///
/// # Errors
/// As there.
pub fn record<T: RecordType>(conn: &mut Conn, actor: &Actor, id: Id<T>) -> Result<Option<T>, DoorError> {
    let found = visible(conn, actor, Ref::new(T::KIND, id))?;
    let corrupt = |cause| DoorError::Corrupt { what: "record", cause };
    found.map(|found| serde_json::from_str(&found.body).map_err(corrupt)).transpose()
}

/// Records by their ids, whoever may see them: for names in reports.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn named<T>(conn: &mut Conn, org: Uuid, ids: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, T>, DoorError>
where
    T: RecordType,
{
    let mut ids: Vec<Uuid> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for some in ids.chunks(500) {
        let query = records::table
            .filter(records::org_id.eq(Uid(org)))
            .filter(records::kind.eq(T::KIND.as_str()))
            .filter(records::id.eq_any(uids(some)))
            .select((records::id, records::body));
        let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
        for (id, body) in rows {
            let record = serde_json::from_str(&body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
            found.insert(id.0, record);
        }
    }
    Ok(found)
}

/// Whether an actor who sees the record may read what was done to it, word for word.
///
/// A technician may read the histories of their orders; what the office wrote about customers and places is not for
/// them. Under the organisation stands also whatever arrived that could not be read, of whichever site.
pub fn may_read_history(actor: &Actor, kind: Kind) -> bool {
    match (kind, actor.role) {
        (Kind::WorkOrder, _) => true,
        (_, Role::Technician | Role::Customer) => false,
        (Kind::Organisation, role) => {
            matches!(role, Role::Admin | Role::Manager | Role::System) && actor.sites.is_empty()
        }
        _ => true,
    }
}
