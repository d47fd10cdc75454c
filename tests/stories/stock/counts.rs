//! Counting: what is really there.

use mobile_api::{
    operation::Payload,
    review::{Resolve, ReviewDecision},
    stock::{MonthlyCount, StockCountClose, StockCountOpen, StockCountRecord, StockPlaceSave},
    sync::VerdictStatus,
};

use super::kit::*;
use crate::harness::{Handset, House};

fn counted(pieces: i64) -> StockCountRecord {
    StockCountRecord { article: valves(), milli: pieces * 1000 }
}

const CLOSE: StockCountClose = StockCountClose { leave_uncounted: false };

async fn all_applied(phone: &Handset) {
    let report = phone.sync().await;
    assert!(report.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied), "{report:?}");
}

stories! {
    /// More was used than anybody had issued. Nothing is refused; the storekeeper is asked, and the bag is counted by whose
    /// it is.
    async fn below_zero_asks_the_storekeeper_and_opens_one_count_task(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 1)).await;
        let wang = house.phone_of("wang").await;
        let first = wang.did(job, used(2));
        wang.did(job, used(1));
        assert!(wang.sync().await.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::AppliedFlagged));
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, -2);
        let sheets = open_sheets(&ku).await;
        assert_eq!(sheets.len(), 1, "one task, however much more is taken: {sheets:?}");
        assert_eq!((&sheets[0]["why"], &sheets[0]["place"]), (&"below_zero".into(), &bag(house.firm.wang).to_string().into()));
        // She answers what is about material, and nothing else.
        let answer = || Resolve { decision: ReviewDecision::Accepted, note: "Two were in the bag from last year".into() };
        assert!(questions(&ku).await.iter().any(|(id, _)| *id == first));
        ku.perform(first, answer()).await.applied();
        let nonsense = wang.did(house.firm.org, mobile_api::work_order::visit::AddNote { text: "lost".into() });
        wang.sync().await;
        assert_eq!(ku.perform(nonsense, answer()).await.problem(403), "forbidden");
        // The task came to his phone with the sync. He looks into the bag: there is one left.
        let task = sheet(&sheets[0]);
        wang.did(task, counted(1));
        all_applied(&wang).await;
        ku.perform(task, CLOSE).await.applied();
        wang.sync().await;
        assert_eq!((pieces(&ku, bag(house.firm.wang), valves()).await, shown(&wang, bag(house.firm.wang), valves())), (1, Some(1)));
        assert_eq!(open_sheets(&ku).await.len(), 0);
        agree(&house).await;
    }

    /// On the 28th by the firm's calendar the sheet is there, once, on the phone of whoever counts; he fills it in without signal.
    async fn the_sheet_of_the_month_opens_by_itself(house: House) {
        let ku = stocked(&house).await;
        let wang = house.phone_of("wang").await;
        let monthly_count = Some(MonthlyCount { day: 28, counters: vec![house.firm.wang] });
        let store = StockPlaceSave { monthly_count, ..StockPlaceSave::example() };
        ku.perform(store_id(), store).await.applied();
        let open = async || {
            // Two servers at once.
            let (one, other) = (house.state().timers(), house.state().timers());
            let (one, other) = tokio::join!(one.open_counts(), other.open_counts());
            one.unwrap();
            other.unwrap();
            // She signs in anew: it is weeks later.
            open_sheets(&house.office("ku").await).await
        };
        house.clock.set("2026-03-27T15:59:59Z".parse().unwrap());
        assert_eq!(open().await.len(), 0);
        house.clock.set("2026-03-27T16:00:00Z".parse().unwrap());
        let sheets = open().await;
        assert_eq!(sheets.len(), 1, "midnight in Shanghai: {sheets:?}");
        assert_eq!((&sheets[0]["why"], &sheets[0]["note"]), (&"planned".into(), &"2026-03".into()));
        assert_eq!(open().await.len(), 1, "once");
        let task = sheet(&sheets[0]);
        wang.sync().await;
        wang.did(task, counted(99));
        wang.did(task, StockCountRecord { article: drill(), milli: 1000 });
        all_applied(&wang).await;
        let ku = house.office("ku").await;
        ku.perform(task, CLOSE).await.applied();
        assert_eq!(pieces(&ku, the_store(), valves()).await, 99);
        house.clock.set("2026-04-27T16:00:00Z".parse().unwrap());
        let april = open().await;
        assert_eq!((april.len(), &april[0]["note"]), (1, &"2026-04".into()));
        let ku = house.office("ku").await;
        let place = ku.get(&format!("/v1/stock-places/{}", store_id())).await.body;
        assert_eq!(place["next_count_at"], "2026-05-27T16:00:00Z");
        // Nobody asks for it any more.
        ku.perform(store_id(), StockPlaceSave { monthly_count: None, ..StockPlaceSave::example() }).await.applied();
        house.clock.set("2026-05-27T16:00:00Z".parse().unwrap());
        assert_eq!(open().await.len(), 1);
        agree(&house).await;
    }

    /// The monthly sheet: two people count without signal, one of them takes something meanwhile.
    async fn a_count_sheet_is_filled_in_by_two_people_without_signal(house: House) {
        let ku = stocked(&house).await;
        carry(&house, &ku, numbered(mobile_api::stock::Place::Supplier, the_store(), "D-8")).await;
        let count = house.clock.new_id();
        let counters = vec![house.firm.wang, house.firm.zhao];
        let articles = vec![valves(), drill()];
        let open = StockCountOpen { place: the_store(), articles, counters, note: Some("March".into()) };
        ku.perform(count, open).await.applied();
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(count, counted(97));
        zhao.did(count, StockCountRecord { article: drill(), milli: 2000 });
        wang.did(house.clock.new_id(), carried(valves(), the_store(), bag(house.firm.wang), 4));
        assert_eq!(ku.perform(count, CLOSE).await.problem(409), "still_in_use");
        all_applied(&wang).await;
        all_applied(&zhao).await;
        ku.perform(count, CLOSE).await.applied();
        assert_eq!(pieces(&ku, the_store(), valves()).await, 93, "97 counted, 4 taken afterwards");
        assert_eq!(pieces(&ku, the_store(), drill()).await, 2);
        // Zhao had counted once more in the cellar: heard, and nothing moves.
        zhao.did(count, counted(50));
        let late = zhao.sync().await.verdicts;
        assert!(late.iter().any(|verdict| verdict.status == VerdictStatus::AppliedFlagged), "{late:?}");
        assert_eq!(pieces(&ku, the_store(), valves()).await, 93);
        agree(&house).await;
    }

    async fn two_people_who_count_differently_are_asked_about(house: House) {
        let ku = stocked(&house).await;
        let count = house.clock.new_id();
        let counters = vec![house.firm.wang, house.firm.zhao];
        let open = StockCountOpen { place: the_store(), articles: vec![valves()], counters, note: None };
        ku.perform(count, open).await.applied();
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(count, counted(97));
        let second = zhao.did(count, counted(98));
        all_applied(&wang).await;
        zhao.sync().await;
        assert_eq!(questions(&ku).await, [(second, vec!["counts_differ".to_owned()])]);
        ku.perform(count, counted(98)).await.applied();
        ku.perform(count, CLOSE).await.applied();
        assert_eq!(pieces(&ku, the_store(), valves()).await, 98);
        agree(&house).await;
    }
}
