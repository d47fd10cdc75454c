//! Lists as tables for a spreadsheet: all that fits the filter, in the reader's language, with names instead of ids.
//!
//! There is one place for this and no copy in each list: [`crate::paging`] asks for the rows that it would have shown, and
//! [`columns`] says of each kind of record what stands above its columns and how they are read. A table is written page by
//! page while it is read, so that its length costs no memory; and it breaks off when a page cannot be read, so that half a
//! table never looks whole.

mod cell;
pub mod columns;
mod names;
mod store;
mod writer;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, HeaderValue, VARY},
    web::{Bytes, Query},
};
use mobile_api::{Actor, record::Kind};
use serde::Deserialize;

use self::writer::Writer;
use crate::{
    app::AppState,
    db::{Conn, Db, DbError},
    error::Error,
    language::Language,
    negotiation,
    operations::DoorError,
    paging::{Ask, Listed, Place},
};

/// How many rows are read at a time, where the server allows pages of so many.
const ROWS: usize = 200;

/// Whether the caller wants a table.
pub(crate) fn wanted(request: &HttpRequest) -> bool {
    negotiation::preferred(request, &["application/json", negotiation::CSV]) == Some(negotiation::CSV)
}

/// How much of the list a table has; the whole of it, unless the caller asks for less.
#[derive(Deserialize)]
struct Portion {
    limit: Option<u32>,
}

/// Answers the whole list as a table: from the caller's cursor, if there is one, and with no more rows than their limit, if they
/// give one.
///
/// # Errors
/// The database's, if the first page cannot be read. Later ones break the answer off.
pub(crate) async fn answer<K, F>(
    state: &AppState,
    request: &HttpRequest,
    actor: Actor,
    kind: Kind,
    ask: Ask<K>,
    load: F,
) -> Result<HttpResponse, Error>
where
    K: Clone + Send + 'static,
    F: Fn(&mut Conn, &Actor, &Ask<K>) -> Result<Vec<Listed<K>>, DbError> + Send + Sync + 'static,
{
    let language = Language::negotiate(request.headers().get(ACCEPT_LANGUAGE));
    let asked = Query::<Portion>::from_query(request.query_string()).ok().and_then(|portion| portion.limit);
    let left = asked.map(|_| ask.limit);
    let rows = state.config.limits.page_size.clamp(1, ROWS);
    let mut reader = Reader { db: state.db.clone(), actor, kind, language, load: Arc::new(load), rows, left };
    let (mut text, mut next) = reader.page(ask.after, true).await?;
    let stream = async_stream::stream! {
        yield Ok::<_, Error>(Bytes::from(std::mem::take(&mut text)));
        while let Some(place) = next {
            match reader.page(Some(place), false).await {
                Ok(page) => {
                    yield Ok(Bytes::from(page.0));
                    next = page.1;
                }
                Err(error) => {
                    let cause = format!("{error:?}");
                    tracing::error!(%kind, cause, "a table of {kind} broke off");
                    yield Err(error);
                    return;
                }
            }
        }
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}.csv\"", kind.path())))
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        .insert_header((VARY, "Accept, Accept-Language"))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("private, no-store")))
        .streaming(stream))
}

/// Reads a list page by page, each in a transaction of its own.
struct Reader<F> {
    db: Db,
    actor: Actor,
    kind: Kind,
    language: Language,
    load: Arc<F>,
    /// How many rows are read at a time.
    rows: usize,
    /// How many rows the caller still wants, if they gave a limit.
    left: Option<usize>,
}

impl<F> Reader<F> {
    /// The text of the rows behind this place, and where the next ones begin, if there are any.
    async fn page<K>(&mut self, after: Option<Place<K>>, first: bool) -> Result<(Vec<u8>, Option<Place<K>>), Error>
    where
        K: Clone + Send + 'static,
        F: Fn(&mut Conn, &Actor, &Ask<K>) -> Result<Vec<Listed<K>>, DbError> + Send + Sync + 'static,
    {
        let limit = self.left.map_or(self.rows, |left| left.min(self.rows));
        let ask = Ask { after, limit };
        let (load, actor, kind, language) = (self.load.clone(), self.actor.clone(), self.kind, self.language);
        let read = move |conn: &mut Conn| {
            let mut rows = load(conn, &actor, &ask)?;
            let more = rows.len() > ask.limit;
            rows.truncate(ask.limit);
            let next = rows.last().filter(|_| more).map(|row| row.place.clone());
            let count = rows.len();
            let text = Writer::new(conn, &actor, language)?.page(kind, rows, first)?;
            Ok::<_, DoorError>((text, next, count))
        };
        let (text, next, count) = self.db.read(read).await?;
        self.left = self.left.map(|left| left.saturating_sub(count));
        Ok((text, next.filter(|_| self.left != Some(0))))
    }
}
