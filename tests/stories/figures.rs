//! Figures that nobody can argue about: counted by written definitions, with the orders behind each number.

use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::{
    directory::{PriceItemSave, PriceKind},
    figures::{SetTargets, Targets},
    ids::{ArticleId, PriceItemId, UserId, WorkOrderId},
    money::{Currency, Money, Quantity},
    operation::Payload,
    stock::{ArticleKind, ArticleSave, Pack},
    work_order::{
        Source,
        dispatch::{Cancel, Close},
        history::Import,
        material::FromStock,
        quote::MakeQuote,
        visit::{Arrive, Finish, Start, UseMaterial, VoidEntry},
    },
};
use serde_json::{Value, json};

use crate::harness::{House, Office, morning};

/// What a person reads must be this, on both databases.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}

/// An order that was closed so many hours after it was due; somebody's work.
async fn closed(house: &House, n: u32, received: DateTime<Utc>, late: i64, by: Option<UserId>) -> WorkOrderId {
    let (due, id) = (received + TimeDelta::hours(24), WorkOrderId::new(house.clock.new_id()));
    let import = Import {
        source: Source { system: "old".into(), id: n.to_string() },
        order_type: house.firm.plumbing,
        site: house.firm.site,
        technician: by,
        received_at: received,
        due: Some(due),
        closed_at: Some(due + TimeDelta::hours(late)),
        ..Import::example()
    };
    house.office("admin").await.perform(id, import).await.applied();
    id
}

/// A month of four orders: three in time, of which two were Wang's; one of February, and one that is still open.
async fn march(house: &House) -> Vec<WorkOrderId> {
    let (wang, zhao, begin) = (Some(house.firm.wang), Some(house.firm.zhao), morning());
    closed(house, 1, begin - TimeDelta::days(10), 3, wang).await;
    house.request(house.firm.plumbing).await;
    vec![
        closed(house, 2, begin, -3, wang).await,
        closed(house, 3, begin + TimeDelta::days(2), 0, wang).await,
        closed(house, 4, begin + TimeDelta::days(3), 1, zhao).await,
        closed(house, 5, begin + TimeDelta::days(20), -20, None).await,
    ]
}

async fn figure(office: &Office, query: &str, name: &str) -> Value {
    let answer = office.get(&format!("/v1/figures?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let figures = answer.body["figures"].as_array().unwrap().clone();
    figures.into_iter().find(|figure| figure["figure"] == name).unwrap()
}

async fn orders(office: &Office, path: &str) -> Vec<String> {
    let answer = office.get(&format!("/v1/figures/{path}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["order"].as_str().unwrap().to_owned()).collect()
}

/// An order of somebody's on which this was used; closed the same morning.
async fn used(house: &House, technician: UserId, quote: Option<MakeQuote>, used: Vec<UseMaterial>) -> WorkOrderId {
    let (order, li) = (house.assigned(house.firm.check_up, technician).await, house.li().await);
    li.perform(order, Arrive {}).await.applied();
    if let Some(quote) = quote {
        li.perform(order, quote).await.applied();
    }
    li.perform(order, Start {}).await.applied();
    for used in used {
        let put_back = used.name == "Put back";
        // Nobody has counted what is in the bag, so it may say that there is less than nothing; used it was.
        let answer = li.perform(order, used).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        if put_back {
            let shown = li.get(&format!("/v1/work-orders/{order}")).await.body;
            let entry = serde_json::from_value(shown["materials"][0]["op"].clone()).unwrap();
            li.perform(order, VoidEntry { entry, reason: "It went back to the van".into() }).await.applied();
        }
    }
    li.perform(order, Finish { summary: None }).await.applied();
    li.perform(order, Close { without_signature: Some("Nobody was in to sign".into()), without_photos: None })
        .await
        .applied();
    order
}

fn use_of(name: &str, item: Option<PriceItemId>, milli: i64) -> UseMaterial {
    UseMaterial { item, name: name.into(), quantity_milli: Quantity(milli), unit: "pc".into(), stock: None }
}

/// A tap stands in the price list.
async fn list_has(house: &House, tap: PriceItemId, minor: i64) {
    let price = Money { minor, currency: Currency::CNY };
    let item = PriceItemSave {
        code: "TAP".into(),
        kind: PriceKind::Material,
        unit: "pc".into(),
        price,
        ..PriceItemSave::example()
    };
    house.system(&house.firm, tap, item).await;
}

fn ids(orders: &[WorkOrderId]) -> Vec<String> {
    orders.iter().map(ToString::to_string).collect()
}

stories! {
    /// The manager reads the month, sees whose work it was, and asks for the one order that was late.
    async fn a_month_is_counted_and_can_be_counted_again(house: House) {
        let march = march(&house).await;
        let li = house.li().await;
        let on_time = figure(&li, "period=2026-03&by=technician", "on_time").await;
        let number = |name: &str| on_time[name].as_u64().unwrap_or(0);
        assert_eq!((number("numerator"), number("denominator"), number("value")), (3, 4, 7_500), "{on_time}");
        assert_eq!((&on_time["target"], &on_time["reached"]), (&json!(9_500), &json!(false)));
        let groups: Vec<_> = on_time["groups"].as_array().unwrap().iter().map(|group| {
            format!("{}: {} of {}", group["name"].as_str().unwrap(), group["numerator"], group["denominator"])
        }).collect();
        reads!(groups.join("\n"), @r"
        WANG: 2 of 2
        ZHAO: 0 of 1
        nobody: 1 of 1
        ");
        assert_eq!(on_time["trend"][0]["period"], "2026-02");
        assert_eq!(on_time["trend"][0]["denominator"], 1);
        assert_eq!(orders(&li, "on_time/orders?period=2026-03").await, ids(&march));
        let kept = [march[0], march[1], march[3]];
        assert_eq!(orders(&li, "on_time/orders?period=2026-03&part=numerator").await, ids(&kept));
        let of_zhao = format!("on_time/orders?period=2026-03&technician={}", house.firm.zhao);
        assert_eq!(orders(&li, &of_zhao).await, ids(&march[2..3]));
        let late = li.get(&format!("/v1/figures/{of_zhao}")).await.body;
        let clock = &late["items"][0]["clock"];
        assert_eq!((&late["items"][0]["counted"], &clock["verdict"]), (&json!(false), &json!("late")), "{late}");
        let resolution = figure(&li, "period=2026-03", "resolution").await;
        let hours = (21 + 24 + 25 + 4) * 3600 / 4;
        assert_eq!((&resolution["value"], &resolution["measure"]), (&json!(hours), &json!("seconds")));
    }

    /// Page by page, nothing twice and nothing missing.
    async fn the_orders_behind_a_figure_come_in_pages(house: House) {
        let march = march(&house).await;
        let li = house.li().await;
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = li.get(&format!("/v1/figures/resolution/orders?period=2026-03&limit=3{cursor}")).await.body;
            found.extend(page["items"].as_array().unwrap().iter().map(|item| item["order"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, ids(&march));

        // All of them at once, for a spreadsheet; the table may begin and end anywhere.
        let table = async |more: &str| -> Vec<String> {
            let request = li.client.get(format!("{}/v1/figures/resolution/orders?period=2026-03{more}", li.base));
            let answer = li.send(request.header("accept", "text/csv").header("accept-language", "en")).await;
            assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8", "{}", answer.body);
            let text = answer.body.as_str().unwrap().trim_start_matches('\u{feff}');
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let id = reader.headers().unwrap().iter().position(|title| title == "Id").unwrap();
            reader.records().map(|row| row.unwrap()[id].to_owned()).collect()
        };
        assert_eq!(table("").await, ids(&march));
        assert_eq!(table("&limit=2").await, ids(&march)[..2]);
        let first = li.get("/v1/figures/resolution/orders?period=2026-03&limit=1").await.body;
        let behind = format!("&cursor={}", first["next"].as_str().unwrap());
        assert_eq!(table(&behind).await, ids(&march)[1..]);
        assert!(table("&part=unprovable").await.is_empty());
        assert!(table(&format!("&technician={}", house.firm.zhao)).await.len() < march.len());
    }

    /// A week ends on Sunday at midnight by the firm's clocks, and what is cancelled counts nowhere.
    async fn a_week_is_the_firms_own(house: House) {
        // Sunday 8 March, 23:59 and Monday 00:00 in Shanghai.
        let sunday: DateTime<Utc> = "2026-03-08T15:59:00Z".parse().unwrap();
        let first = closed(&house, 1, sunday - TimeDelta::hours(24), 0, None).await;
        let second = closed(&house, 2, sunday - TimeDelta::hours(24) + TimeDelta::minutes(1), 0, None).await;
        let li = house.li().await;
        assert_eq!(orders(&li, "resolution/orders?period=2026-W10").await, ids(&[first]));
        assert_eq!(orders(&li, "resolution/orders?period=2026-W11").await, ids(&[second]));
        let order = house.request(house.firm.plumbing).await;
        li.perform(order, Cancel { reason: "It stopped by itself".into() }).await.applied();
        assert_eq!(figure(&li, "period=2026-03", "rework").await["denominator"], 2);
    }

    /// The manager wants ninety percent; three of four do not reach it, and for the board there is a table and a page.
    async fn targets_are_the_organisations_own(house: House) {
        march(&house).await;
        let admin = house.office("admin").await;
        let targets = Targets { on_time: 7_500, ..Targets::default() };
        admin.perform(house.firm.org, SetTargets { targets }).await.applied();
        assert_eq!(figure(&admin, "period=2026-03", "on_time").await["reached"], true);
        let too_much = admin.perform(house.firm.org, SetTargets { targets: Targets { pass: 10_001, ..targets } }).await;
        assert_eq!(too_much.problem(422), "invalid");
        let li = house.li().await;
        assert_eq!(li.perform(house.firm.org, SetTargets { targets }).await.problem(403), "forbidden");

        let get = |accept: &'static str, language: &'static str| {
            let request = li.client.get(format!("{}/v1/figures?period=2026-03&by=site", li.base));
            li.send(request.header("accept", accept).header("accept-language", language))
        };
        let table = get("text/csv", "en").await.body;
        reads!(table.as_str().unwrap().trim_start_matches('\u{feff}').lines().take(5).collect::<Vec<_>>().join("\n"), @r"
        Period,Figure,Group,Value,Unit,Counted,Of,Unprovable,Target
        2026-03,On-time rate,,75.00,%,3,4,0,75.00
        2026-03,On-time rate,Lakeside Garden,75.00,%,3,4,0,
        2026-02,On-time rate,,0.00,%,0,1,0,
        2026-03,Pass rate,,,%,0,0,0,90.00
        ");
        assert!(get("text/csv", "zh-CN").await.body.as_str().unwrap().contains("维修及时率"));
        for language in ["en", "zh-CN"] {
            let request = li.client.get(format!("{}/v1/figures?period=2026-03&by=technician", li.base));
            let request = request.bearer_auth(&li.token).header("accept", "application/pdf");
            let pdf = request.header("accept-language", language).send().await.unwrap();
            assert_eq!(pdf.headers()["content-type"], "application/pdf");
            let bytes = pdf.bytes().await.unwrap();
            let text = pdf_extract::extract_text_from_mem(&bytes).unwrap();
            assert!(text.contains("75.00 %") && text.contains("2026-03"), "{text}");
        }
    }

    /// What the material of the month is worth: by the quote, or by the list as it was then. What nobody can price is told apart, with
    /// its order.
    async fn material_is_worth_what_it_cost_when_it_was_used(house: House) {
        let (tap, wang, zhao) = (PriceItemId::new(house.clock.new_id()), house.firm.wang, house.firm.zhao);
        list_has(&house, tap, 1_250).await;
        let by_list = used(&house, wang, None, vec![use_of("Tap", Some(tap), 2_000)]).await;
        house.pass(std::time::Duration::from_secs(3600), &[]);
        list_has(&house, tap, 1_500).await;
        let dearer = used(&house, zhao, None, vec![use_of("Tap", Some(tap), 1_500)]).await;
        // A box of ten from the bag, of an article that is sold by the piece.
        let article = ArticleId::new(house.clock.new_id());
        let taps = ArticleSave { item: Some(tap), packs: vec![Pack { unit: "box".into(), holds_milli: Quantity(10_000) }], ..ArticleSave::example() };
        house.system(&house.firm, article, ArticleSave { unit: "pc".into(), kind: ArticleKind::Material, tracked: false, minimums: vec![], ..taps }).await;
        let stock = Some(FromStock { article, from: None, serials: vec![] });
        let a_box = UseMaterial { unit: "box".into(), stock, ..use_of("Taps", None, 1_000) };
        let from_stock = used(&house, zhao, None, vec![a_box]).await;
        let quote = MakeQuote::example();
        let quoted = used(&house, zhao, Some(quote), vec![use_of("Trap seal", None, 3_000)]).await;
        let wire = vec![use_of("Tap", Some(tap), 1_000), use_of("Wire from the van", None, 1_000)];
        let unpriced = used(&house, wang, None, wire).await;
        let nothing = used(&house, wang, None, vec![use_of("Put back", Some(tap), 1_000)]).await;

        let li = house.li().await;
        let material = figure(&li, "period=2026-03&by=technician", "material").await;
        let amount = 2 * 1_250 + 1_500 * 3 / 2 + 10 * 1_500 + 3 * 1_250;
        assert_eq!((&material["measure"], &material["value"]), (&json!("money"), &json!(amount)), "{material}");
        assert_eq!((&material["denominator"], &material["unprovable"]), (&json!(4), &json!(1)));
        let groups = material["groups"].as_array().unwrap();
        let of = |name: &str| groups.iter().find(|group| group["name"] == name).unwrap()["value"].clone();
        assert_eq!((of("WANG"), of("ZHAO")), (json!(2_500), json!(amount - 2_500)));
        assert_eq!(orders(&li, "material/orders?period=2026-03").await, ids(&[by_list, dearer, from_stock, quoted]));
        assert_eq!(orders(&li, "material/orders?period=2026-03&part=unprovable").await, ids(&[unpriced]));
        assert!(orders(&li, "resolution/orders?period=2026-03").await.contains(&nothing.to_string()));
        let request = li.client.get(format!("{}/v1/figures?period=2026-03&trend=0", li.base));
        let table = li.send(request.header("accept", "text/csv")).await.body;
        let line = table.as_str().unwrap().lines().find(|line| line.contains(",Material,")).unwrap().to_owned();
        reads!(line, @"2026-03,Material,,235.00,CNY,235.00,4,1,");
    }

    /// Figures are for the office; who is limited to a site is told of that site; nonsense is said to be nonsense.
    async fn who_asks_for_what(house: House) {
        march(&house).await;
        assert_eq!(house.office("wang").await.get("/v1/figures").await.problem(403), "forbidden");
        let li = house.li().await;
        for period in ["2026-13", "2026-W54", "March", "2026-03-01"] {
            assert_eq!(li.get(&format!("/v1/figures?period={period}")).await.problem(400), "invalid_query", "{period}");
        }
        assert_eq!(li.get("/v1/figures/luck/orders").await.problem(404), "not_found");
        let elsewhere = figure(&li, &format!("period=2026-03&site={}", house.firm.org), "on_time").await;
        assert_eq!((&elsewhere["denominator"], &elsewhere["value"]), (&json!(0), &Value::Null));
    }
}
