//! What the importer of prices asks the database.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{
    directory::{Organisation, PriceItem},
    record::Kind,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text,
        schema::{directory, records},
        types::Uid,
    },
    operations::{DoorError, store::unsigned},
};

fn corrupt(cause: serde_json::Error) -> DoorError {
    DoorError::Corrupt { what: "record", cause }
}

/// The organisation.
pub(super) fn organisation(conn: &mut Conn, org: Uuid) -> Result<Option<Organisation>, DoorError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(Kind::Organisation.as_str()))
        .filter(records::id.eq(Uid(org)))
        .select(records::body);
    let body: Option<String> = both!(conn, c => query.first(c).optional()).map_err(DbError::from)?;
    body.map(|body| serde_json::from_str(&body).map_err(corrupt)).transpose()
}

/// The items of these codes with their revisions; of several with one code, one in use rather than one that is not.
pub(super) fn items(
    conn: &mut Conn,
    org: Uuid,
    codes: &[String],
) -> Result<HashMap<String, (u64, PriceItem)>, DoorError> {
    let wanted: Vec<String> = codes.iter().map(|code| column_text(code)).collect();
    let query = directory::table
        .inner_join(
            records::table.on(records::org_id
                .eq(directory::org_id)
                .and(records::kind.eq(directory::kind))
                .and(records::id.eq(directory::id))),
        )
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(Kind::PriceItem.as_str()))
        .filter(directory::code.eq_any(wanted))
        .order((directory::active.asc(), directory::id.desc()))
        .select((records::rev, records::body));
    let rows: Vec<(i64, String)> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    let item = |(rev, body): (i64, String)| {
        let item: PriceItem = serde_json::from_str(&body).map_err(corrupt)?;
        // The last of a code is the one that stays.
        Ok((item.code.clone(), (unsigned(rev), item)))
    };
    rows.into_iter().map(item).collect()
}
