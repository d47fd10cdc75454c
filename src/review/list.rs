//! SQL by which reviews are listed.

use diesel::prelude::*;
use mobile_api::{Actor, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError,
        schema::{records, reviews},
        types::Uid,
    },
    paging::{Ask, Listed, Row, page_of},
    sight::Sight,
};

/// Whether somebody has answered a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody has.
    Open,
    /// Somebody has.
    Resolved,
}

impl ReviewStatus {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewStatus::Open => "open",
            ReviewStatus::Resolved => "resolved",
        }
    }
}

/// Which reviews are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewFilter {
    /// Whether somebody has answered.
    #[param(inline)]
    pub status: Option<ReviewStatus>,
    /// The kind of the record concerned.
    #[param(example = "work_order")]
    pub kind: Option<Kind>,
    /// The record concerned.
    pub entity: Option<Uuid>,
    /// The site of that record.
    pub site: Option<Uuid>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most reviews of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Reviews that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &ReviewFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let sites = match Sight::of(actor, Kind::Review) {
        Sight::All => None,
        Sight::Sites(sites) => Some(sites),
        Sight::Own(_) | Sight::Nothing => return Ok(Vec::new()),
    };
    let rows: Vec<Row<i64>> = page_of!(conn, actor.org, ask, Kind::Review => reviews, newest by opened_at;
        // What belongs to no site concerns every office.
        sites => |sites| reviews::site_id.eq_any(sites).or(reviews::site_id.is_null());
        filter.status => |status| reviews::status.eq(status.as_str());
        filter.kind => |kind| reviews::kind.eq(kind.as_str());
        filter.entity => |id| reviews::entity_id.eq(Uid(id));
        filter.site => |id| reviews::site_id.eq(Uid(id));
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}
