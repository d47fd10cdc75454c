//! What becomes of an inspection that was carried out without signal while the office, or another phone, changed something: the
//! conflict table, row by row.

use mobile_api::{
    asset::{AssetSave, Retire},
    ids::AssetId,
    inspection::{AssignInspection, InspectionStatus, VoidInspection},
    operation::Payload,
};

use super::*;

fn both(house: &House) -> Assignee {
    Assignee { user: None, team: Some(house.firm.plumbers) }
}

stories! {
    /// Wang knows the id of what Zhao found elsewhere, and says that he repeats it: it does not come to his phone by that.
    async fn what_somebody_else_found_does_not_come_by_its_id(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        let theirs = fresh(&zhao);
        zhao.did(theirs, begin_new(&house, form));
        zhao.did(theirs, fail("leaks", "She keeps her jewels behind it"));
        zhao.sync().await;
        let own = fresh(&wang);
        wang.did(own, StartInspection { earlier: Some(theirs), ..begin_new(&house, form) });
        wang.sync().await;
        wang.sync().await;
        assert!(wang.get::<Inspection>(theirs).unwrap().is_none());
    }

    /// Item by item, and nothing is overwritten.
    async fn two_people_fill_in_one_inspection_on_two_phones(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, both(&house)).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(id, begin());
        wang.did(id, pass("leaks"));
        zhao.did(id, begin());
        zhao.did(id, pass("windows"));
        zhao.did(id, number("meter", 7));
        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        ");
        reads!(synced(&zhao).await, @r"
        start         applied
        answer        applied
        answer        applied
        ");
        reads!(told(&house, &inspection(&house, id).await), @r"
        leaks    pass   wang of 1
        windows  pass   zhao of 1
        meter    7      zhao of 1
        ");
    }

    async fn two_answers_to_one_item_are_both_kept_and_a_person_is_asked(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, both(&house)).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(id, pass("leaks"));
        wang.did(id, number("meter", 7));
        zhao.did(id, fail("leaks", "Drips"));
        zhao.did(id, number("meter", 7));
        wang.sync().await;
        reads!(synced(&zhao).await, @r"
        answer        applied_flagged answered_twice
        answer        applied
        ");
        let held = inspection(&house, id).await;
        reads!(told(&house, &held), @r"
        leaks    fail   zhao of 2
        meter    7      zhao of 2
        ");
        // Who sees the first answer and corrects it means it.
        wang.sync().await;
        wang.did(id, pass("leaks"));
        reads!(synced(&wang).await, @"answer        applied");
        assert_eq!(inspection(&house, id).await.answers_to(None, "leaks").unwrap().given.len(), 3);
    }

    async fn finished_by_somebody_else_meanwhile_the_answers_are_added_and_count(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, both(&house)).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        zhao.did(id, fail("windows", "Open"));
        zhao.did(id, number("meter", 7));
        zhao.did(id, done());
        wang.did(id, pass("leaks"));
        wang.did(id, done());
        reads!(synced(&wang).await, @r"
        answer        applied
        finish        applied_flagged answers_missing
        ");
        reads!(synced(&zhao).await, @r"
        answer        applied_flagged activity_after_close
        answer        applied_flagged activity_after_close
        finish        applied_flagged already_done
        ");
        let held = inspection(&house, id).await;
        let result = held.result().unwrap();
        assert_eq!((result.passed, result.missing.len(), result.failed), (false, 0, 1), "both halves count");
        let all = orders(&house.li().await).await;
        assert_eq!((all.len(), all[0].found_by[0].item.as_str()), (1, "windows"), "and lead to orders");
    }

    async fn given_to_somebody_else_meanwhile_the_work_is_attached(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, of(house.firm.wang)).await;
        let wang = house.phone_of("wang").await;
        wang.did(id, begin());
        wang.did(id, pass("leaks"));
        house.li().await.perform(id, AssignInspection { assignee: of(house.firm.zhao) }).await.applied();
        reads!(synced(&wang).await, @r"
        start         applied_flagged reassigned_meanwhile
        answer        applied_flagged reassigned_meanwhile
        ");
        let zhao = house.phone_of("zhao").await;
        let shown: Inspection = zhao.get(id).unwrap().expect("it is Zhao's now");
        assert_eq!(name(&house, shown.answer_to(None, "leaks").unwrap().by), "wang");
        assert_eq!(shown.assignee().user, Some(house.firm.zhao));
    }

    async fn taken_back_meanwhile_the_answers_are_attached_and_it_stays_void(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, of(house.firm.wang)).await;
        let wang = house.phone_of("wang").await;
        wang.did(id, fail("leaks", "Drips"));
        wang.did(id, done());
        house.li().await.perform(id, VoidInspection { reason: "The flat was sold".into() }).await.applied();
        reads!(synced(&wang).await, @r"
        answer        applied_flagged cancelled_meanwhile
        finish        applied_flagged cancelled_meanwhile
        ");
        let held = inspection(&house, id).await;
        assert_eq!((held.status(), held.answers.len()), (InspectionStatus::Void, 1));
        assert!(orders(&house.li().await).await.is_empty(), "what does not count leads to no order by itself");
    }

    /// The office publishes a version that asks for more. Whoever began with the older one is judged by the older one.
    async fn an_inspection_with_an_older_form_is_judged_by_that_form(house: House) {
        let older = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let id = fresh(&wang);
        wang.did(id, begin_new(&house, older));
        wang.did(id, pass("leaks"));
        let mut more = TemplateSave { revises: Some(older), ..empty_flat(&house) };
        more.form.sections[0].items.push(item("gas", "Gas shut off", Ask::PassFail));
        let newer = published(&house, more).await;
        wang.did(id, pass("windows"));
        wang.did(id, number("meter", 7));
        wang.did(id, done());
        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        answer        applied
        answer        applied
        finish        applied
        ");
        let held = inspection(&house, id).await;
        assert_eq!((held.template, held.result().unwrap().passed), (older, true));
        let online = house.li().await.perform(house.clock.new_id(), begin_new(&house, older)).await;
        assert_eq!(online.problem(422), "bad_reference", "who waits for the answer takes the present version");
        wang.sync().await;
        let shown: Option<mobile_api::inspection::Template> = wang.get(newer).unwrap();
        assert_eq!(shown.expect("the new version is on the phone").version, 2);
    }

    async fn an_inspection_of_an_asset_that_was_retired_meanwhile_is_kept_with_it(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let pump = AssetId::new(house.clock.new_id());
        let li = house.li().await;
        let unit = Some(house.firm.unit);
        let like = AssetSave { site: house.firm.site, unit, building: None, parent: None, ..AssetSave::example() };
        li.perform(pump, AssetSave { serial: None, ..like }).await.applied();
        let spot = Spot { asset: Some(pump), ..flat(&house) };
        let from = house.clock.now();
        let due = Window { from, until: from + chrono::TimeDelta::hours(4) };
        let (order, complaint, earlier, assignee) = (None, None, None, of(house.firm.wang));
        let id = InspectionId::new(house.clock.new_id());
        let plan = PlanInspection { template: form, spot, order, complaint, earlier, due, assignee };
        li.perform(id, plan).await.applied();
        let wang = house.phone_of("wang").await;
        wang.did(id, begin());
        for answer in [pass("leaks"), pass("windows"), number("meter", 7)] {
            wang.did(id, answer);
        }
        wang.did(id, done());
        li.perform(pump, Retire { reason: "Replaced".into(), replaced_by: None }).await.applied();
        reads!(synced(&wang).await, @r"
        start         applied_flagged asset_retired
        answer        applied
        answer        applied
        answer        applied
        finish        applied
        ");
        let page = li.get(&format!("/v1/inspections?asset={pump}")).await.body;
        assert_eq!(uuid(&page["items"][0]["record"]["id"]), id.uuid());
        assert_eq!(questions(&house).await, ["asset_retired"]);
        let record = li.get(&format!("/v1/assets/{pump}/maintenance-record")).await.body;
        assert_eq!(uuid(&record["items"][0]["inspection"]["inspection"]), id.uuid(), "it stands in the asset's maintenance record");
    }
}
