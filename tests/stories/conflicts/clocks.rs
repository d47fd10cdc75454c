//! Clocks that stand still, follow working hours, and tell somebody when they run out.

use chrono::TimeDelta;
use mobile_api::{
    calendar::{CalendarSave, WorkingHours},
    directory::{DeadlineRule, Deadlines, Label, OrderTypeSave, PauseReason, Timing},
    ids::{CalendarId, OrderTypeId},
    operation::Payload,
    refusal::Flag,
    work_order::{
        ClockName, Priority,
        clocks::{Alarm, ExplainDelay},
        pause::{Pause, Resume},
        request::Request,
    },
};
use reqwest::header::ACCEPT_LANGUAGE;

use super::*;

/// A sort of job that is to be settled within two hours, free of charge.
async fn two_hours(house: &House, timing: Timing) -> OrderTypeId {
    let id = house.clock.new_id().into();
    let pause =
        |code: &str, zh, en, needs_consent| PauseReason { code: code.into(), name: Label::new(zh, en), needs_consent };
    let pauses = vec![
        pause("customer", "客户要求", "the customer's wish", true),
        pause("part", "缺配件", "a part is missing", false),
    ];
    let sort = OrderTypeSave {
        code: "leak".into(),
        name: Label::new("漏水", "Leak"),
        free_of_charge: true,
        certificate: None,
        deadlines: Some(Deadlines { resolve_minutes: Some(120), ..Deadlines::TRADE }),
        photos: Vec::new(),
        timing: Timing { pauses, ..timing },
        warranty_days: None,
        active: true,
    };
    house.system(&house.firm, id, sort).await;
    id
}

fn rest(code: &str, consented_by: Option<&str>) -> Pause {
    let consented_by = consented_by.map(Into::into);
    Pause { reason: "She has to leave".into(), next: None, code: Some(code.into()), consented_by }
}

/// Wang works on an order of this sort, ten minutes after it was called in.
async fn working(house: &House, sort: OrderTypeId) -> (WorkOrderId, Handset) {
    let order = house.assigned(sort, house.firm.wang).await;
    let phone = house.phone_of("wang").await;
    house.pass(minutes(10), &[&phone]);
    phone.did(order, Arrive {});
    phone.did(order, Start {});
    all_applied(&phone).await;
    (order, phone)
}

async fn account(house: &House, order: WorkOrderId, language: &str) -> Value {
    let li = house.li().await;
    let request = li.client.get(format!("{}/v1/work-orders/{order}/clocks", li.base));
    let answer = li.send(request.header(ACCEPT_LANGUAGE, language)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn text_of(report: &Value, clock: &str) -> String {
    let clocks = report["clocks"].as_array().unwrap();
    clocks.iter().find(|account| account["name"] == clock).unwrap()["text"].as_str().unwrap().to_owned()
}

async fn watch(house: &House) {
    house.state().timers().watch().await.unwrap();
}

/// Whom the deadlines of the order were told to.
async fn told(house: &House, order: WorkOrderId) -> Vec<(ClockName, Alarm)> {
    order_of(house, order).await.alarms.iter().map(|raised| (raised.clock, raised.alarm)).collect()
}

stories! {
    async fn a_pause_with_consent_stops_the_clock_and_can_be_accounted_for(house: House) {
        let sort = two_hours(&house, Timing::default()).await;
        let (order, phone) = working(&house, sort).await;
        house.pass(minutes(20), &[&phone]);
        phone.did(order, rest("customer", Some("Mrs Chen")));
        house.pass(hours(2), &[&phone]);
        phone.did(order, Resume {});
        house.pass(minutes(85), &[&phone]);
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        house.pass(hours(20), &[&phone]);
        all_applied(&phone).await;

        assert_eq!(verdict_of(&order_of(&house, order).await.clocks.resolve), Some("on_time"));
        let english = account(&house, order, "en").await;
        reads!(text_of(&english, "resolve"), @"on time: 1 h 55 min of 2 h; paused 2 h (the customer's wish), Mrs Chen consented at 2026-03-02 08:30");
        reads!(text_of(&account(&house, order, "zh-CN").await, "resolve"), @"及时：用时 1 小时 55 分钟，时限 2 小时；暂停 2 小时（客户要求），Mrs Chen于 2026-03-02 08:30 同意");
        reads!(text_of(&english, "arrive"), @"on time: 10 min of 20 min");
        let resolve = &english["clocks"].as_array().unwrap().iter().find(|c| c["name"] == "resolve").unwrap().clone();
        assert_eq!((&resolve["verdict"], &resolve["paused"]), (&"on_time".into(), &false.into()));
        assert_eq!(resolve["allowed_seconds"], 7_200);
        assert_eq!(resolve["events"][0]["consented_by"], "Mrs Chen");
    }

    async fn order_paused_by_the_office_while_finished_on_the_phone(house: House) {
        let sort = two_hours(&house, Timing::default()).await;
        let (order, phone) = working(&house, sort).await;
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Finish { summary: Some("Seal replaced".into()) });
        sign(&phone, order, "Mrs Chen");
        house.pass(minutes(5), &[&phone]);
        office_does(&house, order, rest("part", None)).await;
        house.pass(hours(3), &[&phone]);
        let report = phone.sync().await;
        let flags: Vec<Vec<Flag>> =
            report.verdicts.iter().map(|verdict| verdict.flags.iter().map(|flagged| flagged.flag).collect()).collect();
        assert_eq!(flags, [vec![Flag::PausedMeanwhile], vec![]], "done, signed for, and somebody is told");
        let order = order_of(&house, order).await;
        assert_eq!(status(&order), "signed_off");
        assert_eq!(verdict_of(&order.clocks.resolve), Some("on_time"), "twenty minutes, whatever the books said later");
    }

    /// A site of the firm in London, on the night in which the clocks go forward there.
    async fn hours_of_a_site_in_another_zone_over_the_change_of_its_clock(house: House) {
        let calendar: CalendarId = house.clock.new_id().into();
        let night = serde_json::json!({ "from": "22:00", "until": "06:00" });
        let hours: WorkingHours = serde_json::from_value(serde_json::json!({
            "time_zone": "Europe/London", "week": vec![vec![night]; 7],
        })).unwrap();
        house.system(&house.firm, calendar, CalendarSave { name: Label::new("夜班", "Night duty"), hours }).await;
        let rule = DeadlineRule {
            priority: Some(Priority::Urgent),
            site: Some(house.firm.site),
            deadlines: Deadlines { arrive_minutes: Some(180), ..Deadlines::NONE },
            calendar: Some(calendar),
        };
        let sort = two_hours(&house, Timing { rules: vec![rule], ..Timing::default() }).await;
        house.clock.set("2026-03-28T23:30:00Z".parse().unwrap());
        let order: WorkOrderId = house.clock.new_id().into();
        let request = Request { priority: Priority::Urgent, ..house.request_for(sort) };
        house.li().await.perform(order, request).await.applied();
        let made = order_of(&house, order).await;
        let due = made.clocks.arrive.unwrap().due;
        assert_eq!(due, "2026-03-29T02:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "half past three there");
        assert!(made.clocks.dispatch.is_none(), "the rule sets no other deadline");
        // The phone carries what it needs to say the same without signal.
        let phone = house.phone_of("wang").await;
        phone.sync().await;
        let by_phone: WorkOrderId = house.clock.new_id().into();
        let request = Request { priority: Priority::Urgent, ..house.request_for(sort) };
        phone.did(by_phone, request);
        let shown: WorkOrder = phone.get(by_phone).unwrap().expect("on the phone");
        phone.sync().await;
        let stored = order_of(&house, by_phone).await;
        assert_eq!(shown.clocks.arrive.unwrap().due.timestamp() / 60, stored.clocks.arrive.unwrap().due.timestamp() / 60);
    }

    async fn orders_keep_the_hours_that_they_were_made_with(house: House) {
        let calendar: CalendarId = house.clock.new_id().into();
        house.system(&house.firm, calendar, CalendarSave { hours: WorkingHours::example(), ..CalendarSave::example() }).await;
        let sort = two_hours(&house, Timing { calendar: Some(calendar), ..Timing::default() }).await;
        let before = house.request(sort).await;
        let none = WorkingHours { week: vec![vec![]; 7], ..WorkingHours::example() };
        house.system(&house.firm, calendar, CalendarSave { hours: none, ..CalendarSave::example() }).await;
        let after = house.request(sort).await;
        assert!(order_of(&house, before).await.clocks.arrive.is_some());
        assert!(order_of(&house, after).await.clocks.arrive.is_none(), "nobody works any more");
        let admin = house.office("admin").await;
        let missing = Timing { calendar: Some(house.clock.new_id().into()), ..Timing::default() };
        let sort = OrderTypeSave { timing: missing, ..OrderTypeSave::example() };
        let refused = admin.perform(house.clock.new_id(), sort).await;
        assert_eq!(refused.problem(422), "bad_reference");
    }

    /// Warned, told, told again: once each, whichever server is first and however often it starts.
    async fn a_missed_deadline_is_escalated_once_with_its_reason(house: House) {
        let mut house = house;
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        watch(&house).await;
        assert_eq!(told(&house, order).await, []);
        house.pass(minutes(15), &[&phone]);
        watch(&house).await;
        assert_eq!(told(&house, order).await, [(ClockName::Arrive, Alarm::Near)]);
        phone.did(order, ExplainDelay { clock: ClockName::Arrive, reason: "The road by the lake is flooded".into() });
        phone.sync().await;
        let seen: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(seen.alarms.len(), 1, "the crew is warned on the phone");
        house.pass(minutes(6), &[&phone]);
        let (one, other) = (house.state().timers(), house.state().timers());
        let (one, other) = tokio::join!(one.watch(), other.watch());
        one.unwrap();
        other.unwrap();
        house.kill().await;
        house.start().await;
        watch(&house).await;
        assert_eq!(told(&house, order).await, [(ClockName::Arrive, Alarm::Near), (ClockName::Arrive, Alarm::Supervisor)]);
        let reviews = house.li().await.get("/v1/reviews?status=open").await.body;
        let reviews = reviews["items"].as_array().unwrap();
        assert_eq!(reviews.len(), 1, "{reviews:?}");
        let flag = &reviews[0]["record"]["flags"][0];
        assert_eq!((&flag["flag"], &flag["detail"]["to"]), (&"deadline_missed".into(), &"supervisor".into()));
        assert_eq!(flag["detail"]["reason"]["reason"], "The road by the lake is flooded");
        house.pass(minutes(15), &[&phone]);
        watch(&house).await;
        watch(&house).await;
        let all = told(&house, order).await;
        assert_eq!(all.last(), Some(&(ClockName::Arrive, Alarm::Manager)));
        assert_eq!(all.len(), 3);
    }

    async fn whoever_arrives_agrees_or_cancels_ends_the_watch(house: House) {
        let arrived = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let agreed = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let cancelled = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(arrived, Arrive {});
        phone.sync().await;
        let from = house.clock.now() + TimeDelta::hours(5);
        let window = mobile_api::work_order::Window { from, until: from + TimeDelta::hours(1) };
        let agree = mobile_api::work_order::dispatch::AgreeTime { window, consented_by: "Mrs Chen".into() };
        office_does(&house, agreed, agree).await;
        office_does(&house, cancelled, mobile_api::work_order::dispatch::Cancel { reason: "It stopped".into() }).await;
        house.clock.advance(TimeDelta::hours(3));
        watch(&house).await;
        for order in [arrived, agreed, cancelled] {
            assert_eq!(told(&house, order).await, []);
        }
        house.clock.advance(TimeDelta::hours(4));
        watch(&house).await;
        let all = [Alarm::Near, Alarm::Supervisor, Alarm::Manager].map(|alarm| (ClockName::Arrive, alarm));
        assert_eq!(told(&house, agreed).await, all, "a server that slept catches up in order");
    }
}
