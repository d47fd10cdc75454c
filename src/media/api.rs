//! Photos over HTTP: their bytes in sizes, and the list of those that are owed.

use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderValue,
            IF_NONE_MATCH, RANGE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::{Data, Path},
};
use mobile_api::{
    Actor,
    photo::{Finding, PhotoRole},
    record::{Record, Ref},
    signing::Digest,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    Copy,
    depot::DepotError,
    store::refs::{self, PhotoRow},
};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error},
    json::Json,
    operations::{DoorError, reading},
    paging::{self, Ask},
    query::Query,
};

/// The tag of these addresses in the documentation.
pub(crate) const TAG: &str = "Photos";

/// What every browser shows as a picture and runs nothing of. Anything else is handed out to be saved.
const SHOWN: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_blob).service(list_owed);
}

/// In which size a picture is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// The bytes as they came, with whatever the camera wrote into them.
    #[default]
    Original,
    /// At most 1,600 pixels on a side; a JPEG, upright, without anything that the camera wrote.
    Screen,
    /// At most 320 pixels on a side; the same.
    Thumb,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SizeWanted {
    /// In which size.
    #[serde(default)]
    #[param(inline)]
    size: Size,
}

/// Get the bytes of a photo
///
/// To those who may see something that refers to them. They never change, so they may be kept for ever; ranges work.
/// `not_found` while they are awaited, and for a size that does not exist because there is no picture in them.
#[utoipa::path(tag = TAG, operation_id = "get_blob", params(
    ("sha256" = String, Path, description = "SHA-256 of the bytes, hexadecimal"), SizeWanted,
), responses(
    (status = 200, body = Vec<u8>, content_type = "image/jpeg", description = "The bytes"),
    (status = 206, body = Vec<u8>, content_type = "image/jpeg", description = "The part that was asked for"),
    (status = 304, description = "They are known already"),
))]
#[get("/blobs/{sha256}")]
async fn get_blob(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    name: Path<String>,
    Query(SizeWanted { size }): Query<SizeWanted>,
) -> Result<HttpResponse, Error> {
    let sha256: Digest = name.parse().map_err(|_| Error::from(Code::NotFound))?;
    let org = actor.org;
    // Who may not see them learns nothing, not even that they are here.
    if !state.media.may_see(actor, sha256).await? {
        return Err(Code::NotFound.into());
    }
    let blob = state.media.find(org, sha256).await?.ok_or(Code::NotFound)?;
    let object = blob.object.ok_or(Code::NotFound)?;
    let tag = format!("\"{sha256}-{}\"", format!("{size:?}").to_ascii_lowercase());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| paging::lists(known, &tag)) {
        return Ok(kept(HttpResponse::NotModified().finish(), &tag));
    }
    let found = blob.arrival.as_ref();
    let ready = found.is_some_and(|found| matches!(found.finding, Finding::Ready { .. }));
    let (object, media_type) = match size {
        Size::Original => (object, found.and_then(|found| found.media_type.clone())),
        Size::Screen if ready => (Copy::Screen.of(&object), Some("image/jpeg".into())),
        Size::Thumb if ready => (Copy::Thumb.of(&object), Some("image/jpeg".into())),
        Size::Screen | Size::Thumb => return Err(Code::NotFound.into()),
    };
    // Bytes in which no picture was found are never shown as one, whatever they call themselves.
    let shown = media_type.filter(|sort| ready && SHOWN.contains(&sort.as_str()));
    let answer = stream(&state, &request, &object).await?;
    Ok(kept(described(answer, shown.as_deref(), sha256), &tag))
}

/// The object, or the range of it that was asked for.
async fn stream(state: &AppState, request: &HttpRequest, object: &str) -> Result<HttpResponse, Error> {
    let depot = state.media.depot();
    let size = depot.size(object).await?;
    let asked = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let range = match asked.map(|asked| range(asked, size)) {
        None | Some(Asked::Whole) => None,
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Beyond) => {
            let mut answer = HttpResponse::new(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(answer);
        }
    };
    let pieces = depot.read(object, range.clone()).await?;
    let Some(range) = range else {
        return Ok(HttpResponse::Ok().body(SizedStream::new(size, pieces)));
    };
    let length = range.end - range.start;
    let mut answer = HttpResponse::PartialContent().body(SizedStream::new(length, pieces));
    set(&mut answer, CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end - 1));
    Ok(answer)
}

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Several ranges or none that can be read: everything is a good answer (RFC 9110, 14.2).
    Whole,
    /// This part.
    Part(Range<u64>),
    /// A part behind the end.
    Beyond,
}

fn range(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|rest| rest.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let (from, until) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => (first, size),
        (Err(_), Ok(last)) if first.is_empty() => (size.saturating_sub(last), size),
        _ => return Asked::Whole,
    };
    if from < until { Asked::Part(from..until) } else { Asked::Beyond }
}

fn set(answer: &mut HttpResponse, name: actix_web::http::header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// Says what the bytes are, so that no browser guesses.
fn described(mut answer: HttpResponse, shown: Option<&str>, sha256: Digest) -> HttpResponse {
    let name = &sha256.to_string()[..12];
    let disposition = match shown {
        Some(_) => format!("inline; filename=\"{name}\""),
        None => format!("attachment; filename=\"{name}\""),
    };
    let media_type = shown.unwrap_or("application/octet-stream");
    set(&mut answer, actix_web::http::header::CONTENT_TYPE, media_type);
    set(&mut answer, CONTENT_DISPOSITION, &disposition);
    set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut answer, ACCEPT_RANGES, "bytes");
    // Pictures are compressed already, and a compressed part of something is no part of it.
    set(&mut answer, CONTENT_ENCODING, "identity");
    answer
}

/// A year, because what is under this name can never be anything else; private, because not everybody may see it.
fn kept(mut answer: HttpResponse, tag: &str) -> HttpResponse {
    set(&mut answer, ETAG, tag);
    set(&mut answer, CACHE_CONTROL, "private, max-age=31536000, immutable");
    answer
}

/// A photo whose bytes have not arrived.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwedPhoto {
    /// The operation that recorded it.
    op: Uuid,
    /// What it is on: its record, or the review of the operation if that was not applied.
    on: Ref,
    /// The number of the order, if it is on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// What it shows, if it is on a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<PhotoRole>,
    /// What the person said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
    /// Its bytes.
    sha256: Digest,
    /// Who recorded it.
    user: Uuid,
    /// The device that owes the bytes; none if it was recorded in the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Uuid>,
    /// Since when.
    since: chrono::DateTime<chrono::Utc>,
}

/// A page of photos that are owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwedPage {
    /// Those owed longest first.
    items: Vec<OwedPhoto>,
    /// Where to go on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageWanted {
    /// Where to go on: `next` of the last page.
    cursor: Option<String>,
    /// Most photos of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    limit: Option<u32>,
}

/// List photos that are owed
///
/// Recorded, but their bytes have not arrived: which, by whose device, since when. A technician sees those of their
/// own orders.
#[utoipa::path(tag = TAG, operation_id = "list_owed_photos", params(PageWanted),
    responses((status = 200, body = OwedPage, description = "A page")))]
#[get("/photos/awaited")]
async fn list_owed(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Query(page): Query<PageWanted>,
) -> Result<Json<OwedPage>, Error> {
    let ask: Ask<i64> = Ask::read(&state, page.cursor.as_deref(), page.limit)?;
    let owed = move |conn: &mut Conn| owed_page(conn, &actor, &ask);
    Ok(Json(state.db.read(owed).await?))
}

fn owed_page(conn: &mut Conn, actor: &Actor, ask: &Ask<i64>) -> Result<OwedPage, Error> {
    let instant = |micros| Timestamp::from_timestamp_micros(micros).unwrap_or_default();
    let mut after = ask.after.map(|(at, op)| (instant(at), op));
    let (mut items, mut next) = (Vec::new(), None);
    // What the actor may not see is passed over, so that a page is full wherever there is enough.
    loop {
        let rows = refs::owed(conn, actor.org, after, ask.rows())?;
        let all = i64::try_from(rows.len()).unwrap_or(i64::MAX) < ask.rows();
        for row in rows {
            after = Some((row.recorded_at, row.op));
            let Some(item) = owed_photo(conn, actor, &row)? else { continue };
            if items.len() == ask.limit {
                return Ok(OwedPage { items, next });
            }
            items.push(item);
            next = Some(paging::cursor(&(row.recorded_at.timestamp_micros(), row.op))?);
        }
        if all {
            return Ok(OwedPage { items, next: None });
        }
    }
}

fn owed_photo(conn: &mut Conn, actor: &Actor, row: &PhotoRow) -> Result<Option<OwedPhoto>, Error> {
    let Some(found) = reading::visible(conn, actor, row.on)? else { return Ok(None) };
    let record =
        Record::from_json(row.on.kind, &found.body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
    let photo = record.photos().iter().find(|photo| photo.op == row.op);
    let number = match &record {
        Record::WorkOrder(order) => order.number.clone(),
        Record::Complaint(complaint) => complaint.number.clone(),
        _ => None,
    };
    Ok(Some(OwedPhoto {
        op: row.op,
        on: row.on,
        number,
        role: photo.map(|photo| photo.role),
        caption: photo.and_then(|photo| photo.caption.clone()),
        sha256: row.sha256,
        user: row.user,
        device: row.device,
        since: row.recorded_at,
    }))
}

impl From<super::MediaError> for Error {
    fn from(error: super::MediaError) -> Self {
        match error {
            super::MediaError::Depot(error) => error.into(),
            super::MediaError::Door(error) => error.into(),
            super::MediaError::Db(error) => error.into(),
            super::MediaError::CutOff => Error::new(Code::Unavailable).because(error),
        }
    }
}

impl From<DepotError> for Error {
    fn from(error: DepotError) -> Self {
        let code = match error {
            DepotError::Full => Code::StorageFull,
            // The row says that the bytes are here; if they are not, that is ours to find out.
            DepotError::Missing | DepotError::Address(_) => Code::Internal,
            DepotError::Unavailable(_) => Code::Unavailable,
        };
        Error::new(code).because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_browsers_ask_for_them() {
        let cases = [
            ("bytes=0-9", Asked::Part(0..10)),
            ("bytes=90-", Asked::Part(90..100)),
            ("bytes=90-500", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-500", Asked::Part(0..100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=9-3", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("bytes=18446744073709551615-18446744073709551615", Asked::Beyond),
        ];
        for (header, expected) in cases {
            assert_eq!(range(header, 100), expected, "{header}");
        }
    }
}
