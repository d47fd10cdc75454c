//! The way of a complaint, from the call to the closed file.

use mobile_api::{
    complaint::{
        ComplaintStatus, FollowUp, How, OpenOrder, PlanSurvey, RecordFindings, RecordUnderstanding, ReopenComplaint,
        ReportTask, RespondToComplaint, SetTask,
    },
    evidence::Verdict,
    inspection::{Inspection, ReportFault},
    review::{Resolve, ReviewDecision},
    work_order::{Channel, Priority, Window, WorkOrder, dispatch::Cancel},
};
use serde_json::json;

use super::*;
use crate::inspections::{self, begin, done, empty_flat, fail, number, of, pass, published, questions};

fn order_for(house: &House) -> OpenOrder {
    OpenOrder {
        order_type: house.firm.plumbing,
        place: "7-1203, kitchen".into(),
        fault: None,
        priority: Priority::Urgent,
        preferred: None,
    }
}

stories! {
    /// Everything once: judged, told, looked into on site, proposed, approved, carried out, signed on the phone, called back, closed.
    async fn from_the_call_to_the_closed_file(house: House) {
        let li = house.li().await;
        let id = received(&house, says(&house, "The tap drips again 水龙头又漏水了")).await;
        li.perform(id, RespondToComplaint { text: "Somebody comes today".into() }).await.applied();
        li.perform(id, JudgeComplaint { needs_survey: true, ..founded() }).await.applied();
        let form = published(&house, empty_flat(&house)).await;
        let from = house.clock.now();
        let due = Window { from, until: from + chrono::TimeDelta::hours(4) };
        li.perform(id, PlanSurvey { template: form, spot: None, due, assignee: of(house.firm.wang) }).await.applied();

        let wang = house.phone_of("wang").await;
        let survey = shown(&wang, id).surveys[0].inspection;
        house.pass(minutes(60), &[&wang]);
        let li = house.li().await;
        wang.did(survey, begin());
        wang.did(survey, fail("leaks", "The old seal was put in again"));
        wang.did(survey, pass("windows"));
        wang.did(survey, number("meter", 7));
        wang.did(survey, done());
        assert_eq!(shown(&wang, id).surveys[0].result.as_ref().unwrap().failed, 1, "it comes to the complaint without signal");
        wang.did(id, RecordFindings { cause: Some("Old part".into()), text: "Seal of 2019".into(), person: None });
        reads!(synced(&wang).await, @r"
        start           applied
        answer          applied
        answer          applied
        answer          applied
        finish          applied
        record_findings applied
        ");
        let known = complaint(&house, id).await;
        reads!(&known.rounds[0].found[0].text, @"No leaks – The old seal was put in again");
        let order = known.orders[0].order;
        let made: WorkOrder = serde_json::from_value(li.get(&format!("/v1/work-orders/{order}")).await.body).unwrap();
        assert_eq!(made.complaint, Some(id), "the order of the failed item is the complaint's");

        li.perform(id, to_plumbers(&house)).await.applied();
        approved(&house, id).await;
        wang.sync().await;
        wang.did(id, carried_out("New seal in, tried for ten minutes"));
        wang.did(id, signed(&shown(&wang, id)));
        reads!(synced(&wang).await, @r"
        carry_out       applied
        accept          applied
        ");
        let known = complaint(&house, id).await;
        let word = &known.rounds[0].words[0];
        assert!(word.differs.is_empty() && matches!(word.how, How::Signed { .. }), "{word:?}");
        li.perform(id, called(true)).await.applied();
        li.perform(id, summed_up()).await.applied();
        li.perform(order, Cancel { reason: "Done with the complaint".into() }).await.applied();
        li.perform(id, close(None)).await.applied();

        let known = complaint(&house, id).await;
        let verdict = |clock: &Option<mobile_api::work_order::Clock>| clock.as_ref().and_then(|clock| clock.verdict);
        let clocks = &known.clocks;
        let verdicts = [&clocks.tell, &clocks.respond, &clocks.resolve, &clocks.call].map(verdict);
        assert_eq!(verdicts, [Some(Verdict::OnTime); 4], "two hours to tell, because somebody had to go and see");
        reads!(steps(&house, &known), @r"
        receive              li
        respond              li
        judge                li
        plan_survey          li
        survey               wang
        record_findings      wang
        refer                li
        propose              li
        approve              admin
        carry_out            wang
        accept               wang
        call_back            li
        summarise            li
        close                li
        ");
        assert_eq!((known.status(), known.number.as_deref()), (ComplaintStatus::Closed, Some("C2026-000001")));
    }

    /// Not founded: explained, understood, closed. Who does not understand is heard again.
    async fn what_is_not_founded_is_explained_until_it_is_understood(house: House) {
        let (li, admin) = (house.li().await, house.office("admin").await);
        let id = received(&house, says(&house, "The lift stood still")).await;
        li.perform(id, unfounded()).await.applied();
        assert_eq!(li.perform(id, to_plumbers(&house)).await.problem(409), "illegal_step", "it is nobody's");
        let said = |understood| RecordUnderstanding { name: "Mrs Chen".into(), understood, words: None };
        li.perform(id, said(false)).await.applied();
        assert_eq!(complaint(&house, id).await.status(), ComplaintStatus::Received);
        li.perform(id, unfounded()).await.applied();
        li.perform(id, said(true)).await.applied();
        li.perform(id, summed_up()).await.applied();
        li.perform(id, close(None)).await.applied();
        let known = complaint(&house, id).await;
        assert_eq!((known.unsolved_reports(), known.understandings.len()), (1, 2));
        assert!(known.clocks.call.is_none() && listed(&admin, "founded=false&status=closed").await == [id.uuid()]);
    }

    /// Explained twice, and twice not understood: the manager is told in writing, once, and only a manager answers that.
    async fn twice_not_understood_it_goes_to_the_manager(house: House) {
        let (li, admin) = (house.li().await, house.office("admin").await);
        let id = received(&house, says(&house, "The lift stood still")).await;
        let said = || RecordUnderstanding { name: "Mrs Chen".into(), understood: false, words: Some("I do not see why".into()) };
        for status in ["applied", "applied_flagged", "applied"] {
            li.perform(id, unfounded()).await.applied();
            assert_eq!(li.perform(id, said()).await.body["status"], status);
        }
        assert_eq!(questions(&house).await, ["still_unsolved"]);
        let review: Uuid = admin.get("/v1/reviews?status=open").await.body["items"][0]["record"]["id"].as_str().unwrap().parse().unwrap();
        let answer = || Resolve { decision: ReviewDecision::Accepted, note: "I shall call her".into() };
        assert_eq!(li.perform(review, answer()).await.problem(403), "forbidden");
        admin.perform(review, answer()).await.applied();
    }

    /// Refused, refused again: the rounds are kept, and the manager is told in writing, once.
    async fn twice_refused_it_goes_to_the_manager_and_round_again(house: House) {
        let id = in_hand(&house, says(&house, "The tap drips again")).await;
        let wang = house.phone_of("wang").await;
        wang.did(id, carried_out("New seal in"));
        wang.did(id, refuses("It still drips"));
        reads!(synced(&wang).await, @r"
        carry_out       applied
        refuse          applied
        ");
        approved(&house, id).await;
        wang.sync().await;
        wang.did(id, carried_out("New tap"));
        wang.did(id, refuses("Now it does not close"));
        reads!(synced(&wang).await, @r"
        carry_out       applied
        refuse          applied_flagged still_unsolved
        ");
        approved(&house, id).await;
        wang.sync().await;
        wang.did(id, carried_out("The right tap"));
        wang.did(id, refuses("The old one was nicer"));
        reads!(synced(&wang).await, @r"
        carry_out       applied
        refuse          applied
        ");
        let known = complaint(&house, id).await;
        let escalated = known.escalated.clone().expect("the manager knows");
        assert_eq!((known.rounds.len(), escalated.reports, &*escalated.words), (4, 2, "Now it does not close"));
        assert_eq!(inspections::questions(&house).await, ["still_unsolved"]);
        assert_eq!(listed(&house.li().await, "escalated=true").await, [id.uuid()]);
    }

    /// A visit can fail: not satisfied after all, it goes round again.
    async fn not_satisfied_when_called_it_is_taken_up_again(house: House) {
        let (id, li) = (in_hand(&house, says(&house, "The tap drips")).await, house.li().await);
        li.perform(id, carried_out("New seal")).await.applied();
        li.perform(id, signed(&complaint(&house, id).await)).await.applied();
        li.perform(id, called(false)).await.applied();
        let known = complaint(&house, id).await;
        assert_eq!((known.status(), known.rounds.len()), (ComplaintStatus::Investigating, 2));
        assert_eq!(known.clocks.past.iter().filter(|past| past.clock.verdict == Some(Verdict::OnTime)).count(), 2);
        assert!(known.clocks.resolve.unwrap().stopped.is_none(), "the complainant waits anew");
    }

    /// A complaint opens orders, and is not closed over an open one without a reason.
    async fn an_open_order_of_its_own_needs_a_reason_to_close_over(house: House) {
        let (id, li) = (in_hand(&house, says(&house, "The tap drips")).await, house.li().await);
        li.perform(id, order_for(&house)).await.applied();
        let opened = complaint(&house, id).await.orders[0].order;
        let order: WorkOrder = serde_json::from_value(li.get(&format!("/v1/work-orders/{opened}")).await.body).unwrap();
        assert_eq!((order.complaint, order.channel, order.customer), (Some(id), Channel::Complaint, Some(house.firm.customer)));
        assert_eq!((&*order.fault, order.number.as_deref()), ("The tap drips", Some("2026-000001")));
        li.perform(id, carried_out("New seal")).await.applied();
        li.perform(id, signed(&complaint(&house, id).await)).await.applied();
        li.perform(id, called(true)).await.applied();
        assert_eq!(li.perform(id, close(None)).await.problem(409), "summary_missing");
        li.perform(id, summed_up()).await.applied();
        let refused = li.perform(id, close(None)).await;
        assert_eq!(refused.body["errors"][0]["pointer"], "/reason", "{}", refused.body);
        assert_eq!(refused.problem(409), "reason_needed");
        li.perform(id, close(Some("The order is for the neighbour's flat"))).await.applied();
        li.perform(id, ReopenComplaint { reason: "It drips again".into() }).await.applied();
        assert_eq!(complaint(&house, id).await.status(), ComplaintStatus::Investigating);
    }

    /// Without the complainant's word only a manager ends it, and says why.
    async fn without_the_complainants_word_only_a_manager_closes(house: House) {
        let (id, li) = (in_hand(&house, says(&house, "The tap drips")).await, house.li().await);
        li.perform(id, summed_up()).await.applied();
        let why = || close(Some("Moved away, cannot be reached"));
        assert_eq!(li.perform(id, why()).await.problem(403), "forbidden");
        let admin = house.office("admin").await;
        assert_eq!(admin.perform(id, close(None)).await.problem(409), "reason_needed");
        admin.perform(id, why()).await.applied();
    }

    /// Who has to find something out hears of it on the phone, and whether it was in time is judged by when it happened.
    async fn a_task_goes_to_the_phone_and_its_result_comes_back(house: House) {
        let (id, li) = (received(&house, says(&house, "Rude on the telephone")).await, house.li().await);
        let due = house.clock.now() + chrono::TimeDelta::hours(1);
        let task = SetTask { what: "Who was on duty?".into(), who: house.firm.zhao, due };
        let task = op(&li.perform(id, task).await.applied());
        let (zhao, wang) = (house.phone_of("zhao").await, house.phone_of("wang").await);
        assert!(wang.get::<Complaint>(id).unwrap().is_none(), "it does not concern Wang");
        house.pass(minutes(30), &[&zhao]);
        zhao.did(id, ReportTask { task, text: "Nobody: it was the machine".into() });
        house.pass(minutes(120), &[&zhao]);
        reads!(synced(&zhao).await, @"report_task     applied");
        let known = complaint(&house, id).await;
        assert_eq!(known.tasks[0].clock.verdict, Some(Verdict::OnTime), "told two hours late, done in time");
        let li = house.li().await;
        li.perform(id, FollowUp { text: "We know now".into() }).await.applied();
        let page = li.get("/v1/complaints").await.body;
        assert_eq!(page["items"][0]["record"]["tasks"][0]["text"], json!(null));
    }

    /// A survey that nobody planned: begun for the complaint by who stands at the door.
    async fn a_survey_is_begun_on_the_phone(house: House) {
        let id = in_hand(&house, says(&house, "Damp in the corner")).await;
        let form = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let survey = mobile_api::ids::InspectionId::new(mobile_api::phone::PhoneClock::new_id(&*wang.clock));
        let begun = mobile_api::inspection::StartInspection { complaint: Some(id), ..inspections::begin_new(&house, form) };
        wang.did(survey, begun);
        for answer in [pass("leaks"), pass("windows"), number("meter", 7)] {
            wang.did(survey, answer);
        }
        wang.did(survey, done());
        wang.sync().await;
        let known = complaint(&house, id).await;
        assert_eq!((known.surveys[0].inspection, known.surveys[0].result.as_ref().unwrap().passed), (survey, true));
        let inspection: Inspection = inspections::inspection(&house, survey).await;
        assert_eq!(inspection.complaint, Some(id));
    }

    /// On another round, in the same flat: what is not in order goes to the complaint and becomes no order beside it.
    async fn a_failed_item_of_an_inspection_is_brought_to_a_complaint(house: House) {
        let id = in_hand(&house, says(&house, "Damp in the corner")).await;
        let form = published(&house, empty_flat(&house)).await;
        let wang = house.phone_of("wang").await;
        let patrol = mobile_api::ids::InspectionId::new(mobile_api::phone::PhoneClock::new_id(&*wang.clock));
        wang.did(patrol, inspections::begin_new(&house, form));
        wang.did(patrol, fail("leaks", "Wet behind the paper"));
        let report = ReportFault { point: None, item: "leaks".into(), order_type: None, priority: None, complaint: Some(id) };
        wang.did(patrol, report.clone());
        wang.did(patrol, report);
        wang.did(patrol, pass("windows"));
        wang.did(patrol, number("meter", 7));
        wang.did(patrol, done());
        reads!(synced(&wang).await, @r"
        start           applied
        answer          applied
        report_fault    applied
        report_fault    applied
        answer          applied
        answer          applied
        finish          applied
        ");
        let known = complaint(&house, id).await;
        let found: Vec<_> = known.rounds[0].found.iter().map(|found| (&*found.text, found.survey)).collect();
        assert_eq!(found, [("No leaks – Wet behind the paper", Some(patrol))]);
        assert!(known.surveys.is_empty(), "it is no survey of the complaint");
        let page = house.li().await.get("/v1/work-orders").await.body;
        assert_eq!(page["items"], json!([]), "and it became no order");
    }
}
