//! The office and a phone edit the same order.

use mobile_api::work_order::{Priority, request::Edit};

use super::*;

fn place(place: &str) -> Edit {
    Edit { place: Some(place.into()), ..Edit::default() }
}

fn findings(findings: &str) -> Edit {
    Edit { findings: Some(findings.into()), ..Edit::default() }
}

stories! {
    async fn two_fields_of_one_order_are_both_taken(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, place("7-1203, bathroom"));
        let fault = Edit { fault: Some("Water comes through the ceiling".into()), ..Edit::default() };
        office_does(&house, order, fault).await;
        reads!(synced(&phone).await, @"edit              applied");
        let order = order_of(&house, order).await;
        assert_eq!((&*order.place, &*order.fault), ("7-1203, bathroom", "Water comes through the ceiling"));
    }

    async fn where_to_go_is_the_offices_word(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let edit = phone.did(order, place("7-1203, bathroom"));
        office_does(&house, order, place("7-1302, kitchen")).await;
        reads!(synced(&phone).await, @"edit              applied_flagged field_conflict");
        assert_eq!(order_of(&house, order).await.place, "7-1302, kitchen");
        assert_eq!(said(&house, order, "/place").await[1..], ["7-1302, kitchen", "7-1203, bathroom"], "both are on file");
        let asked = review_of(&house, edit).await;
        let both = serde_json::json!({ "field": "place", "held": "7-1302, kitchen", "sent": "7-1203, bathroom" });
        assert_eq!(asked.flags[0].detail, both, "the dispatcher sees both sides");
    }

    async fn what_was_found_is_the_technicians_word(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, found("Trap seal worn"));
        all_applied(&phone).await;
        phone.did(order, findings("Trap cracked, seal worn"));
        office_does(&house, order, findings("Seal, as far as the photo shows")).await;
        reads!(synced(&phone).await, @"edit              applied_flagged field_conflict");
        assert_eq!(order_of(&house, order).await.diagnosis.unwrap().findings, "Trap cracked, seal worn");
        let words = ["Trap seal worn", "Seal, as far as the photo shows", "Trap cracked, seal worn"];
        assert_eq!(said(&house, order, "/findings").await, words, "all three are on file");
    }

    /// What he changes twice without signal is no conflict with himself.
    async fn two_edits_in_the_basement_do_not_conflict(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, place("7-1203, bathroom"));
        phone.did(order, place("7-1203, bathroom, left basin"));
        reads!(synced(&phone).await, @r"
        edit              applied
        edit              applied
        ");
        assert_eq!(order_of(&house, order).await.place, "7-1203, bathroom, left basin");
    }

    async fn how_urgent_it_is_he_does_not_decide(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Edit { priority: Some(Priority::Emergency), ..place("7-1203, bathroom") });
        reads!(synced(&phone).await, @"edit              kept            forbidden");
        let order = order_of(&house, order).await;
        assert_eq!((order.priority, &*order.place), (Priority::Normal, "7-1203, kitchen"), "all of it or nothing");
    }
}
