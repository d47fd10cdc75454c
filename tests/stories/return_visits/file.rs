//! One household, one file: what the desk reads while Mrs Chen is on the telephone.

use mobile_api::{
    directory::{CustomerSave, UnitSave},
    ids::{CustomerId, SiteId, UnitId},
    inspection::{PublishTemplate, Spot, StartInspection, TemplateSave},
    work_order::dispatch::Cancel,
};
use reqwest::StatusCode;

use super::*;

/// What stands in a file: kinds and states, newest first.
fn kinds(file: &Value) -> Vec<String> {
    let items = file["items"].as_array().unwrap().iter();
    let kind = |item: &Value| {
        let kind = item["kind"].as_str().unwrap();
        format!("{kind} {}", item[kind]["status"].as_str().unwrap())
    };
    items.map(kind).collect()
}

async fn file(office: &Office, path: &str) -> Value {
    let answer = office.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

/// Somebody begins to look at the flat.
async fn inspected(house: &House) {
    let (firm, li) = (house.firm, house.li().await);
    let (template, inspection) = (house.clock.new_id(), house.clock.new_id());
    house.system(&firm, template, TemplateSave::example()).await;
    house.system(&firm, template, PublishTemplate {}).await;
    let spot = Spot { site: firm.site, building: None, unit: Some(firm.unit), asset: None };
    let begun = StartInspection { template: Some(template.into()), spot: Some(spot), ..StartInspection::default() };
    li.perform(inspection, begun).await.applied();
}

stories! {
    /// Everything that ever concerned the flat, newest first, and who lives there; the same of Mrs Chen.
    async fn the_file_of_a_household_tells_all_of_it_newest_first(house: House) {
        let (_, visit) = check_up(&house).await;
        later(&house, 1).await;
        inspected(&house).await;
        let li = later(&house, 1).await;
        li.perform(visit, dissatisfied(vec![rework()])).await.applied();
        let (unit, customer) = (house.firm.unit, house.firm.customer);
        let flat = file(&li, &format!("/v1/units/{unit}/file")).await;
        let all = ["work_order requested", "inspection running", "return_visit answered", "work_order signed_off"];
        let mut told = kinds(&flat);
        // The order and its return visit are of the same instant here, where the clock stands still.
        told[2..].sort();
        assert_eq!(told, all);
        assert_eq!((&flat["unit"]["name"], &flat["customers"][0]["member"]), (&json!("7-1203"), &json!(true)));
        assert_eq!(flat["customers"][0]["contacts"][0]["reach"], "021-5550101");
        let rework = &flat["items"][0]["work_order"];
        assert_eq!(rework["fault"], "It drips again");
        assert!(rework["rework_of"].is_string());
        let chens = file(&li, &format!("/v1/customers/{customer}/file")).await;
        assert_eq!(kinds(&chens).len(), 3, "inspections are of the flat");
        assert_eq!((&chens["unit"]["id"], &chens["next"]), (&json!(unit), &Value::Null));
        // What it costs stands in the records.
        for price in ["amount", "price", "charge", "quotes", "total"] {
            assert!(!flat.to_string().contains(&format!("\"{price}\"")), "{price}");
        }
    }

    /// Page by page, without repeating or leaving out.
    async fn a_file_is_read_page_by_page(house: House) {
        let li = house.li().await;
        for _ in 0..7 {
            let order = house.request(house.firm.check_up).await;
            li.perform(order, Cancel { reason: "By mistake".into() }).await.applied();
            house.clock.advance(chrono::TimeDelta::seconds(1));
        }
        let path = format!("/v1/units/{}/file", house.firm.unit);
        let ids = |file: &Value| {
            let items = file["items"].as_array().unwrap();
            items.iter().map(|item| item["work_order"]["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let whole = ids(&file(&li, &path).await);
        let (mut read, mut next) = (Vec::new(), String::new());
        for _ in 0..4 {
            let page = file(&li, &format!("{path}?limit=2{next}")).await;
            read.extend(ids(&page));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!((read.len(), &read), (7, &whole));
        assert_eq!(li.get(&format!("{path}?cursor=nonsense")).await.problem(400), "cursor_invalid");
    }

    /// Wang has the flat on his phone for his own order, and reads what is his; what Zhao did there before is not.
    async fn a_technician_reads_what_is_theirs(house: House) {
        let (firm, li) = (house.firm, house.li().await);
        let path = format!("/v1/units/{}/file", firm.unit);
        let zhao_did = house.assigned(firm.check_up, firm.zhao).await;
        finish(&house, &li, zhao_did).await;
        let wang = house.office("wang").await;
        assert_eq!(wang.get(&path).await.problem(404), "not_found", "he has nothing to do there");
        let order = house.assigned(firm.check_up, firm.wang).await;
        let his = file(&wang, &path).await;
        assert_eq!(kinds(&his), ["work_order assigned"]);
        assert_eq!(his["items"][0]["work_order"]["id"], json!(order));
        assert_eq!(kinds(&file(&li, &path).await).len(), 3, "the office reads all of it");
        assert_eq!(kinds(&file(&wang, &format!("{path}?limit=1")).await), ["work_order assigned"]);
    }

    /// An office that is limited to one site neither reads the other's files nor what a customer had done there.
    async fn an_office_reads_the_files_of_its_sites(house: House) {
        let (firm, li) = (house.firm, house.li().await);
        let hill = SiteId::new(house.clock.new_id());
        let named = mobile_api::directory::SiteSave { name: "Hillside".into(), ..Payload::example() };
        house.system(&firm, hill, named).await;
        let (unit, customer) = (UnitId::new(house.clock.new_id()), CustomerId::new(house.clock.new_id()));
        let flat = UnitSave { site: hill, building: None, name: "B-2".into(), access_note: None };
        house.system(&firm, unit, flat).await;
        house.system(&firm, customer, CustomerSave { site: hill, unit: Some(unit), ..Payload::example() }).await;
        let limited = mobile_api::directory::UserSave {
            login: "mei".into(),
            role: mobile_api::Role::Dispatcher,
            sites: vec![firm.site],
            teams: vec![],
            ..Payload::example()
        };
        house.account(&firm, house.clock.new_id().into(), limited).await;
        let mei = house.office("mei").await;
        for path in [format!("/v1/units/{unit}/file"), format!("/v1/customers/{customer}/file")] {
            assert_eq!(mei.get(&path).await.problem(404), "not_found");
            assert_eq!(kinds(&file(&li, &path).await), nothing());
        }
        assert_eq!(file(&mei, &format!("/v1/units/{}/file", firm.unit)).await["customers"].as_array().unwrap().len(), 1);
    }

    /// The same as a table, in the reader's language, harmless to whoever opens it.
    async fn a_file_is_a_table_for_who_wants_one(house: House) {
        let fault = "=HYPERLINK(\"http://example.com\")".to_owned();
        let (_, visit) = accepted(&house, Request { fault, ..house.request_for(house.firm.check_up) }).await;
        let li = house.li().await;
        li.perform(visit, RecordVisit { scores: Default::default(), ..dissatisfied(vec![Then::FollowUp]) }).await.applied();
        for (language, name) in [("en", "file_table"), ("zh-CN", "file_table_in_chinese")] {
            let url = format!("{}/v1/customers/{}/file", li.base, house.firm.customer);
            let request = li.client.get(url).header("accept", "text/csv").header("accept-language", language);
            let answer = li.send(request).await;
            assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
            let mut lines: Vec<&str> = answer.body.as_str().unwrap().lines().collect();
            lines[1..].sort_unstable();
            insta::allow_duplicates! { insta::assert_snapshot!(name, lines.join("\n")) };
        }
    }
}
