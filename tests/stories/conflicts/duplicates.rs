//! One fault, two orders: written down on a phone and in the office. And the numbers that people call orders by.

use mobile_api::{
    phone::PhoneClock,
    refusal::Flag,
    work_order::{
        dispatch::{Assign, Cancel},
        merge::Merge,
        request::Request,
    },
};
use serde_json::json;

use super::*;

/// Wang meets Mrs Chen in the stairwell and writes down what the front desk has on file already.
async fn written_twice(house: &House) -> (WorkOrderId, WorkOrderId, Handset) {
    let phone = house.phone_of("wang").await;
    let twin = Id::new(phone.clock.new_id());
    phone.did(twin, house.request_for(house.firm.plumbing));
    let original = house.request(house.firm.plumbing).await;
    let report = phone.sync().await;
    reads!(told(&phone, &report), @"request           applied_flagged possible_duplicate");
    assert_eq!(report.verdicts[0].flags[0].detail, json!({ "orders": [original] }), "which one it may be");
    (original, twin, phone)
}

stories! {
    async fn written_down_on_a_phone_and_in_the_office_both_are_kept(house: House) {
        let (original, twin, _phone) = written_twice(&house).await;
        let (original, twin) = (order_of(&house, original).await, order_of(&house, twin).await);
        assert_eq!((status(&original), status(&twin)), ("requested", "requested"));
        assert_eq!((original.number.as_deref(), twin.number.as_deref()), (Some("2026-000001"), Some("2026-000002")));
        assert_eq!((name(&house, original.recorded_by), name(&house, twin.recorded_by)), ("li", "wang"));
    }

    /// After the merge the old id is another name for the order that stayed: what a phone still holds for it lands
    /// there.
    async fn merged_the_old_id_leads_to_the_order_that_stayed(house: House) {
        let (original, twin, wang) = written_twice(&house).await;
        office_does(&house, twin, Assign { technician: house.firm.zhao }).await;
        let zhao = house.phone_of("zhao").await;
        zhao.did(twin, Arrive {});
        zhao.did(twin, found("Trap seal worn"));
        zhao.did(twin, seal());
        wang.did(twin, note("She is at home from six"));
        office_does(&house, twin, Merge { into: original }).await;
        office_does(&house, original, Assign { technician: house.firm.wang }).await;

        reads!(synced(&wang).await, @"note              applied");
        reads!(synced(&zhao).await, @r"
        arrive            applied_flagged reassigned_meanwhile
        diagnose          applied_flagged reassigned_meanwhile
        use_material      applied_flagged reassigned_meanwhile
        ");
        let file = order_of(&house, original).await;
        assert_eq!((status(&file), file.merged_from[0].id), ("assigned", twin));
        assert_eq!((file.notes.len(), file.materials.len()), (1, 1));
        assert_eq!(file.materials[0].by, house.firm.zhao);
        let gone = order_of(&house, twin).await;
        assert_eq!((status(&gone), gone.merged_into, gone.notes.len()), ("cancelled", Some(original), 0));
        reads!(steps(&house, &file), @r"
        assign            li    possible_duplicate
        assign            li
        arrive            zhao  reassigned_meanwhile
        diagnose          zhao  reassigned_meanwhile
        ");
        // The office, too, may go on using the old id.
        office_does(&house, twin, note("Two calls, one fault")).await;
        assert_eq!(order_of(&house, original).await.notes.len(), 2);
    }

    async fn the_order_with_the_customers_word_is_the_one_that_stays(house: House) {
        let (order, phone, _) = quoted(&house).await;
        let twin = house.request(house.firm.plumbing).await;
        let li = house.li().await;
        assert_eq!(conflicts(li.perform(order, Merge { into: twin }).await), "still_in_use");
        li.perform(twin, Merge { into: order }).await.applied();
        phone.did(order, Start {});
        all_applied(&phone).await;
        let nowhere = li.perform(order, Merge { into: order }).await;
        assert_eq!(nowhere.problem(422), "bad_reference", "an order is no duplicate of itself");
    }

    /// An order that was called off is no duplicate of a new call.
    async fn a_cancelled_order_is_no_duplicate(house: House) {
        let first = house.request(house.firm.plumbing).await;
        office_does(&house, first, Cancel { reason: "It stopped by itself".into() }).await;
        let phone = house.phone_of("wang").await;
        phone.did(phone.clock.new_id(), house.request_for(house.firm.plumbing));
        reads!(synced(&phone).await, @"request           applied");
    }

    /// Both calls reach the phone while it is away from the office's eyes.
    async fn two_calls_in_one_basement_are_one_question(house: House) {
        let phone = house.phone_of("wang").await;
        phone.did(phone.clock.new_id(), house.request_for(house.firm.plumbing));
        phone.did(phone.clock.new_id(), house.request_for(house.firm.plumbing));
        let report = phone.sync().await;
        let flags: Vec<Vec<Flag>> =
            report.verdicts.iter().map(|verdict| verdict.flags.iter().map(|f| f.flag).collect()).collect();
        assert_eq!(flags, [vec![], vec![Flag::PossibleDuplicate]]);
    }

    /// Numbers are what people say on the telephone: every one there is belongs to an order, whatever was refused or
    /// came twice in between.
    async fn numbers_have_no_gaps_however_many_write_at_once(house: House) {
        let phone = house.phone_of("wang").await;
        let nowhere = |house: &House| Request { unit: Some(Id::new(Uuid::from_u128(7))), ..house.request_for(house.firm.plumbing) };
        for _ in 0..2 {
            phone.did(phone.clock.new_id(), house.request_for(house.firm.check_up));
            phone.did(phone.clock.new_id(), nowhere(&house));
        }
        phone.did_together(phone.clock.new_id(), vec![nowhere(&house).into(), note("never written").into()]);
        phone.did_together(phone.clock.new_id(), vec![house.request_for(house.firm.plumbing).into(), seal().into(), note(" ").into()]);
        phone.did(phone.clock.new_id(), house.request_for(house.firm.lift));
        let li = house.li().await;
        let mut calls = tokio::task::JoinSet::new();
        for call in 0..12 {
            let (li, id) = (li.clone(), house.clock.new_id());
            let request = if call % 3 == 2 { nowhere(&house) } else { house.request_for(house.firm.plumbing) };
            calls.spawn(async move { li.perform(id, request).await.status.as_u16() });
        }
        let told = synced(&phone).await;
        assert_eq!(told.matches("kept").count(), 7, "{told}");
        let answers = calls.join_all().await;
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 8, "{answers:?}");
        let last = house.request(house.firm.plumbing).await;
        // Three on the phone, eight at the desk, and the last one.
        assert_eq!(order_of(&house, last).await.number.as_deref(), Some("2026-000012"));
    }
}
