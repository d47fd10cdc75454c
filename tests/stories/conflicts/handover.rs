//! The shift changes (交接班): what is open passes to the next, signed by both, in a basement if need be.

use mobile_api::{
    directory::UserSave,
    handover::{Handover, HandoverOpen, HandoverRemark, HandoverSign, HandoverWithdraw, Known, Side, draft},
    operation::Payload,
    record::Record,
    work_order::{
        dispatch::{AgreeTime, Assign},
        pause::Pause,
        pool::PassOn,
    },
};
use serde_json::json;

use super::*;
use crate::{
    repair::strokes,
    stock::kit::{bag, carried, carry, numbered, stocked, the_store, valves},
};

fn pass_on(to: UserId) -> PassOn {
    PassOn { to, reason: "The night shift has it".into() }
}

/// Everything that a phone holds of a kind.
fn known(phone: &Handset) -> Known {
    let all = |kind| phone.list(kind).unwrap().into_iter().filter_map(|shown| shown.record);
    let mut known = Known::default();
    for record in [Kind::WorkOrder, Kind::StockLevel, Kind::StockSerial, Kind::Article].into_iter().flat_map(all) {
        match record {
            Record::WorkOrder(order) => known.orders.push(order),
            Record::StockLevel(level) => known.levels.push(level),
            Record::StockSerial(piece) => known.pieces.push(piece),
            Record::Article(article) => known.articles.push(article),
            _ => {}
        }
    }
    known
}

fn signed(handover: &Handover, side: Side) -> HandoverSign {
    let digest = mobile_api::signing::digest(&handover.content()).unwrap();
    HandoverSign { side, digest, strokes: strokes() }
}

async fn handed_over(house: &House, id: Uuid) -> Handover {
    held(house, Id::new(id)).await
}

/// A third technician, of the same crew.
async fn sun(house: &House) -> UserId {
    let sun: UserId = house.clock.new_id().into();
    let teams = vec![house.firm.plumbers];
    let account = UserSave { name: "SUN".into(), login: "sun".into(), teams, ..UserSave::example() };
    house.account(&house.firm, sun, account).await;
    sun
}

/// Wang's evening: one order paused with a promise, one not begun, valves and the drill in his bag.
async fn evening(house: &House) -> (WorkOrderId, WorkOrderId, Handset) {
    let ku = stocked(house).await;
    carry(house, &ku, carried(valves(), the_store(), bag(house.firm.wang), 3)).await;
    carry(house, &ku, numbered(the_store(), bag(house.firm.wang), "D-7")).await;
    let begun = house.assigned(house.firm.plumbing, house.firm.wang).await;
    let waiting = house.assigned(house.firm.check_up, house.firm.wang).await;
    let phone = house.phone_of("wang").await;
    let tomorrow = phone.clock.truth() + hours(24);
    let window = mobile_api::work_order::Window { from: tomorrow, until: tomorrow + hours(2) };
    phone.did(begun, Arrive {});
    phone.did(begun, AgreeTime { window, consented_by: "Mrs Chen".into() });
    phone.did(begun, Pause { reason: "part_missing".into(), ..Pause::example() });
    phone.sync().await;
    (begun, waiting, phone)
}

stories! {
    /// No signal in the plant room: both sign on Wang's phone, and his orders become Zhao's when it is back.
    async fn two_technicians_hand_over_without_signal(house: House) {
        let (begun, waiting, phone) = evening(&house).await;
        let (wang, zhao) = (house.firm.wang, house.firm.zhao);
        let sheet = HandoverOpen { note: Some("Pump 3 hums".into()), ..draft(wang, zhao, &known(&phone)).open };
        assert_eq!(sheet.orders.iter().map(|order| order.order).collect::<Vec<_>>(), [begun, waiting], "in progress first");
        assert_eq!(sheet.orders[0].promised.as_ref().unwrap().to, "Mrs Chen");
        assert_eq!(sheet.material.iter().map(|out| out.milli).collect::<Vec<_>>(), [3_000]);
        assert_eq!(sheet.pieces[0].serial, "D-7");
        let asked = house.office("wang").await.get(&format!("/v1/users/{wang}/handover-draft?to={zhao}")).await.body;
        let drafted: HandoverOpen = serde_json::from_value(asked).unwrap();
        assert_eq!(HandoverOpen { note: sheet.note.clone(), ..drafted }, sheet, "the server drafts the same");

        let id = house.clock.new_id();
        phone.did(id, sheet);
        let shown: Handover = phone.get(Id::new(id)).unwrap().unwrap();
        phone.did(id, signed(&shown, Side::Giver));
        phone.did(id, signed(&shown, Side::Taker));
        phone.did(id, HandoverRemark { text: "The key is with the guard".into() });
        phone.did(begun, pass_on(zhao));
        phone.did(waiting, pass_on(zhao));
        all_applied(&phone).await;

        let file = handed_over(&house, id).await;
        assert!(file.is_complete() && file.content() == shown.content());
        for order in [begun, waiting] {
            assert_eq!(order_of(&house, order).await.technician(), Some(zhao));
        }
        let next = house.phone_of("zhao").await;
        let on_phone: Handover = next.get(Id::new(id)).unwrap().expect("on the phone of whoever takes over");
        assert_eq!((on_phone.note.as_deref(), on_phone.remarks.len()), (Some("Pump 3 hums"), 1));
        let li = house.li().await;
        let listed = li.get(&format!("/v1/handovers?to={zhao}&open=false")).await.body;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    }

    /// The dispatcher was faster with one of the orders. The sheet stands as it was signed; that order stays where it went.
    async fn an_order_that_the_office_moved_meanwhile_is_not_taken_away_again(house: House) {
        let (begun, waiting, phone) = evening(&house).await;
        let (wang, zhao) = (house.firm.wang, house.firm.zhao);
        let id = house.clock.new_id();
        phone.did(id, draft(wang, zhao, &known(&phone)).open);
        let shown: Handover = phone.get(Id::new(id)).unwrap().unwrap();
        phone.did(id, signed(&shown, Side::Giver));
        phone.did(id, signed(&shown, Side::Taker));
        phone.did(begun, pass_on(zhao));
        phone.did(waiting, pass_on(zhao));
        let other = sun(&house).await;
        house.li().await.perform(waiting, Assign { technician: other }).await.applied();
        reads!(synced(&phone).await, @r"
        open              applied
        sign              applied
        sign              applied
        pass_on           applied
        pass_on           applied_flagged reassigned_meanwhile
        ");
        assert_eq!(order_of(&house, waiting).await.technician(), Some(other));
        assert_eq!(handed_over(&house, id).await.orders.len(), 2, "what was signed is what it says");
    }

    /// The other fell ill. A handover that is not complete can be withdrawn, and what was signed without knowing is kept.
    async fn a_handover_is_withdrawn_before_the_other_has_signed(house: House) {
        let (_, _, phone) = evening(&house).await;
        let (wang, zhao) = (house.firm.wang, house.firm.zhao);
        let id = house.clock.new_id();
        phone.did(id, draft(wang, zhao, &known(&phone)).open);
        let shown: Handover = phone.get(Id::new(id)).unwrap().unwrap();
        phone.did(id, signed(&shown, Side::Giver));
        all_applied(&phone).await;
        let next = house.phone_of("zhao").await;
        next.did(id, signed(&shown, Side::Taker));
        phone.did(id, HandoverWithdraw { reason: "Zhao is ill".into() });
        all_applied(&phone).await;
        reads!(synced(&next).await, @"sign              applied_flagged activity_after_close");
        let li = house.li().await;
        assert_eq!(conflicts(li.perform(id, signed(&shown, Side::Taker)).await), "still_in_use");
        assert!(!handed_over(&house, id).await.is_open());
    }

    /// The dispatcher's shift ends: what nobody was sent to yet is the next one's, a hundred of it on one sheet.
    async fn a_dispatchers_shift_hands_over_what_nobody_was_sent_to(house: House) {
        let firm = house.firm;
        house.assigned(firm.plumbing, firm.wang).await;
        for _ in 0..102 {
            house.clock.advance(chrono::TimeDelta::minutes(1));
            house.request(firm.check_up).await;
        }
        let li = house.li().await;
        let asked = li.get(&format!("/v1/users/{}/handover-draft?to={}", firm.li, firm.admin)).await.body;
        let orders = asked["orders"].as_array().unwrap();
        assert!(orders.iter().all(|order| order["status"] == "requested"), "Wang's is his to hand over");
        assert_eq!((orders.len(), &asked["left_out"]), (100, &json!({ "orders": 2, "material": 0, "pieces": 0 })));
        let id = house.clock.new_id();
        let sheet: HandoverOpen = serde_json::from_value(asked.clone()).unwrap();
        li.perform(id, sheet).await.applied();
        let shown = handed_over(&house, id).await;
        li.perform(id, signed(&shown, Side::Giver)).await.applied();
        house.office("admin").await.perform(id, signed(&shown, Side::Taker)).await.applied();
        assert!(handed_over(&house, id).await.is_complete());
        // A technician's sheet has none of that.
        let of_wang = li.get(&format!("/v1/users/{}/handover-draft", firm.wang)).await.body;
        assert_eq!(of_wang["orders"].as_array().unwrap().len(), 1);
    }

    /// What belongs to others is named by nobody, and nobody signs for strangers.
    async fn a_handover_names_and_binds_only_whom_it_concerns(house: House) {
        let (begun, _, phone) = evening(&house).await;
        let (wang, zhao) = (house.firm.wang, house.firm.zhao);
        let sheet = draft(wang, zhao, &known(&phone)).open;
        let (as_wang, as_zhao) = (house.office("wang").await, house.office("zhao").await);
        let new = || house.clock.new_id();
        let mut foreign = sheet.clone();
        (foreign.from, foreign.to) = (None, wang);
        assert_eq!(as_zhao.perform(new(), foreign.clone()).await.problem(422), "bad_reference", "an order of Wang's");
        foreign.from = Some(wang);
        assert_eq!(as_zhao.perform(new(), foreign).await.problem(403), "forbidden");
        let himself = HandoverOpen { to: wang, ..sheet.clone() };
        assert_eq!(as_wang.perform(new(), himself).await.problem(422), "bad_reference");
        let mut twice = sheet.clone();
        twice.orders.push(twice.orders[0].clone());
        assert_eq!(as_wang.perform(new(), twice).await.problem(422), "invalid");
        let id = new();
        as_wang.perform(id, sheet).await.applied();
        sun(&house).await;
        let other = house.office("sun").await;
        assert_eq!(other.get(&format!("/v1/handovers/{id}")).await.problem(404), "not_found");
        assert_eq!(other.get(&format!("/v1/users/{wang}/handover-draft")).await.problem(404), "not_found");
        assert_eq!(as_zhao.get(&format!("/v1/handovers/{id}")).await.body["orders"][0]["order"], json!(begun));
    }
}
