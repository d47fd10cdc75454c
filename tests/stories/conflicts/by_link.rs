//! The customer confirms on a page of their own, while the technician may have no signal, and the office may price anew.

use chrono::TimeDelta;
use mobile_api::work_order::{
    ConfirmationMethod,
    by_link::{ConfirmByLink, SendQuote},
    confirm::ConfirmQuote,
    dispatch::Cancel,
};
use reqwest::{StatusCode, Url, header, redirect};
use serde_json::json;

use super::*;

/// A browser that nobody is signed in with; it goes nowhere by itself.
struct Browser(reqwest::Client);

impl Browser {
    fn new() -> Self {
        Self(reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap())
    }

    async fn open(&self, address: &str) -> (StatusCode, String) {
        let answer = self.0.get(address).header("accept-language", "en").send().await.unwrap();
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'self'") && !policy.contains("script"), "{policy}");
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        (answer.status(), answer.text().await.unwrap())
    }

    async fn press(&self, address: &str, name: &str) -> (StatusCode, String) {
        let typed = Url::parse_with_params("http://form", [("name", name)]).unwrap();
        let request = self.0.post(address).header("accept-language", "en");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(typed.query().unwrap().to_owned()).send().await.unwrap();
        let to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        match to {
            Some(to) => (status, Url::parse(address).unwrap().join(&to).unwrap().to_string()),
            None => (status, text),
        }
    }
}

/// What the page says: its text, without what is markup and style.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

fn digits(page: &str) -> Option<String> {
    Some(page.split_once("class=\"proof\">")?.1[..6].to_owned())
}

fn by_proof(quote: Uuid, proof: &str) -> ConfirmQuote {
    ConfirmQuote { quote, name: "Mrs Chen".into(), method: ConfirmationMethod::Proof { proof: proof.into() } }
}

/// Wang priced the work at the door; Li sent the link. Answers the order, his phone, the quote and the link.
async fn sent(house: &House) -> (WorkOrderId, Handset, Uuid, String) {
    let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
    let phone = house.phone_of("wang").await;
    phone.did(order, Arrive {});
    let offer = phone.did(order, quote(house));
    all_applied(&phone).await;
    (order, phone, offer, link(house, order, offer).await)
}

async fn link(house: &House, order: WorkOrderId, quote: Uuid) -> String {
    let li = house.li().await;
    li.perform(order, SendQuote { quote, to: "138 0013 8000".into() }).await.applied();
    let told = li.get(&format!("/v1/work-orders/{order}/quote-link")).await;
    assert_eq!((told.status, &told.body["quote"]), (StatusCode::OK, &json!(quote)), "{}", told.body);
    told.body["address"].as_str().unwrap().to_owned()
}

stories! {
    /// Mrs Chen is at work; her plumber is in her basement. She presses the button, and tells him the digits by telephone.
    async fn the_customer_confirms_from_afar_and_the_technician_learns_of_it_by_telephone(house: House) {
        let (order, phone, offer, address) = sent(&house).await;
        let browser = Browser::new();
        let (status, page) = browser.open(&address).await;
        assert_eq!(status, StatusCode::OK);
        let page = text(&page).replace(&order_of(&house, order).await.number.unwrap(), "[number]");
        reads!(page, @r"
        Bright Home Services
        Your quote
        [number]
        Please confirm the price
        Work begins when you have confirmed. The offer stands until 2026-04-01 08:00:00 (UTC+08:00).
        Revision 1
        Item
        Quantity
        Unit
        Unit price
        Amount
        Plumber, one hour
        1.5
        h
        ¥80.00
        ¥120.00
        Total
        ¥120.00
        Your name
        I confirm ¥120.00
        If you do not agree, do nothing, and tell us: nothing is charged that you did not confirm.
        ");
        let (status, back) = browser.press(&address, "  Chen <Mrs>  ").await;
        assert_eq!((status, &back), (StatusCode::SEE_OTHER, &address));
        let (_, page) = browser.open(&back).await;
        assert!(page.contains("Chen &#60;Mrs&#62; confirmed this price") && !page.contains("<form"), "{page}");
        let proof = digits(&page).unwrap();

        phone.did(order, by_proof(offer, &proof));
        phone.did(order, found("Trap seal worn"));
        phone.did(order, Start {});
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(shown.status(), Status::Working, "he need not wait for signal");
        all_applied(&phone).await;
        let word = order_of(&house, order).await.quotes[0].confirmed.clone().unwrap();
        assert_eq!(word.name, "Chen <Mrs>");
        let ConfirmationMethod::Link { digest: seen, .. } = word.method else { panic!("{:?}", word.method) };
        let file = order_of(&house, order).await;
        assert_eq!(mobile_api::signing::digest(&file.quote_to_confirm(offer, "Chen <Mrs>").unwrap()).unwrap(), seen);
    }

    /// Digits that he made up are worth a question to a person, no more; and with signal he is asked to listen again.
    async fn made_up_digits_confirm_nothing_by_themselves(house: House) {
        let (order, phone, offer, address) = sent(&house).await;
        let wang = house.office("wang").await;
        assert_eq!(conflicts(wang.perform(order, by_proof(offer, "000000")).await), "wrong_proof");
        assert_eq!(wang.perform(order, by_proof(offer, "12345")).await.problem(422), "invalid");
        phone.did(order, by_proof(offer, "000000"));
        reads!(synced(&phone).await, @"confirm_quote     applied_flagged confirmation_unproved");
        let (_, page) = Browser::new().open(&address).await;
        assert!(digits(&page).is_none(), "she did not confirm here: {page}");
    }

    /// Two people of the household, two presses each.
    async fn pressed_four_times_it_is_confirmed_once(house: House) {
        let (order, _, _, address) = sent(&house).await;
        let browser = Browser::new();
        let press = |name| browser.press(&address, name);
        let (a, b, c, d) = tokio::join!(press("Chen"), press("Chen"), press("Zhou"), press("Zhou"));
        assert!([a, b, c, d].iter().all(|(status, _)| *status == StatusCode::SEE_OTHER));
        let words = history(&house, order).await.into_iter().filter(|entry| entry.op_type == "work_order.confirm_by_link");
        assert_eq!(words.count(), 1);
    }

    async fn a_link_that_no_longer_stands_says_so_and_confirms_nothing(house: House) {
        let (order, phone, _, old) = sent(&house).await;
        let browser = Browser::new();
        for missing in ["", "   ", &"x".repeat(201)] {
            let (status, page) = browser.press(&old, missing).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.contains("Please write your name"), "{page}");
        }
        let more = phone.did(order, priced(&house, 3));
        all_applied(&phone).await;
        let li = house.li().await;
        assert_eq!(li.get(&format!("/v1/work-orders/{order}/quote-link")).await.problem(409), "quote_unknown");
        let (_, page) = browser.open(&old).await;
        assert!(page.contains("There is a newer quote") && !page.contains("<form"), "{page}");
        browser.press(&old, "Chen").await;
        assert!(order_of(&house, order).await.quotes.iter().all(|quote| quote.confirmed.is_none()));

        let address = link(&house, order, more).await;
        assert_ne!(address, old);
        let chinese = browser.open(&format!("{address}?lang=zh-CN")).await.1;
        assert!(chinese.contains("我确认 ¥240.00") && chinese.contains("lang=\"zh-CN\""), "{chinese}");
        li.perform(order, Cancel { reason: "She moved out".into() }).await.applied();
        let (_, back) = browser.press(&format!("{address}?lang=zh-CN"), "Chen").await;
        assert!(back.ends_with("?lang=zh-CN"));
        assert!(browser.open(&address).await.1.contains("There is nothing to confirm any more"));
        for wrong in ["7Q4M-XK2P-0R9T", "%3Cscript%3E", "x"] {
            let nowhere = format!("{}/q/{wrong}", house.url());
            let (status, page) = browser.open(&nowhere).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            assert!(page.contains("This link leads nowhere") && !page.contains("<script"), "{page}");
            assert_eq!(browser.press(&nowhere, "Chen").await.0, StatusCode::NOT_FOUND);
        }
    }

    /// The offer ran out while the page lay open.
    async fn an_offer_that_ran_out_is_not_confirmed(house: House) {
        let mut firm: mobile_api::directory::Organisation = held(&house, Id::new(house.firm.org)).await;
        firm.money.quote_days = Some(7);
        let rules = mobile_api::price_list::SetMoneyRules { rules: firm.money };
        house.office("admin").await.perform(house.firm.org, rules).await.applied();
        let (order, _, offer, address) = sent(&house).await;
        house.clock.advance(TimeDelta::days(8));
        let browser = Browser::new();
        browser.press(&address, "Chen").await;
        assert!(browser.open(&address).await.1.contains("This offer has ended"));
        assert!(order_of(&house, order).await.quotes[0].confirmed.is_none());
        let again = SendQuote { quote: offer, to: "138 0013 8000".into() };
        assert_eq!(conflicts(house.li().await.perform(order, again).await), "quote_expired");
    }

    /// Who works at the door could confirm in the customer's name: the link is not for them.
    async fn a_technician_can_neither_read_nor_use_the_link(house: House) {
        let (order, phone, offer, _) = sent(&house).await;
        let wang = house.office("wang").await;
        assert_eq!(wang.get(&format!("/v1/work-orders/{order}/quote-link")).await.problem(403), "forbidden");
        let himself = ConfirmByLink { quote: offer, name: "Mrs Chen".into() };
        assert_eq!(wang.perform(order, himself).await.problem(403), "forbidden");
        let method = ConfirmationMethod::Link { digest: mobile_api::signing::Digest::of(b""), proof: "000000".into() };
        let forged = ConfirmQuote { quote: offer, name: "Mrs Chen".into(), method };
        assert_eq!(wang.perform(order, forged).await.problem(422), "invalid");
        phone.sync().await;
        let held: Value = serde_json::to_value(phone.get::<WorkOrder>(order).unwrap().unwrap()).unwrap();
        assert_eq!(held["quotes"][0]["sent"][0]["to"], "138 0013 8000");
        assert!(!held.to_string().contains("/q/"));
    }
}
