//! Material, working times, signatures: entries are added and taken back, never edited; two phones add both.

use mobile_api::{catalogue, sync::PushResponse, work_order::visit::VoidEntry};

use super::*;

fn mistaken(entry: Uuid) -> VoidEntry {
    VoidEntry { entry, reason: "Typed on the wrong order".into() }
}

stories! {
    /// A quantity, never a new total: two phones used one each, so two were used, however often the line cut the
    /// answers off.
    async fn two_phones_used_a_seal_each_and_a_replay_uses_none(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        phone.did(order, seal());
        tablet.did(order, seal());
        for _ in 0..3 {
            for device in [&phone, &tablet] {
                let answer = push_as(&house, device, "wang", &unsent(device)).await;
                let answer: PushResponse = serde_json::from_value(answer.body).unwrap();
                assert_eq!(answer.verdicts[0].status, VerdictStatus::Applied);
            }
        }
        all_applied(&phone).await;
        all_applied(&tablet).await;
        let used = order_of(&house, order).await.materials;
        assert_eq!(used.iter().map(|used| used.quantity_milli.0).sum::<i64>(), 2000, "{used:?}");
    }

    async fn two_signatures_of_one_customer_are_both_kept(house: House) {
        let (order, phone) = finished(&house).await;
        let tablet = tablet_of(&house, "wang").await;
        let first = sign(&phone, order, "Mrs Chen");
        sign(&tablet, order, "mrs  chen");
        reads!(synced(&phone).await, @"sign_off          applied");
        reads!(synced(&tablet).await, @"sign_off          applied");
        let file = order_of(&house, order).await;
        assert_eq!((file.sign_offs.len(), file.primary_sign_off().unwrap().op), (2, first));
        assert_eq!(file.charge.unwrap().signed_by, first);
    }

    async fn another_name_under_the_second_signature_is_asked_about(house: House) {
        let (order, phone) = finished(&house).await;
        let tablet = tablet_of(&house, "wang").await;
        let first = sign(&phone, order, "Mrs Chen");
        let second = sign(&tablet, order, "Mr Zhou");
        reads!(synced(&phone).await, @"sign_off          applied");
        reads!(synced(&tablet).await, @"sign_off          applied_flagged different_signer");
        let file = order_of(&house, order).await;
        assert_eq!(file.sign_offs.iter().map(|entry| entry.op).collect::<Vec<_>>(), [first, second]);
        assert_eq!(file.charge.unwrap().signed_by, first, "the first received is the one that counts");
    }

    /// There is no deleting: what was recorded stays readable, with the reason why it no longer counts.
    async fn a_slip_of_the_finger_is_taken_back_with_a_reason(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        let used = phone.did(order, seal());
        phone.did(order, mistaken(used));
        reads!(synced(&phone).await, @r"
        use_material      applied
        void_entry        applied
        ");
        tablet.did(order, mistaken(used));
        tablet.did(order, VoidEntry { reason: " ".into(), ..mistaken(used) });
        tablet.did(order, mistaken(order.uuid()));
        reads!(synced(&tablet).await, @r"
        void_entry        applied
        void_entry        kept            invalid
        void_entry        kept            entry_unknown
        ");
        let entry = &order_of(&house, order).await.materials[0];
        assert_eq!((entry.op, &*entry.void.as_ref().unwrap().reason), (used, "Typed on the wrong order"));
        assert!(catalogue::spec("work_order.delete").is_none());
    }

    async fn what_another_recorded_only_the_office_takes_back(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let wang = house.phone_of("wang").await;
        let used = wang.did(order, seal());
        all_applied(&wang).await;
        office_does(&house, order, mobile_api::work_order::dispatch::Assign { technician: house.firm.zhao }).await;
        let zhao = house.phone_of("zhao").await;
        zhao.did(order, mistaken(used));
        reads!(synced(&zhao).await, @"void_entry        kept            forbidden");
        office_does(&house, order, mistaken(used)).await;
        assert!(order_of(&house, order).await.materials[0].void.is_some());
    }

    async fn finish_material_and_signature_come_together(house: House) {
        let (order, phone, _) = quoted(&house).await;
        phone.did(order, Start {});
        all_applied(&phone).await;
        let mut shown: WorkOrder = phone.get(order).unwrap().unwrap();
        shown.state = match shown.state {
            mobile_api::work_order::State::Working { to, arrived, started } => {
                let finished = mobile_api::evidence::When { wall: Some(wall(&phone)), ..started.clone() };
                mobile_api::work_order::State::Finished { to, arrived, started, finished }
            }
            other => panic!("{other:?}"),
        };
        let signature = signature(&phone, &shown, "Mrs Chen");
        phone.did_together(order, vec![Finish { summary: None }.into(), signature.into(), seal().into()]);
        reads!(synced(&phone).await, @r"
        finish            applied
        sign_off          applied
        use_material      applied
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.materials.len(), file.charge.unwrap().amount), ("signed_off", 1, yuan(120)));
        assert!(file.sign_offs[0].differs.is_empty(), "{:?}", file.sign_offs[0].differs);
    }

    /// He forgot to record the start: then nothing of the group is on the order, and all of it waits for a person.
    async fn or_not_at_all(house: House) {
        let (order, phone, _) = quoted(&house).await;
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        let signature = signature(&phone, &shown, "Mrs Chen");
        let group = vec![seal().into(), Finish { summary: Some("Done".into()) }.into(), signature.into()];
        let group = phone.did_together(order, group);
        phone.did(order, note("Paid in cash"));
        reads!(synced(&phone).await, @r"
        use_material      kept            group_not_applied
        finish            kept            illegal_transition
        sign_off          kept            group_not_applied
        note              applied
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.materials.len(), file.sign_offs.len()), ("on_site", 0, 0));
        assert_eq!(file.notes.len(), 1, "the note of the group is not there, the other is");
        for operation in group {
            assert!(review_of(&house, operation).await.resolution.is_none());
        }
    }

    async fn one_hour_on_two_orders_is_noticed(house: House) {
        let kitchen = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let bathroom = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        house.pass(hours(2), &[&phone, &tablet]);
        phone.did(kitchen, worked(&phone, 60));
        phone.did(bathroom, worked(&phone, 30));
        tablet.did(bathroom, worked(&tablet, 10));
        reads!(synced(&phone).await, @r"
        record_labour     applied
        record_labour     applied_flagged overlapping_times
        ");
        reads!(synced(&tablet).await, @"record_labour     applied_flagged overlapping_times");
        assert_eq!(order_of(&house, kitchen).await.labour.len(), 1);
        assert_eq!(order_of(&house, bathroom).await.labour.len(), 2, "all are kept");
    }

    async fn an_hour_that_was_taken_back_overlaps_nothing(house: House) {
        let kitchen = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let bathroom = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        house.pass(hours(2), &[&phone]);
        let slip = phone.did(kitchen, worked(&phone, 60));
        phone.did(kitchen, mistaken(slip));
        phone.did(bathroom, worked(&phone, 60));
        reads!(synced(&phone).await, @r"
        record_labour     applied
        void_entry        applied
        record_labour     applied
        ");
        let slip = phone.did(kitchen, worked(&phone, 30));
        reads!(synced(&phone).await, @"record_labour     applied_flagged overlapping_times");
        phone.did(kitchen, mistaken(slip));
        all_applied(&phone).await;
        phone.did(kitchen, worked(&phone, 45));
        reads!(synced(&phone).await, @"record_labour     applied_flagged overlapping_times");
    }
}

/// What the phone's wall clock shows, as its evidence writes it.
fn wall(phone: &Handset) -> String {
    use mobile_api::phone::PhoneClock;
    phone.clock.wall().to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}
