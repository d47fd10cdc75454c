//! The check, by whoever holds the paper.

use diesel::prelude::*;
use doorstep::db::{Conn, schema::journal, types::Uid};
use mobile_api::{
    money::{Currency, Money},
    work_order::{request::Edit, sign_off::SetCharge},
};
use serde_json::json;

use super::*;

async fn checked(house: &House, code: &str) -> Value {
    let answer = open(house, &format!("/c/{code}"), "application/json").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_slice(&answer.bytes).unwrap()
}

fn edit() -> Edit {
    serde_json::from_value(json!({})).unwrap()
}

stories! {
    async fn what_nobody_touched_is_unchanged(house: House) {
        let (order, ..) = signed(&house).await;
        let code = code_of(&house, order).await;
        let check = checked(&house, &code).await;
        assert_eq!((&check["state"], &check["changed"]), (&json!("unchanged"), &json!([])));
        assert_eq!((&check["order_number"], &check["amount"]["minor"]), (&json!("2026-000001"), &json!(12000)));
        assert_eq!(check["signer"], "陈女士 Mrs Chen");
        house.li().await.perform(order, mobile_api::work_order::dispatch::Close { without_signature: None, without_photos: None }).await.applied();
        assert_eq!(checked(&house, &code).await["state"], "unchanged", "closing the file changes nothing");

        let page = open(&house, &format!("/c/{code}"), "text/html").await;
        assert!(page.text().contains("Unchanged since the signature"));
        assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
        let chinese = open(&house, &format!("/c/{code}?lang=zh-CN"), "text/html").await;
        assert!(chinese.text().contains("签字后未改动"));
    }

    async fn the_page_says_no_more_than_the_paper(house: House) {
        let (order, ..) = signed(&house).await;
        let code = code_of(&house, order).await;
        for accept in ["text/html", "application/json"] {
            let told = open(&house, &format!("/c/{code}"), accept).await.text();
            for secret in ["021-5550101", "存水弯", "7-1203", "WANG", "Good"] {
                assert!(!told.contains(secret), "{secret} in {told}");
            }
        }
    }

    async fn what_the_office_changed_is_named(house: House) {
        let (order, _, op) = signed(&house).await;
        let code = code_of(&house, order).await;
        let manager = house.office("admin").await;
        manager.perform(order, Edit { findings: Some("Pipe broken".into()), ..edit() }).await.applied();
        assert_eq!(checked(&house, &code).await["changed"], json!(["findings"]));
        manager.perform(order, Edit { place: Some("Cellar".into()), ..edit() }).await.applied();
        manager.perform(order, seal()).await.applied();
        assert_eq!(checked(&house, &code).await["changed"], json!(["place", "findings", "materials"]));
        let amount = Money { minor: 10_000, currency: Currency::CNY };
        manager.perform(order, SetCharge { sign_off: op, amount, reason: "Goodwill".into() }).await.applied();
        let check = checked(&house, &code).await;
        assert_eq!(check["state"], "changed");
        assert_eq!(check["changed"], json!(["place", "findings", "materials", "charge"]));
        assert_eq!((&check["amount"]["minor"], &check["charged"]["minor"]), (&json!(12_000), &json!(10_000)));
        let page = open(&house, &format!("/c/{code}"), "*/*").await.text();
        for part in ["Changed since the signature", "<li>findings</li>", "<li>material used</li>", "¥100.00"] {
            assert!(page.contains(part), "{part}");
        }
        let paper = file(&house.li().await, &address(order), "text/html", "en").await.text();
        assert!(paper.contains("存水弯密封圈老化") && !paper.contains("Pipe broken"), "the paper says what was signed");
        manager.perform(order, Edit { findings: Some("存水弯密封圈老化 Trap seal worn".into()), ..edit() }).await.applied();
        assert_eq!(checked(&house, &code).await["changed"], json!(["place", "materials", "charge"]), "and back again");
    }

    /// The office corrected the place while the phone was in the basement.
    async fn what_differed_from_the_beginning_is_told_apart(house: House) {
        let (order, phone) = finished(&house, "Trap seal worn").await;
        phone.sync().await;
        sign(&phone, order, |_| ());
        house.li().await.perform(order, Edit { place: Some("Cellar".into()), ..edit() }).await.applied();
        phone.sync().await;
        let check = checked(&house, &code_of(&house, order).await).await;
        assert_eq!((&check["changed"], &check["differed_when_signed"]), (&json!([]), &json!(["place"])));
    }

    /// The customer signed for what the phone showed, while the office had priced the work anew.
    async fn a_newer_quote_than_the_signed_one_is_a_change(house: House) {
        let (order, phone) = finished(&house, "Trap seal worn").await;
        phone.sync().await;
        sign(&phone, order, |_| ());
        let mut dearer = quote(&house);
        dearer.lines[0].quantity_milli = Quantity(3000);
        house.li().await.perform(order, dearer).await.applied();
        phone.sync().await;
        let check = checked(&house, &code_of(&house, order).await).await;
        assert_eq!((&check["changed"], &check["charged"]["minor"]), (&json!(["quote"]), &json!(12_000)));
        let paper = file(&house.li().await, &address(order), "text/html", "en").await.text();
        assert!(paper.contains("Revision 2") && paper.contains("¥240.00"), "every revision stands on the paper");
    }

    async fn a_journal_that_was_tampered_with_is_found_out(house: House) {
        let (order, _, op) = signed(&house).await;
        let code = code_of(&house, order).await;
        let original = house.db.read({
            let stored = journal::table.filter(journal::op_id.eq(Uid(op))).select(journal::body);
            move |conn: &mut Conn| Ok::<String, DbError>(both!(conn, c => stored.first(c))?)
        });
        let original = original.await.unwrap();
        for forged in [original.replace("12000", "92000"), original.replace("\"x\":3.0", "\"x\":3.5"), "{}".into()] {
            assert_ne!(forged, original);
            tamper(&house, "UPDATE journal SET body = ? WHERE op_id = ?", op, forged).await;
            assert_eq!(checked(&house, &code).await["state"], "mismatch");
            let page = open(&house, &format!("/c/{code}"), "*/*").await.text();
            assert!(page.contains("The record does not match its fingerprint"));
            let li = house.li().await;
            assert_eq!(li.get(&address(order)).await.problem(409), "signature_mismatch", "no paper from a forgery");
        }
        tamper(&house, "UPDATE journal SET body = ? WHERE op_id = ?", op, original).await;
        assert_eq!(checked(&house, &code).await["state"], "unchanged");
    }

    async fn a_code_is_read_as_people_write_it(house: House) {
        let (order, ..) = signed(&house).await;
        let code = code_of(&house, order).await;
        let spoken = code.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l");
        for spelling in [code.to_lowercase(), code.replace('-', ""), code.replace('-', "%20"), spoken] {
            assert_eq!(checked(&house, &spelling).await["code"], code, "{spelling}");
        }
    }

    async fn every_unknown_code_gets_the_same_answer(house: House) {
        let (order, ..) = signed(&house).await;
        let code = code_of(&house, order).await;
        let last = if code.ends_with('2') { '3' } else { '2' };
        let near = format!("{}{last}", &code[..13]);
        let mut pages = Vec::new();
        for wrong in [near.as_str(), "0000-0000-0000", "x", "%00", "%E4%BA%8C", &"7".repeat(2000)] {
            let page = open(&house, &format!("/c/{wrong}"), "text/html").await;
            assert_eq!((page.status, page.header("content-type")), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
            pages.push(page.text());
            let json = open(&house, &format!("/c/{wrong}"), "application/json").await;
            assert_eq!((json.status, json.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
        }
        assert!(pages.windows(2).all(|pair| pair[0] == pair[1]) && pages[0].contains("No certificate has this code"));
    }
}
