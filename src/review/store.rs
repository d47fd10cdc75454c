//! SQL by which reviews are listed and found.

use diesel::prelude::*;
use mobile_api::review::Review;
use uuid::Uuid;

use super::list::ReviewStatus;
use crate::db::{
    Conn, DbError, both,
    schema::reviews,
    types::{Micros, Uid},
};

fn status(review: &Review) -> &'static str {
    if review.resolution.is_some() { ReviewStatus::Resolved } else { ReviewStatus::Open }.as_str()
}

/// Writes the columns of a review.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, review: &Review) -> Result<(), DbError> {
    let upsert = diesel::insert_into(reviews::table)
        .values((
            reviews::org_id.eq(Uid(org)),
            reviews::id.eq(Uid::from(review.id)),
            reviews::status.eq(status(review)),
            reviews::opened_at.eq(Micros::from(review.opened_at)),
            reviews::kind.eq(review.about.kind.as_str()),
            reviews::entity_id.eq(Uid(review.about.id)),
            reviews::site_id.eq(review.site.map(Uid::from)),
        ))
        .on_conflict((reviews::org_id, reviews::id))
        .do_update()
        .set(reviews::status.eq(status(review)));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}
