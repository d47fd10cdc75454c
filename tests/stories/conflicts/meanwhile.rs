//! The order moved on behind the technician's back: done already, cancelled, given to somebody else, closed.

use mobile_api::work_order::{
    Outcome, State,
    dispatch::{Accept, Assign, Cancel, Close, Depart},
    sign_off::SetCharge,
};

use super::*;

stories! {
    async fn the_order_is_still_his_and_every_step_counts(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Accept {});
        phone.did(order, Depart {});
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Arrive {});
        phone.did(order, note("Dog in the flat"));
        reads!(synced(&phone).await, @r"
        accept            applied
        depart            applied
        arrive            applied
        note              applied
        ");
        let order = order_of(&house, order).await;
        assert_eq!(status(&order), "on_site");
        reads!(steps(&house, &order), @r"
        assign            li
        accept            wang
        depart            wang
        arrive            wang
        ");
    }

    /// His phone was silent, so the dispatcher recorded his arrival: his own steps go into the file, and with them
    /// everything that he brought along.
    async fn the_office_recorded_his_arrival_already(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Depart {});
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Arrive {});
        phone.did(order, found("Trap seal worn"));
        phone.did(order, seal());
        phone.did(order, worked(&phone, 10));
        phone.did(order, note("Dog in the flat"));
        office_does(&house, order, Arrive {}).await;

        reads!(synced(&phone).await, @r"
        depart            applied_flagged already_done
        arrive            applied_flagged already_done
        diagnose          applied
        use_material      applied
        record_labour     applied
        note              applied
        ");
        let order = order_of(&house, order).await;
        assert_eq!(status(&order), "on_site");
        reads!(steps(&house, &order), @r"
        assign            li
        arrive            li
        depart            wang  already_done
        arrive            wang  already_done
        diagnose          wang
        ");
        assert_eq!((order.materials.len(), order.labour.len(), order.notes.len()), (1, 1, 1));
        assert_eq!(order.materials[0].by, house.firm.wang);
    }

    /// The work was really done and may be billable: all of it is attached, and nothing is charged until a manager
    /// says so.
    async fn cancelled_while_he_was_in_the_basement(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        phone.did(order, found("Trap seal worn"));
        let offer = phone.did(order, quote(&house));
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        phone.did(order, seal());
        phone.did(order, Finish { summary: None });
        let signed = sign(&phone, order, "Mrs Chen");
        office_does(&house, order, Cancel { reason: "The customer called: it stopped by itself.".into() }).await;

        reads!(synced(&phone).await, @r"
        arrive            applied_flagged cancelled_meanwhile
        diagnose          applied_flagged cancelled_meanwhile
        quote             applied_flagged cancelled_meanwhile
        confirm_quote     applied_flagged cancelled_meanwhile
        start             applied_flagged cancelled_meanwhile
        use_material      applied_flagged cancelled_meanwhile
        finish            applied_flagged cancelled_meanwhile
        sign_off          applied_flagged cancelled_meanwhile
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.charge.is_none()), ("cancelled", true));
        assert_eq!(file.diagnosis.as_ref().unwrap().findings, "Trap seal worn");
        assert_eq!((file.materials.len(), file.sign_offs.len()), (1, 1));
        assert!(file.sign_offs[0].differs.is_empty(), "{:?}", file.sign_offs[0].differs);
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(status(&shown), "cancelled", "and he reads so");

        let bill = SetCharge { sign_off: signed, amount: yuan(120), reason: "It was really done".into() };
        manager(&house).await.perform(order, bill).await.applied();
        assert_eq!(order_of(&house, order).await.charge.unwrap().amount, yuan(120));
    }

    /// What Wang did stays his; the order stays Zhao's, who reads it before he goes on.
    async fn given_to_zhao_while_wang_was_at_work(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(order, Accept {});
        house.pass(minutes(10), &[&wang, &zhao]);
        wang.did(order, Arrive {});
        wang.did(order, found("Trap seal worn"));
        wang.did(order, seal());
        wang.did(order, worked(&wang, 5));
        wang.did(order, note("The valve is behind the washing machine"));
        office_does(&house, order, Assign { technician: house.firm.zhao }).await;
        zhao.sync().await;
        zhao.did(order, Accept {});
        all_applied(&zhao).await;

        reads!(synced(&wang).await, @r"
        accept            applied_flagged reassigned_meanwhile
        arrive            applied_flagged reassigned_meanwhile
        diagnose          applied_flagged reassigned_meanwhile
        use_material      applied_flagged reassigned_meanwhile
        record_labour     applied_flagged reassigned_meanwhile
        note              applied_flagged reassigned_meanwhile
        ");
        assert!(wang.get::<WorkOrder>(order).unwrap().is_none(), "it is no longer on his phone");

        zhao.sync().await;
        let read: WorkOrder = zhao.get(order).unwrap().unwrap();
        assert!(matches!(&read.state, State::Assigned { to, accepted: Some(_), .. } if *to == house.firm.zhao));
        assert_eq!(read.notes[0].text, "The valve is behind the washing machine");
        let authors = [read.notes[0].by, read.materials[0].by, read.labour[0].by, read.diagnosis.unwrap().by];
        assert_eq!(authors, [house.firm.wang; 4]);
        zhao.did(order, Arrive {});
        all_applied(&zhao).await;
        assert_eq!(status(&order_of(&house, order).await), "on_site");
    }

    async fn closed_while_he_wrote_his_notes(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        all_applied(&phone).await;
        phone.did(order, note("The meter reads 1,204"));
        phone.did(order, seal());
        office_does(&house, order, Close { without_signature: Some("Nobody at home to sign".into()), without_photos: None }).await;

        reads!(synced(&phone).await, @r"
        note              applied_flagged activity_after_close
        use_material      applied_flagged activity_after_close
        ");
        let order = order_of(&house, order).await;
        assert!(matches!(order.state, State::Closed { outcome: Outcome::Unsigned { .. }, .. }), "it stays closed");
        assert_eq!((order.notes.len(), order.materials.len()), (1, 1));
    }
}
