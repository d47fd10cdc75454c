//! SQL by which the directory is listed and searched.

use diesel::{prelude::*, sql_types::Text};
use mobile_api::{Actor, record::Kind};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text,
        schema::{directory, records},
        types::Uid,
    },
    operations::DoorError,
    paging::{Ask, Listed, Row},
    sight::{Sight, narrow},
};

diesel::define_sql_function! {
    /// In lower case; SQLite only knows that of A to Z.
    fn lower(text: Text) -> Text;
}

/// Which entries are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DirectoryFilter {
    /// Part of the name, or of the code or login; upper and lower case are the same.
    #[param(example = "lake")]
    pub q: Option<String>,
    /// What it directly belongs to: the site of a building, the building of a unit (or its site, if it has no
    /// building), the unit of a customer.
    pub parent: Option<Uuid>,
    /// The site that it belongs to.
    pub site: Option<Uuid>,
    /// Whether it is in use: accounts, order types and items of the price list can be taken out of use.
    pub active: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most entries of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Entries of one kind that fit the filter and that the actor may see, by name.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    kind: Kind,
    filter: &DirectoryFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let (sites, own) = match Sight::of(actor, kind) {
        Sight::All => (None, None),
        Sight::Sites(sites) => (Some(sites), None),
        Sight::Own(user) => (None, Some(user)),
        Sight::Nothing => return Ok(Vec::new()),
    };
    let text = filter.q.as_deref().map(containing);
    let rows: Vec<Row<String>> = both!(conn, c => {
        let mut query = directory::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(directory::org_id)
                    .and(records::kind.eq(directory::kind))
                    .and(records::id.eq(directory::id))),
            )
            .filter(directory::org_id.eq(Uid(actor.org)))
            .filter(directory::kind.eq(kind.as_str()))
            .order((directory::name, directory::id))
            .limit(ask.rows())
            .select((directory::name, directory::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            sites => |sites| directory::site_id.eq_any(sites);
            own => |user| directory::id.eq(user);
            text.as_deref() => |text| lower(directory::name)
                .like(lower(text))
                .escape('\\')
                .or(directory::code.is_not_null().and(lower(directory::code.assume_not_null()).like(lower(text)).escape('\\')));
            filter.parent => |id| directory::parent_id.eq(Uid(id));
            filter.site => |id| directory::site_id.eq(Uid(id));
            filter.active => |active| directory::active.eq(active);
            ask.after.as_ref() => |place| directory::name
                .ge(&place.0)
                .and(directory::name.gt(&place.0).or(directory::id.gt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// A pattern for what contains this text, whatever signs are in it.
pub fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for sign in column_text(text).chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}

/// Every entry of one kind that is in use.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn in_use<T: DeserializeOwned>(conn: &mut Conn, org: Uuid, kind: Kind) -> Result<Vec<T>, DoorError> {
    let query = directory::table
        .inner_join(
            records::table.on(records::org_id
                .eq(directory::org_id)
                .and(records::kind.eq(directory::kind))
                .and(records::id.eq(directory::id))),
        )
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(kind.as_str()))
        .filter(directory::active.eq(true))
        .select(records::body);
    let bodies: Vec<String> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    let read = |body: String| serde_json::from_str(&body);
    bodies.into_iter().map(read).collect::<Result<_, _>>().map_err(|cause| DoorError::Corrupt { what: "record", cause })
}
