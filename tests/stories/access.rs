//! Signing in, staying signed in, being signed out: on both databases, with a clock that the test moves.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use diesel::prelude::*;
use doorstep::{
    access::{
        Access, AccessConfig, AccessError, Origin, PasswordConfig, Tokens, revoke_device_sessions,
        revoke_user_sessions, set_password, store,
    },
    both,
    clock::Clock,
    db::{
        Db, DbError,
        schema::{credentials, device_state, login_failures, organisations, records, refresh_tokens, signing_keys},
        types::Uid,
    },
};
use mobile_api::Role;
use serde_json::json;
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";
const ORG: Uuid = Uuid::from_u128(0x0A);
const OTHER_ORG: Uuid = Uuid::from_u128(0x0B);
const WANG: Uuid = Uuid::from_u128(0x10);
const CHEN: Uuid = Uuid::from_u128(0x11);
const PHONE: Uuid = Uuid::from_u128(0x20);

/// A firm with two accounts, and one server of it.
struct Firm {
    db: Db,
    clock: Clock,
    access: Access,
}

impl Firm {
    async fn new(db: Db) -> Self {
        let clock = Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let access = server(&db, &clock).await;
        let firm = Self { db, clock, access };
        for org in [ORG, OTHER_ORG] {
            firm.add_organisation(org).await;
        }
        firm.add_user(ORG, WANG, "wang").await;
        firm.add_user(ORG, CHEN, "chen").await;
        firm
    }

    async fn add_organisation(&self, org: Uuid) {
        let insert = move |conn: &mut doorstep::db::Conn| {
            let row = (
                organisations::id.eq(Uid(org)),
                organisations::slug.eq(org.to_string()),
                organisations::epoch.eq(Uid(org)),
                organisations::version.eq(0),
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
                records::version.eq(1),
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

    fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }
}

async fn server(db: &Db, clock: &Clock) -> Access {
    Access::open(db.clone(), clock.clone(), config()).await.unwrap()
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

stories! {
    signing_in_gives_an_actor(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.sign_in("  WANG ", PASSWORD).await.unwrap();
        assert_eq!((tokens.account.org, tokens.account.user, tokens.account.role), (ORG, WANG, Role::Technician));
        let (session, actor) = firm.access.authenticate(&tokens.access).await.unwrap();
        assert_eq!(session, tokens.session);
        assert_eq!((actor.org, actor.user.uuid(), actor.device.map(|id| id.uuid())), (ORG, WANG, Some(PHONE)));
    }

    wrong_password_and_unknown_login_are_one_answer(db) {
        let firm = Firm::new(db).await;
        let long = "x".repeat(1_000_000);
        let hostile = ["nobody", "", " ", "\0", "wang\0", "' OR 1=1 --", "wang\u{202e}", "王力", "w ang", &long, "\u{1}4"];
        for login in hostile {
            assert!(is_wrong(firm.sign_in(login, PASSWORD).await), "{login:.20}");
        }
        for password in ["", "\0", "correct horse batterx", "\u{1f511}", &long, "correct horse battery "] {
            assert!(is_wrong(firm.sign_in("wang", password).await), "{password:.20}");
            // So that the throttle does not answer instead.
            firm.wait(3600);
        }
        assert!(firm.sign_in("wang", PASSWORD).await.is_ok());
    }

    an_unknown_login_costs_as_much_as_a_wrong_password(db) {
        let firm = Firm::new(db).await;
        let mut config = config();
        // Dear enough that hashing outweighs everything else.
        config.password = PasswordConfig { memory_kib: 16 * 1024, passes: 2, ..PasswordConfig::cheap() };
        let access = Access::open(firm.db.clone(), firm.clock.clone(), config).await.unwrap();
        let hash = access.passwords().hash_new(PASSWORD.into()).await.unwrap();
        let now = firm.clock.now();
        firm.db.write(move |conn| set_password(conn, ORG, WANG, "wang", &hash, now)).await.unwrap();
        let time = async |login: &str| {
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let started = std::time::Instant::now();
                assert!(is_wrong(access.sign_in(login, "not the password".into(), Origin::default()).await));
                fastest = fastest.min(started.elapsed());
                firm.wait(3600);
            }
            fastest
        };
        let (known, unknown, unusable) = (time("wang").await, time("nobody").await, time("\0").await);
        for other in [unknown, unusable] {
            // Far from a proof, but a missing hash would be a hundred times faster.
            assert!(other > known / 4 && known > other / 4, "{known:?} against {other:?}");
        }
    }

    parameters_that_changed_are_taken_up_at_the_next_sign_in(db) {
        let firm = Firm::new(db).await;
        let mut config = config();
        config.password.memory_kib = 32;
        let access = Access::open(firm.db.clone(), firm.clock.clone(), config).await.unwrap();
        access.sign_in("wang", PASSWORD.into(), Origin::default()).await.unwrap();
        let stored = firm.db.read(|conn| store::find_credential(conn, "wang")).await.unwrap().unwrap();
        assert!(stored.password_hash.contains("m=32,"), "{}", stored.password_hash);
        assert!(access.sign_in("wang", PASSWORD.into(), Origin::default()).await.is_ok());
    }

    guessing_is_slowed_down_per_login(db) {
        let firm = Firm::new(db).await;
        for login in ["wang", "nobody"] {
            for _ in 0..5 {
                assert!(is_wrong(firm.sign_in(login, "guess").await));
            }
            for seconds in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
                assert!(is_wrong(firm.sign_in(login, "guess").await), "{login} before {seconds}");
                for _ in 0..2 {
                    let blocked = firm.sign_in(login, PASSWORD).await;
                    let Err(AccessError::TooManyAttempts { retry_after }) = blocked else { panic!("{login}: {blocked:?}") };
                    assert_eq!(retry_after, Duration::from_secs(seconds), "{login}");
                }
                firm.wait(i64::try_from(seconds).unwrap());
            }
        }
        assert!(firm.sign_in("wang", PASSWORD).await.is_ok());
        assert!(is_wrong(firm.sign_in("wang", "guess").await), "the counter starts anew");
        assert!(firm.sign_in("wang", PASSWORD).await.is_ok());
    }

    guesses_sent_at_once_are_counted_each(db) {
        let firm = Arc::new(Firm::new(db).await);
        let guesses = (0..40).map(|_| {
            let firm = Arc::clone(&firm);
            tokio::spawn(async move { firm.sign_in("wang", "guess").await })
        });
        let mut looked_at = 0;
        for guess in guesses.collect::<Vec<_>>() {
            match guess.await.unwrap() {
                Err(AccessError::WrongCredentials) => looked_at += 1,
                Err(AccessError::TooManyAttempts { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        // Five are free, and the sixth is what starts the block.
        assert_eq!(looked_at, 6);
    }

    guessing_is_slowed_down_per_address(db) {
        let firm = Firm::new(db).await;
        let from = |last: u8| Origin { address: Some([203, 0, 113, last].into()), device: None };
        for n in 0..51 {
            let login = format!("nobody{n}");
            assert!(is_wrong(firm.access.sign_in(&login, "guess".into(), from(1)).await));
        }
        let blocked = firm.access.sign_in("wang", PASSWORD.into(), from(1)).await;
        assert!(matches!(blocked, Err(AccessError::TooManyAttempts { .. })));
        assert!(firm.access.sign_in("wang", PASSWORD.into(), from(2)).await.is_ok(), "elsewhere it is open");
        firm.wait(2);
        // One known password does not buy guesses at others.
        assert!(firm.access.sign_in("wang", PASSWORD.into(), from(1)).await.is_ok());
        assert!(is_wrong(firm.access.sign_in("chen", "guess".into(), from(1)).await));
        let blocked = firm.access.sign_in("chen", PASSWORD.into(), from(1)).await;
        assert!(matches!(blocked, Err(AccessError::TooManyAttempts { .. })));
    }

    a_whole_office_may_sign_in_from_one_address(db) {
        let firm = Firm::new(db).await;
        let office = Origin { address: Some([203, 0, 113, 1].into()), device: None };
        for _ in 0..60 {
            firm.access.sign_in("wang", PASSWORD.into(), office).await.unwrap();
        }
    }

    what_is_typed_as_login_is_not_stored(db) {
        let firm = Firm::new(db).await;
        assert!(is_wrong(firm.sign_in("my-secret-password", "x").await));
        let subjects: Vec<String> = firm.db.read(|conn| {
            Ok::<_, DbError>(both!(conn, c => login_failures::table.select(login_failures::subject).load(c))?)
        }).await.unwrap();
        assert_eq!(subjects.len(), 1);
        assert!(!subjects[0].contains("secret"));
    }

    refresh_tokens_rotate(db) {
        let firm = Firm::new(db).await;
        let mut tokens = firm.wang().await;
        for _ in 0..3 {
            firm.wait(3600);
            let next = firm.refresh(&tokens.refresh).await.unwrap();
            assert_ne!(next.refresh, tokens.refresh);
            assert_eq!(next.session, tokens.session);
            assert!(firm.access.authenticate(&next.access).await.is_ok());
            tokens = next;
        }
        let stored: Vec<Vec<u8>> = firm.db.read(|conn| {
            Ok::<_, DbError>(both!(conn, c => refresh_tokens::table.select(refresh_tokens::digest).load(c))?)
        }).await.unwrap();
        assert!(stored.iter().all(|digest| digest.len() == 32 && digest != tokens.refresh.as_bytes()));
    }

    refresh_tokens_slide_and_expire(db) {
        let firm = Firm::new(db).await;
        let day = 24 * 3600;
        let first = firm.wang().await;
        firm.wait(59 * day);
        let second = firm.refresh(&first.refresh).await.unwrap();
        firm.wait(59 * day);
        let third = firm.refresh(&second.refresh).await.unwrap();
        firm.wait(60 * day);
        assert!(matches!(firm.refresh(&third.refresh).await, Err(AccessError::RefreshInvalid)));
    }

    an_old_refresh_token_ends_the_family(db) {
        let firm = Firm::new(db).await;
        let first = firm.wang().await;
        let second = firm.refresh(&first.refresh).await.unwrap();
        let third = firm.refresh(&second.refresh).await.unwrap();
        assert!(firm.access.authenticate(&third.access).await.is_ok());
        assert!(matches!(firm.refresh(&first.refresh).await, Err(AccessError::RefreshReused)));
        // Also what the rightful owner holds is worth nothing now, at once.
        assert!(matches!(firm.access.authenticate(&third.access).await, Err(AccessError::TokenInvalid)));
        assert!(matches!(firm.refresh(&third.refresh).await, Err(AccessError::RefreshInvalid)));
        assert!(firm.sign_in("wang", PASSWORD).await.is_ok());
    }

    a_lost_answer_may_be_asked_for_again(db) {
        let firm = Firm::new(db).await;
        let first = firm.wang().await;
        let lost = firm.refresh(&first.refresh).await.unwrap();
        firm.wait(30);
        let lost_too = firm.refresh(&first.refresh).await.unwrap();
        firm.wait(30);
        let received = firm.refresh(&first.refresh).await.unwrap();
        assert_eq!(received.session, first.session);
        let next = firm.refresh(&received.refresh).await.unwrap();
        assert!(firm.access.authenticate(&next.access).await.is_ok());
        // What was sent into the void must not be good for whoever caught it.
        for caught in [lost, lost_too] {
            assert!(firm.refresh(&caught.refresh).await.is_err());
        }
        assert!(firm.refresh(&next.refresh).await.is_err(), "somebody did catch it: the family is over");
    }

    the_grace_ends_by_time_and_by_use(db) {
        let firm = Firm::new(db).await;
        let first = firm.wang().await;
        firm.refresh(&first.refresh).await.unwrap();
        firm.wait(40);
        firm.refresh(&first.refresh).await.unwrap();
        firm.wait(21);
        assert!(matches!(firm.refresh(&first.refresh).await, Err(AccessError::RefreshReused)), "counted from the first use");

        let first = firm.wang().await;
        let second = firm.refresh(&first.refresh).await.unwrap();
        firm.refresh(&second.refresh).await.unwrap();
        assert!(matches!(firm.refresh(&first.refresh).await, Err(AccessError::RefreshReused)), "its successor was used");
    }

    repeats_at_once_leave_one_good_token(db) {
        let firm = Arc::new(Firm::new(db).await);
        let first = firm.wang().await;
        let repeats = (0..8).map(|_| {
            let (firm, token) = (Arc::clone(&firm), first.refresh.clone());
            tokio::spawn(async move { firm.refresh(&token).await.map(|tokens| tokens.refresh) })
        });
        let mut given = Vec::new();
        for repeat in repeats.collect::<Vec<_>>() {
            given.push(repeat.await.unwrap().unwrap());
        }
        let family = first.session.family;
        let live: i64 = firm.db.read(move |conn| {
            let query = refresh_tokens::table
                .filter(refresh_tokens::family.eq(Uid(family)))
                .filter(refresh_tokens::used_at.is_null())
                .filter(refresh_tokens::revoked_at.is_null())
                .count();
            Ok::<_, DbError>(both!(conn, c => query.get_result(c))?)
        }).await.unwrap();
        assert_eq!((given.len(), live), (8, 1));
    }

    a_refresh_token_stays_on_its_device(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        for device in [None, Some(Uuid::from_u128(0x99))] {
            assert!(matches!(firm.access.refresh(&tokens.refresh, device).await, Err(AccessError::RefreshInvalid)));
        }
        assert!(firm.refresh(&tokens.refresh).await.is_ok(), "that ended nothing");
        for nonsense in ["", "\0", "x", &"x".repeat(100_000)] {
            assert!(matches!(firm.refresh(nonsense).await, Err(AccessError::RefreshInvalid)));
        }
    }

    signing_out_ends_this_session_only(db) {
        let firm = Firm::new(db).await;
        let phone = firm.wang().await;
        let browser = firm.access.sign_in("wang", PASSWORD.into(), Origin::default()).await.unwrap();
        firm.access.sign_out(&phone.session).await.unwrap();
        assert!(matches!(firm.access.authenticate(&phone.access).await, Err(AccessError::TokenInvalid)));
        assert!(matches!(firm.refresh(&phone.refresh).await, Err(AccessError::RefreshInvalid)));
        assert!(firm.access.authenticate(&browser.access).await.is_ok());
    }

    signing_in_again_replaces_the_sign_in_on_that_device(db) {
        let firm = Firm::new(db).await;
        let (before, after) = (firm.wang().await, firm.wang().await);
        assert!(matches!(firm.access.authenticate(&before.access).await, Err(AccessError::TokenInvalid)));
        assert!(firm.access.authenticate(&after.access).await.is_ok());
    }

    a_new_password_ends_the_other_sessions(db) {
        let firm = Firm::new(db).await;
        let phone = firm.wang().await;
        let browser = firm.access.sign_in("wang", PASSWORD.into(), Origin::default()).await.unwrap();
        let change = async |old: &str, new: &str| firm.access.change_password(&browser.session, old.into(), new.into(), None).await;
        assert!(matches!(change("wrong", "staple in the rain").await, Err(AccessError::WrongCredentials)));
        assert!(matches!(change(PASSWORD, "short").await, Err(AccessError::PasswordTooShort { .. })));
        change(PASSWORD, "staple in the rain").await.unwrap();
        assert!(firm.access.authenticate(&browser.access).await.is_ok());
        assert!(matches!(firm.access.authenticate(&phone.access).await, Err(AccessError::TokenInvalid)));
        assert!(is_wrong(firm.sign_in("wang", PASSWORD).await));
        assert!(firm.sign_in("wang", "staple in the rain").await.is_ok());
    }

    authority_is_what_the_account_says_now(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        firm.change_user(WANG, Role::Dispatcher, true).await;
        firm.access.forget_user(WANG);
        let (_, actor) = firm.access.authenticate(&tokens.access).await.unwrap();
        assert_eq!(actor.role, Role::Dispatcher);
    }

    a_disabled_account_is_refused_at_once_everywhere(db) {
        let firm = Firm::new(db).await;
        let other = server(&firm.db, &firm.clock).await;
        let tokens = firm.wang().await;
        assert!(other.authenticate(&tokens.access).await.is_ok());
        firm.change_user(WANG, Role::Technician, false).await;
        firm.db.write({
            let now = firm.clock.now();
            move |conn| revoke_user_sessions(conn, WANG, now)
        }).await.unwrap();
        firm.access.forget_user(WANG);
        assert!(matches!(firm.access.authenticate(&tokens.access).await, Err(AccessError::AccountDisabled)));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(matches!(other.authenticate(&tokens.access).await, Err(AccessError::AccountDisabled)));
        assert!(matches!(firm.refresh(&tokens.refresh).await, Err(AccessError::AccountDisabled)));
        assert!(matches!(firm.sign_in("wang", PASSWORD).await, Err(AccessError::AccountDisabled)));
        assert!(is_wrong(firm.sign_in("wang", "wrong").await), "only who knows the password learns that");
    }

    a_revoked_device_is_refused_at_once(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        firm.set_device(PHONE, WANG, false).await;
        assert!(firm.access.authenticate(&tokens.access).await.is_ok());
        firm.set_device(PHONE, WANG, true).await;
        firm.db.write({
            let now = firm.clock.now();
            move |conn| revoke_device_sessions(conn, ORG, PHONE, now)
        }).await.unwrap();
        firm.access.forget_device(PHONE);
        assert!(matches!(firm.access.authenticate(&tokens.access).await, Err(AccessError::DeviceRevoked)));
        assert!(matches!(firm.refresh(&tokens.refresh).await, Err(AccessError::DeviceRevoked)));
        assert!(matches!(firm.sign_in("wang", PASSWORD).await, Err(AccessError::DeviceRevoked)));
        assert!(firm.access.sign_in("wang", PASSWORD.into(), Origin::default()).await.is_ok(), "a browser is no phone");
    }

    a_device_of_somebody_else_is_refused(db) {
        let firm = Firm::new(db).await;
        let early = firm.wang().await;
        firm.set_device(PHONE, CHEN, false).await;
        firm.access.forget_device(PHONE);
        assert!(matches!(firm.access.authenticate(&early.access).await, Err(AccessError::DeviceNotYours)));
        assert!(matches!(firm.sign_in("wang", PASSWORD).await, Err(AccessError::DeviceNotYours)));
        assert!(firm.sign_in("chen", PASSWORD).await.is_ok());
    }

    a_token_of_another_organisation_opens_nothing(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        // The account moved: what was signed for the old organisation does not hold in the new one.
        firm.db.write(|conn| {
            both!(conn, c => diesel::update(records::table.filter(records::id.eq(Uid(WANG))))
                .set(records::org_id.eq(Uid(OTHER_ORG))).execute(c))?;
            both!(conn, c => diesel::update(credentials::table.find(Uid(WANG)))
                .set(credentials::org_id.eq(Uid(OTHER_ORG))).execute(c))?;
            Ok::<_, AccessError>(())
        }).await.unwrap();
        firm.access.forget_user(WANG);
        assert!(matches!(firm.access.authenticate(&tokens.access).await, Err(AccessError::TokenInvalid)));
    }

    access_tokens_expire(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        firm.wait(599);
        assert!(firm.access.authenticate(&tokens.access).await.is_ok());
        firm.wait(1);
        assert!(matches!(firm.access.authenticate(&tokens.access).await, Err(AccessError::TokenExpired)));
        let other = server(&firm.db, &firm.clock).await;
        assert!(matches!(other.authenticate(&tokens.access).await, Err(AccessError::TokenExpired)));
    }

    two_servers_that_start_at_once_make_one_key(db) {
        let clock = Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let starting = (0..6).map(|_| {
            let (db, clock) = (db.clone(), clock.clone());
            tokio::spawn(async move { server(&db, &clock).await })
        });
        for started in starting.collect::<Vec<_>>() {
            started.await.unwrap();
        }
        let keys: i64 = db.read(|conn| {
            Ok::<_, DbError>(both!(conn, c => signing_keys::table.count().get_result(c))?)
        }).await.unwrap();
        assert_eq!(keys, 1);
    }

    rotating_keys_signs_nobody_out(db) {
        let firm = Firm::new(db).await;
        let other = server(&firm.db, &firm.clock).await;
        let old = firm.wang().await;
        let kid = firm.access.rotate_keys().await.unwrap();
        let new = firm.refresh(&old.refresh).await.unwrap();
        assert!(String::from_utf8_lossy(&header(&new.access)).contains(&kid));
        for server in [&firm.access, &other] {
            assert!(server.authenticate(&old.access).await.is_ok());
            assert!(server.authenticate(&new.access).await.is_ok(), "the other server reads the new key");
        }
        // The old key goes out of use when every token that it signed has long expired.
        firm.wait(24 * 3600);
        let late = firm.refresh(&new.refresh).await.unwrap();
        assert!(firm.access.authenticate(&late.access).await.is_ok());
        assert!(matches!(firm.access.authenticate(&old.access).await, Err(AccessError::TokenInvalid)));
    }

    tokens_of_another_installation_are_refused(db) {
        let firm = Firm::new(db).await;
        let tokens = firm.wang().await;
        firm.db.write(|conn| {
            both!(conn, c => diesel::delete(signing_keys::table).execute(c))?;
            Ok::<_, DbError>(())
        }).await.unwrap();
        let elsewhere = server(&firm.db, &firm.clock).await;
        assert!(matches!(elsewhere.authenticate(&tokens.access).await, Err(AccessError::TokenInvalid)));
    }

    two_accounts_cannot_share_a_login(db) {
        let firm = Firm::new(db).await;
        let now = firm.clock.now();
        let taken = firm.db.write(move |conn| set_password(conn, ORG, CHEN, " Wang", "hash", now)).await;
        assert!(matches!(taken, Err(AccessError::LoginTaken)));
        let taken = firm.db.write(|conn| store::rename_login(conn, CHEN, "wang")).await;
        assert!(matches!(taken, Err(AccessError::LoginTaken)));
        firm.db.write(|conn| store::rename_login(conn, CHEN, "Chen.New")).await.unwrap();
        assert!(firm.sign_in("chen.new", PASSWORD).await.is_ok());
        for unusable in ["", "two words", "tab\tbed", "nul\0", &"x".repeat(101)] {
            let unusable = unusable.to_owned();
            let result = firm.db.write(move |conn| store::rename_login(conn, CHEN, &unusable)).await;
            assert!(matches!(result, Err(AccessError::LoginUnusable)));
        }
    }

    cleaning_up_keeps_what_still_decides(db) {
        let firm = Firm::new(db).await;
        let first = firm.wang().await;
        let second = firm.refresh(&first.refresh).await.unwrap();
        assert!(is_wrong(firm.sign_in("chen", "guess").await));
        assert_eq!(firm.access.purge().await.unwrap(), 0);
        firm.wait(8 * 24 * 3600);
        assert_eq!(firm.access.purge().await.unwrap(), 2, "the used token and the forgotten failure");
        let third = firm.refresh(&second.refresh).await.unwrap();
        assert!(firm.access.authenticate(&third.access).await.is_ok());
    }
}

fn header(token: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()
}
