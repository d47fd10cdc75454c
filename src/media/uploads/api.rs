//! Uploads over HTTP: tus 1.0 (`docs/uploads.md`), and the question what has arrived.

use std::{collections::HashMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, delete, head,
    http::header,
    options, patch, post,
    web::{self, Data, Path, Payload},
};
use bytes::Bytes;
use futures_util::StreamExt;
use mobile_api::{
    Actor, Role,
    upload::{BlobStatus, BlobStatusRequest, BlobStatusResponse, MOST_ASKED, Presence},
};
use tokio::sync::{mpsc, oneshot};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    UploadError, Uploads,
    headers::{self, Announced, Checksum},
    receive::Reception,
    store::UploadRow,
};
use crate::{
    access::Authenticated,
    app::AppState,
    config::Limits,
    error::{Code, Error, FieldError},
    json::Json,
    media::store::blobs::BlobRow,
};

/// The tag of these addresses in the API document.
const TAG: &str = "uploads";

/// Longest time that one body may take; what came until then is kept.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(60 * 60);

/// How many pieces of a body, as the network delivers them, wait to be taken in.
const PIECES: usize = 4;

/// Whether an address belongs to the upload protocol.
pub(crate) fn is_upload(path: &str) -> bool {
    path.strip_prefix("/v1/uploads").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_upload_rules)
        .service(create_upload)
        .service(get_upload)
        .service(continue_upload)
        .service(delete_upload)
        .service(list_blob_states)
        .route("/uploads/{id}", web::post().to(overridden));
}

/// Learn the rules of uploads
///
/// The version and the extensions of tus that this server speaks, in headers. See `docs/uploads.md`.
#[utoipa::path(tag = TAG, operation_id = "get_upload_rules",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, `Tus-Checksum-Algorithm`")))]
#[options("/uploads")]
async fn get_upload_rules(state: Data<AppState>) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("Tus-Version", headers::VERSION))
        .insert_header(("Tus-Extension", headers::EXTENSIONS))
        .insert_header(("Tus-Max-Size", state.config.limits.photo_bytes))
        .insert_header(("Tus-Checksum-Algorithm", headers::CHECKSUMS))
        .finish()
}

/// Begin an upload
///
/// The bytes are named by their SHA-256 in `Upload-Metadata` (`sha256` and the base64 of its 64 hexadecimal digits). If
/// the server has them already the upload is whole from the start. A body, if there is one, is the beginning of
/// the bytes. For everybody but customers.
#[utoipa::path(tag = TAG, operation_id = "create_upload",
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "How many bytes", example = 2_481_137),
        ("Upload-Metadata" = String, Header, description = "Pairs of key and base64 value; `sha256` must be there",
            example = "sha256 OGIxYTk5NTNjNDYxMTI5NmE4MjdhYmY4YzQ3ODA0ZDdmMGI0YjY2YjQ1YWM2ZjZiNWY2YmU4ZDBhNzBmYzU5MQ=="),
        ("Upload-Checksum" = Option<String>, Header, description = "Of the body of this request: `sha256` or `sha1`, and the base64 of it"),
    ),
    responses(
        (status = 201, description = "Begun: `Location`, `Upload-Offset`, `Upload-Expires`"),
        (status = 400, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`invalid_header`, `checksum_algorithm`"),
        (status = 412, body = crate::problem::Problem, content_type = "application/problem+json", description = "`tus_version`"),
        (status = 413, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`upload_too_large`; `Tus-Max-Size` has the limit. No byte of the body was taken"),
        (status = 429, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`too_many_uploads` were begun and not finished"),
        (status = 460, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`chunk_mismatch`, `checksum_mismatch`"),
        (status = 507, body = crate::problem::Problem, content_type = "application/problem+json", description = "`storage_full`"),
    ))]
#[post("/uploads")]
async fn create_upload(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    body: Payload,
) -> Result<HttpResponse, Error> {
    admit(&request, &actor)?;
    let announced = Announced::read(request.headers(), state.config.limits.photo_bytes)?;
    let carries_bytes = headers::carries_bytes(request.headers());
    fits(&request, carries_bytes, announced.bytes)?;
    let checksum = Checksum::read(request.headers())?;
    let uploads = Uploads::new(state.media.clone());
    let mut upload = uploads.create(&actor, announced).await?;
    if carries_bytes && upload.finished {
        // Taken and let go: a client that is still sending would miss the answer.
        pump(body, None, Limits::of(&request).request_time()).await;
    } else if carries_bytes {
        let begun = upload.clone();
        upload = match receive(&state, &request, upload, checksum, body).await {
            Ok(upload) => upload,
            Err(error) => {
                // Nobody was told its address, so nobody could go on with it.
                uploads.remove(&begun).await?;
                return Err(error);
            }
        };
    }
    let location = format!("/v1/uploads/{}", upload.id);
    Ok(told(HttpResponse::Created(), &upload).insert_header((header::LOCATION, location)).finish())
}

/// Ask how far an upload has come
///
/// `Upload-Offset` is how many bytes are safely kept. Completes an upload that is whole and was not completed, so the
/// answers of a continuation are possible here too.
#[utoipa::path(tag = TAG, operation_id = "get_upload",
    params(
        ("id" = Uuid, Path, description = "The upload", example = "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
    ),
    responses(
        (status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Metadata`, `Upload-Expires`"),
        (status = 410, body = crate::problem::Problem, content_type = "application/problem+json", description = "`upload_expired`: begin again"),
        (status = 412, body = crate::problem::Problem, content_type = "application/problem+json", description = "`tus_version`"),
    ))]
#[head("/uploads/{id}")]
async fn get_upload(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    admit(&request, &actor)?;
    let uploads = Uploads::new(state.media.clone());
    // Looked for first: only who may see an upload may end its receptions.
    uploads.find(&actor, *id).await?;
    uploads.end_receptions(*id).await;
    let upload = uploads.complete(uploads.find(&actor, *id).await?).await?;
    Ok(told(HttpResponse::Ok(), &upload)
        .insert_header(("Upload-Length", upload.bytes))
        .insert_header(("Upload-Metadata", upload.metadata.as_str()))
        .finish())
}

/// Continue an upload
///
/// The body follows on the bytes that are kept. If the connection is cut, what came is kept, unless the request announced a
/// checksum. With the last byte the whole is proved to have the announced SHA-256 and stored.
#[utoipa::path(tag = TAG, operation_id = "continue_upload",
    params(
        ("id" = Uuid, Path, description = "The upload", example = "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the body begins: at the end of what is kept", example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "Of the body of this request: `sha256` or `sha1`, and the base64 of it"),
    ),
    request_body(content = String, content_type = "application/offset+octet-stream", example = "the bytes of a photo"),
    responses(
        (status = 204, description = "Kept: `Upload-Offset`, `Upload-Expires`"),
        (status = 400, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`invalid_header`, `checksum_algorithm`"),
        (status = 409, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`offset_mismatch`: ask how far it has come, and go on from there"),
        (status = 410, body = crate::problem::Problem, content_type = "application/problem+json", description = "`upload_expired`: begin again"),
        (status = 412, body = crate::problem::Problem, content_type = "application/problem+json", description = "`tus_version`"),
        (status = 413, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`upload_too_large`: more bytes than were announced"),
        (status = 415, body = crate::problem::Problem, content_type = "application/problem+json", description = "`upload_media_type`"),
        (status = 460, body = crate::problem::Problem, content_type = "application/problem+json",
            description = "`chunk_mismatch`: nothing of the body was kept; `checksum_mismatch`: the upload is gone, begin again"),
        (status = 507, body = crate::problem::Problem, content_type = "application/problem+json", description = "`storage_full`"),
    ))]
#[patch("/uploads/{id}")]
async fn continue_upload(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    body: Payload,
) -> Result<HttpResponse, Error> {
    go_on(&state, &request, &actor, *id, body).await
}

async fn go_on(
    state: &AppState,
    request: &HttpRequest,
    actor: &Actor,
    id: Uuid,
    body: Payload,
) -> Result<HttpResponse, Error> {
    admit(request, actor)?;
    if !headers::carries_bytes(request.headers()) {
        return Err(Code::UploadMediaType.into());
    }
    let offset = headers::number(request.headers(), "upload-offset")?;
    let checksum = Checksum::read(request.headers())?;
    let uploads = Uploads::new(state.media.clone());
    let upload = uploads.find(actor, id).await?;
    if offset != upload.received {
        return Err(UploadError::Offset.into());
    }
    fits(request, true, upload.bytes - upload.received)?;
    let upload = match upload.received < upload.bytes {
        true => receive(state, request, upload, checksum, body).await?,
        false => uploads.complete(upload).await?,
    };
    Ok(told(HttpResponse::NoContent(), &upload).finish())
}

/// Give an upload up
///
/// What is kept of it is deleted. A blob that has come of it stays.
#[utoipa::path(tag = TAG, operation_id = "delete_upload",
    params(
        ("id" = Uuid, Path, description = "The upload", example = "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
    ),
    responses(
        (status = 204, description = "Given up"),
        (status = 410, body = crate::problem::Problem, content_type = "application/problem+json", description = "`upload_expired`"),
        (status = 412, body = crate::problem::Problem, content_type = "application/problem+json", description = "`tus_version`"),
    ))]
#[delete("/uploads/{id}")]
async fn delete_upload(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    give_up(&state, &request, &actor, *id).await
}

async fn give_up(state: &AppState, request: &HttpRequest, actor: &Actor, id: Uuid) -> Result<HttpResponse, Error> {
    admit(request, actor)?;
    let uploads = Uploads::new(state.media.clone());
    let upload = uploads.find(actor, id).await?;
    uploads.end_receptions(id).await;
    match uploads.remove(&upload).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(UploadError::Unknown.into()),
    }
}

/// The protocol lets clients that can send nothing but GET and POST name the method in a header.
async fn overridden(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    body: Payload,
) -> Result<HttpResponse, Error> {
    match request.headers().get("x-http-method-override").map(|method| method.as_bytes()) {
        Some(b"PATCH") => go_on(&state, &request, &actor, *id, body).await,
        Some(b"DELETE") => give_up(&state, &request, &actor, *id).await,
        _ => Err(crate::app::nothing_at(request.path())),
    }
}

/// Ask which bytes have arrived
///
/// A device deletes its own copy of a photo only after `stored`: then the server has the bytes, whole and proved.
#[utoipa::path(tag = TAG, operation_id = "list_blob_states", request_body(content = BlobStatusRequest, example = json!({
    "sha256": ["8b1a9953c4611296a827abf8c47804d7f0b4b66b45ac6f6b5f6be8d0a70fc591"]
})), responses((status = 200, body = BlobStatusResponse, description = "In the order asked for", example = json!({
    "blobs": [{ "sha256": "8b1a9953c4611296a827abf8c47804d7f0b4b66b45ac6f6b5f6be8d0a70fc591", "status": "stored",
        "settled": { "state": "ready", "width": 4032, "height": 3024 } }]
}))))]
#[post("/blobs/status")]
async fn list_blob_states(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Json(body): Json<BlobStatusRequest>,
) -> Result<Json<BlobStatusResponse>, Error> {
    not_for_customers(&actor)?;
    if body.sha256.len() > MOST_ASKED {
        return Err(FieldError::new("/sha256", "too_long", format!("at most {MOST_ASKED}")).into());
    }
    let known = Uploads::new(state.media.clone()).known(actor.org, body.sha256.clone()).await?;
    let known: HashMap<_, _> = known.into_iter().map(|blob| (blob.sha256, blob)).collect();
    let status = |sha256| match known.get(&sha256) {
        Some(BlobRow { object: Some(_), arrival, .. }) => {
            let settled = arrival.as_ref().map(|arrival| arrival.finding.clone());
            BlobStatus { sha256, status: Presence::Stored, settled }
        }
        Some(_) => BlobStatus { sha256, status: Presence::Awaited, settled: None },
        None => BlobStatus { sha256, status: Presence::Unknown, settled: None },
    };
    Ok(Json(BlobStatusResponse { blobs: body.sha256.into_iter().map(status).collect() }))
}

fn admit(request: &HttpRequest, actor: &Actor) -> Result<(), Error> {
    headers::understood(request.headers())?;
    not_for_customers(actor)
}

fn not_for_customers(actor: &Actor) -> Result<(), Error> {
    if actor.role == Role::Customer { Err(Code::Forbidden.into()) } else { Ok(()) }
}

/// Refuses a body that says of itself that it is too long, before a byte of it is taken.
fn fits(request: &HttpRequest, carries_bytes: bool, room: u64) -> Result<(), Error> {
    match headers::content_length(request.headers()).filter(|_| carries_bytes) {
        Some(length) if length > room => Err(UploadError::TooLarge(room).into()),
        _ => Ok(()),
    }
}

/// What every answer about an upload says.
fn told(mut answer: HttpResponseBuilder, upload: &UploadRow) -> HttpResponseBuilder {
    answer.insert_header(("Upload-Offset", upload.received)).insert_header((header::CACHE_CONTROL, "no-store"));
    if !upload.finished {
        answer.insert_header(("Upload-Expires", headers::http_date(upload.expires_at)));
    }
    answer
}

/// Takes a body in. What is written is written by a task of its own, which goes on when this handler is dropped because
/// the connection was cut.
async fn receive(
    state: &AppState,
    request: &HttpRequest,
    upload: UploadRow,
    checksum: Option<Checksum>,
    body: Payload,
) -> Result<UploadRow, Error> {
    let (pieces, taken) = mpsc::channel(PIECES);
    let (result, answer) = oneshot::channel();
    let reception = Reception::new(Uploads::new(state.media.clone()), upload, checksum);
    state.lifecycle.spawn(async move {
        // Nobody waits for it after a cut.
        let _ = result.send(reception.run(taken).await);
    });
    pump(body, Some(pieces), Limits::of(request).request_time()).await;
    answer.await.unwrap_or(Err(UploadError::CutOff)).map_err(Error::from)
}

/// Hands on a body until it ends, is cut, is silent for `silence`, or nobody wants more of it.
async fn pump(mut body: Payload, pieces: Option<mpsc::Sender<Bytes>>, silence: Duration) {
    let pumping = async {
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(silence, body.next()).await {
            if let Some(pieces) = &pieces
                && pieces.send(piece).await.is_err()
            {
                break;
            }
        }
    };
    // What came until then is kept.
    let _ = tokio::time::timeout(BODY_TIME, pumping).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sends_photos_but_customers() {
        for role in Role::ALL {
            let actor = Actor { role, ..Actor::system(Uuid::nil()) };
            assert_eq!(not_for_customers(&actor).is_ok(), role != Role::Customer, "{role:?}");
        }
    }

    #[test]
    fn addresses_of_uploads_are_told_apart() {
        for (path, expected) in
            [("/v1/uploads", true), ("/v1/uploads/x", true), ("/v1/uploadsx", false), ("/v1", false)]
        {
            assert_eq!(is_upload(path), expected, "{path}");
        }
    }
}
