//! Borrowed tools and scrap: somebody holds each at every moment, and a manager decides what is thrown away.

use mobile_api::{
    money::Quantity,
    stock::{DecideScrap, ScrapMove},
    sync::VerdictStatus,
};

use super::kit::*;
use crate::harness::House;

fn broken(from: mobile_api::stock::Place) -> ScrapMove {
    let (quantity_milli, reason) = (Quantity(1000), "The casing is cracked".into());
    ScrapMove { article: drill(), from, quantity_milli, unit: None, serials: vec!["D-7".into()], reason }
}

stories! {
    /// Both technicians write it down, neither has signal, and it has been passed on once.
    async fn a_borrowed_tool_is_passed_from_one_technician_to_another(house: House) {
        let ku = stocked(&house).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(house.clock.new_id(), numbered(the_store(), bag(house.firm.wang), "D-7"));
        wang.sync().await;
        assert_eq!(holder(&ku, "D-7").await, bag(house.firm.wang).to_string());
        assert!(holds(&wang, house.firm.wang, "D-7"));
        let passed = || numbered(bag(house.firm.wang), bag(house.firm.zhao), "D-7");
        wang.did(house.clock.new_id(), passed());
        zhao.did(house.clock.new_id(), passed());
        assert!(!holds(&wang, house.firm.wang, "D-7") && holds(&zhao, house.firm.zhao, "D-7"), "without any signal");
        wang.sync().await;
        let second = zhao.sync().await.verdicts;
        assert!(second.iter().any(|verdict| verdict.status == VerdictStatus::AppliedFlagged), "{second:?}");
        wang.sync().await;
        assert_eq!(holder(&ku, "D-7").await, bag(house.firm.zhao).to_string());
        assert!(!holds(&wang, house.firm.wang, "D-7") && holds(&zhao, house.firm.zhao, "D-7"));
        for (of, there) in [(house.firm.wang, 0), (house.firm.zhao, 1)] {
            assert_eq!(pieces(&ku, bag(of), drill()).await, there);
        }
        agree(&house).await;
    }

    /// Put aside at once, scrapped only when a manager agrees; otherwise it goes back to where it was.
    async fn scrap_needs_a_manager(house: House) {
        let ku = stocked(&house).await;
        carry(&house, &ku, numbered(the_store(), bag(house.firm.wang), "D-7")).await;
        let wang = house.phone_of("wang").await;
        let first = house.clock.new_id();
        wang.did(first, broken(bag(house.firm.wang)));
        assert!(wang.sync().await.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied));
        assert_eq!((holder(&ku, "D-7").await, pieces(&ku, bag(house.firm.wang), drill()).await), ("condemned".to_owned(), 0));
        let waiting = ku.get("/v1/stock-moves?awaiting=true").await.body;
        assert_eq!(waiting["items"][0]["record"]["id"], first.to_string());
        let decide = |approved| DecideScrap { approved, reason: "Looked at it".into() };
        assert_eq!(ku.perform(first, decide(true)).await.problem(403), "forbidden");
        let manager = house.office("admin").await;
        manager.perform(first, decide(false)).await.applied();
        wang.sync().await;
        assert!(holds(&wang, house.firm.wang, "D-7"), "it can be mended");
        house.pass(std::time::Duration::from_secs(60), &[&wang]);
        let second = house.clock.new_id();
        wang.did(second, broken(bag(house.firm.wang)));
        wang.sync().await;
        manager.perform(second, decide(true)).await.applied();
        assert_eq!(manager.perform(second, decide(false)).await.problem(409), "still_in_use");
        assert_eq!(holder(&ku, "D-7").await, "scrap");
        assert_eq!(ku.get("/v1/stock-moves?awaiting=true").await.body["items"].as_array().unwrap().len(), 0);
        reads!(ledger(&house, &ku, &format!("?article={}", drill())).await, @r"
            receive    1 supplier > store
            issue      1 store > Wang
            condemn    1 Wang > condemned
            counter    1 condemned > Wang
            condemn    1 Wang > condemned
            scrap      1 condemned > scrap
            ");
        agree(&house).await;
    }

    /// A technician sees their own bag, the office all.
    async fn a_technician_sees_their_own_bag(house: House) {
        let ku = stocked(&house).await;
        carry(&house, &ku, numbered(the_store(), bag(house.firm.wang), "D-7")).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.zhao), 2)).await;
        let zhao = house.office("zhao").await;
        for (path, mine, all) in [("stock-moves", 1, 4), ("stock-levels", 1, 4), ("stock-serials", 0, 1)] {
            let count = |answer: crate::harness::Answer| answer.body["items"].as_array().unwrap().len();
            assert_eq!(count(zhao.get(&format!("/v1/{path}")).await), mine, "{path}");
            assert_eq!(count(ku.get(&format!("/v1/{path}")).await), all, "{path}");
        }
        let foreign = mobile_api::stock::StockLevel::id_of(bag(house.firm.wang), drill());
        assert_eq!(zhao.get(&format!("/v1/stock-levels/{foreign}")).await.problem(404), "not_found");
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let page = ku.get(&format!("/v1/stock-moves?place={}&limit=1{next}", the_store())).await.body;
            found.extend(page["items"].as_array().unwrap().iter().map(|item| item["record"]["kind"].to_string()));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, ["\"issue\"", "\"issue\"", "\"receive\"", "\"receive\""], "page by page, each once");
    }
}
