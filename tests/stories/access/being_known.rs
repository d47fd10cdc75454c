//! Access tokens, their keys, and what is looked up for each request.

use super::*;

stories! {
    async fn authority_is_what_the_account_says_now(firm: Firm) {
        let tokens = firm.wang().await;
        firm.change_user(WANG, Role::Dispatcher, true).await;
        firm.access.forget_user(WANG);
        let (_, actor) = firm.access.authenticate(&tokens.access).await.unwrap();
        assert_eq!(actor.role, Role::Dispatcher);
    }

    async fn a_disabled_account_is_refused_at_once_everywhere(firm: Firm) {
        let other = server(&firm.db, &firm.clock);
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

    async fn a_revoked_device_is_refused_at_once(firm: Firm) {
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

    async fn a_device_of_somebody_else_is_refused(firm: Firm) {
        let early = firm.wang().await;
        firm.set_device(PHONE, CHEN, false).await;
        firm.access.forget_device(PHONE);
        assert!(matches!(firm.access.authenticate(&early.access).await, Err(AccessError::DeviceNotYours)));
        assert!(matches!(firm.sign_in("wang", PASSWORD).await, Err(AccessError::DeviceNotYours)));
        assert!(firm.sign_in("chen", PASSWORD).await.is_ok());
    }

    async fn a_token_of_another_organisation_opens_nothing(firm: Firm) {
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

    async fn access_tokens_expire(firm: Firm) {
        let tokens = firm.wang().await;
        firm.wait(599);
        assert!(firm.access.authenticate(&tokens.access).await.is_ok());
        firm.wait(1);
        assert!(matches!(firm.access.authenticate(&tokens.access).await, Err(AccessError::TokenExpired)));
        let other = server(&firm.db, &firm.clock);
        assert!(matches!(other.authenticate(&tokens.access).await, Err(AccessError::TokenExpired)));
    }

    async fn two_servers_that_start_at_once_make_one_key(db: TestDb) {
        let clock = Clock::fixed(START);
        let starting = (0..6).map(|_| {
            let (db, clock) = (Db::clone(&db), clock.clone());
            tokio::spawn(async move { server(&db, &clock).authenticate("").await })
        });
        for started in starting.collect::<Vec<_>>() {
            assert!(matches!(started.await.unwrap(), Err(AccessError::TokenInvalid)));
        }
        let keys: i64 = db.read(|conn| {
            Ok::<_, DbError>(both!(conn, c => signing_keys::table.count().get_result(c))?)
        }).await.unwrap();
        assert_eq!(keys, 1);
    }

    async fn rotating_keys_signs_nobody_out(firm: Firm) {
        let other = server(&firm.db, &firm.clock);
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

    async fn tokens_of_another_installation_are_refused(firm: Firm) {
        let tokens = firm.wang().await;
        firm.db.write(|conn| {
            both!(conn, c => diesel::delete(signing_keys::table).execute(c))?;
            Ok::<_, DbError>(())
        }).await.unwrap();
        let elsewhere = server(&firm.db, &firm.clock);
        assert!(matches!(elsewhere.authenticate(&tokens.access).await, Err(AccessError::TokenInvalid)));
    }
}

fn header(token: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()
}
