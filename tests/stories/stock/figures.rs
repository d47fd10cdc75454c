//! What runs low, what to buy, what was used.

use chrono::TimeDelta;
use diesel::prelude::*;
use doorstep::{
    db::{Conn, DbError, both, schema::stock_levels, types::Uid},
    stock::store,
};
use mobile_api::{
    money::Quantity,
    stock::{ArticleSave, Minimum},
    work_order::{dispatch::Cancel, material::ReserveMaterial},
};
use serde_json::Value;

use super::kit::*;
use crate::harness::House;

fn reserved(pieces: i64) -> ReserveMaterial {
    let quantity_milli = Quantity(pieces * 1000);
    ReserveMaterial { article: valves(), place: the_store(), quantity_milli, unit: None }
}

/// At least so many valves are to lie in the store.
async fn at_least(house: &House, pieces: i64) {
    let minimum = Minimum { place: store_id().into(), milli: Quantity(pieces * 1000) };
    house.system(&house.firm, valves(), ArticleSave { minimums: vec![minimum], ..valve() }).await;
}

fn lines(answer: &Value) -> &Vec<Value> {
    answer["lines"].as_array().unwrap_or_else(|| panic!("{answer}"))
}

stories! {
    /// 100 in the store, 30 kept back for an order, at least 80 wanted: 10 are short. In four weeks 60 were used, so two
    /// weeks need 30; the minimum is more.
    async fn what_is_short_is_proposed_by_minimum_use_and_what_is_kept_back(house: House) {
        let ku = stocked(&house).await;
        at_least(&house, 80).await;
        let low = |ku: crate::harness::Office| async move { ku.get("/v1/stock/low").await.body };
        assert!(lines(&low(ku.clone()).await).is_empty());
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        house.li().await.perform(job, reserved(30)).await.applied();
        let line = lines(&low(ku.clone()).await)[0].clone();
        assert_eq!((&line["level_milli"], &line["reserved_milli"], &line["minimum_milli"]), (&100_000.into(), &30_000.into(), &80_000.into()));
        assert_eq!(line["proposal"]["order_milli"], 10_000);
        // Used by the order, out of the store: no longer kept back, and no longer there.
        let mut from_store = used(10);
        from_store.stock = from_store.stock.map(|stock| mobile_api::work_order::material::FromStock { from: Some(the_store()), ..stock });
        house.li().await.perform(job, from_store).await.applied();
        let line = lines(&low(ku.clone()).await)[0].clone();
        assert_eq!((&line["level_milli"], &line["reserved_milli"]), (&90_000.into(), &20_000.into()));
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 55)).await;
        carry(&house, &ku, carried(valves(), bag(house.firm.wang), the_store(), 5)).await;
        house.li().await.perform(job, Cancel { reason: "Sold the flat".into() }).await.applied();
        let requisition = ku.get(&format!("/v1/stock/requisition?place={}", store_id())).await.body;
        let line = lines(&requisition)[0].clone();
        assert_eq!((&line["reserved_milli"], &line["used_milli"], &line["level_milli"]), (&0.into(), &60_000.into(), &40_000.into()));
        assert_eq!((&line["proposal"]["weekly_milli"], &line["proposal"]["order_milli"]), (&15_000.into(), &40_000.into()));
        // Five weeks later nothing of it is recent, and the minimum alone counts.
        at_least(&house, 20).await;
        house.clock.advance(TimeDelta::weeks(5));
        let ku = house.office("ku").await;
        assert!(lines(&ku.get("/v1/stock/requisition").await.body).is_empty());
        assert_eq!(house.office("wang").await.get("/v1/stock/requisition").await.problem(403), "forbidden");
    }

    /// Somebody turned a figure in the table behind the server's back.
    async fn a_level_that_is_not_the_sum_of_its_moves_is_found(house: House) {
        stocked(&house).await;
        agree(&house).await;
        let org = house.firm.org;
        let turn = move |conn: &mut Conn| {
            let row = stock_levels::table.find((Uid(org), the_store().to_string(), Uid::from(valves())));
            both!(conn, c => diesel::update(row).set(stock_levels::milli.eq(99_000)).execute(c))?;
            Ok::<_, DbError>(())
        };
        house.db.write(turn).await.unwrap();
        let balances = house.db.read(move |conn| store::balances(conn, org)).await.unwrap();
        let wrong: Vec<_> = balances.iter().filter(|balance| balance.milli != balance.moves_milli).collect();
        assert_eq!((wrong.len(), wrong[0].article, wrong[0].moves_milli), (1, valves().uuid(), 100_000));
    }

    async fn a_reservation_is_seen_at_the_door_and_released(house: House) {
        let ku = stocked(&house).await;
        at_least(&house, 80).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let kept = ku.perform(job, reserved(30)).await.applied();
        let wang = house.phone_of("wang").await;
        let order: mobile_api::work_order::WorkOrder = wang.get(job).unwrap().unwrap();
        assert_eq!(order.reserved()[0].milli, 30_000);
        ku.perform(job, void(kept["id"].as_str().unwrap().parse().unwrap())).await.applied();
        assert!(lines(&ku.get("/v1/stock/low").await.body).is_empty());
        let used = house.li().await.perform(job, used(1)).await;
        assert_eq!(used.body["flags"][0]["flag"], "stock_below_zero");
        let entry = used.body["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(ku.perform(job, void(entry)).await.problem(403), "forbidden");
    }

    /// The week of the firm's clocks: what was used on Sunday evening and sent on Monday is Sunday's.
    async fn the_weekly_report_tells_who_used_what_where(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let other = house.assigned(house.firm.check_up, house.firm.zhao).await;
        for user in [house.firm.wang, house.firm.zhao] {
            carry(&house, &ku, carried(valves(), the_store(), bag(user), 10)).await;
        }
        let wang = house.phone_of("wang").await;
        let zhao = house.phone_of("zhao").await;
        wang.did(job, used(3));
        let slip = wang.did(job, used(4));
        wang.did(job, void(slip));
        zhao.did(other, used(2));
        house.pass(std::time::Duration::from_secs(8 * 86_400), &[&wang, &zhao]);
        wang.did(job, used(1));
        wang.sync().await;
        zhao.sync().await;
        let manager = house.office("admin").await;
        let report = manager.get("/v1/reports/material?week=2026-W10&by=technician").await.body;
        let of = |report: &Value, name: &str| {
            let told = |line: &Value| format!("{} {}", line[name].as_str().unwrap_or("-"), line["used_milli"]);
            lines(report).iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(of(&report, "technician_name"), ["WANG 3000", "ZHAO 2000"]);
        assert_eq!(of(&manager.get("/v1/reports/material?week=2026-W10&by=team").await.body, "team_name"), ["Plumbers 5000"]);
        assert_eq!(of(&manager.get("/v1/reports/material?week=2026-W10&by=site").await.body, "site_name"), ["Lakeside Garden 5000"]);
        assert_eq!(of(&manager.get("/v1/reports/material").await.body, "technician_name"), ["WANG 1000"]);
        let url = format!("{}/v1/reports/material?week=2026-W10", manager.base);
        let mut tables = String::new();
        for language in ["en", "zh-CN"] {
            let table = manager.send(manager.client.get(&url).header("accept", "text/csv").header("accept-language", language)).await;
            assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
            tables += table.body.as_str().unwrap().trim_start_matches('\u{feff}');
        }
        reads!(tables, @r"
        Week,Code,Article,Technician,Team,Site,Quantity,Unit
        2026-W10,VALVE-15,Angle valve 15 mm,WANG,Plumbers,Lakeside Garden,3,pc
        2026-W10,VALVE-15,Angle valve 15 mm,ZHAO,Plumbers,Lakeside Garden,2,pc
        周次,编码,物料,维修工,班组,小区,数量,单位
        2026-W10,VALVE-15,角阀 15 毫米,WANG,Plumbers,Lakeside Garden,3,pc
        2026-W10,VALVE-15,角阀 15 毫米,ZHAO,Plumbers,Lakeside Garden,2,pc
        ");
        assert_eq!(manager.get("/v1/reports/material?week=2026-W54").await.problem(400), "invalid_query");
        assert_eq!(house.office("wang").await.get("/v1/reports/material").await.problem(403), "forbidden");
    }
}
