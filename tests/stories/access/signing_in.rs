//! Passwords, guessing, logins.

use super::*;

stories! {
    async fn signing_in_gives_an_actor(firm: Firm) {
        let tokens = firm.sign_in("  WANG ", PASSWORD).await.unwrap();
        assert_eq!((tokens.account.org, tokens.account.user, tokens.account.role), (ORG, WANG, Role::Technician));
        let (session, actor) = firm.access.authenticate(&tokens.access).await.unwrap();
        assert_eq!(session, tokens.session);
        assert_eq!((actor.org, actor.user.uuid(), actor.device.map(|id| id.uuid())), (ORG, WANG, Some(PHONE)));
    }

    async fn wrong_password_and_unknown_login_are_one_answer(firm: Firm) {
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

    async fn an_unknown_login_costs_as_much_as_a_wrong_password(firm: Firm) {
        // Each comparison computes a whole hash with the same parameters, whoever it is for.
        for login in ["wang", "nobody", "\0"] {
            let before = firm.access.passwords().compared();
            assert!(is_wrong(firm.sign_in(login, "not the password").await));
            assert_eq!(firm.access.passwords().compared(), before + 1, "{login:?}");
        }
    }

    async fn parameters_that_changed_are_taken_up_at_the_next_sign_in(firm: Firm) {
        let mut config = config();
        config.password.memory_kib = 32;
        let access = Access::new(Db::clone(&firm.db), firm.clock.clone(), config).unwrap();
        access.sign_in("wang", PASSWORD.into(), Origin::default()).await.unwrap();
        let stored = firm.db.read(|conn| store::find_credential(conn, "wang")).await.unwrap().unwrap();
        assert!(stored.password_hash.contains("m=32,"), "{}", stored.password_hash);
        assert!(access.sign_in("wang", PASSWORD.into(), Origin::default()).await.is_ok());
    }

    async fn guessing_is_slowed_down_per_login(firm: Firm) {
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

    async fn guesses_sent_at_once_are_counted_each(firm: Firm) {
        let firm = Arc::new(firm);
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

    async fn guessing_is_slowed_down_per_address(firm: Firm) {
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

    async fn a_whole_office_may_sign_in_from_one_address(firm: Firm) {
        let office = Origin { address: Some([203, 0, 113, 1].into()), device: None };
        for _ in 0..60 {
            firm.access.sign_in("wang", PASSWORD.into(), office).await.unwrap();
        }
    }

    async fn what_is_typed_as_login_is_not_stored(firm: Firm) {
        assert!(is_wrong(firm.sign_in("my-secret-password", "x").await));
        let subjects: Vec<String> = firm.db.read(|conn| {
            Ok::<_, DbError>(both!(conn, c => login_failures::table.select(login_failures::subject).load(c))?)
        }).await.unwrap();
        assert_eq!(subjects.len(), 1);
        assert!(!subjects[0].contains("secret"));
    }

    async fn two_accounts_cannot_share_a_login(firm: Firm) {
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
}
