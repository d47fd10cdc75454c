//! What the importer of assets asks the database.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{asset::Asset, record::Kind};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text,
        schema::{assets, records},
        types::Uid,
    },
    operations::{
        DoorError,
        store::{uids, unsigned},
    },
};

/// Assets with their revisions, by id; and who has a serial, by [`Asset::serial_key`].
type Here = (HashMap<Uuid, (u64, Asset)>, HashMap<String, Uuid>);

/// The assets with these ids, and those that have these serials.
pub(super) fn assets(conn: &mut Conn, org: Uuid, ids: &[Uuid], keys: &[String]) -> Result<Here, DoorError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(Kind::Asset.as_str()))
        .filter(records::id.eq_any(uids(ids)))
        .select((records::id, records::rev, records::body));
    let rows: Vec<(Uid, i64, String)> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    let mut here = HashMap::new();
    for (id, rev, body) in rows {
        let asset = serde_json::from_str(&body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
        here.insert(id.0, (unsigned(rev), asset));
    }
    let keys: Vec<String> = keys.iter().map(|key| column_text(key)).collect();
    let query = assets::table
        .filter(assets::org_id.eq(Uid(org)))
        .filter(assets::serial_key.eq_any(keys))
        .select((assets::serial_key, assets::id));
    let rows: Vec<(Option<String>, Uid)> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    Ok((here, rows.into_iter().filter_map(|(key, id)| Some((key?, id.0))).collect()))
}
