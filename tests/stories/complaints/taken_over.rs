//! Complaints that were written down before the firm came to Doorstep.

use chrono::TimeDelta;
use mobile_api::complaint::{ClosedThere, ComplaintState, ComplaintStatus, ImportComplaint};

use super::*;

/// What the old ledger has of Mrs Chen's tap.
fn old(house: &House) -> ImportComplaint {
    let about = About { unit: Some(house.firm.unit), customer: Some(house.firm.customer), ..About::default() };
    ImportComplaint { about, ..ImportComplaint::example() }
}

async fn taken(house: &House, import: ImportComplaint) -> Complaint {
    let id = ComplaintId::new(house.clock.new_id());
    house.office("admin").await.perform(id, import).await.applied();
    let found = house.li().await.get(&format!("/v1/complaints/{id}")).await.body;
    serde_json::from_value(found).unwrap()
}

stories! {
    /// It is history: judged by the deadline that it had there, found by what it says, and nobody is told that it is late.
    async fn an_old_complaint_is_history(house: House) {
        let import = old(&house);
        let (received, closed_at) = (import.received_at, import.closed.as_ref().unwrap().at);
        let complaint = taken(&house, import).await;
        let ComplaintState::Closed { closed, .. } = &complaint.state else { panic!("{:?}", complaint.state) };
        assert_eq!((complaint.recorded.latest, closed.latest), (received, closed_at));
        let clock = complaint.clocks.resolve.as_ref().unwrap();
        assert_eq!(serde_json::to_value(clock.verdict).unwrap(), "on_time");
        assert_eq!(complaint.clocks.tell, None, "the firm's own deadlines are not laid upon its past");
        assert_eq!(complaint.source.as_ref().map(|source| source.id.as_str()), Some("C-2024-311"));
        assert_eq!(complaint.summary.as_ref().map(|summary| summary.cause.as_str()), Some("Old part"));
        let li = house.li().await;
        for said in ["drips", "new seal"] {
            let found = li.get(&format!("/v1/complaints?text={said}&status=closed")).await.body;
            assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{said}: {found}");
        }
        house.state().timers().do_due().await.unwrap();
        let reviews = li.get("/v1/reviews?status=open").await.body;
        assert_eq!(reviews["items"].as_array().map(Vec::len), Some(0), "{reviews}");
    }

    /// What is open there goes on here, from where it stood.
    async fn an_open_one_goes_on(house: House) {
        let complaint = taken(&house, ImportComplaint { closed: None, due: None, ..old(&house) }).await;
        assert_eq!(complaint.status(), ComplaintStatus::Investigating);
        let li = house.li().await;
        li.perform(complaint.id, to_plumbers(&house)).await.applied();
        li.perform(complaint.id, propose("A new seal for nothing")).await.applied();
        let unjudged = ImportComplaint { closed: None, founded: None, ..old(&house) };
        let complaint = taken(&house, unjudged).await;
        assert_eq!(complaint.status(), ComplaintStatus::Received);
        li.perform(complaint.id, unfounded()).await.applied();
        let explained = taken(&house, ImportComplaint { closed: None, founded: Some(false), ..old(&house) }).await;
        assert_eq!(explained.status(), ComplaintStatus::Explained);
        let serious = ImportComplaint { closed: None, severity: Severity::Serious, ..old(&house) };
        let serious = taken(&house, serious).await;
        let since = serious.clocks.follow_up.as_ref().map(|clock| clock.since);
        assert_eq!(since, Some(house.clock.now()), "a serious one is looked after from now on");
    }

    /// Nothing of it is stored if something does not fit, and only who may take history over does.
    async fn what_does_not_fit_is_refused_with_its_place(house: House) {
        let (admin, taken) = (house.office("admin").await, old(&house));
        let closed = taken.closed.clone().unwrap();
        let early = ClosedThere { at: taken.received_at - TimeDelta::hours(1), ..closed.clone() };
        let unknown = ClosedThere { class: Some(Id::new(house.clock.new_id())), ..closed.clone() };
        let silent = ClosedThere { cause: " ".into(), ..closed };
        for (closed, code, pointer) in [
            (early, "invalid", "/closed/at"),
            (unknown, "bad_reference", "/closed/class"),
            (silent, "invalid", "/closed/cause"),
        ] {
            let wrong = ImportComplaint { closed: Some(closed), ..taken.clone() };
            let refused = admin.perform(house.clock.new_id(), wrong).await;
            assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
            assert_eq!(refused.problem(422), code);
        }
        let li = house.li().await.perform(house.clock.new_id(), taken).await;
        assert_eq!(li.problem(403), "forbidden");
        let page = admin.get("/v1/complaints").await.body;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(0), "{page}");
    }
}
