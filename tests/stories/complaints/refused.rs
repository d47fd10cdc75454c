//! What cannot be: circles, merged twice, closed twice, what names nothing. A clear problem each, and nothing half-stored.

use mobile_api::{
    complaint::{
        ApproveProposal, ComplaintClassSave, ComplaintStatus, LinkComplaint, MergeComplaint, ReopenComplaint,
        ReportTask,
    },
    directory::{Label, SiteSave},
    ids::ComplaintClassId,
};
use serde_json::json;

use super::*;

fn link(earlier: ComplaintId) -> LinkComplaint {
    LinkComplaint { earlier: Some(earlier) }
}

stories! {
    /// A repeats B repeats C: C cannot repeat A, nor anybody themselves; and a link that is ended leaves no trace on the other side.
    async fn complaints_that_repeat_each_other_in_a_circle(house: House) {
        let li = house.li().await;
        let mut ids = Vec::new();
        for text in ["one", "two", "three"] {
            ids.push(received(&house, says(&house, text)).await);
        }
        let [a, b, c] = ids[..] else { panic!("three") };
        li.perform(a, link(b)).await.applied();
        li.perform(b, link(c)).await.applied();
        for (late, early) in [(c, a), (a, a), (b, a)] {
            let refused = li.perform(late, link(early)).await;
            assert_eq!(refused.body["errors"][0]["code"], "loop", "{}", refused.body);
            assert_eq!(refused.problem(422), "invalid");
        }
        assert_eq!(complaint(&house, c).await.repeated_by, [b]);
        li.perform(b, LinkComplaint { earlier: None }).await.applied();
        assert!(complaint(&house, c).await.repeated_by.is_empty());
        li.perform(c, link(a)).await.applied();
        assert_eq!(li.perform(a, link(fresh(&house))).await.problem(422), "bad_reference");
    }

    /// What went into another already is no duplicate of a third; and no two go into each other.
    async fn merged_twice_and_into_each_other(house: House) {
        let li = house.li().await;
        let (a, b, c) = (
            received(&house, says(&house, "one")).await,
            received(&house, says(&house, "two")).await,
            received(&house, says(&house, "three")).await,
        );
        let into = |into| MergeComplaint { into };
        li.perform(a, into(b)).await.applied();
        for other in [b, c, a] {
            assert_eq!(li.perform(a, into(other)).await.problem(409), "illegal_step");
        }
        assert_eq!(li.perform(b, into(a)).await.problem(422), "bad_reference");
        assert_eq!(li.perform(b, into(b)).await.problem(422), "bad_reference");
        assert_eq!(complaint(&house, b).await.status(), ComplaintStatus::Received, "nobody meant that one");
        let elsewhere = house.clock.new_id();
        house.system(&house.firm, elsewhere, SiteSave { name: "Hillside".into(), address: String::new(), location: None, time_zone: None }).await;
        let about = About { site: Some(elsewhere.into()), ..About::default() };
        let there = received(&house, Intake { about, ..says(&house, "four") }).await;
        assert_eq!(li.perform(c, into(there)).await.problem(422), "bad_reference", "another site");
        assert_eq!(li.perform(a, ReopenComplaint { reason: "No".into() }).await.problem(409), "illegal_step", "the old id is another name for the one that stayed");
    }

    /// Two people close it at once: one does, the other is told.
    async fn closed_by_two_people_at_once(house: House) {
        let id = in_hand(&house, says(&house, "The tap drips")).await;
        let admin = house.office("admin").await;
        admin.perform(id, summed_up()).await.applied();
        let mut both = tokio::task::JoinSet::new();
        for reason in ["She moved", "He moved"] {
            let admin = admin.clone();
            both.spawn(async move { admin.perform(id, close(Some(reason))).await });
        }
        let mut answers: Vec<(u16, Value)> =
            both.join_all().await.into_iter().map(|answer| (answer.status.as_u16(), answer.body["code"].clone())).collect();
        answers.sort_by_key(|(status, _)| *status);
        assert_eq!((answers[0].0, &answers[1]), (200, &(409, json!("illegal_step"))));
        let closings = complaint(&house, id).await.timeline.iter().filter(|step| step.what == "close").count();
        assert_eq!(closings, 1);
    }

    async fn steps_out_of_turn_and_names_of_nothing(house: House) {
        let (id, li) = (received(&house, says(&house, "The tap drips")).await, house.li().await);
        assert_eq!(li.perform(id, carried_out("New seal")).await.problem(409), "illegal_step");
        assert_eq!(li.perform(id, refuses("No")).await.problem(409), "illegal_step");
        assert_eq!(li.perform(id, called(true)).await.problem(409), "illegal_step");
        let admin = house.office("admin").await;
        let nothing = house.clock.new_id();
        assert_eq!(admin.perform(id, ApproveProposal { proposal: nothing, note: None }).await.problem(409), "entry_unknown");
        assert_eq!(li.perform(id, ReportTask { task: nothing, text: "Done".into() }).await.problem(409), "entry_unknown");
        let nowhere = About { unit: Some(nothing.into()), ..About::default() };
        assert_eq!(li.perform(fresh(&house), Intake { about: nowhere, ..says(&house, "x") }).await.problem(422), "bad_reference");
        let mut forged = signed(&complaint(&house, id).await);
        if let Said::Signed { content, .. } = &mut forged.said {
            content.text = "Something else".into();
        }
        assert_eq!(li.perform(id, forged).await.problem(422), "invalid", "the digest is of what was shown");
        assert_eq!(house.office("wang").await.perform(id, refuses("No")).await.problem(404), "not_found", "it is not his");
        assert_eq!(complaint(&house, id).await.timeline.len(), 1);
    }

    /// Classes are a tree: none is part of itself, be it by others.
    async fn classes_in_a_circle(house: House) {
        let admin = house.office("admin").await;
        let class = |code: &str, parent: Option<ComplaintClassId>| ComplaintClassSave {
            code: code.into(),
            name: Label::new("投诉", code),
            parent,
            active: true,
        };
        let (a, b) = (ComplaintClassId::new(house.clock.new_id()), ComplaintClassId::new(house.clock.new_id()));
        admin.perform(a, class("a", None)).await.applied();
        admin.perform(b, class("b", Some(a))).await.applied();
        for parent in [a, b] {
            let refused = admin.perform(a, class("a", Some(parent))).await;
            assert_eq!(refused.body["errors"][0]["code"], "loop", "{}", refused.body);
        }
        let page = admin.get(&format!("/v1/complaint-classes?parent={a}")).await.body;
        assert_eq!(page["items"][0]["record"]["id"], json!(b));
    }
}
