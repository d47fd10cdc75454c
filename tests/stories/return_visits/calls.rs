//! The desk calls: whom, when, how often, and what follows.

use chrono::TimeDelta;
use mobile_api::{
    complaint::{Complaint, ComplaintChannel, ComplaintStatus, Severity},
    directory::{Customer, CustomerSave},
    ids::CustomerId,
    return_visit::{
        AttemptVisit, Chosen, Opened, ReturnVisitRules, SetReturnVisitRules, TakeVisit, TypeShare, Unreached,
        VisitStatus,
    },
    work_order::{
        Outcome, State, Status,
        dispatch::{Cancel, Close},
        rework::LinkRework,
    },
};

use super::*;
use crate::harness::morning;

fn no_answer() -> AttemptVisit {
    AttemptVisit { reason: Unreached::NoAnswer, way: None, again_at: None, note: None }
}

fn saved(customer: Customer) -> CustomerSave {
    let Customer { site, unit, name, contacts, preferred, rest, do_not_call, member, class, note, .. } = customer;
    CustomerSave { site, unit, name, contacts, preferred, rest, do_not_call, member, class, note }
}

async fn chen(house: &House) -> CustomerSave {
    saved(held::<Customer>(house, house.firm.customer).await)
}

stories! {
    /// Accepted at eight in the morning; the firm calls from nine on; after three days somebody should have called.
    async fn whoever_had_a_repair_is_called_in_three_days(house: House) {
        let (order, visit) = check_up(&house).await;
        let li = house.li().await;
        let planned = visit_of(&house, visit).await;
        assert_eq!((planned.chosen, planned.about.id), (Chosen::Member, order.uuid()));
        assert_eq!(planned.next_at, Some(morning() + TimeDelta::hours(1)));
        assert_eq!(listed(&li, "due=now").await, nothing());
        let li = later(&house, 1).await;
        assert_eq!(listed(&li, "due=now").await, only(visit));
        assert_eq!(listed(&li, "due=overdue").await, nothing());
        let li = later(&house, 72).await;
        assert_eq!(listed(&li, "due=overdue").await, only(visit));
        li.perform(visit, TakeVisit {}).await.applied();
        assert_eq!(listed(&li, &format!("due=now&assignee={}", house.firm.li)).await, only(visit));
        li.perform(visit, satisfied()).await.applied();
        assert_eq!(listed(&li, "due=ever").await, nothing());
        assert_eq!(listed(&li, "satisfaction=satisfied&status=answered").await, only(visit));
        assert_eq!(listed(&li, &format!("about={order}")).await, only(visit));
    }

    /// Of many, those that are due first come first, page by page.
    async fn the_list_to_call_is_by_what_is_due(house: House) {
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(check_up(&house).await.1.to_string());
            later(&house, 2).await;
        }
        let li = house.li().await;
        assert_eq!(listed(&li, "due=now").await, made);
        let first = li.get("/v1/return-visits?due=now&limit=2").await.body;
        let next = first["next"].as_str().unwrap();
        assert_eq!(listed(&li, &format!("due=now&limit=2&cursor={next}")).await, made[2..]);
        let first = li.get("/v1/return-visits?limit=2").await.body;
        let next = first["next"].as_str().unwrap();
        assert_eq!(first["items"][0]["record"]["id"], json!(made[2]), "newest first");
        assert_eq!(listed(&li, &format!("limit=2&cursor={next}")).await, made[..1]);
    }

    /// An order that was closed without a signature is called about as well: the more so.
    async fn closed_without_a_signature_is_called_about(house: House) {
        let (order, li) = (house.assigned(house.firm.check_up, house.firm.wang).await, house.li().await);
        li.perform(order, Arrive {}).await.applied();
        li.perform(order, Start {}).await.applied();
        li.perform(order, Finish { summary: None }).await.applied();
        let close = Close { without_signature: Some("Nobody at home".into()), without_photos: None };
        li.perform(order, close).await.applied();
        let about = Ref::new(Kind::WorkOrder, order);
        assert!(visit_of(&house, id_of(about)).await.is_waiting());
        let closed: WorkOrder = held(&house, order).await;
        assert!(matches!(closed.state, State::Closed { outcome: Outcome::Unsigned { .. }, .. }));
        let again = li.perform(id_of(about), dissatisfied(vec![rework()])).await;
        assert_eq!(again.problem(422), "bad_reference", "nothing that was signed for can be mended for nothing");
    }

    /// She says today that today will not do, after the call was planned.
    async fn a_day_on_which_she_must_not_be_called_moves_the_call(house: House) {
        let (_, visit) = check_up(&house).await;
        let li = later(&house, 2).await;
        assert_eq!(listed(&li, "due=now").await, only(visit));
        let today = "2026-03-02".parse().unwrap();
        let save = CustomerSave { do_not_call: vec![today], ..chen(&house).await };
        li.perform(house.firm.customer, save).await.applied();
        assert_eq!(listed(&li, "due=now").await, nothing());
        let moved = visit_of(&house, visit).await;
        assert_eq!(moved.next_at, Some("2026-03-03T01:00:00Z".parse().unwrap()), "tomorrow at nine");
        let refused = li.perform(visit, TakeVisit {}).await;
        assert_eq!(refused.problem(409), "customer_rests");
        // Somebody rings her all the same: it has happened, and a person looks at it.
        let rang = li.perform(visit, no_answer()).await;
        assert_eq!(told(&rang.body), "applied_flagged called_while_resting");
        assert!(asked_about(&li, "called_while_resting").await);
        li.perform(house.firm.customer, CustomerSave { do_not_call: vec![], ..chen(&house).await }).await.applied();
        assert!(visit_of(&house, visit).await.next_at < moved.next_at, "she changed her mind");
    }

    /// Three times nobody answers, each time later, and never at night.
    async fn who_cannot_be_reached_is_given_up_and_counted_apart(house: House) {
        let (_, visit) = check_up(&house).await;
        for _ in 0..3 {
            let planned = visit_of(&house, visit).await.next_at.unwrap();
            house.clock.advance(planned - house.clock.now());
            let li = house.li().await;
            assert_eq!(listed(&li, "due=now").await, only(visit));
            li.perform(visit, no_answer()).await.applied();
        }
        assert_eq!(house.clock.now(), morning() + TimeDelta::hours(9), "at nine, at one, and at five");
        let li = house.li().await;
        assert_eq!(visit_of(&house, visit).await.status(), VisitStatus::Unreachable);
        assert_eq!(listed(&li, "due=ever").await, nothing());
        assert_eq!(listed(&li, "status=unreachable").await, only(visit));
        assert_eq!(li.perform(visit, no_answer()).await.problem(409), "visit_over");
        assert_eq!(li.perform(visit, TakeVisit {}).await.problem(409), "visit_over");
        li.perform(visit, satisfied()).await.applied();
    }

    /// Nobody else is called; the member always is.
    async fn a_member_is_always_called_others_by_share(house: House) {
        let (firm, li) = (house.firm, house.li().await);
        let shares = vec![TypeShare { order_type: firm.check_up, percent: 0 }];
        let set = SetReturnVisitRules { rules: ReturnVisitRules { shares, ..ReturnVisitRules::default() } };
        house.office("admin").await.perform(firm.org, set.clone()).await.applied();
        assert_eq!(li.perform(firm.org, set).await.problem(403), "forbidden");
        let (_, member) = check_up(&house).await;
        let neighbour = CustomerId::new(house.clock.new_id());
        li.perform(neighbour, CustomerSave { member: false, ..chen(&house).await }).await.applied();
        let request = Request { customer: Some(neighbour), ..house.request_for(firm.check_up) };
        let (_, other) = accepted(&house, request).await;
        assert_eq!(listed(&li, "due=ever").await, only(member));
        assert_eq!(listed(&li, "status=not_chosen").await, only(other));
    }

    /// She is called again after two days, and again, until it is settled.
    async fn a_bad_answer_is_followed_up_until_it_is_settled(house: House) {
        let (_, first) = check_up(&house).await;
        let li = house.li().await;
        let nothing_done = li.perform(first, dissatisfied(vec![])).await;
        assert_eq!(nothing_done.body["errors"][0]["pointer"], "/then");
        assert_eq!(nothing_done.problem(422), "invalid");
        li.perform(first, dissatisfied(vec![Then::FollowUp])).await.applied();
        let [Opened::FollowUp { visit: second }] = visit_of(&house, first).await.answers[0].opened[..] else { panic!() };
        assert_eq!(listed(&li, "due=ever").await, only(second));
        let li = later(&house, 49).await;
        assert_eq!(listed(&li, "due=now").await, only(second));
        li.perform(second, dissatisfied(vec![Then::FollowUp])).await.applied();
        let third = listed(&li, "due=ever").await.remove(0);
        let li = later(&house, 49).await;
        li.perform(third.parse::<uuid::Uuid>().unwrap(), satisfied()).await.applied();
        assert_eq!(listed(&li, "due=ever").await, nothing());
        assert_eq!(listed(&li, "satisfaction=dissatisfied").await.len(), 2, "the answers stay as they were given");
    }

    /// The visit fails: the work is done again, for nothing, and counts against the first order.
    async fn a_bad_answer_opens_rework_that_is_free_and_counts_against_the_first(house: House) {
        let (order, visit) = check_up(&house).await;
        assert_eq!(held(&house, order).await.passed(), Some(true));
        let li = house.li().await;
        li.perform(visit, dissatisfied(vec![rework(), Then::FollowUp])).await.applied();
        let failed = visit_of(&house, visit).await;
        let Opened::Rework { order: again, joined: false } = failed.answers[0].opened[0] else { panic!("{failed:?}") };
        let (first, mended) = (held(&house, order).await, held(&house, again).await);
        assert_eq!((first.passed(), &first.reworked_by), (Some(false), &vec![again]));
        assert_eq!((mended.rework_of, mended.policy.free_of_charge), (Some(order), true));
        assert_eq!((mended.fault.as_str(), mended.number.as_deref()), ("It drips again", Some("2026-000002")));
        // It is called about like any other.
        li.perform(again, Assign { technician: house.firm.zhao }).await.applied();
        finish(&house, &li, again).await;
        assert!(visit_of(&house, id_of(Ref::new(Kind::WorkOrder, again))).await.is_waiting());
    }

    /// While she is on the telephone the dispatcher has sent somebody already.
    async fn reworked_meanwhile_there_is_one_rework(house: House) {
        let (order, visit) = check_up(&house).await;
        let (li, again) = (house.li().await, house.request(house.firm.check_up).await);
        let goodwill = Some("She has called three times".into());
        house.office("admin").await.perform(again, LinkRework { origin: order, goodwill }).await.applied();
        li.perform(visit, dissatisfied(vec![rework()])).await.applied();
        let failed = visit_of(&house, visit).await;
        assert_eq!(failed.answers[0].opened, [Opened::Rework { order: again, joined: true }]);
        assert_eq!(held(&house, order).await.reworked_by, [again]);
    }

    /// The rework that somebody opened was cancelled before the call: a new one is opened.
    async fn rework_that_was_cancelled_meanwhile_does_not_settle_it(house: House) {
        let (order, visit) = check_up(&house).await;
        let (li, again) = (house.li().await, house.request(house.firm.check_up).await);
        let goodwill = Some("She has called three times".into());
        house.office("admin").await.perform(again, LinkRework { origin: order, goodwill }).await.applied();
        li.perform(again, Cancel { reason: "By mistake".into() }).await.applied();
        li.perform(visit, dissatisfied(vec![rework()])).await.applied();
        let failed = visit_of(&house, visit).await;
        let Opened::Rework { order: new, joined: false } = failed.answers[0].opened[0] else { panic!("{failed:?}") };
        assert_ne!(new, again);
        assert_eq!(held(&house, new).await.status(), Status::Requested);
    }

    /// She is angry enough to complain: in her words, once, about the same job, beside the rework.
    async fn a_bad_answer_opens_a_complaint(house: House) {
        let (order, visit) = check_up(&house).await;
        let (li, admin) = (house.li().await, house.office("admin").await);
        let angry = || Then::Complaint { text: "Nobody came for two days".into(), wanted: None, severity: Severity::Serious };
        li.perform(visit, dissatisfied(vec![angry(), rework()])).await.applied();
        let Opened::Complaint { complaint } = visit_of(&house, visit).await.answers[0].opened[0] else { panic!() };
        let made: Complaint = held(&house, complaint).await;
        assert_eq!((made.text.as_str(), made.severity), ("Nobody came for two days", Severity::Serious));
        assert_eq!((made.about.order, made.about.customer), (Some(order), Some(house.firm.customer)));
        assert_eq!((made.channel, made.status()), (ComplaintChannel::ReturnVisit, ComplaintStatus::Received));
        assert!(made.number.is_some());
        admin.perform(visit, dissatisfied(vec![angry()])).await;
        let complaints = li.get("/v1/complaints").await.body;
        assert_eq!(complaints["items"].as_array().unwrap().len(), 1, "heard twice, it is one complaint");
        let file = li.get(&format!("/v1/customers/{}/file", house.firm.customer)).await.body;
        let kinds: Vec<_> = file["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "complaint").count(), 1, "{kinds:?}");
        let empty = Then::Complaint { text: " ".into(), wanted: None, severity: Severity::Ordinary };
        let refused = li.perform(visit, dissatisfied(vec![empty])).await;
        assert_eq!(refused.body["errors"][0]["pointer"], "/then/0/text");
    }

    /// What she was promised is not done after all: she is called once more.
    async fn rework_that_is_not_done_is_called_about(house: House) {
        let (_, visit) = check_up(&house).await;
        let li = house.li().await;
        li.perform(visit, dissatisfied(vec![rework()])).await.applied();
        let Opened::Rework { order: again, .. } = visit_of(&house, visit).await.answers[0].opened[0] else { panic!() };
        li.perform(again, Cancel { reason: "No plumber".into() }).await.applied();
        let next = id_of(Ref::new(Kind::WorkOrder, again));
        assert_eq!(visit_of(&house, next).await.chosen, Chosen::Always);
        assert_eq!(listed(&li, "due=ever").await, only(next));
        // An order of no return visit is cancelled and that is that.
        let other = house.request(house.firm.check_up).await;
        li.perform(other, Cancel { reason: "By mistake".into() }).await.applied();
        assert_eq!(listed(&li, "due=ever").await, only(next));
    }

    /// Li and the manager ring her one after the other: both hear her out, one rework is opened, a person is asked.
    async fn two_callers_record_the_same_visit(house: House) {
        let (order, visit) = check_up(&house).await;
        let (li, admin) = (house.li().await, house.office("admin").await);
        li.perform(visit, dissatisfied(vec![rework()])).await.applied();
        let second = admin.perform(visit, dissatisfied(vec![rework()])).await;
        assert_eq!(told(&second.body), "applied_flagged already_done");
        let heard = visit_of(&house, visit).await;
        assert_eq!((heard.answers.len(), heard.answers[0].by), (2, house.firm.li));
        assert_eq!(held(&house, order).await.reworked_by.len(), 1);
        // At the same instant, the same.
        let (_, visit) = check_up(&house).await;
        let (one, two) = tokio::join!(
            li.perform(visit, dissatisfied(vec![rework()])),
            admin.perform(visit, dissatisfied(vec![rework()]))
        );
        let mut both = [told(&one.body), told(&two.body)];
        both.sort();
        assert_eq!(both, ["applied", "applied_flagged already_done"]);
        assert_eq!(visit_of(&house, visit).await.answers.len(), 2);
    }

    /// One caller at a time.
    async fn who_takes_a_call_has_it(house: House) {
        let (_, visit) = check_up(&house).await;
        let (li, admin) = (later(&house, 2).await, house.office("admin").await);
        li.perform(visit, TakeVisit {}).await.applied();
        assert_eq!(admin.perform(visit, TakeVisit {}).await.problem(409), "visit_taken");
        assert_eq!(house.office("wang").await.perform(visit, TakeVisit {}).await.problem(403), "forbidden");
    }

    /// What is no answer is refused with its place, and nothing is stored.
    async fn answers_that_are_none_are_refused(house: House) {
        let (_, visit) = check_up(&house).await;
        let li = house.li().await;
        let before = visit_of(&house, visit).await;
        let path = format!("/v1/return-visits/{visit}/record");
        let refused = [
            (json!({ "satisfaction": "satisfied", "scores": { "quality": 6 } }), "/scores/quality", "invalid"),
            (json!({ "satisfaction": "satisfied", "scores": { "quality": "good" } }), "/scores/quality", "invalid"),
            (json!({ "satisfaction": "satisfied", "scores": { "quality": -1 } }), "/scores/quality", "invalid"),
            (json!({ "satisfaction": "satisfied", "scores": [5] }), "/scores", "invalid"),
            (json!({ "satisfaction": "delighted" }), "/satisfaction", "invalid"),
            (json!({ "satisfaction": 3 }), "/satisfaction", "invalid"),
            (json!({ "satisfaction": "fair", "then": [{ "what": "apologise" }] }), "/then/0", "invalid"),
        ];
        for (body, pointer, code) in refused {
            let answer = li.post(&path, &body).await;
            assert!(answer.body["errors"][0]["pointer"].as_str().unwrap().starts_with(pointer), "{body}: {}", answer.body);
            assert_eq!(answer.problem(422), code);
        }
        let unknown = li.post(&path, &json!({ "satisfaction": "satisfied", "scores": { "taste": 3 } })).await;
        assert_eq!(unknown.problem(422), "bad_reference");
        assert_eq!(visit_of(&house, visit).await, before);
        for query in ["due=soon", "status=happy", "satisfaction=6", "disagrees=perhaps"] {
            assert_eq!(li.get(&format!("/v1/return-visits?{query}")).await.problem(400), "invalid_query");
        }
    }
}
