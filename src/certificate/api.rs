//! Certificates and signatures over HTTP, for those who may see the order.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get,
    http::header::{self, CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, IF_NONE_MATCH, VARY},
    web::{Data, Path},
};
use mobile_api::{Actor, Id, photo::Photo, work_order::WorkOrder};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    Certificate, CertificatePhoto, page, pdf,
    sheet::Sheet,
    signature::Ink,
    store::{self, Asked},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    negotiation,
    openapi::Conflict,
    paging,
    query::Query,
};

const PDF: &str = "application/pdf";
const HTML: &str = "text/html";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

/// The tag in the API document.
const TAG: &str = "work-orders";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_certificate).service(get_signature);
}

/// How a certificate is wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CertificateQuery {
    /// `en` or `zh-CN`; by `Accept-Language`, if absent.
    #[param(example = "zh-CN")]
    pub lang: Option<String>,
}

/// Get the completion certificate of a work order
///
/// What the customer signed, with times and their evidence, quotes, material, amount, the signature, and the code by which
/// anybody who holds it can check it. PDF/A-2b, or with `Accept: text/html` the same as a page. Refused with `not_signed`
/// while nobody has signed, and with `signature_mismatch` if what is stored is not what was signed.
#[utoipa::path(tag = TAG, operation_id = "get_certificate",
    params(("id" = Uuid, Path, description = "The order", example = "01930000-0000-7000-8000-000000000030"), CertificateQuery),
    responses(
        (status = 200, description = "The certificate", content((Vec<u8> = "application/pdf"), (String = "text/html"))),
        (status = 409, response = Conflict),
    ))]
#[get("/work-orders/{id}/certificate")]
async fn get_certificate(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<CertificateQuery>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let kind = negotiation::preferred(&request, &[PDF, HTML]).unwrap_or(PDF);
    let mut certificate = find(&state, actor, Id::new(*id)).await?;
    certificate.address = format!("{}/c/{}", negotiation::public_url(&state, &request), certificate.code);
    let sheet = state.press.run(move || Ok((Sheet::new(&certificate, language), certificate))).await?;
    let (sheet, certificate) = sheet;
    let tag = tag_of(&sheet, kind)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, tag.as_str())).insert_header((CACHE_CONTROL, "private, no-cache"));
    answer.insert_header((VARY, "Accept, Accept-Language")).insert_header((header::CONTENT_LANGUAGE, language.tag()));
    if knows(&request, &tag) {
        return Ok(not_modified(answer));
    }
    if kind == HTML {
        let page = state.press.run(move || page::certificate(&sheet).map_err(Error::internal)).await?;
        answer.insert_header((header::CONTENT_SECURITY_POLICY, page::POLICY));
        return Ok(answer.content_type("text/html; charset=utf-8").body(page));
    }
    answer.insert_header((CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", file_name(&certificate))));
    let (ident, made) = (certificate.code.to_string(), certificate.sign_off.at.latest);
    let pdf = state.press.run(move || pdf::print(&sheet, &ident, made).map_err(Error::internal)).await?;
    Ok(answer.content_type(PDF).body(pdf))
}

async fn find(state: &Data<AppState>, actor: Actor, order: Id<WorkOrder>) -> Result<Certificate, Error> {
    let org = actor.org;
    let ask = move |conn: &mut _| store::certificate(conn, &actor, order);
    let mut asked = state.db.read(ask.clone()).await?;
    if let Asked::WithoutCode(op) = asked {
        state.db.write(move |conn| store::enter(conn, org, order, &[op])).await.map_err(Error::from)?;
        asked = state.db.read(ask).await?;
    }
    match asked {
        Asked::Ready(mut certificate, photos) => {
            let picture = |(Photo { role, caption, .. }, jpeg)| CertificatePhoto { role, caption, jpeg };
            certificate.photos = state.media.pictures(org, photos).await.into_iter().map(picture).collect();
            Ok(*certificate)
        }
        Asked::Unknown => Err(Code::NotFound.into()),
        Asked::Unsigned => Err(Code::NotSigned.into()),
        Asked::Mismatch => Err(Error::new(Code::SignatureMismatch).because(format!("work order {order}"))),
        Asked::WithoutCode(op) => Err(Error::internal(format!("the code of signature {op} belongs to another"))),
    }
}

/// Follows from all that is printed, so that an unchanged certificate need not be printed again.
fn tag_of(sheet: &Sheet, kind: &str) -> Result<String, Error> {
    let mut hash = Sha256::new();
    hash.update([env!("CARGO_PKG_VERSION"), kind].join("\0"));
    hash.update(serde_json::to_vec(sheet).map_err(Error::internal)?);
    for picture in [&sheet.signature.svg, &sheet.seal.qr].into_iter().flatten() {
        hash.update(picture);
    }
    for photo in sheet.parts.iter().flat_map(|part| &part.photos) {
        hash.update(&photo.jpeg);
    }
    Ok(tag(&hash.finalize()))
}

/// A strong tag from a hash.
fn tag(hash: &[u8]) -> String {
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

fn knows(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| paging::lists(known, tag))
}

fn not_modified(mut answer: HttpResponseBuilder) -> HttpResponse {
    answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish()
}

/// `certificate-2026-000117.pdf`; numbers of other systems may hold anything.
fn file_name(certificate: &Certificate) -> String {
    let number = certificate.number.as_deref().unwrap_or_default();
    let plain: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    if plain.is_empty() { "certificate.pdf".into() } else { format!("certificate-{plain}.pdf") }
}

/// Get the picture of a signature
///
/// Drawn from the strokes of the operation that recorded it, which never changes. SVG, or with `Accept: image/png` PNG; an
/// ending of the id (`.svg`, `.png`) goes before the header. Refused with `signature_undrawable` if the strokes are no
/// writing.
#[utoipa::path(tag = TAG, operation_id = "get_signature",
    params(
        ("id" = Uuid, Path, description = "The order", example = "01930000-0000-7000-8000-000000000030"),
        ("op" = String, Path, description = "The operation of the signature, from `sign_offs`; `.svg` or `.png` may follow",
            example = "01930000-0000-7000-8000-000000000042"),
    ),
    responses(
        (status = 200, description = "The picture", content((String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 409, response = Conflict),
    ))]
#[get("/work-orders/{id}/signatures/{op}")]
async fn get_signature(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    path: Path<(Uuid, String)>,
) -> Result<HttpResponse, Error> {
    let (order, name) = path.into_inner();
    let (op, kind) = match name.rsplit_once('.') {
        Some((op, "svg")) => (op, SVG),
        Some((op, "png")) => (op, PNG),
        _ => (name.as_str(), negotiation::preferred(&request, &[SVG, PNG]).unwrap_or(SVG)),
    };
    let op = Uuid::parse_str(op).map_err(|cause| Error::new(Code::NotFound).because(cause))?;
    let found = state.db.read(move |conn| store::signature(conn, &actor, Id::new(order), op)).await?;
    let (sign_off, recorded) = found.ok_or(Code::NotFound)?;
    if !recorded.matches(&sign_off) {
        return Err(Error::new(Code::SignatureMismatch).because(format!("signature {op}")));
    }
    let strokes = recorded.sign.map(|sign| sign.strokes).unwrap_or_default();
    let picture = state.press.run(move || picture(&strokes, kind)).await?;
    let tag = tag(&Sha256::digest(&picture));
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, tag.as_str())).insert_header((VARY, "Accept"));
    answer.insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"));
    if knows(&request, &tag) {
        return Ok(not_modified(answer));
    }
    answer.insert_header((header::CONTENT_SECURITY_POLICY, page::POLICY));
    Ok(answer.content_type(kind).body(picture))
}

fn picture(strokes: &[mobile_api::signing::Stroke], kind: &str) -> Result<Vec<u8>, Error> {
    let ink = Ink::of(strokes).map_err(|problem| Error::new(Code::SignatureUndrawable).because(problem))?;
    if kind == PNG { ink.png().map_err(Error::internal) } else { Ok(ink.svg().into_bytes()) }
}
