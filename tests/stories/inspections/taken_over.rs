//! Inspections that were carried out before the firm came to Doorstep.

use mobile_api::{inspection::ImportInspection, operation::Payload};

use super::*;

/// A flat that leaked in the spring of 2024, as the old ledger has it.
fn old(house: &House, template: TemplateId) -> ImportInspection {
    let answers = vec![fail("leaks", "Under the sink"), pass("windows"), number("meter", 812_000)];
    let inspector = Some(house.firm.wang);
    ImportInspection { template, spot: flat(house), inspector, answers, ..ImportInspection::example() }
}

stories! {
    /// It stands in the history of the flat as it was, is judged by the form, and makes no order of what leaked long ago.
    async fn an_old_inspection_is_history(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let (id, admin) = (InspectionId::new(house.clock.new_id()), house.office("admin").await);
        let taken = old(&house, form);
        let (started, finished) = (taken.started_at, taken.finished_at);
        admin.perform(id, taken).await.applied();
        let held = inspection(&house, id).await;
        let result = held.result().expect("it is finished");
        assert_eq!((result.passed, result.failed, result.missing.len()), (false, 1, 0));
        let failed: Vec<_> = held.findings.iter().map(|finding| (finding.item.as_str(), finding.order)).collect();
        assert_eq!(failed, [("leaks", None)]);
        let InspectionState::Finished { started: began, finished: ended, .. } = &held.state else { panic!("{held:?}") };
        assert_eq!((began.earliest, ended.latest), (started, finished));
        let orders = admin.get("/v1/work-orders").await.body;
        assert_eq!(orders["items"].as_array().map(Vec::len), Some(0), "{orders}");
        assert_eq!(questions(&house).await, [""; 0]);
    }

    /// Nothing of it is stored if one answer does not fit, and who made the table reads which.
    async fn what_does_not_fit_the_form_is_refused_with_its_place(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let admin = house.office("admin").await;
        let pointer = |answer: &crate::harness::Answer| answer.body["errors"][0]["pointer"].as_str().unwrap_or("").to_owned();
        let taken = ImportInspection { answers: vec![pass("windows"), number("leaks", 3)], ..old(&house, form) };
        let wrong = admin.perform(house.clock.new_id(), taken).await;
        assert_eq!((pointer(&wrong).as_str(), wrong.problem(422).as_str()), ("/answers/1/value", "invalid"));
        let taken = ImportInspection { answers: vec![pass("roof")], ..old(&house, form) };
        let unknown = admin.perform(house.clock.new_id(), taken).await;
        assert_eq!((pointer(&unknown).as_str(), unknown.problem(422).as_str()), ("/answers/0/item", "bad_reference"));
        let taken = old(&house, form);
        let back = ImportInspection { finished_at: taken.started_at - chrono::TimeDelta::hours(1), ..taken };
        let back = admin.perform(house.clock.new_id(), back).await;
        assert_eq!((pointer(&back).as_str(), back.problem(422).as_str()), ("/finished_at", "invalid"));
        let li = house.li().await.perform(house.clock.new_id(), old(&house, form)).await;
        assert_eq!(li.problem(403), "forbidden");
        let page = admin.get("/v1/inspections").await.body;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(0), "{page}");
    }
}
