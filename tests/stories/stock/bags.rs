//! A technician's bag: filled by the office, used without signal, given back.

use mobile_api::{
    stock::{CounterMove, StockLevel},
    sync::VerdictStatus,
    work_order::dispatch::{Assign, Cancel},
};

use super::kit::*;
use crate::harness::{Handset, House};

/// What became of everything that the phone sent, each operation once.
async fn synced(phone: &Handset) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    for verdict in phone.sync().await.verdicts {
        let seq = phone.operation(verdict.id).unwrap().unwrap().recorded.seq;
        let flags: Vec<_> = verdict.flags.iter().map(|flagged| flagged.flag.as_str()).collect();
        let why = verdict.problem.map(|problem| problem.code).unwrap_or_default();
        let told = format!("{} {}{why}", verdict.status.as_str(), flags.join(", "));
        seen.insert(seq, told.trim_end().to_owned());
    }
    seen.into_values().collect()
}

stories! {
    /// The usual week: the bag is filled, something is used in a basement, the rest goes back.
    async fn a_bag_is_issued_used_without_signal_and_given_back(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 5)).await;
        let wang = house.phone_of("wang").await;
        assert!(knows_articles(&wang));
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(5));
        assert_eq!(shown(&wang, the_store(), valves()), None, "what lies in the store is not on his phone");
        // In the basement.
        wang.did(job, used(2));
        house.pass(std::time::Duration::from_secs(60), &[&wang]);
        wang.did(house.clock.new_id(), carried(valves(), bag(house.firm.wang), the_store(), 1));
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(2), "his own work counts at once");
        assert_eq!(synced(&wang).await, ["applied", "applied"]);
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(2));
        assert_eq!((pieces(&ku, bag(house.firm.wang), valves()).await, pieces(&ku, the_store(), valves()).await), (2, 96));
        reads!(ledger(&house, &ku, &format!("?article={}", valves())).await, @r"
            receive  100 supplier > store
            issue      5 store > Wang
            use        2 Wang > order
            return     1 Wang > store
            ");
        agree(&house).await;
    }

    /// The office took the part out of his bag while he was in the basement and used it there: it was really used. The
    /// ledger says so, and somebody has to look.
    async fn use_of_a_part_that_the_office_moved_away(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 1)).await;
        let wang = house.phone_of("wang").await;
        let entry = wang.did(job, used(1));
        carry(&house, &ku, carried(valves(), bag(house.firm.wang), the_store(), 1)).await;
        assert_eq!(synced(&wang).await, ["applied_flagged stock_below_zero"]);
        assert_eq!((pieces(&ku, bag(house.firm.wang), valves()).await, pieces(&ku, the_store(), valves()).await), (-1, 100));
        let material = &order(&house.li().await, job).await.materials[0];
        assert_eq!((material.op, material.quantity_milli.0), (entry, 1000));
        assert_eq!(questions(&ku).await, [(entry, vec!["stock_below_zero".to_owned()])]);
        assert_eq!(open_sheets(&ku).await.len(), 1);
        agree(&house).await;
    }

    /// A numbered piece that the office took back meanwhile: used where he says, held by nobody else.
    async fn a_numbered_part_that_the_office_moved_away_is_used_once(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, numbered(the_store(), bag(house.firm.wang), "D-7")).await;
        let wang = house.phone_of("wang").await;
        let mut built_in = used(1);
        built_in.stock = Some(mobile_api::work_order::material::FromStock {
            article: drill(),
            from: None,
            serials: vec!["D-7".into()],
        });
        wang.did(job, built_in);
        carry(&house, &ku, numbered(bag(house.firm.wang), the_store(), "D-7")).await;
        assert_eq!(synced(&wang).await, ["applied_flagged serial_elsewhere"]);
        assert_eq!(holder(&ku, "D-7").await, format!("order:{job}"));
        assert_eq!((pieces(&ku, bag(house.firm.wang), drill()).await, pieces(&ku, the_store(), drill()).await), (0, 0));
        agree(&house).await;
    }

    /// However often the line cut the answers off: two phones used one each, so two are gone.
    async fn three_replays_on_two_phones_deduct_once(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 5)).await;
        let (phone, tablet) = (house.phone_of("wang").await, house.phone("tablet"));
        tablet.sign_in("wang").await;
        tablet.sync().await;
        phone.did(job, used(1));
        tablet.did(job, used(1));
        let back = tablet.did(house.clock.new_id(), carried(valves(), bag(house.firm.wang), the_store(), 1));
        for _ in 0..3 {
            for device in [&phone, &tablet] {
                let bodies: Vec<String> = device.unsent().unwrap().into_iter().map(|entry| entry.recorded.body).collect();
                let body = format!(
                    r#"{{"device":"{}","schema":1,"operations":[{}]}}"#, device.identity().unwrap().1, bodies.join(",")
                );
                let wang = house.office("wang").await;
                let push = wang.client.post(format!("{}/v1/sync/push", wang.base)).body(body);
                let answer = wang.send(push.header("content-type", "application/json")).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
                for verdict in answer.body["verdicts"].as_array().unwrap() {
                    assert_eq!(verdict["status"], "applied", "{verdict}");
                }
            }
        }
        for device in [&phone, &tablet] {
            assert!(device.sync().await.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied));
        }
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, 2);
        let moves = ku.get(&format!("/v1/stock-moves?place={}&kind=use,return", bag(house.firm.wang))).await.body;
        assert_eq!(moves["items"].as_array().unwrap().len(), 3, "{moves}");
        for device in [&phone, &tablet] {
            assert_eq!(shown(device, bag(house.firm.wang), valves()), Some(2));
        }
        assert!(phone.operation(back).unwrap().is_none(), "it was the tablet's");
        agree(&house).await;
    }

    /// What was recorded for work that the office had cancelled, or given to somebody else, left the bag all the same.
    async fn work_that_was_taken_away_has_used_its_material(house: House) {
        let ku = stocked(&house).await;
        let cancelled = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let reassigned = house.assigned(house.firm.check_up, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 5)).await;
        let wang = house.phone_of("wang").await;
        wang.did(cancelled, used(1));
        wang.did(reassigned, used(1));
        let li = house.li().await;
        li.perform(cancelled, Cancel { reason: "Sold the flat".into() }).await.applied();
        li.perform(reassigned, Assign { technician: house.firm.zhao }).await.applied();
        assert_eq!(synced(&wang).await, ["applied_flagged cancelled_meanwhile", "applied_flagged reassigned_meanwhile"]);
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, 3);
        agree(&house).await;
    }

    async fn a_void_puts_it_back(house: House) {
        let ku = stocked(&house).await;
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        carry(&house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 5)).await;
        let wang = house.phone_of("wang").await;
        let (slip, other) = (wang.did(job, used(2)), wang.did(job, used(1)));
        wang.did(job, void(slip));
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(4));
        assert_eq!(synced(&wang).await, ["applied", "applied", "applied"]);
        // The office takes the other back while his phone does the same.
        wang.did(job, void(other));
        house.li().await.perform(job, void(other)).await.applied();
        assert_eq!(synced(&wang).await, ["applied"]);
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, 5);
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(5));
        agree(&house).await;
    }

    /// A slip at the store is countered by the phone that made it; both lines stay.
    async fn a_move_is_countered_and_never_edited(house: House) {
        let ku = stocked(&house).await;
        let wang = house.phone_of("wang").await;
        let slip = house.clock.new_id();
        wang.did(slip, carried(valves(), the_store(), bag(house.firm.wang), 7));
        wang.did(slip, CounterMove { reason: "Seven were on the shelf, not in my hand".into() });
        assert_eq!(shown(&wang, bag(house.firm.wang), valves()), Some(0));
        assert_eq!(synced(&wang).await, ["applied", "applied"]);
        let zhao = house.office("zhao").await;
        assert_eq!(zhao.perform(slip, CounterMove { reason: "Not mine".into() }).await.problem(404), "not_found");
        reads!(ledger(&house, &ku, &format!("?place={}", bag(house.firm.wang))).await, @r"
            issue      7 store > Wang
            counter    7 Wang > store
            ");
        agree(&house).await;
    }

    /// What is in the van is on the phone of everybody who drives it, and of nobody else.
    async fn a_van_is_known_to_whoever_drives_it(house: House) {
        let ku = stocked(&house).await;
        drive_a_van(&house).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(house.clock.new_id(), carried(valves(), the_store(), van(), 20));
        assert_eq!(synced(&wang).await, ["applied"]);
        zhao.sync().await;
        assert_eq!((shown(&wang, van(), valves()), shown(&zhao, van(), valves())), (Some(20), Some(20)));
        let job = house.assigned(house.firm.plumbing, house.firm.zhao).await;
        zhao.sync().await;
        let mut from_van = used(3);
        from_van.stock = from_van.stock.map(|stock| mobile_api::work_order::material::FromStock { from: Some(van()), ..stock });
        zhao.did(job, from_van);
        assert_eq!(shown(&zhao, van(), valves()), Some(17));
        assert_eq!(synced(&zhao).await, ["applied"]);
        wang.sync().await;
        assert_eq!(shown(&wang, van(), valves()), Some(17));
        // Wang gets another car.
        let van_record = house.office("admin").await.get(&format!("/v1/stock-places/{}", van_id())).await.body;
        let mut save: mobile_api::stock::StockPlaceSave = serde_json::from_value(van_record).unwrap();
        save.holders = vec![house.firm.zhao];
        house.system(&house.firm, van_id(), save).await;
        for phone in [&wang, &zhao] {
            phone.sync().await;
        }
        assert_eq!((shown(&wang, van(), valves()), shown(&zhao, van(), valves())), (None, Some(17)));
        assert_eq!(pieces(&ku, the_store(), valves()).await, 80);
        agree(&house).await;
    }

    /// Many at the counter at once: nothing is lost between them, whichever database it is.
    async fn many_take_from_one_shelf_at_once(house: House) {
        let ku = stocked(&house).await;
        let takes = (0..12).map(|turn| {
            let (ku, house) = (ku.clone(), &house);
            let to = if turn % 2 == 0 { house.firm.wang } else { house.firm.zhao };
            async move {
                for _ in 0..4 {
                    carry(house, &ku, carried(valves(), the_store(), bag(to), 1)).await;
                }
            }
        });
        futures_util::future::join_all(takes).await;
        assert_eq!(pieces(&ku, the_store(), valves()).await, 52);
        assert_eq!((pieces(&ku, bag(house.firm.wang), valves()).await, pieces(&ku, bag(house.firm.zhao), valves()).await), (24, 24));
        let id = StockLevel::id_of(the_store(), valves());
        assert_eq!(ku.get(&format!("/v1/stock-levels/{id}")).await.body["milli"], 52_000);
        agree(&house).await;
    }
}
