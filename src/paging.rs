//! Lists of records, page by page.
//!
//! A page goes on where the last one ended (by the last record's place in the order, not by counting), so that records
//! which come and go meanwhile neither repeat nor hide others. Records pass through as they are stored; whoever asks for a
//! table gets the whole list as one, see [`crate::lists`].

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH, VARY},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::prelude::*;
use mobile_api::{Actor, record::Kind, time::Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    app::AppState,
    db::{Conn, DbError, both, schema::records, types::Uid},
    error::{Code, Error},
    lists,
    operations::store::{uids, unsigned, version},
};

/// How many records a page has if the caller does not say.
const USUAL: usize = 100;

/// A place in a list: the value by which it is ordered, and the id that parts equal ones.
pub type Place<K> = (K, Uuid);

/// One record of a list.
#[derive(Debug)]
pub struct Listed<K> {
    /// Its place.
    pub place: Place<K>,
    /// Its revision.
    pub rev: u64,
    /// Its wire form.
    pub body: String,
    /// When it was last heard of, if it is a device.
    pub last_seen_at: Option<Timestamp>,
}

/// A record of a list as it is loaded: what the list is ordered by, id, revision, wire form.
pub type Row<K> = (K, Uid, i64, String);

impl<K> From<Row<K>> for Listed<K> {
    fn from((by, id, rev, body): Row<K>) -> Self {
        Self { place: (by, id.0), rev: unsigned(rev), body, last_seen_at: None }
    }
}

/// A page of what was loaded newest first in several ways, each to be found by an index of its own: every record once.
pub fn newest(mut rows: Vec<Row<i64>>, ask: &Ask<i64>) -> Vec<Listed<i64>> {
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.0, row.1)));
    rows.dedup_by_key(|row| row.1);
    rows.truncate(ask.limit.saturating_add(1));
    rows.into_iter().map(Listed::from).collect()
}

/// The same in the order of a text.
pub fn alphabetical(mut rows: Vec<Row<String>>, ask: &Ask<String>) -> Vec<Listed<String>> {
    rows.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    rows.dedup_by_key(|row| row.1);
    rows.truncate(ask.limit.saturating_add(1));
    rows.into_iter().map(Listed::from).collect()
}

/// Loads the [`Row`]s of a page, with one more that tells whether there are others, from the table that finds records of a kind:
/// `page_of!(conn, org, ask, Kind::Handover in handovers, newest by opened_at; conditions as in narrow!)`, or `alphabetical by
/// name`. Answers from the surrounding function if the database fails.
macro_rules! page_of {
    ($conn:expr, $org:expr, $ask:expr, $kind:expr => $table:ident, newest by $by:ident; $($narrow:tt)*) => {
        $crate::db::both!($conn, c => {
            let mut query = $crate::paging::found!($table, $kind, $org)
                .order(($table::$by.desc(), $table::id.desc()))
                .limit($ask.rows())
                .select(($table::$by, $table::id, records::rev, records::body))
                .into_boxed();
            $crate::sight::narrow!(query:
                $($narrow)*
                $ask.after => |place| $table::$by
                    .le(place.0)
                    .and($table::$by.lt(place.0).or($table::id.lt($crate::db::types::Uid(place.1))));
            );
            query.load(c)
        })?
    };
    ($conn:expr, $org:expr, $ask:expr, $kind:expr => $table:ident, alphabetical by $by:ident; $($narrow:tt)*) => {
        $crate::db::both!($conn, c => {
            let mut query = $crate::paging::found!($table, $kind, $org)
                .order(($table::$by, $table::id))
                .limit($ask.rows())
                .select(($table::$by, $table::id, records::rev, records::body))
                .into_boxed();
            $crate::sight::narrow!(query:
                $($narrow)*
                $ask.after.as_ref() => |place| $table::$by
                    .ge(&place.0)
                    .and($table::$by.gt(&place.0).or($table::id.gt($crate::db::types::Uid(place.1))));
            );
            query.load(c)
        })?
    };
}
pub(crate) use page_of;

/// The records of a kind beside the table that finds them.
macro_rules! found {
    ($table:ident, $kind:expr, $org:expr) => {
        $table::table
            .inner_join(
                records::table.on(records::org_id
                    .eq($table::org_id)
                    .and(records::kind.eq($kind.as_str()))
                    .and(records::id.eq($table::id))),
            )
            .filter($table::org_id.eq($crate::db::types::Uid($org)))
    };
}
pub(crate) use found;

/// The records of a kind at these places, in their order; without those that are there no more. At most some hundreds at a time.
///
/// # Errors
/// The database's.
pub fn at<K: Clone>(conn: &mut Conn, org: Uuid, kind: Kind, places: &[Place<K>]) -> Result<Vec<Listed<K>>, DbError> {
    let ids: Vec<Uuid> = places.iter().map(|place| place.1).collect();
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(kind.as_str()))
        .filter(records::id.eq_any(uids(&ids)))
        .select((records::id, records::rev, records::body));
    let rows: Vec<(Uid, i64, String)> = both!(conn, c => query.load(c))?;
    let mut rows: HashMap<Uuid, (i64, String)> = rows.into_iter().map(|(id, rev, body)| (id.0, (rev, body))).collect();
    let listed = |(by, id): Place<K>| rows.remove(&id).map(|(rev, body)| Listed::from((by, Uid(id), rev, body)));
    Ok(places.iter().cloned().filter_map(listed).collect())
}

/// What part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Ask<K> {
    /// Behind which place; `None` means from the beginning.
    pub after: Option<Place<K>>,
    /// How many at most.
    pub limit: usize,
}

impl<K: DeserializeOwned> Ask<K> {
    /// Reads the parameters `cursor` and `limit`. A limit beyond the server's own is the server's own.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub fn read(state: &AppState, cursor: Option<&str>, limit: Option<u32>) -> Result<Self, Error> {
        let most = state.config.limits.page_size.max(1);
        let limit = limit.map_or(USUAL, |limit| usize::try_from(limit).unwrap_or(most)).clamp(1, most);
        Ok(Self { after: cursor.map(place).transpose()?, limit })
    }

    /// How many rows to read: one more than wanted, which tells whether there are more.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }
}

fn place<K: DeserializeOwned>(cursor: &str) -> Result<Place<K>, Error> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok();
    json.and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(|| Code::CursorInvalid.into())
}

/// The cursor for what comes behind this place.
///
/// # Errors
/// None in practice.
pub fn cursor<K: Serialize>(place: &Place<K>) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).map_err(Error::internal)?))
}

/// Whether an unchanged organisation means an unchanged list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depends {
    /// Only on what is stored.
    OnRecords,
    /// Also on what time it is.
    OnTime,
}

/// Answers a page of records of this kind, or 304 if nothing at all was written in the organisation since the caller's `ETag`; for
/// whoever asks for `text/csv`, the whole list as a table.
///
/// # Errors
/// The database's.
pub async fn answer<K, F>(
    state: &AppState,
    request: &HttpRequest,
    actor: Actor,
    kind: Kind,
    ask: Ask<K>,
    depends: Depends,
    load: F,
) -> Result<HttpResponse, Error>
where
    K: Serialize + Clone + Send + 'static,
    F: Fn(&mut Conn, &Actor, &Ask<K>) -> Result<Vec<Listed<K>>, DbError> + Send + Sync + 'static,
{
    if lists::wanted(request) {
        return lists::answer(state, request, actor, kind, ask, load).await;
    }
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let limit = ask.limit;
    let read = move |conn: &mut Conn| {
        let version = version(conn, actor.org)?;
        let tag = (depends == Depends::OnRecords).then(|| tag(version, &actor));
        if tag.as_deref().is_some_and(|tag| known.as_deref().is_some_and(|known| lists(known, tag))) {
            return Ok::<_, DbError>((version, tag, None));
        }
        let rows = load(conn, &actor, &ask)?;
        Ok((version, tag, Some(rows)))
    };
    let (version, tag, rows) = state.db.read(read).await?;
    let mut answer = match rows {
        None => HttpResponse::NotModified().finish(),
        Some(rows) => HttpResponse::Ok()
            .content_type("application/json")
            .body(to_json(rows, limit, version).map_err(Error::internal)?),
    };
    if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(answer)
}

/// The organisation's version says whether anything changed; the actor, whether they would see the same.
fn tag(version: u64, actor: &Actor) -> String {
    let Actor { user, role, sites, teams, .. } = actor;
    let sight = Sha256::digest(format!("{user:?} {role:?} {sites:?} {teams:?}"));
    let sight: String = sight.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{version}-{sight}\"")
}

/// Whether an `If-None-Match` names this tag. Strong or weak makes no difference when reading (RFC 9110, 13.1.2).
pub fn lists(header: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.trim() == "*" || header.split(',').any(|one| bare(one) == bare(tag))
}

#[derive(Serialize)]
struct Head {
    rev: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<Timestamp>,
}

/// `{"items":[{"rev":7,"record":{…}},…],"next":"…","version":1042}`, with the records as they are stored.
fn to_json<K: Serialize>(mut rows: Vec<Listed<K>>, limit: usize, version: u64) -> Result<Vec<u8>, Error> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|row| cursor(&row.place)).transpose()? } else { None };
    let bodies: usize = rows.iter().map(|row| row.body.len() + 64).sum();
    let mut json = Vec::with_capacity(bodies + 128);
    json.extend_from_slice(br#"{"items":["#);
    for (i, Listed { rev, body, last_seen_at, .. }) in rows.into_iter().enumerate() {
        if i > 0 {
            json.push(b',');
        }
        serde_json::to_writer(&mut json, &Head { rev, last_seen_at }).map_err(Error::internal)?;
        json.pop();
        json.extend_from_slice(br#","record":"#);
        json.extend_from_slice(body.as_bytes());
        json.push(b'}');
    }
    let next = serde_json::to_string(&next).map_err(Error::internal)?;
    json.extend_from_slice(format!(r#"],"next":{next},"version":{version}}}"#).as_bytes());
    Ok(json)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(at: i64) -> Listed<i64> {
        let id = Uuid::from_u128(u128::try_from(at).unwrap());
        Listed { place: (at, id), rev: 7, body: format!(r#"{{"at":{at}}}"#), last_seen_at: None }
    }

    #[test]
    fn a_page_that_is_not_the_last_says_where_to_go_on() {
        let page: Value = serde_json::from_slice(&to_json(vec![row(1), row(2), row(3)], 2, 9).unwrap()).unwrap();
        assert_eq!(page["items"], json!([{"rev": 7, "record": {"at": 1}}, {"rev": 7, "record": {"at": 2}}]));
        assert_eq!(page["version"], 9);
        assert_eq!(place::<i64>(page["next"].as_str().unwrap()).unwrap(), row(2).place);
        let last: Value = serde_json::from_slice(&to_json(vec![row(1), row(2)], 2, 9).unwrap()).unwrap();
        assert_eq!(last["next"], Value::Null);
    }

    #[test]
    fn cursors_of_another_making_are_refused() {
        let text = cursor(&("Lakeside", Uuid::nil())).unwrap();
        assert_eq!(place::<String>(&text).unwrap().0, "Lakeside");
        for bad in ["", "x", "AAAA", &text] {
            assert_eq!(place::<i64>(bad).unwrap_err().code(), Code::CursorInvalid, "{bad}");
        }
    }

    #[test]
    fn tags_are_compared_without_regard_to_strength() {
        assert!(lists("\"6\", W/\"7\"", "\"7\"") && lists("*", "\"7\"") && lists("\"7\"", "W/\"7\""));
        assert!(!lists("\"6\"", "\"7\""));
    }
}
