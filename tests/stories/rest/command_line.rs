//! `doorstep admin`: the program itself, on a database that nobody can sign in to yet.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use doorstep::{
    access::{Access, AccessConfig, AccessError, Origin},
    clock::Clock,
};
use mobile_api::Role;

use crate::harness::TestDb;

const PASSWORD: &str = "correct horse battery";

/// Runs `doorstep admin …` and answers what it printed; on standard error, if it failed.
fn admin(db: &TestDb, arguments: &[&str], input: &str) -> Result<String, String> {
    let options = db.options();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.arg("admin").args(arguments).env("DOORSTEP_DATA", &options.data_dir).env("DOORSTEP_LOG", "warn");
    command.env_remove("DATABASE_URL").envs(options.url.map(|url| ("DATABASE_URL", url)));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without having read what it does not need.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if status.success() { Ok(text(stdout)) } else { Err(text(stderr)) }
}

fn words(line: &str) -> Vec<&str> {
    line.split('|').collect()
}

async fn sign_in(db: &TestDb, login: &str, password: &str) -> Result<Role, AccessError> {
    let access = Access::new((**db).clone(), Clock::system(), AccessConfig::default()).unwrap();
    let tokens = access.sign_in(login, password.into(), Origin::default()).await?;
    Ok(tokens.account.role)
}

stories! {
    async fn an_organisation_is_made_and_people_are_added(db: TestDb) {
        let found = "create-organisation|--name|Bright Home Services|--slug|bright|--login|Admin|--password-stdin";
        let said = admin(&db, &words(found), PASSWORD).unwrap();
        assert!(said.contains("doorstep serve") && said.contains("`admin`"), "{said}");
        assert_eq!(sign_in(&db, "admin", PASSWORD).await.unwrap(), Role::Admin);
        let again = admin(&db, &words(found), PASSWORD).unwrap_err();
        assert!(again.contains("taken"), "{again}");

        let add = "add-user|--role|technician|--name|Wang Lei|--login|wang.lei|--certificate|lift=2027-06-30|--password-stdin";
        let short = admin(&db, &words(add), "short").unwrap_err();
        assert!(short.contains("at least 10 characters"), "{short}");
        assert!(!admin(&db, &["list-users"], "").unwrap().contains("wang.lei"), "nothing was done by halves");
        admin(&db, &words(add), PASSWORD).unwrap();
        assert_eq!(sign_in(&db, "wang.lei", PASSWORD).await.unwrap(), Role::Technician);
        let twice = admin(&db, &words(add), PASSWORD).unwrap_err();
        assert!(twice.contains("nobody else has"), "{twice}");
        let lost = admin(&db, &words("add-user|--role|technician|--name|X|--login|xxx|--team|Nord|--password-stdin"), PASSWORD);
        assert!(lost.unwrap_err().contains("no team `Nord`"));

        admin(&db, &words("reset-password|WANG.lei|--password-stdin"), "staple in the rain\n").unwrap();
        assert!(matches!(sign_in(&db, "wang.lei", PASSWORD).await, Err(AccessError::WrongCredentials)));
        assert_eq!(sign_in(&db, "wang.lei", "staple in the rain").await.unwrap(), Role::Technician);
        let nobody = admin(&db, &words("reset-password|nobody|--password-stdin"), PASSWORD).unwrap_err();
        assert!(nobody.contains("the login `nobody`"), "{nobody}");

        admin(&db, &["list-devices"], "").unwrap();
        let unknown = "revoke-device|0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11|--reason|Lost";
        assert!(admin(&db, &words(unknown), "").unwrap_err().contains("none with this id"));
        admin(&db, &["rotate-keys"], "").unwrap();
        assert!(admin(&db, &["check-stock"], "").unwrap().starts_with("0 levels"));
        assert!(admin(&db, &["rebuild-search"], "").unwrap().starts_with("0 orders and complaints"));
        assert!(admin(&db, &words("check-stock|--lang|zh-CN"), "").unwrap().contains("0 项结存"));
        assert!(admin(&db, &words("--lang|zh-CN|list-users"), "").unwrap().contains("登录名"));
        assert!(admin(&db, &words("reset-password|nobody|--lang|zh-CN"), "").unwrap_err().contains("没有登录名"));
        assert!(admin(&db, &words("reset-password|wang.lei"), "").unwrap_err().contains("--password-stdin"));
    }
}
