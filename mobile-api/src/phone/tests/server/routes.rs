//! The server's addresses.

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ORG,
    ledger::{Ledger, Place, Session, stamp},
};
use crate::{
    directory::User,
    ids::Id,
    phone::transport::{Request, Response},
    record::Scope,
    sync::{
        ChangeRow, DigestResponse, DigestSum, LookupRequest, LookupResponse, Operation, PullRequest, PullResponse,
        PushRequest, PushResponse, RegisterRequest, Verdict, VerdictStatus,
    },
};

pub(super) fn answer(ledger: &mut Ledger, request: &Request, now: DateTime<Utc>) -> Response {
    ledger.asked.push(request.path.clone());
    let result = match request.path.as_str() {
        "/v1/auth/login" => login(ledger, &body(request)),
        "/v1/auth/refresh" => refresh(ledger, &body(request)),
        path => {
            let session = request.bearer.as_ref().and_then(|token| ledger.sessions.get(token));
            match session.map(|session| (session.user, session.device)) {
                Some(session) => signed_in(ledger, path, request, session, now),
                None => Err((401, "token_expired")),
            }
        }
    };
    match result {
        Ok(body) => {
            Response { status: 200, retry_after: None, headers: Vec::new(), body: body.to_string().into_bytes() }
        }
        Err((status, code)) => {
            let problem = json!({ "type": "about:blank", "title": code, "status": status, "code": code });
            Response { status, retry_after: None, headers: Vec::new(), body: problem.to_string().into_bytes() }
        }
    }
}

type Outcome = Result<Value, (u16, &'static str)>;

fn body<T: DeserializeOwned>(request: &Request) -> T {
    serde_json::from_slice(request.body.as_deref().unwrap_or_default()).expect("a body of the right form")
}

fn write(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

fn signed_in(
    ledger: &mut Ledger,
    path: &str,
    request: &Request,
    session: (Id<User>, Uuid),
    now: DateTime<Utc>,
) -> Outcome {
    let device = session.1;
    match path {
        "/v1/auth/logout" => Ok(Value::Null),
        "/v1/sync/config" => Ok(write(&ledger.config(device, now))),
        "/v1/sync/devices" => {
            let register: RegisterRequest = body(request);
            ledger.devices.entry(register.id).or_insert((session.0, now));
            Ok(write(&ledger.config(device, now)))
        }
        "/v1/sync/push" => push(ledger, &body(request), session, now),
        "/v1/sync/operations/lookup" => lookup(ledger, &body(request)),
        "/v1/sync/pull" => pull(ledger, &body(request), session, now),
        "/v1/sync/digest" => digest(ledger, session),
        _ => Err((404, "not_found")),
    }
}

fn login(ledger: &mut Ledger, body: &Value) -> Outcome {
    let login = body["login"].as_str().unwrap_or_default();
    match ledger.accounts.get(login) {
        Some((password, user)) if body["password"] == json!(password) => {
            let (user, device) = (*user, body["device_id"].as_str().and_then(|id| id.parse().ok()).expect("a device"));
            Ok(tokens(ledger, user, device))
        }
        _ => Err((401, "wrong_credentials")),
    }
}

fn refresh(ledger: &mut Ledger, body: &Value) -> Outcome {
    let token = body["refresh_token"].as_str().unwrap_or_default();
    // As on the real server: the successor of a lost answer may be asked for again until it is used.
    let (user, device) = *ledger.refresh.get(token).ok_or((401, "refresh_invalid"))?;
    if body["device_id"] != json!(device) {
        return Err((401, "refresh_invalid"));
    }
    Ok(tokens(ledger, user, device))
}

fn tokens(ledger: &mut Ledger, user: Id<User>, device: Uuid) -> Value {
    ledger.issued += 1;
    let (access, refresh) = (format!("access {}", ledger.issued), format!("refresh {}", ledger.issued));
    ledger.sessions.insert(access.clone(), Session { user, device });
    ledger.refresh.insert(refresh.clone(), (user, device));
    let role = ledger.actor(user, device).role;
    json!({
        "access_token": access, "token_type": "Bearer", "expires_in": 600, "refresh_token": refresh,
        "organisation": ORG, "user": { "id": user, "name": "somebody" }, "role": role, "device_id": device,
    })
}

fn push(ledger: &mut Ledger, push: &PushRequest, session: (Id<User>, Uuid), now: DateTime<Utc>) -> Outcome {
    assert_eq!(push.device, session.1);
    if !ledger.devices.contains_key(&session.1) {
        return Err((404, "not_found"));
    }
    let size: usize = push.operations.iter().map(|raw| raw.get().len()).sum();
    let too_many = push.operations.len() > usize::try_from(ledger.push_operations).expect("fits");
    if size > usize::try_from(ledger.push_bytes).expect("fits") || too_many {
        return Err((413, "body_too_large"));
    }
    let ids = push.operations.iter().map(|raw| serde_json::from_str::<Operation>(raw.get()).expect("operation").id);
    if ids.into_iter().any(|id| ledger.poison.contains(&id)) {
        return Err((422, "invalid"));
    }
    let verdicts = ledger.push(session, push, now);
    Ok(write(&PushResponse { verdicts, time: stamp(now, session.1), version: ledger.version }))
}

fn lookup(ledger: &Ledger, lookup: &LookupRequest) -> Outcome {
    let find = |id: &Uuid| match ledger.journal.get(id) {
        Some((_, verdict)) => verdict.clone(),
        None => Verdict {
            id: *id,
            status: VerdictStatus::Unknown,
            flags: vec![],
            problem: None,
            review: None,
            until: None,
            rev: None,
        },
    };
    Ok(write(&LookupResponse { verdicts: lookup.operations.iter().map(find).collect() }))
}

/// `epoch|since|key`: of which data set, from which version on it must be known what was dropped, and where the last
/// page ended.
fn cursor(ledger: &Ledger, since: u64, key: &str) -> String {
    format!("{}|{since}|{key}", ledger.epoch)
}

/// Where a row stands in the order of pulling.
fn key((place, row): &(&Place, &(u64, bool))) -> String {
    format!("{:012}|{}|{}|{}", row.0, place.0, place.1, place.2)
}

/// From which version on, and after which row.
fn resume(ledger: &Ledger, cursor: Option<&String>) -> Result<(u64, String), (u16, &'static str)> {
    let Some(cursor) = cursor else { return Ok((ledger.version, String::new())) };
    let mut parts = cursor.splitn(3, '|');
    let (epoch, since, after) = (parts.next(), parts.next().and_then(|since| since.parse().ok()), parts.next());
    let (Some(epoch), Some(since), Some(after)) = (epoch, since, after) else { return Err((400, "cursor_invalid")) };
    match since {
        _ if epoch != ledger.epoch.to_string() => Err((410, "cursor_other_epoch")),
        since if since < ledger.oldest_cursor => Err((410, "cursor_too_old")),
        since if since > ledger.version => Err((410, "cursor_ahead")),
        since => Ok((since, after.to_owned())),
    }
}

fn pull(ledger: &Ledger, pull: &PullRequest, session: (Id<User>, Uuid), now: DateTime<Utc>) -> Outcome {
    let (user, device) = session;
    if !ledger.devices.contains_key(&device) {
        return Err((404, "not_found"));
    }
    let (since, after) = resume(ledger, pull.cursor.as_ref())?;
    let scopes = scopes(ledger, user, device);
    let mut rows: Vec<_> = ledger.feed.iter().filter(|(place, _)| scopes.contains(&place.0)).collect();
    rows.sort_by_key(key);
    rows.retain(|row| key(row) > after);
    if pull.cursor.is_none() {
        rows.retain(|((scope, ..), row)| row.1 && !matches!(scope, Scope::Device(_)));
    }
    let most = usize::try_from(pull.limit.unwrap_or(ledger.pull_changes).min(ledger.pull_changes)).expect("fits");
    let complete = rows.len() <= most;
    rows.truncate(most);
    let cursor = match rows.last() {
        Some(last) if !complete => cursor(ledger, since, &key(last)),
        // After `z` comes no row of this version.
        _ => cursor(ledger, ledger.version, &format!("{:012}|z", ledger.version)),
    };
    let changes = rows.into_iter().map(|(place, (version, present))| change(ledger, place, *version, *present));
    let changes = changes.collect();
    let time = stamp(now, device);
    Ok(write(&PullResponse { epoch: ledger.epoch, version: ledger.version, cursor, complete, scopes, changes, time }))
}

fn change(ledger: &Ledger, place: &Place, version: u64, present: bool) -> ChangeRow {
    let (scope, kind, id) = place.clone();
    let body = present.then(|| ledger.body(&kind, id));
    let (rev, body) = body.map_or((None, None), |(rev, body)| (Some(rev), Some(body)));
    ChangeRow { scope, kind, id, version, rev, body }
}

fn scopes(ledger: &Ledger, user: Id<User>, device: Uuid) -> Vec<Scope> {
    let mut scopes = vec![Scope::User(user.uuid()), Scope::Device(device), Scope::Catalog];
    scopes.retain(|scope| !ledger.withdrawn.contains(scope));
    scopes
}

fn digest(ledger: &Ledger, (user, device): (Id<User>, Uuid)) -> Outcome {
    let holding = scopes(ledger, user, device).into_iter().filter(|scope| !matches!(scope, Scope::Device(_)));
    let digests = holding.map(|scope| {
        let mut sum = DigestSum::default();
        for ((of, kind, id), (version, present)) in &ledger.feed {
            if *present && *of == scope {
                sum.add(kind, *id, *version);
            }
        }
        sum.finish(scope)
    });
    Ok(write(&DigestResponse { version: ledger.version, scopes: digests.collect() }))
}
