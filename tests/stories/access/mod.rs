//! Signing in, staying signed in, being signed out: on both databases, with a clock that the test moves.

mod being_known;
mod over_http;
mod signing_in;
mod staying_signed_in;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use doorstep::{
    access::{
        Access, AccessConfig, AccessError, Origin, PasswordConfig, Tokens, revoke_device_sessions,
        revoke_user_sessions, set_password, store,
    },
    app::AppState,
    both,
    clock::Clock,
    config::{Config, Http},
    db::{
        Db, DbError,
        schema::{credentials, device_state, login_failures, organisations, records, refresh_tokens, signing_keys},
        types::Uid,
    },
    media::depot::Depot,
};
use mobile_api::Role;
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Backend, TestDb, World};

const START: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
const PASSWORD: &str = "correct horse battery";
const ORG: Uuid = Uuid::from_u128(0x0A);
const OTHER_ORG: Uuid = Uuid::from_u128(0x0B);
const WANG: Uuid = Uuid::from_u128(0x10);
const CHEN: Uuid = Uuid::from_u128(0x11);
const PHONE: Uuid = Uuid::from_u128(0x20);

/// A firm with two accounts, and one server of it.
struct Firm {
    db: TestDb,
    clock: Clock,
    access: Access,
}

impl World for Firm {
    async fn on(backend: Backend) -> Self {
        let db = TestDb::on(backend).await;
        let clock = Clock::fixed(START);
        let access = server(&db, &clock);
        let firm = Self { db, clock, access };
        for org in [ORG, OTHER_ORG] {
            firm.add_organisation(org).await;
        }
        firm.add_user(ORG, WANG, "wang").await;
        firm.add_user(ORG, CHEN, "chen").await;
        firm
    }
}

impl Firm {
    async fn add_organisation(&self, org: Uuid) {
        let insert = move |conn: &mut doorstep::db::Conn| {
            let row = (
                organisations::id.eq(Uid(org)),
                organisations::slug.eq(org.to_string()),
                organisations::epoch.eq(Uid(org)),
                organisations::version.eq(0),
                organisations::horizon.eq(0),
                organisations::secret.eq(vec![0; 32]),
                organisations::created_at.eq(0),
            );
            both!(conn, c => diesel::insert_into(organisations::table).values(row).execute(c))?;
            Ok::<_, AccessError>(())
        };
        self.db.write(insert).await.unwrap();
    }

    async fn add_user(&self, org: Uuid, user: Uuid, login: &'static str) {
        let (hash, now) = (self.access.passwords().hash_new(PASSWORD.into()).await.unwrap(), self.clock.now());
        let body = user_record(user, login, Role::Technician, true);
        let insert = move |conn: &mut doorstep::db::Conn| {
            let row = (
                records::org_id.eq(Uid(org)),
                records::kind.eq("user"),
                records::id.eq(Uid(user)),
                records::rev.eq(1),
                records::deleted.eq(false),
                records::body.eq(&body),
                records::reach.eq("[]"),
            );
            both!(conn, c => diesel::insert_into(records::table).values(row).execute(c))?;
            set_password(conn, org, user, login, &hash, now)
        };
        self.db.write(insert).await.unwrap();
    }

    async fn change_user(&self, user: Uuid, role: Role, active: bool) {
        let body = user_record(user, "changed", role, active);
        let update = move |conn: &mut doorstep::db::Conn| {
            let which = diesel::update(records::table.filter(records::id.eq(Uid(user))));
            both!(conn, c => which.set(records::body.eq(&body)).execute(c))?;
            Ok::<_, AccessError>(())
        };
        self.db.write(update).await.unwrap();
    }

    async fn set_device(&self, device: Uuid, user: Uuid, revoked: bool) {
        let set = move |conn: &mut doorstep::db::Conn| {
            let row = (
                device_state::org_id.eq(Uid(ORG)),
                device_state::device_id.eq(Uid(device)),
                device_state::user_id.eq(Uid(user)),
                device_state::next_seq.eq(1),
                device_state::revoked.eq(revoked),
                device_state::registered_at.eq(0),
                device_state::last_seen_at.eq(0),
            );
            let upsert = diesel::insert_into(device_state::table)
                .values(row)
                .on_conflict((device_state::org_id, device_state::device_id))
                .do_update()
                .set(device_state::revoked.eq(revoked));
            both!(conn, c => upsert.execute(c))?;
            Ok::<_, AccessError>(())
        };
        self.db.write(set).await.unwrap();
    }

    async fn sign_in(&self, login: &str, password: &str) -> Result<Tokens, AccessError> {
        self.access.sign_in(login, password.to_owned(), Origin { address: None, device: Some(PHONE) }).await
    }

    /// Wang's tokens on the phone.
    async fn wang(&self) -> Tokens {
        self.sign_in("wang", PASSWORD).await.unwrap()
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, AccessError> {
        self.access.refresh(token, Some(PHONE)).await
    }

    /// Starts a real server on a free port and gives its address.
    async fn serve(&self) -> String {
        let http = Http { listen: ([127, 0, 0, 1], 0).into(), workers: 1, ..Http::default() };
        let config = Config { http, ..Config::default() };
        let depot = Depot::folder(&self.db.options().data_dir.join("photos")).unwrap();
        let state = AppState::new(config, Db::clone(&self.db), self.clock.clone(), self.access.clone(), depot);
        doorstep::server::start(state).await.unwrap().addr.to_string()
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }
}

fn server(db: &Db, clock: &Clock) -> Access {
    Access::new(db.clone(), clock.clone(), config()).unwrap()
}

fn config() -> AccessConfig {
    let mut config = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::default() };
    config.token.repeat_grace = Duration::from_secs(60);
    // So that a second server is told nothing and asks each time.
    config.token.account_cache = Duration::from_millis(1);
    config
}

fn user_record(user: Uuid, login: &str, role: Role, active: bool) -> String {
    json!({
        "id": user, "name": "王力", "login": login, "role": role, "sites": [], "teams": [], "skills": [],
        "certificates": [], "active": active
    })
    .to_string()
}

fn is_wrong(result: Result<Tokens, AccessError>) -> bool {
    matches!(result, Err(AccessError::WrongCredentials))
}
