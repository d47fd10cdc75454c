//! It did not end today: refused, paused, handed back, waiting for another phone, asked about.

use mobile_api::{
    phone::Draft,
    review::{Resolve, ReviewDecision},
    work_order::{
        State, Window,
        dispatch::{Accept, Assign, Cancel, HandBack},
        pause::{Pause, Resume},
        sign_off::RefuseAcceptance,
    },
};
use serde_json::json;

use super::*;

stories! {
    async fn it_still_drips_so_back_to_work_and_then_she_signs(house: House) {
        let (order, phone) = finished(&house).await;
        phone.did(order, RefuseAcceptance { name: "Mrs Chen".into(), reason: "It still drips".into() });
        phone.did(order, seal());
        phone.did(order, Finish { summary: Some("Second seal".into()) });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        refuse_acceptance applied
        use_material      applied
        finish            applied
        sign_off          applied
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), &*file.rejections[0].reason), ("signed_off", "It still drips"));
        assert_eq!(file.charge.unwrap().amount, yuan(120), "and not a fen more");
    }

    async fn waiting_for_a_part_overnight(house: House) {
        let (order, phone, _) = quoted(&house).await;
        phone.did(order, Start {});
        let from = phone.clock.truth() + hours(24);
        let next = Window { from, until: from + hours(2) };
        phone.did(order, Pause { reason: "Waiting for a spare part".into(), next: Some(next), code: None, consented_by: None });
        all_applied(&phone).await;
        let file = order_of(&house, order).await;
        assert!(matches!(&file.state, State::Paused { next: Some(agreed), .. } if *agreed == next), "{:?}", file.state);
        house.pass(hours(25), &[&phone]);
        phone.did(order, Resume {});
        phone.did(order, worked(&phone, 30));
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        resume            applied
        record_labour     applied
        finish            applied
        sign_off          applied
        ");
        let file = order_of(&house, order).await;
        assert!(file.sign_offs[0].differs.is_empty(), "{:?}", file.sign_offs[0].differs);
        reads!(steps(&house, &file), @r"
        assign            li
        arrive            wang
        diagnose          wang
        start             wang
        pause             wang
        resume            wang
        finish            wang
        sign_off          wang
        ");
    }

    async fn handed_back_and_given_to_somebody_else(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(order, Accept {});
        wang.did(order, HandBack { reason: "Needs the long ladder, Zhao has it".into() });
        all_applied(&wang).await;
        zhao.sync().await;
        let pool: WorkOrder = zhao.get(order).unwrap().expect("it is in the crew's pool");
        let ended = &pool.assignments[0];
        assert_eq!((status(&pool), ended.handed_back.as_deref()), ("requested", Some("Needs the long ladder, Zhao has it")));
        office_does(&house, order, Assign { technician: house.firm.zhao }).await;
        wang.sync().await;
        assert!(wang.get::<WorkOrder>(order).unwrap().is_none(), "it left his phone");
        zhao.sync().await;
        zhao.did(order, Arrive {});
        wang.did(order, note("The ladder is in the basement"));
        reads!(synced(&zhao).await, @"arrive            applied");
        reads!(synced(&wang).await, @"note              applied_flagged reassigned_meanwhile");
    }

    /// The tablet made the quote, the phone has the customer's word on it, and the phone finds signal first.
    async fn a_word_on_a_quote_that_is_still_on_the_other_device(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        tablet.did(order, Arrive {});
        let offer = tablet.did(order, quote(&house));
        let word = phone.record(Draft::new(order, confirmed(offer)).unwrap().after(offer)).unwrap().id;
        phone.did(order, note("The valve is behind the washing machine"));
        let report = phone.sync().await;
        reads!(told(&phone, &report), @r"
        confirm_quote     held            held
        note              applied
        ");
        assert!(report.verdicts[0].until.is_some(), "until when it waits");
        assert!(review_of(&house, word).await.resolution.is_none());

        reads!(synced(&tablet).await, @r"
        arrive            applied
        quote             applied
        ");
        reads!(synced(&phone).await, @"confirm_quote     applied");
        assert_eq!(order_of(&house, order).await.confirmed_quote().unwrap().id, offer);
        let answered = review_of(&house, word).await.resolution.expect("nobody needs to look any more");
        assert_eq!(answered.decision, ReviewDecision::Accepted);
    }

    /// What it waits for is refused: then it is a question for a person, too.
    async fn a_word_on_a_quote_that_was_refused(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        let mut free = quote(&house);
        free.lines.clear();
        let offer = tablet.did(order, free);
        let word = phone.record(Draft::new(order, confirmed(offer)).unwrap().after(offer)).unwrap().id;
        phone.sync().await;
        reads!(synced(&tablet).await, @"quote             kept            invalid");
        reads!(synced(&phone).await, @"confirm_quote     kept            dependency_not_applied");
        assert!(review_of(&house, word).await.resolution.is_none());
    }

    /// A group that waits for another device is let go as a group, not piece by piece.
    async fn what_belongs_together_waits_together(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        tablet.did(order, Arrive {});
        let offer = tablet.did(order, quote(&house));
        let after = |action: Action| Draft::new(order, action).unwrap().after(offer);
        let together = |phone: &Handset, last: Action| {
            let drafts = vec![after(confirmed(offer).into()), after(seal().into()), after(last)];
            phone.record_group(drafts).unwrap()
        };
        together(&phone, Start {}.into());
        together(&phone, RefuseAcceptance { name: "Mrs Chen".into(), reason: "It still drips".into() }.into());
        reads!(synced(&phone).await, @r"
        confirm_quote     held            held
        use_material      held            held
        start             held            held
        confirm_quote     held            held
        use_material      held            held
        refuse_acceptance held            held
        ");
        all_applied(&tablet).await;
        reads!(synced(&phone).await, @r"
        confirm_quote     applied
        use_material      applied
        start             applied
        confirm_quote     kept            group_not_applied
        use_material      kept            group_not_applied
        refuse_acceptance kept            illegal_transition
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.materials.len()), ("working", 1));
    }

    /// The dispatcher set the waiting word aside; then the quote came after all, and with it another question.
    async fn an_answer_about_waiting_is_none_about_what_came_of_it(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (phone, tablet) = (house.phone_of("wang").await, tablet_of(&house, "wang").await);
        let offer = tablet.did(order, quote(&house));
        let word = phone.record(Draft::new(order, confirmed(offer)).unwrap().after(offer)).unwrap().id;
        phone.sync().await;
        let aside = Resolve { decision: ReviewDecision::SetAside, note: "There is no such quote".into() };
        house.li().await.perform(word, aside).await.applied();
        office_does(&house, order, Cancel { reason: "It stopped by itself".into() }).await;
        tablet.sync().await;
        reads!(synced(&phone).await, @"confirm_quote     applied_flagged cancelled_meanwhile");
        assert!(review_of(&house, word).await.resolution.is_none(), "somebody has to look at it");
    }

    /// In one push, the wrong way round: nothing has to wait, nobody has to be asked.
    async fn the_word_before_the_quote(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let offer = phone.did(order, quote(&house));
        phone.record(Draft::new(order, confirmed(offer)).unwrap().after(offer)).unwrap();
        let unnumbered = |body: &String| {
            let mut operation: Value = serde_json::from_str(body).unwrap();
            operation.as_object_mut().unwrap().remove("seq");
            operation.to_string()
        };
        let backwards: Vec<_> = unsent(&phone).iter().map(unnumbered).rev().collect();
        let answer = push_as(&house, &phone, "wang", &backwards).await;
        let answer: mobile_api::sync::PushResponse = serde_json::from_value(answer.body).unwrap();
        assert!(answer.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied), "{answer:?}");
        assert_eq!(order_of(&house, order).await.confirmed_quote().unwrap().id, offer);
    }

    async fn the_dispatcher_answers_the_question_once(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let arrival = phone.did(order, Arrive {});
        office_does(&house, order, Cancel { reason: "It stopped by itself".into() }).await;
        phone.sync().await;
        let asked = review_of(&house, arrival).await;
        assert_eq!((asked.by, asked.about.id, asked.resolution), (house.firm.wang, order.uuid(), None));

        let answer = |note: &str| Resolve { decision: ReviewDecision::Accepted, note: note.into() };
        let wang = house.office("wang").await;
        assert_eq!(wang.perform(arrival, answer("Mine")).await.problem(403), "forbidden");
        let li = house.li().await;
        assert_eq!(li.perform(arrival, answer(" ")).await.problem(422), "invalid", "not without a reason");
        li.perform(arrival, answer("The visit is billable")).await.applied();
        assert_eq!(conflicts(li.perform(arrival, answer("Again")).await), "still_in_use");
        let resolution = review_of(&house, arrival).await.resolution.unwrap();
        assert_eq!((resolution.by, &*resolution.note), (house.firm.li, "The visit is billable"));

        // An answered question is on nobody's screen.
        let device = house.clock.new_id();
        let li = house.li().await;
        li.register(device).await;
        let pulled = li.post("/v1/sync/pull", &json!({ "device": device, "schema": 1 })).await.body;
        let reviews = pulled["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == "review" && !change["body"].is_null());
        assert_eq!(reviews.count(), 0);
    }
}
