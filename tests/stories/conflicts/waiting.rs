//! Orders that wait, that customers wish for at another time, and that become urgent, while a phone is away.

use mobile_api::{
    directory::{DeadlineRule, Deadlines, Label, OrderTypeSave, PauseReason, Timing},
    ids::OrderTypeId,
    refusal::Flag,
    work_order::{
        Priority, Window,
        dispatch::AgreeTime,
        pause::{Pause, Resume},
        request::Edit,
    },
};
use reqwest::header::ACCEPT_LANGUAGE;

use super::*;

/// Twenty minutes to the door and two hours for all of it; urgent ones are due in ten and thirty.
async fn leak(house: &House) -> OrderTypeId {
    let id = house.clock.new_id().into();
    let deadlines =
        |arrive, resolve| Deadlines { arrive_minutes: Some(arrive), resolve_minutes: Some(resolve), ..Deadlines::NONE };
    let urgent =
        DeadlineRule { priority: Some(Priority::Urgent), site: None, deadlines: deadlines(10, 30), calendar: None };
    let name = Label::new("等待停水许可", "waiting for the water to be turned off");
    let pauses = vec![PauseReason { code: "permit".into(), name, needs_consent: false }];
    let sort = OrderTypeSave {
        code: "leak".into(),
        name: Label::new("漏水", "Leak"),
        free_of_charge: true,
        certificate: None,
        deadlines: Some(deadlines(20, 120)),
        photos: Vec::new(),
        timing: Timing { pauses, rules: vec![urgent], calendar: None },
        warranty_days: None,
        active: true,
    };
    house.system(&house.firm, id, sort).await;
    id
}

fn hold() -> Pause {
    Pause { reason: "No permit yet".into(), next: None, code: Some("permit".into()), consented_by: None }
}

async fn sentence(house: &House, order: WorkOrderId, clock: &str, language: &str) -> String {
    let li = house.li().await;
    let request = li.client.get(format!("{}/v1/work-orders/{order}/clocks", li.base));
    let answer = li.send(request.header(ACCEPT_LANGUAGE, language)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let clocks = answer.body["clocks"].as_array().unwrap().clone();
    clocks.iter().find(|account| account["name"] == clock).unwrap()["text"].as_str().unwrap().to_owned()
}

async fn alarms(house: &House, order: WorkOrderId) -> usize {
    house.state().timers().watch().await.unwrap();
    order_of(house, order).await.alarms.len()
}

stories! {
    /// The office lets an order wait for a permit; Wang, who heard nothing of it, stands at the door an hour later.
    async fn an_order_that_the_office_held_up_while_the_phone_was_away(house: House) {
        let sort = leak(&house).await;
        let order = house.assigned(sort, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        house.pass(minutes(5), &[&phone]);
        office_does(&house, order, hold()).await;
        house.pass(hours(1), &[&phone]);
        assert_eq!(alarms(&house, order).await, 0, "nobody is told of what stands still");
        phone.did(order, Arrive {});
        phone.did(order, Start {});
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        all_applied(&phone).await;
        let file = order_of(&house, order).await;
        assert_eq!((verdict_of(&file.clocks.arrive), verdict_of(&file.clocks.resolve)), (Some("on_time"), Some("on_time")));
        reads!(sentence(&house, order, "arrive", "en").await, @"on time: 5 min of 20 min; paused 1 h (waiting for the water to be turned off) at 2026-03-02 08:05");
        reads!(sentence(&house, order, "resolve", "en").await, @"on time: 15 min of 2 h; paused 1 h (waiting for the water to be turned off) at 2026-03-02 08:05");
    }

    /// Without signal he writes down that there is no permit, and later that it goes on.
    async fn a_technician_holds_up_an_order_without_signal(house: House) {
        let sort = leak(&house).await;
        let order = house.assigned(sort, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        house.pass(minutes(5), &[&phone]);
        phone.did(order, hold());
        house.pass(hours(3), &[&phone]);
        phone.did(order, Resume {});
        house.pass(minutes(14), &[&phone]);
        phone.did(order, Arrive {});
        reads!(synced(&phone).await, @r"
        pause             applied
        resume            applied
        arrive            applied
        ");
        assert_eq!(verdict_of(&order_of(&house, order).await.clocks.arrive), Some("on_time"));
    }

    /// A reason that nobody agreed on stops nothing; it is kept, and a person is told.
    async fn a_reason_that_stops_no_clock_is_told(house: House) {
        let sort = leak(&house).await;
        let order = house.assigned(sort, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let lunch = Pause { code: Some("lunch".into()), ..hold() };
        let rested = phone.did(order, lunch);
        house.pass(minutes(21), &[&phone]);
        phone.did(order, Arrive {});
        reads!(synced(&phone).await, @r"
        pause             applied_flagged pause_not_counted
        arrive            applied
        ");
        assert_eq!(verdict_of(&order_of(&house, order).await.clocks.arrive), Some("late"));
        assert_eq!(review_of(&house, rested).await.flags[0].flag, Flag::PauseNotCounted);
    }

    /// On the evening of the 28th of February 2028 she asks for the night of the 29th, over midnight.
    async fn an_appointment_over_midnight_and_the_leap_day(house: House) {
        house.clock.set("2028-02-28T15:50:00Z".parse().unwrap());
        let sort = leak(&house).await;
        let order = house.assigned(sort, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        house.pass(minutes(10), &[&phone]);
        let at = |text: &str| text.parse().unwrap();
        let window = Window { from: at("2028-02-29T15:30:00Z"), until: at("2028-02-29T16:30:00Z") };
        phone.did(order, AgreeTime { window, consented_by: "Mrs Chen".into() });
        house.pass(hours(24) + minutes(25), &[&phone]);
        phone.did(order, Arrive {});
        phone.did(order, Start {});
        house.pass(minutes(50), &[&phone]);
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        all_applied(&phone).await;
        let file = order_of(&house, order).await;
        assert_eq!((verdict_of(&file.clocks.arrive), verdict_of(&file.clocks.resolve)), (Some("on_time"), Some("on_time")));
        reads!(sentence(&house, order, "arrive", "zh-CN").await, @"及时：用时 24 小时 35 分钟，时限 20 分钟；约定改为 2028-03-01 00:30，Mrs Chen于 2028-02-29 00:00 同意");
        reads!(sentence(&house, order, "resolve", "zh-CN").await, @"及时：用时 1 小时 55 分钟，时限 2 小时；应客户要求停至 2028-02-29 23:30，Mrs Chen于 2028-02-29 00:00 同意");
        reads!(sentence(&house, order, "resolve", "en").await, @"on time: 1 h 55 min of 2 h; stood still until 2028-02-29 23:30 by the customer's wish, Mrs Chen consented at 2028-02-29 00:00");
    }

    /// What was normal becomes urgent while Wang is in the basement: he is judged by what could be asked of him.
    async fn an_order_became_urgent_while_the_phone_was_away(house: House) {
        let sort = leak(&house).await;
        let order = house.assigned(sort, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        house.pass(minutes(5), &[&phone]);
        office_does(&house, order, Edit { priority: Some(Priority::Urgent), ..Edit::default() }).await;
        house.pass(minutes(9), &[&phone]);
        assert_eq!(alarms(&house, order).await, 1, "it is due in a minute");
        phone.did(order, Arrive {});
        all_applied(&phone).await;
        assert_eq!(verdict_of(&order_of(&house, order).await.clocks.arrive), Some("on_time"));
        reads!(sentence(&house, order, "arrive", "en").await, @"on time: 14 min of 20 min; became urgent at 2026-03-02 08:05, then due 2026-03-02 08:15");
        let on_the_phone: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(on_the_phone.policy.deadlines.arrive_minutes, Some(10));
    }
}
