//! What phones bring when the office had closed, merged or moved the complaint meanwhile: nothing is lost, nothing moves by itself.

use mobile_api::{
    asset::{AssetSave, Retire},
    complaint::{
        AddComplaintNote, ComplaintStatus, EditComplaint, MergeComplaint, RecordFindings, ReopenComplaint, Severity,
    },
    directory::TeamSave,
    ids::AssetId,
    inspection::Spot,
    refusal::Flag,
    work_order::Window,
};

use super::*;
use crate::inspections::{begin, done, empty_flat, fail, flat, number, of, pass, published, questions};

fn note(text: &str) -> AddComplaintNote {
    AddComplaintNote { text: text.into() }
}

fn found(text: &str) -> RecordFindings {
    RecordFindings { cause: None, text: text.into(), person: None }
}

/// The manager ends it without waiting.
async fn closed(house: &House, id: ComplaintId) {
    let admin = house.office("admin").await;
    admin.perform(id, summed_up()).await.applied();
    admin.perform(id, close(Some("She called: it stopped by itself"))).await.applied();
}

/// A survey of the complaint for Wang.
async fn survey_of(house: &House, id: ComplaintId, spot: Option<Spot>) {
    let form = published(house, empty_flat(house)).await;
    let from = house.clock.now();
    let due = Window { from, until: from + chrono::TimeDelta::hours(4) };
    let plan = mobile_api::complaint::PlanSurvey { template: form, spot, due, assignee: of(house.firm.wang) };
    house.li().await.perform(id, plan).await.applied();
}

stories! {
    /// The complaint was closed while the inspector was on site: the survey is appended, it stays closed, a person is asked.
    async fn closed_meanwhile_the_survey_is_appended_and_it_stays_closed(house: House) {
        let id = in_hand(&house, says(&house, "Damp in the corner")).await;
        survey_of(&house, id, None).await;
        let wang = house.phone_of("wang").await;
        let survey = shown(&wang, id).surveys[0].inspection;
        wang.did(survey, begin());
        for answer in [fail("leaks", "Wet behind the paper"), pass("windows"), number("meter", 7)] {
            wang.did(survey, answer);
        }
        wang.did(survey, done());
        wang.did(id, found("The pipe in the wall"));
        wang.did(id, carried_out("Dried"));
        closed(&house, id).await;
        reads!(synced(&wang).await, @r"
        start           applied
        answer          applied
        answer          applied
        answer          applied
        finish          applied_flagged activity_after_close
        record_findings applied_flagged activity_after_close
        carry_out       applied_flagged activity_after_close
        ");
        let known = complaint(&house, id).await;
        assert_eq!(known.status(), ComplaintStatus::Closed);
        assert_eq!(known.rounds[0].found.iter().map(|found| &*found.text).collect::<Vec<_>>(),
            ["No leaks – Wet behind the paper", "The pipe in the wall"]);
        assert_eq!(known.surveys[0].result.as_ref().unwrap().mark.overtaken, Some(Flag::ActivityAfterClose));
        assert_eq!(questions(&house).await.len(), 3);
        let li = house.li().await;
        li.perform(id, ReopenComplaint { reason: "Wet behind the paper".into() }).await.applied();
        assert_eq!(complaint(&house, id).await.status(), ComplaintStatus::Investigating, "only a person takes it up again");
        assert!(complaint(&house, id).await.clocks.resolve.unwrap().stopped.is_none());
    }

    /// Whoever knows that it is closed adds nothing to it without taking it up again.
    async fn closed_before_the_eyes_of_who_adds_it_is_refused(house: House) {
        let id = in_hand(&house, says(&house, "Damp")).await;
        closed(&house, id).await;
        let li = house.li().await;
        assert_eq!(li.perform(id, note("One more thing")).await.problem(409), "illegal_step");
        let wang = house.phone_of("wang").await;
        wang.did(id, note("One more thing"));
        reads!(synced(&wang).await, @"note            kept            illegal_step");
    }

    /// Merged meanwhile: what was recorded for the duplicate comes to the one that stayed.
    async fn merged_meanwhile_the_old_id_leads_to_the_one_that_stayed(house: House) {
        let (stays, twin) = (in_hand(&house, says(&house, "The tap drips")).await, in_hand(&house, says(&house, "Tap!")).await);
        let wang = house.phone_of("wang").await;
        wang.did(twin, note("The same tap"));
        wang.did(twin, carried_out("New seal"));
        let li = house.li().await;
        li.perform(twin, MergeComplaint { into: stays }).await.applied();
        reads!(synced(&wang).await, @r"
        note            applied
        carry_out       applied
        ");
        let known = complaint(&house, stays).await;
        assert_eq!((known.notes.len(), known.merged_from[0].id, known.status()), (1, twin, ComplaintStatus::CarriedOut));
        let gone = complaint(&house, twin).await;
        assert_eq!((gone.status(), gone.merged_into, gone.notes.len()), (ComplaintStatus::Closed, Some(stays), 0));
        assert!(wang.get::<Complaint>(twin).unwrap().is_none(), "the duplicate leaves the phone");
    }

    /// What was approved and carried out for the duplicate stands in the one that stayed; if it was serious, that one is watched over.
    async fn what_was_done_for_a_duplicate_is_not_lost(house: House) {
        let (stays, twin) = (in_hand(&house, says(&house, "The tap drips")).await, in_hand(&house, says(&house, "Tap!")).await);
        let (li, wang) = (house.li().await, house.phone_of("wang").await);
        wang.did(twin, carried_out("New seal"));
        wang.sync().await;
        let serious = EditComplaint { severity: Some(Severity::Serious), ..EditComplaint::default() };
        li.perform(twin, serious).await.applied();
        let before = complaint(&house, twin).await;
        li.perform(twin, MergeComplaint { into: stays }).await.applied();
        let known = complaint(&house, stays).await;
        let round = known.rounds.last().unwrap();
        assert_eq!(round.carried_out, before.rounds.last().unwrap().carried_out);
        assert!(round.carried_out.is_some() && round.approved.is_some());
        assert_eq!(round.proposals.len(), 2, "what was proposed for either");
        assert!(known.clocks.follow_up.is_some(), "followed up from now on");
    }

    /// Moved to another department meanwhile: kept with its author, and the new department sees it.
    async fn moved_to_another_department_meanwhile(house: House) {
        let id = in_hand(&house, says(&house, "Rude, and it drips")).await;
        let wang = house.phone_of("wang").await;
        wang.did(id, found("He was never there"));
        let (service, li) = (mobile_api::ids::TeamId::new(house.clock.new_id()), house.li().await);
        house.system(&house.firm, service, TeamSave { name: "Service".into(), site: None }).await;
        li.perform(id, ReferComplaint { team: service, reason: Some("It is about manners".into()) }).await.applied();
        reads!(synced(&wang).await, @"record_findings applied_flagged reassigned_meanwhile");
        let known = complaint(&house, id).await;
        assert_eq!((known.department().unwrap().team, known.rounds[0].found[0].mark.by), (service, house.firm.wang));
        assert!(known.departments[0].ended_rev.is_some());
        assert_eq!(listed(&li, &format!("team={service}")).await, [id.uuid()]);
        let zhao = house.phone_of("zhao").await;
        assert!(zhao.get::<Complaint>(id).unwrap().is_none(), "the plumbers have nothing to do with it any more");
    }

    /// The pump is gone when the survey comes back: the survey is true all the same, and keeps the complaint company.
    async fn a_survey_on_an_asset_that_was_retired_meanwhile(house: House) {
        let (pump, li) = (AssetId::new(house.clock.new_id()), house.li().await);
        let like = AssetSave { site: house.firm.site, unit: Some(house.firm.unit), building: None, parent: None, ..AssetSave::example() };
        li.perform(pump, AssetSave { serial: None, ..like }).await.applied();
        let about = About { asset: Some(pump), ..About::default() };
        let id = in_hand(&house, Intake { about, ..says(&house, "The pump hums") }).await;
        survey_of(&house, id, Some(Spot { asset: Some(pump), ..flat(&house) })).await;
        let wang = house.phone_of("wang").await;
        let survey = shown(&wang, id).surveys[0].inspection;
        wang.did(survey, begin());
        for answer in [pass("leaks"), pass("windows"), number("meter", 7)] {
            wang.did(survey, answer);
        }
        wang.did(survey, done());
        li.perform(pump, Retire { reason: "Replaced".into(), replaced_by: None }).await.applied();
        reads!(synced(&wang).await, @r"
        start           applied_flagged asset_retired
        answer          applied
        answer          applied
        answer          applied
        finish          applied
        ");
        assert!(complaint(&house, id).await.surveys[0].result.as_ref().unwrap().passed);
        let record = li.get(&format!("/v1/assets/{pump}/maintenance-record")).await.body;
        assert_eq!(record["items"][0]["inspection"]["inspection"], serde_json::json!(survey));
    }

    /// Mrs Chen accepts on one phone, her husband refuses on the other: the first that arrives counts, the other is kept, and asked about.
    async fn two_phones_bring_acceptance_and_refusal(house: House) {
        let id = in_hand(&house, says(&house, "The tap drips")).await;
        house.li().await.perform(id, carried_out("New seal")).await.applied();
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(id, signed(&shown(&wang, id)));
        zhao.did(id, RefuseResolution { name: "Mr Chen".into(), reason: "It still drips".into() });
        reads!(synced(&wang).await, @"accept          applied");
        reads!(synced(&zhao).await, @"refuse          applied_flagged customer_said_otherwise");
        let known = complaint(&house, id).await;
        assert_eq!((known.status(), known.rounds.len(), known.rounds[0].words.len()), (ComplaintStatus::Accepted, 1, 2));
        assert_eq!(known.unsolved_reports(), 0, "a person decides what it means");

        // The other way round.
        let id = in_hand(&house, says(&house, "The tap drips")).await;
        house.li().await.perform(id, carried_out("New seal")).await.applied();
        wang.sync().await;
        zhao.sync().await;
        wang.did(id, signed(&shown(&wang, id)));
        zhao.did(id, refuses("It still drips"));
        reads!(synced(&zhao).await, @"refuse          applied");
        reads!(synced(&wang).await, @"accept          applied_flagged customer_said_otherwise");
        let known = complaint(&house, id).await;
        assert_eq!((known.status(), known.rounds.len(), known.rounds[0].words.len()), (ComplaintStatus::Investigating, 2, 2));
    }

    /// What was signed is not what the office holds by now: kept as signed, and asked about.
    async fn what_was_signed_for_was_changed_meanwhile(house: House) {
        let id = in_hand(&house, says(&house, "The tap drips")).await;
        let wang = house.phone_of("wang").await;
        wang.did(id, carried_out("New seal"));
        wang.did(id, signed(&shown(&wang, id)));
        let text = Some("The tap drips, and the floor is spoilt".into());
        house.li().await.perform(id, mobile_api::complaint::EditComplaint { text, ..Default::default() }).await.applied();
        reads!(synced(&wang).await, @r"
        carry_out       applied
        accept          applied_flagged signed_other_content
        ");
        assert_eq!(complaint(&house, id).await.rounds[0].words[0].differs, ["text"]);
    }
}
