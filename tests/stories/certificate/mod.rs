//! The completion certificate: for whom it is, what it says, and whether it still holds.

mod check;
mod pictures;

use std::time::Duration;

use doorstep::db::{DbError, both};
use mobile_api::{
    ids::WorkOrderId,
    money::Quantity,
    signing::{Stroke, digest},
    work_order::{
        WorkOrder,
        sign_off::Sign,
        visit::{Arrive, Diagnose, Finish, Start, UseMaterial},
    },
};
use reqwest::{StatusCode, header};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{Handset, House, Office},
    repair::{confirmed, quote, signature},
};

/// A file, as it was answered.
pub(crate) struct File {
    pub(crate) status: StatusCode,
    headers: header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

async fn fetched(request: reqwest::RequestBuilder) -> File {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    File { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
}

pub(crate) async fn file(office: &Office, path: &str, accept: &str, language: &str) -> File {
    let request = office.client.get(format!("{}{path}", office.base)).bearer_auth(&office.token);
    fetched(request.header("accept", accept).header("accept-language", language)).await
}

/// What anybody gets who has no account.
async fn open(house: &House, path: &str, accept: &str) -> File {
    fetched(reqwest::Client::new().get(format!("{}{path}", house.url())).header("accept", accept)).await
}

fn address(order: WorkOrderId) -> String {
    format!("/v1/work-orders/{order}/certificate")
}

/// The text of a PDF, without the white space that a typesetter is free to place.
pub(crate) fn text_of(pdf: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(pdf).unwrap().split_whitespace().collect()
}

/// An order that has to be paid for, with the work done. Twelve minutes to the door, half an hour of work.
async fn finished(house: &House, findings: &str) -> (WorkOrderId, Handset) {
    let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
    let phone = house.phone_of("wang").await;
    house.pass(Duration::from_secs(12 * 60), &[&phone]);
    phone.did(order, Arrive {});
    phone.did(order, Diagnose { findings: findings.into(), cause: None, explained: None });
    let offer = phone.did(order, quote(house));
    phone.did(order, confirmed(offer));
    phone.did(order, Start {});
    house.pass(Duration::from_secs(30 * 60), &[&phone]);
    phone.did(order, seal());
    phone.did(order, Finish { summary: Some("更换密封圈 Seal replaced".into()) });
    (order, phone)
}

fn seal() -> UseMaterial {
    UseMaterial {
        item: None,
        name: "密封圈 Trap seal".into(),
        quantity_milli: Quantity(1000),
        unit: "pc".into(),
        stock: None,
    }
}

/// Mrs Chen signs, and the phone comes back to the street. Answers the operation with the signature.
async fn signed(house: &House) -> (WorkOrderId, Handset, Uuid) {
    let (order, phone) = finished(house, "存水弯密封圈老化 Trap seal worn").await;
    let op = sign(&phone, order, |_| ());
    phone.sync().await;
    (order, phone, op)
}

/// The customer signs for what this phone shows, after a change of what is recorded.
fn sign(phone: &Handset, order: WorkOrderId, change: impl FnOnce(&mut Sign)) -> Uuid {
    let shown: WorkOrder = phone.get(order).unwrap().expect("on the phone");
    let mut payload = signature(phone, &shown, "陈女士 Mrs Chen");
    change(&mut payload);
    payload.digest = digest(&payload.content).unwrap();
    phone.did(order, payload)
}

/// The code on the certificate, as it stands on the page.
async fn code_of(house: &House, order: WorkOrderId) -> String {
    let page = file(&house.li().await, &address(order), "text/html", "en").await.text();
    let (_, after) = page.split_once("/c/").expect("the address of the check");
    after.chars().take(14).collect()
}

/// Changes the database behind the server's back. `?` in SQLite's statement is `$1` in PostgreSQL's.
pub(crate) async fn tamper(house: &House, sql: &'static str, id: Uuid, body: String) {
    use diesel::{RunQueryDsl, sql_types::Text};
    use doorstep::db::types::{Id, Uid};
    let write = move |conn: &mut doorstep::db::Conn| {
        let sql = if conn.is_sqlite() { sql.to_owned() } else { sql.replacen('?', "$1", 1).replacen('?', "$2", 1) };
        let query = diesel::sql_query(sql).bind::<Text, _>(body.clone()).bind::<Id, _>(Uid(id));
        let changed = both!(conn, c => query.execute(c))?;
        assert_eq!(changed, 1);
        Ok::<_, DbError>(())
    };
    house.db.write(write).await.unwrap();
}

/// The words of a page, without its style, its tags and what differs from one run to the next.
fn words_of(page: &str) -> String {
    let (_, body) = page.split_once("<main>").unwrap();
    let mut words = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => words.push(c),
            _ => {}
        }
    }
    words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// With what is made anew in each house told by name.
fn steady(text: &str, house: &House, code: &str, digest: &str) -> String {
    text.replace(&house.url(), "http://server").replace(code, "CODE-CODE-CODE").replace(digest, "DIGEST")
}

stories! {
    async fn a_signed_order_has_a_certificate_in_both_languages(house: House) {
        let (order, ..) = signed(&house).await;
        let li = house.li().await;
        for (language, title, amount) in
            [("zh-CN", "维修完工确认单", "签字确认金额"), ("en", "Completioncertificate", "Amountsignedfor")]
        {
            let pdf = file(&li, &address(order), "*/*", language).await;
            assert_eq!((pdf.status, pdf.header("content-type")), (StatusCode::OK, "application/pdf"));
            assert_eq!(pdf.header("content-disposition"), "inline; filename=\"certificate-2026-000001.pdf\"");
            assert_eq!(pdf.header("content-language"), language);
            let text = text_of(&pdf.bytes);
            for word in [title, amount, "存水弯密封圈老化", "更换密封圈", "陈女士", "¥120.00", "2026-000001"] {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
            let again = file(&li, &format!("{}?lang={language}", address(order)), "application/pdf", "fr").await;
            assert!(again.bytes == pdf.bytes, "the same certificate, byte for byte");

            let page = file(&li, &address(order), "text/html", language).await;
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
            assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
            assert!(page.text().contains(&format!("lang=\"{language}\"")));
        }
    }

    async fn what_the_page_says(house: House) {
        let (order, ..) = signed(&house).await;
        let (page, code) = (file(&house.li().await, &address(order), "text/html", "en").await, code_of(&house, order).await);
        let record: Value = house.li().await.get(&format!("/v1/work-orders/{order}")).await.body;
        let digest = record["sign_offs"][0]["digest"].as_str().unwrap();
        let grouped: Vec<&str> = digest.as_bytes().chunks(8).map(|group| str::from_utf8(group).unwrap()).collect();
        let words = steady(&words_of(&page.text()), &house, &code, &grouped.join(" "));
        insta::allow_duplicates! { insta::assert_snapshot!("words_of_a_page", words) };
    }

    async fn an_unchanged_certificate_is_not_sent_again(house: House) {
        let (order, ..) = signed(&house).await;
        let li = house.li().await;
        let first = file(&li, &address(order), "application/pdf", "en").await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "a strong tag");
        let request = || li.client.get(format!("{}{}", li.base, address(order))).bearer_auth(&li.token);
        let again = fetched(request().header("accept-language", "en").header("if-none-match", &tag)).await;
        assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
        let other = fetched(request().header("accept-language", "zh-CN").header("if-none-match", &tag)).await;
        assert_eq!(other.status, StatusCode::OK, "another language is another document");
    }

    async fn only_who_sees_the_order_sees_its_certificate(house: House) {
        let (order, _, op) = signed(&house).await;
        let zhao = house.office("zhao").await;
        assert_eq!(zhao.get(&address(order)).await.problem(404), "not_found");
        assert_eq!(zhao.get(&format!("/v1/work-orders/{order}/signatures/{op}")).await.problem(404), "not_found");
        let wang = house.office("wang").await;
        assert_eq!(wang.get(&address(order)).await.status, StatusCode::OK, "who did it sees it");
        let nobody = open(&house, &address(order), "*/*").await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    }

    async fn without_a_signature_there_is_no_certificate(house: House) {
        let (order, phone) = finished(&house, "Trap seal worn").await;
        phone.sync().await;
        let li = house.li().await;
        assert_eq!(li.get(&address(order)).await.problem(409), "not_signed");
        assert_eq!(li.get(&format!("{}?lang=fr", address(order))).await.problem(400), "invalid_query");
        assert_eq!(li.get(&address(house.clock.new_id().into())).await.problem(404), "not_found");
    }

    /// Signed before there were codes, or restored from such a backup.
    async fn a_code_that_is_missing_is_made_when_it_is_asked_for(house: House) {
        let (order, ..) = signed(&house).await;
        let code = code_of(&house, order).await;
        let forget = |conn: &mut doorstep::db::Conn| {
            use diesel::RunQueryDsl;
            both!(conn, c => diesel::sql_query("DELETE FROM certificates").execute(c)).map_err(DbError::from)
        };
        assert_eq!(house.db.write(forget).await.unwrap(), 1);
        assert_eq!(open(&house, &format!("/c/{code}"), "*/*").await.status, StatusCode::NOT_FOUND);
        assert_eq!(code_of(&house, order).await, code, "the same as before: it follows from the signature");
        assert_eq!(open(&house, &format!("/c/{code}"), "*/*").await.status, StatusCode::OK);
    }

    async fn the_paper_carries_the_configured_address(house: House) {
        let mut house = house;
        let (order, ..) = signed(&house).await;
        house.kill().await;
        let mut config = doorstep::config::Config::default();
        config.http.public_url = Some("https://service.example.com".into());
        house.start_with(config).await;
        let page = file(&house.li().await, &address(order), "text/html", "en").await.text();
        assert!(page.contains("https://service.example.com/c/"));
        assert!(!page.contains("127.0.0.1"));
    }

    /// Markup of the typesetter and of browsers, what no font has, and more than anybody reads.
    async fn whatever_people_write_is_printed_as_they_wrote_it(house: House) {
        let text = "#panic(\"x\") *b* $x$ <script>alert(1)</script> {{ 7*7 }} 🔧 שלום";
        let (order, phone) = finished(&house, &format!("{text} {}", "漏".repeat(3900))).await;
        sign(&phone, order, |sign| sign.opinion = Some(text.into()));
        phone.sync().await;
        let li = house.li().await;
        let pdf = text_of(&file(&li, &address(order), "*/*", "en").await.bytes);
        assert_eq!(pdf.matches('漏').count(), 3900);
        assert!(pdf.contains("#panic(\"x\")*b*$x$<script>alert(1)</script>{{7*7}}□□□□□"), "{pdf}");
        let page = file(&li, &address(order), "text/html", "en").await.text();
        assert!(page.contains("{{ 7*7 }} 🔧 שלום"), "a browser has the fonts that we have not");
        assert!(!page.contains("<script"));
    }

    async fn strokes_that_are_no_writing_leave_the_box_empty(house: House) {
        let (order, phone) = finished(&house, "Trap seal worn").await;
        let op = sign(&phone, order, |sign| sign.strokes = vec![Stroke::default()]);
        phone.sync().await;
        let li = house.li().await;
        let page = file(&li, &address(order), "text/html", "en").await.text();
        assert!(page.contains("(no signature that could be drawn)"));
        let picture = li.get(&format!("/v1/work-orders/{order}/signatures/{op}")).await;
        assert_eq!(picture.problem(409), "signature_undrawable");
    }
}
