//! Refresh tokens: rotation, reuse, the lost answer, the end of a session.

use super::*;

stories! {
    async fn refresh_tokens_rotate(firm: Firm) {
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

    async fn refresh_tokens_slide_and_expire(firm: Firm) {
        let day = 24 * 3600;
        let first = firm.wang().await;
        firm.wait(59 * day);
        let second = firm.refresh(&first.refresh).await.unwrap();
        firm.wait(59 * day);
        let third = firm.refresh(&second.refresh).await.unwrap();
        firm.wait(60 * day);
        assert!(matches!(firm.refresh(&third.refresh).await, Err(AccessError::RefreshInvalid)));
    }

    async fn an_old_refresh_token_ends_the_family(firm: Firm) {
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

    async fn a_lost_answer_may_be_asked_for_again(firm: Firm) {
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

    async fn the_grace_ends_by_time_and_by_use(firm: Firm) {
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

    async fn repeats_at_once_leave_one_good_token(firm: Firm) {
        let firm = Arc::new(firm);
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

    async fn a_refresh_token_stays_on_its_device(firm: Firm) {
        let tokens = firm.wang().await;
        for device in [None, Some(Uuid::from_u128(0x99))] {
            assert!(matches!(firm.access.refresh(&tokens.refresh, device).await, Err(AccessError::RefreshInvalid)));
        }
        assert!(firm.refresh(&tokens.refresh).await.is_ok(), "that ended nothing");
        for nonsense in ["", "\0", "x", &"x".repeat(100_000)] {
            assert!(matches!(firm.refresh(nonsense).await, Err(AccessError::RefreshInvalid)));
        }
    }

    async fn signing_out_ends_this_session_only(firm: Firm) {
        let phone = firm.wang().await;
        let browser = firm.access.sign_in("wang", PASSWORD.into(), Origin::default()).await.unwrap();
        firm.access.sign_out(&phone.session).await.unwrap();
        assert!(matches!(firm.access.authenticate(&phone.access).await, Err(AccessError::TokenInvalid)));
        assert!(matches!(firm.refresh(&phone.refresh).await, Err(AccessError::RefreshInvalid)));
        assert!(firm.access.authenticate(&browser.access).await.is_ok());
    }

    async fn signing_in_again_replaces_the_sign_in_on_that_device(firm: Firm) {
        let (before, after) = (firm.wang().await, firm.wang().await);
        assert!(matches!(firm.access.authenticate(&before.access).await, Err(AccessError::TokenInvalid)));
        assert!(firm.access.authenticate(&after.access).await.is_ok());
    }

    async fn a_new_password_ends_the_other_sessions(firm: Firm) {
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

    async fn cleaning_up_keeps_what_still_decides(firm: Firm) {
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
