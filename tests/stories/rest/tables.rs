//! Lists as tables for a spreadsheet: all of them, whole, for those who may see them, and never half of one.

use diesel::prelude::*;
use doorstep::{
    config::{Config, Limits},
    db::{Conn, DbError, both, schema::records, types::Uid},
    openapi,
};
use mobile_api::{
    Id, Role,
    directory::{CustomerSave, SiteSave, UserSave},
    ids::UserId,
    operation::Payload,
    record::Kind,
    work_order::{dispatch::Assign, request::Request},
};
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Answer, House, Office};

/// Asks for a table in this language.
async fn asked(office: &Office, path: &str, language: &str) -> Answer {
    let request = office.client.get(format!("{}{path}", office.base));
    office.send(request.header("accept", "text/csv").header("accept-language", language)).await
}

/// The rows of a table, the heading first.
async fn table(office: &Office, path: &str, language: &str) -> Vec<Vec<String>> {
    let answer = asked(office, path, language).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8", "{path}");
    let text = answer.body.as_str().unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark by which spreadsheets know the encoding");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// What stands in a column, from the first row to the last.
fn column<'t>(table: &'t [Vec<String>], title: &str) -> Vec<&'t str> {
    let at = table[0].iter().position(|one| one == title).unwrap_or_else(|| panic!("{title}: {:?}", table[0]));
    table[1..].iter().map(|row| row[at].as_str()).collect()
}

/// A dispatcher of one site only, signed in.
async fn of_one_site(house: &House, site: Id<mobile_api::directory::Site>) -> Office {
    let user = UserSave {
        name: "Kim".into(),
        login: "kim".into(),
        role: Role::Dispatcher,
        sites: vec![site],
        ..UserSave::example()
    };
    let id: UserId = Id::new(house.clock.new_id());
    house.account(&house.firm, id, UserSave { teams: vec![], calendar: None, ..user }).await;
    house.office("kim").await
}

/// The server with pages of three.
async fn with_short_pages(house: &mut House) {
    house.kill().await;
    let limits = Limits { page_size: 3, ..Limits::default() };
    house.start_with(Config { limits, ..Config::default() }).await;
}

stories! {
    async fn a_dispatcher_gets_every_order_in_one_table(house: House) {
        let (firm, mut house) = (house.firm, house);
        with_short_pages(&mut house).await;
        let li = house.li().await;
        let mut orders = Vec::new();
        for _ in 0..8 {
            orders.push(house.request(firm.plumbing).await.uuid().to_string());
            house.clock.advance(chrono::TimeDelta::minutes(1));
        }
        li.perform(orders[7].parse::<Uuid>().unwrap(), Assign { technician: firm.wang }).await.applied();
        orders.reverse();
        let table_of_orders = table(&li, "/v1/work-orders", "en").await;
        assert_eq!(column(&table_of_orders, "Id"), orders, "three pages, and every order once");
        assert_eq!(column(&table_of_orders, "State")[..2], ["assigned", "requested"]);
        assert_eq!(column(&table_of_orders, "Site")[0], "Lakeside Garden");
        assert_eq!(column(&table_of_orders, "Unit")[0], "7-1203");
        assert_eq!(column(&table_of_orders, "Technician")[..2], ["WANG", ""]);
        assert_eq!(column(&table_of_orders, "Sort of job")[0], "plumbing");
        // The firm's clocks are eight hours ahead of UTC.
        let called = house.clock.now() - chrono::TimeDelta::minutes(1) + chrono::TimeDelta::hours(8);
        assert_eq!(column(&table_of_orders, "Called")[0], called.format("%Y-%m-%d %H:%M:%S").to_string());
        let chinese = table(&li, "/v1/work-orders", "zh-CN").await;
        assert_eq!(column(&chinese, "状态")[..2], ["已派工", "已报修"]);
        assert_eq!(column(&table(&li, "/v1/work-orders?status=assigned", "en").await, "Id"), orders[..1]);
        // Whoever asks for less gets less: so many rows, from where a page ended.
        assert_eq!(column(&table(&li, "/v1/work-orders?limit=2", "en").await, "Id"), orders[..2]);
        let page = li.get("/v1/work-orders?limit=3").await;
        let next = page.body["next"].as_str().unwrap();
        assert_eq!(column(&table(&li, &format!("/v1/work-orders?cursor={next}"), "en").await, "Id"), orders[3..]);
        // What JSON is asked for stays JSON, a page at a time.
        assert_eq!(page.headers["content-type"], "application/json");
        assert_eq!(page.body["items"].as_array().unwrap().len(), 3);
    }

    async fn a_table_shows_what_the_list_shows(house: House) {
        let firm = house.firm;
        let elsewhere = Id::new(house.clock.new_id());
        let hillside = SiteSave { name: "Hillside".into(), address: String::new(), location: None, time_zone: None };
        house.system(&firm, elsewhere, hillside).await;
        let here = house.request(firm.plumbing).await.uuid().to_string();
        let there = house.clock.new_id();
        let request =
            Request { site: elsewhere, unit: None, customer: None, ..house.request_for(firm.plumbing) };
        house.li().await.perform(there, request).await.applied();
        let kim = of_one_site(&house, elsewhere).await;
        assert_eq!(column(&table(&kim, "/v1/work-orders", "en").await, "Id"), [there.to_string()]);
        assert_eq!(column(&table(&kim, "/v1/sites", "en").await, "Name"), ["Hillside"]);
        assert!(column(&table(&kim, "/v1/customers", "en").await, "Name").is_empty());
        assert_eq!(column(&table(&house.li().await, "/v1/work-orders", "en").await, "Id").len(), 2);
        // A technician reads the names of what an order brought to their phone, and not those of other sites.
        let wang = house.office("wang").await;
        house.li().await.perform(here.parse::<Uuid>().unwrap(), Assign { technician: firm.wang }).await.applied();
        let own = table(&wang, "/v1/work-orders?status=assigned", "en").await;
        assert_eq!((column(&own, "Id"), column(&own, "Unit")), (vec![here.as_str()], vec!["7-1203"]));
        assert_eq!(column(&table(&wang, "/v1/users", "en").await, "Name"), ["WANG"]);
    }

    async fn no_name_of_a_customer_is_a_formula(house: House) {
        let firm = house.firm;
        let name = "=HYPERLINK(\"https://example.org\",\"Mrs Chen\")";
        let customer = CustomerSave { site: firm.site, name: name.into(), unit: None, ..CustomerSave::example() };
        let id = house.clock.new_id();
        house.system(&firm, id, customer).await;
        let request = Request { customer: Some(id.into()), unit: None, ..house.request_for(firm.plumbing) };
        let li = house.li().await;
        li.perform(house.clock.new_id(), request).await.applied();
        let guarded = format!("'{name}");
        assert!(column(&table(&li, "/v1/customers", "en").await, "Name").contains(&guarded.as_str()));
        assert_eq!(column(&table(&li, "/v1/work-orders", "en").await, "Customer"), [guarded]);
    }

    async fn a_table_that_cannot_be_read_to_its_end_breaks_off(house: House) {
        let (firm, mut house) = (house.firm, house);
        with_short_pages(&mut house).await;
        let first = house.request(firm.plumbing).await;
        for _ in 0..4 {
            house.clock.advance(chrono::TimeDelta::minutes(1));
            house.request(firm.plumbing).await;
        }
        let li = house.li().await;
        let spoil = move |conn: &mut Conn| {
            let row = records::table.find((Uid(firm.org), Kind::WorkOrder.as_str(), Uid(first.uuid())));
            let spoiled = diesel::update(row).set(records::body.eq("{\"id\":"));
            both!(conn, c => spoiled.execute(c))?;
            Ok::<_, DbError>(())
        };
        house.db.write(spoil).await.unwrap();
        let request = li.client.get(format!("{}/v1/work-orders", li.base)).header("accept", "text/csv");
        // The first page could be read, the second could not, and nobody is to take the first for the whole: the connection
        // breaks off, on a busy machine before the first byte has left.
        let request = request.bearer_auth(&li.token);
        let broken = async move {
            let answer = request.send().await?;
            assert_eq!(answer.status(), StatusCode::OK);
            answer.bytes().await
        };
        assert!(broken.await.is_err());
        // If not even the first page can be read, a problem says so.
        let until = (crate::harness::morning() + chrono::TimeDelta::seconds(1)).format("%Y-%m-%dT%H:%M:%SZ");
        let answer = asked(&li, &format!("/v1/work-orders?received_until={until}"), "en").await;
        assert_eq!(answer.problem(500), "internal");
    }

    async fn every_list_there_is_answers_as_a_table(house: House) {
        let admin = house.office("admin").await;
        let wang = house.office("wang").await;
        house.request(house.firm.plumbing).await;
        let mut told = String::new();
        for path in lists() {
            for language in ["en", "zh-CN"] {
                let rows = table(&admin, &path, language).await;
                let page = admin.get(&path).await;
                let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{path}: {}", page.body));
                assert_eq!(rows.len() - 1, items.len(), "{path} has as many rows as records");
                told.push_str(&format!("{path}\n    {}\n", rows[0].join(" | ")));
            }
            let seen = wang.get(&path).await;
            let table = asked(&wang, &path, "en").await;
            assert_eq!(table.status, seen.status, "{path} is for the same people");
        }
        insta::assert_snapshot!("headings_of_every_list", told);
    }
}

/// The addresses of all lists of records, by the API document.
fn lists() -> Vec<String> {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let is_page = |operation: &Value| {
        let content = &operation["get"]["responses"]["200"]["content"];
        let page = &content["application/json"]["schema"]["properties"];
        let is_page = page["items"].is_object() && page["next"].is_object() && page["version"].is_object();
        assert!(!is_page || content["text/csv"].is_object(), "{operation} documents its table");
        is_page
    };
    let paths = document["paths"].as_object().unwrap().iter();
    let found: Vec<String> = paths.filter(|(_, item)| is_page(item)).map(|(path, _)| path.clone()).collect();
    assert!(found.len() >= 31, "{found:?}");
    found
}
