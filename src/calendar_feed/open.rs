//! The calendar behind the link, for the app of whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY},
    web::{Data, Path},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{agenda, code::FeedCode, store, text};
use crate::{
    app::AppState,
    error::{Code, Error},
    negotiation, paging,
    query::Query,
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(open_calendar);
}

/// In which language.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// `en` or `zh-CN`; by `Accept-Language`, if absent.
    #[param(example = "zh-CN")]
    pub lang: Option<String>,
}

/// Open a calendar
///
/// What somebody has to do yesterday, today and in the next fortnight, by RFC 5545: their orders, the inspections given to them or their teams,
/// the return visits that they are to pay. For calendar apps, without signing in; so it names no customers. A link that was taken back
/// leads nowhere, as does one that was guessed; that of a disabled account is gone.
#[utoipa::path(tag = "users", operation_id = "open_calendar", security(()),
    params(("code" = String, Path, description = "The code in the link",
        example = "AZMAAAAAcACAAAAAAAAAAQGTAAAAAHAAgAAAAAAAABJ4dWZm0q9XUo7oXo4zWkqT"), FeedQuery),
    responses((status = 200, description = "The calendar", content((String = "text/calendar")),
            headers(("ETag" = String, description = "For `If-None-Match`"))),
        (status = 304, description = "It is still the one with the tag of `If-None-Match`")))]
#[get("/i/{code}.ics")]
async fn open_calendar(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<FeedQuery>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let code: FeedCode = code.parse().map_err(|_| Code::NotFound)?;
    let now = state.clock.now();
    let read = move |conn: &mut _| {
        let holder = store::find(conn, code)?.ok_or(Code::NotFound)?;
        if !holder.user.active {
            return Err(Code::CalendarGone.into());
        }
        let entries = agenda::gather(conn, &holder.firm, &holder.user, now)?;
        Ok::<_, Error>((holder, entries))
    };
    let (holder, entries) = state.db.read(read).await?;
    let calendar = text::Calendar { firm: &holder.firm, user: &holder.user, language };
    let text = calendar.text(&entries, &negotiation::public_url(&state, &request));
    let digest: String = Sha256::digest(&text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|known| paging::lists(known, &tag));
    let mut answer = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((VARY, "Accept-Language"));
    if same {
        return Ok(answer.finish());
    }
    answer.insert_header((CONTENT_LANGUAGE, language.tag()));
    answer.insert_header((CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\""));
    Ok(answer.content_type("text/calendar; charset=utf-8").body(text))
}
