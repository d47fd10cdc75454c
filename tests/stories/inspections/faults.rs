//! What failed becomes a repair order without being typed again, once.

use mobile_api::{
    inspection::{InspectionStatus, ReportFault, RoundSave},
    work_order::{
        Status,
        dispatch::{Assign, Cancel},
    },
};

use super::*;

/// Wang finds a leak in the flat, without signal.
fn found_leak(house: &House, phone: &Handset, form: TemplateId) -> InspectionId {
    let id = fresh(phone);
    phone.did(id, begin_new(house, form));
    phone.did(id, fail("leaks", "Drips under the sink"));
    phone.did(id, pass("windows"));
    phone.did(id, number("meter", 7));
    phone.did(id, done());
    id
}

/// The order that a finding led to.
fn led_to(inspection: &Inspection, item: &str) -> WorkOrderId {
    let finding = inspection.findings.iter().find(|finding| finding.item == item);
    finding.and_then(|finding| finding.order).expect("it led to an order")
}

stories! {
    async fn a_failed_item_becomes_an_order_on_the_phone_and_the_same_on_the_server(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let id = found_leak(&house, &wang, form);
        let shown: Inspection = wang.get(id).unwrap().unwrap();
        let on_phone: WorkOrder = wang.get(led_to(&shown, "leaks")).unwrap().expect("the order is there without signal");
        assert_eq!(on_phone.number, None);
        wang.sync().await;

        let made = order(&house, on_phone.id).await;
        reads!(made.fault, @"No leaks – Drips under the sink");
        assert_eq!((made.number.as_deref(), made.caller.name.as_str()), (Some("2026-000001"), "WANG"));
        assert_eq!((made.unit, made.priority), (Some(house.firm.unit), Priority::Urgent));
        assert_eq!((made.found_by[0].inspection, made.found_by[0].item.as_str()), (id, "leaks"), "the link is kept both ways");
        assert_eq!(led_to(&inspection(&house, id).await, "leaks"), made.id);
        wang.sync().await;
        let again: WorkOrder = wang.get(made.id).unwrap().expect("it stays on the phone");
        assert_eq!(again.number, made.number);
        assert_eq!(orders(&house.li().await).await.len(), 1);
    }

    /// Several findings of one visit: an order for each, with numbers without gaps.
    async fn several_findings_are_several_orders(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let id = fresh(&wang);
        wang.did(id, begin_new(&house, form));
        wang.did(id, fail("leaks", "Drips"));
        wang.did(id, fail("windows", "Open"));
        wang.did(id, number("meter", 7));
        wang.did(id, done());
        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        answer        applied
        answer        applied
        finish        applied
        ");
        house.request(house.firm.plumbing).await;
        let numbers: Vec<_> = orders(&house.li().await).await.into_iter().map(|order| order.number.unwrap()).collect();
        assert_eq!(numbers, ["2026-000001", "2026-000002", "2026-000003"]);
    }

    /// Tapped twice, by two people, on two phones, and once more by the end of the inspection: one order.
    async fn one_fault_is_one_order_however_often_it_is_reported(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, Assignee { user: None, team: Some(house.firm.plumbers) }).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        let report = || ReportFault { point: None, item: "leaks".into(), order_type: None, priority: None, complaint: None };
        for phone in [&wang, &zhao] {
            phone.did(id, begin());
            phone.did(id, fail("leaks", "Drips"));
            phone.did(id, report());
            phone.did(id, report());
        }
        wang.sync().await;
        zhao.sync().await;
        zhao.did(id, pass("windows"));
        zhao.did(id, number("meter", 7));
        zhao.did(id, done());
        zhao.sync().await;
        let all = orders(&house.li().await).await;
        assert_eq!((all.len(), all[0].found_by.len()), (1, 1));
        assert_eq!(led_to(&inspection(&house, id).await, "leaks"), all[0].id);
    }

    /// Next week it still drips: the finding is joined to the order that is open. Once that is over, it is a new one.
    async fn a_fault_that_is_still_there_is_joined_to_its_open_order(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        let first = found_leak(&house, &wang, form);
        wang.sync().await;
        let second = found_leak(&house, &zhao, form);
        zhao.sync().await;
        let all = orders(&house.li().await).await;
        assert_eq!(all.len(), 1, "one leak, one order");
        assert_eq!(all[0].found_by.iter().map(|found| found.inspection).collect::<Vec<_>>(), [first, second]);
        assert_eq!(led_to(&inspection(&house, second).await, "leaks"), all[0].id);

        house.li().await.perform(all[0].id, Cancel { reason: "Mended by the neighbour".into() }).await.applied();
        found_leak(&house, &wang, form);
        wang.sync().await;
        assert_eq!(orders(&house.li().await).await.len(), 2);
    }

    /// The next turn of the round shows what became of what was found on the last one.
    async fn the_next_turn_shows_what_became_of_the_last_findings(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let round = RoundSave {
            name: "Empty flats".into(),
            template: form,
            spot: flat(&house),
            points: vec![],
            assignee: of(house.firm.wang),
            repeats: None,
        };
        let round_id = house.clock.new_id();
        house.li().await.perform(round_id, round).await.applied();
        let turn = || StartInspection { round: Some(round_id.into()), template: Some(form), ..StartInspection::default() };
        let wang = house.phone_of("wang").await;
        let first = fresh(&wang);
        wang.did(first, turn());
        for answer in [fail("leaks", "Drips"), pass("windows"), number("meter", 7)] {
            wang.did(first, answer);
        }
        wang.did(first, done());
        wang.sync().await;
        let leak = led_to(&inspection(&house, first).await, "leaks");
        house.li().await.perform(leak, Assign { technician: house.firm.zhao }).await.applied();
        wang.sync().await;

        let second = fresh(&wang);
        wang.did(second, turn());
        let shown: Inspection = wang.get(second).unwrap().unwrap();
        assert_eq!(shown.earlier, Some(first));
        let before: Inspection = wang.get(first).unwrap().expect("the earlier answers are beside");
        assert_eq!(before.answer_to(None, "leaks").unwrap().note.as_deref(), Some("Drips"));
        let became: WorkOrder = wang.get(led_to(&before, "leaks")).unwrap().expect("and what became of them");
        assert_eq!(became.status(), Status::Assigned);
        wang.did(second, fail("leaks", "Still drips"));
        wang.did(second, pass("windows"));
        wang.did(second, number("meter", 8));
        wang.did(second, done());
        let joined: Inspection = wang.get(second).unwrap().unwrap();
        assert_eq!(led_to(&joined, "leaks"), leak, "the phone knows of the open order without signal");
        wang.sync().await;
        assert_eq!((led_to(&inspection(&house, second).await, "leaks"), orders(&house.li().await).await.len()), (leak, 1));
        assert_eq!(inspection(&house, second).await.status(), InspectionStatus::Finished);
    }

    /// The front desk wrote the same leak down while Wang was in the basement: both are kept, and a person decides.
    async fn an_order_that_the_office_made_as_well_is_a_possible_duplicate(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let id = found_leak(&house, &wang, form);
        let by_office = house.request(house.firm.plumbing).await;
        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        answer        applied
        answer        applied
        finish        applied_flagged possible_duplicate
        ");
        let all = orders(&house.li().await).await;
        assert_eq!(all.len(), 2);
        assert!(all.iter().any(|order| order.id == by_office));
        assert_eq!(inspection(&house, id).await.status(), InspectionStatus::Finished);
    }
}
