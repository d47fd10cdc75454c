//! Plans make their orders ahead of time, each once.

use mobile_api::{
    asset::Retire,
    inspection::{Inspection, TemplateSave, WithdrawTemplate},
    maintenance::{ConditionTrigger, CounterTrigger, GeneratePlan, SkipReason, TurnReason, WithdrawPlan},
    work_order::{
        Status,
        dispatch::{Assign, Cancel},
        merge::Merge,
        visit::{Arrive, Finish, Start},
    },
};

use super::*;

fn by_hours(every: i64, ahead: i64, ahead_days: u32) -> Triggers {
    let counter =
        CounterTrigger { meter: "hours".into(), every_milli: every, ahead_milli: ahead, ahead_days, since_milli: None };
    Triggers { counters: vec![counter], ..Triggers::default() }
}

fn by_pressure(in_a_row: u32) -> Triggers {
    let condition = ConditionTrigger { meter: "bar".into(), low_milli: None, high_milli: None, in_a_row };
    Triggers { conditions: vec![condition], ..Triggers::default() }
}

stories! {
    /// A week ahead, assigned, on the technician's phone, with its day; and not another one before it is done.
    async fn an_order_is_made_ahead_and_the_next_when_it_is_done(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, weekly(7))).await;
        timers(&house).await;
        timers(&house).await;
        reads!(told(&house, plan).await, @"1 03-09 08:00 assigned");
        let wang = house.phone_of("wang").await;
        let first = orders(&house, plan).await.remove(0);
        let shown: WorkOrder = wang.get(first.id).unwrap().expect("on Wang's phone");
        assert_eq!(shown.expected().unwrap().from, at("2026-03-09T00:00:00Z"));
        assert_eq!((shown.fault.as_str(), shown.asset, shown.unit), ("Grease the bearings", Some(pump), Some(house.firm.unit)));
        assert_eq!(shown.clocks.arrive.as_ref().unwrap().due, at("2026-03-10T00:00:00Z"), "nobody waits for it today");
        assert!(shown.number.is_some());

        passes(&house, TimeDelta::days(6), &[&wang]).await;
        done(&wang, first.id).await;
        timers(&house).await;
        let held = plan_of(&house, plan).await;
        assert_eq!(held.last.as_ref().map(|last| last.turn), Some(1));
        // It is the eighth: the next turn is the sixteenth, and its order is made a week ahead.
        assert_eq!((held.open, held.look_at), (None, Some(at("2026-03-09T00:00:00Z"))));
        passes(&house, TimeDelta::days(1), &[]).await;
        reads!(told(&house, plan).await, @r"
        1 03-09 08:00 finished
        2 03-16 08:00 assigned
        ");
    }

    /// The timers of two servers at once, and a job besides.
    async fn two_servers_make_one_order(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, weekly(7))).await;
        let other = another_server(&house);
        let (one, two) = (house.state().timers(), other.timers());
        let (a, b, c) = tokio::join!(one.look_at_plans(), two.look_at_plans(), one.look_at_plans());
        [a, b, c].into_iter().for_each(Result::unwrap);
        assert_eq!(orders(&house, plan).await.len(), 1);
        assert_eq!(plan_of(&house, plan).await.turns, 1);

        // The same by a reading, which both servers' jobs look at.
        let by_reading = planned(&house, service(&house, pump, by_pressure(1))).await;
        house.clock.advance(TimeDelta::minutes(1));
        assert_eq!(flagged(house.li().await.perform(pump, read("bar", 6_500)).await), ["reading_beyond_limits"]);
        let (a, b, c) = tokio::join!(one.do_due(), two.do_due(), two.look_at_plans());
        [a, b, c].into_iter().for_each(Result::unwrap);
        timers(&house).await;
        assert_eq!((orders(&house, by_reading).await.len(), orders(&house, plan).await.len()), (1, 1));
    }

    /// The server was down for three months. One order, for the latest turn; the plan says which it skipped.
    async fn after_a_long_sleep_one_order_is_made(house: House) {
        let pump = pump(&house).await;
        let mut daily = weekly(0);
        daily.calendar.as_mut().unwrap().recurrence.rule = "FREQ=DAILY".into();
        let plan = planned(&house, service(&house, pump, daily)).await;
        passes(&house, TimeDelta::days(90) + TimeDelta::hours(1), &[]).await;
        reads!(told(&house, plan).await, @"1 05-31 08:00 assigned");
        let held = plan_of(&house, plan).await;
        assert_eq!((held.skipped_count, held.skipped.len()), (89, 50), "the last fifty by name");
        assert!(held.skipped.iter().all(|turn| turn.reason == SkipReason::Overtaken));
        assert_eq!(held.skipped.last().unwrap().due, at("2026-05-30T00:00:00Z"));
    }

    /// What falls due while an order is open is done with it.
    async fn an_open_order_is_not_doubled(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, weekly(7))).await;
        timers(&house).await;
        let first = orders(&house, plan).await.remove(0);
        let wang = house.phone_of("wang").await;
        passes(&house, TimeDelta::days(23), &[&wang]).await;
        assert_eq!(orders(&house, plan).await.len(), 1, "three Mondays later");
        done(&wang, first.id).await;
        timers(&house).await;
        reads!(told(&house, plan).await, @r"
        1 03-09 08:00 finished
        2 03-30 08:00 assigned
        ");
        let skipped = plan_of(&house, plan).await.skipped;
        let skipped: Vec<_> = skipped.iter().map(|turn| (turn.due, turn.reason, turn.order)).collect();
        let with_it = |day: &str| (at(day), SkipReason::OrderOpen, Some(first.id));
        assert_eq!(skipped, [with_it("2026-03-16T00:00:00Z"), with_it("2026-03-23T00:00:00Z")]);
    }

    /// Cancelled by hand: that turn is skipped, the next one comes.
    async fn a_cancelled_turn_is_skipped(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, weekly(7))).await;
        timers(&house).await;
        let first = orders(&house, plan).await.remove(0);
        house.li().await.perform(first.id, Cancel { reason: "The pump is new".into() }).await.applied();
        timers(&house).await;
        let held = plan_of(&house, plan).await;
        assert_eq!((held.skipped[0].reason, held.skipped[0].order), (SkipReason::Cancelled, Some(first.id)));
        assert_eq!(held.last, None);
        passes(&house, TimeDelta::days(7), &[]).await;
        reads!(told(&house, plan).await, @r"
        1 03-09 08:00 cancelled
        2 03-16 08:00 assigned
        ");
    }

    /// A call about the same pump came as well: one visit is enough, and the plan knows that it was that one.
    async fn a_planned_order_is_merged_into_another(house: House) {
        let pump = pump(&house).await;
        house.li().await.perform(pump, read("hours", 1_000)).await.applied();
        let plan = planned(&house, service(&house, pump, by_hours(1_000, 0, 0))).await;
        house.clock.advance(TimeDelta::minutes(1));
        house.li().await.perform(pump, read("hours", 2_000)).await.applied();
        timers(&house).await;
        let first = orders(&house, plan).await.remove(0);
        let call = house.request(house.firm.check_up).await;
        house.li().await.perform(first.id, Merge { into: call }).await.applied();
        timers(&house).await;
        timers(&house).await;
        let held = plan_of(&house, plan).await;
        assert_eq!((held.open, held.counted_from["hours"], held.turns), (None, 2_000, 1), "not made again at once");
        let skipped = held.skipped[0].clone();
        assert_eq!((skipped.reason, skipped.order), (SkipReason::OrderOpen, Some(call)));
    }

    /// Every 500 hours, 20 hours ahead; counted from where it stood when it was last done.
    async fn a_counter_makes_it_due(house: House) {
        let pump = pump(&house).await;
        house.li().await.perform(pump, read("hours", 1_000_000)).await.applied();
        let plan = planned(&house, service(&house, pump, by_hours(500_000, 20_000, 0))).await;
        for (milli, made) in [(1_470_000, 0), (1_480_000, 1), (1_490_000, 1)] {
            house.clock.advance(TimeDelta::hours(1));
            house.li().await.perform(pump, read("hours", milli)).await.applied();
            timers(&house).await;
            assert_eq!(orders(&house, plan).await.len(), made, "{milli}");
        }
        let open = plan_of(&house, plan).await.open.unwrap();
        assert_eq!(open.reason, TurnReason::Counter { meter: "hours".into(), since_milli: 1_000_000 });
        let wang = house.phone_of("wang").await;
        done(&wang, open.order).await;
        timers(&house).await;
        assert_eq!(plan_of(&house, plan).await.counted_from["hours"], 1_490_000, "where it stood then");
        house.clock.advance(TimeDelta::hours(1));
        house.li().await.perform(pump, read("hours", 1_960_000)).await.applied();
        timers(&house).await;
        assert_eq!(orders(&house, plan).await.len(), 1, "not before 1,970 h");
    }

    /// Twelve hours a day: two days before it will be there, though nobody reads it again.
    async fn a_trend_makes_it_due(house: House) {
        let pump = pump(&house).await;
        for day in 0..3 {
            house.li().await.perform(pump, read("hours", 100_000 + day * 12_000)).await.applied();
            house.clock.advance(TimeDelta::days(1));
        }
        // 124 h at the third reading; from there eight days to 220 h.
        let mut save = service(&house, pump, by_hours(120_000, 0, 2));
        save.triggers.counters[0].since_milli = Some(100_000);
        let plan = planned(&house, save).await;
        timers(&house).await;
        assert_eq!(orders(&house, plan).await.len(), 0);
        let look_at = plan_of(&house, plan).await.look_at.unwrap();
        assert_eq!(look_at, at("2026-03-10T00:00:00Z"), "two days before the twelfth");
        passes(&house, look_at - house.clock.now(), &[]).await;
        reads!(told(&house, plan).await, @"1 03-12 08:00 assigned");
    }

    /// The phone sends its reading twice, and another one late. One order each; what is old tells nothing new.
    async fn readings_that_come_twice_or_late_make_one_order(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, by_pressure(1))).await;
        house.li().await.perform(house.request(house.firm.check_up).await, mobile_api::work_order::request::Edit {
            asset: Some(pump), ..Default::default()
        }).await;
        let all = house.li().await.get("/v1/work-orders").await.body;
        let order: WorkOrderId = all["items"][0]["record"]["id"].as_str().unwrap().parse().unwrap();
        house.li().await.perform(order, Assign { technician: house.firm.wang }).await.applied();
        let wang = house.phone_of("wang").await;
        house.pass(TimeDelta::hours(1).to_std().unwrap(), &[&wang]);
        wang.did(pump, read("bar", 6_500));
        let early = wang.clock.truth();
        house.pass(TimeDelta::minutes(10).to_std().unwrap(), &[&wang]);
        house.li().await.perform(pump, read("bar", 6_800)).await;
        timers(&house).await;
        let first = orders(&house, plan).await;
        assert_eq!(first.len(), 1);
        house.li().await.perform(first[0].id, Cancel { reason: "The gauge was broken".into() }).await.applied();
        timers(&house).await;
        house.pass(TimeDelta::hours(5).to_std().unwrap(), &[&wang]);
        reads!(synced(&wang).await, @"asset.record_reading   applied_flagged reading_beyond_limits");
        timers(&house).await;
        timers(&house).await;
        assert_eq!(orders(&house, plan).await.len(), 1, "read before the order was called off");

        let (hand, device, id) = (house.li().await, house.clock.new_id(), house.clock.new_id());
        hand.register(device).await;
        let payload = serde_json::json!({ "meter": "bar", "milli": 6_900 });
        let again = serde_json::json!({ "id": id, "type": "asset.record_reading", "entity": pump, "payload": payload });
        for _ in 0..2 {
            hand.push(device, std::slice::from_ref(&again)).await;
            timers(&house).await;
        }
        assert_eq!(orders(&house, plan).await.len(), 2, "a new reading, sent twice");
        let held = plan_of(&house, plan).await;
        assert!(held.weighed_until.unwrap() >= early);
    }

    /// Three readings in a row; once until it is done.
    async fn a_condition_makes_it_due_once(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, by_pressure(3))).await;
        for (milli, made) in [(6_500, 0), (5_000, 0), (6_500, 0), (6_600, 0), (6_700, 1), (6_800, 1)] {
            house.clock.advance(TimeDelta::hours(1));
            house.li().await.perform(pump, read("bar", milli)).await;
            timers(&house).await;
            assert_eq!(orders(&house, plan).await.len(), made, "{milli}");
        }
        let open = plan_of(&house, plan).await.open.unwrap();
        assert_eq!(open.reason, TurnReason::Condition { meter: "bar".into() });
        let wang = house.phone_of("wang").await;
        done(&wang, open.order).await;
        timers(&house).await;
        assert_eq!(orders(&house, plan).await.len(), 1, "what was read before it was mended is settled");
    }

    /// The pump is replaced: its plan stops and asks, once; saved for the new pump it goes on, and makes up for nothing.
    async fn a_plan_of_a_retired_asset_stops_and_says_so(house: House) {
        let (old, new) = (pump(&house).await, pump(&house).await);
        let plan = planned(&house, service(&house, old, weekly(1))).await;
        house.li().await.perform(old, Retire { reason: "Worn out".into(), replaced_by: Some(new) }).await.applied();
        timers(&house).await;
        passes(&house, TimeDelta::days(30), &[]).await;
        assert_eq!(orders(&house, plan).await.len(), 0);
        assert_eq!(questions(&house).await, ["plan_stopped"]);
        let review = house.li().await.get("/v1/reviews?status=open").await.body["items"][0]["record"].clone();
        assert_eq!(review["flags"][0]["detail"]["replaced_by"], serde_json::json!(new));
        let held = plan_of(&house, plan).await;
        assert_eq!(held.stopped.as_ref().map(|end| end.reason.as_str()), Some("asset_retired"));
        house.li().await.perform(plan, service(&house, new, weekly(1))).await.applied();
        passes(&house, TimeDelta::days(4), &[]).await;
        reads!(told(&house, plan).await, @"1 04-06 08:00 assigned");
    }

    /// Withdrawn: what nobody has begun is cancelled with the reason; what somebody has begun is done to its end.
    async fn a_withdrawn_plan_takes_its_order_along_unless_it_was_begun(house: House) {
        let pump = pump(&house).await;
        let (one, two) = (
            planned(&house, dry(&house, pump, weekly(7))).await,
            planned(&house, service(&house, pump, weekly(7))).await,
        );
        timers(&house).await;
        let (idle, begun) = (orders(&house, one).await.remove(0), orders(&house, two).await.remove(0));
        house.li().await.perform(begun.id, Arrive {}).await.applied();
        for plan in [one, two] {
            house.li().await.perform(plan, WithdrawPlan { reason: "Contract with the maker".into() }).await.applied();
        }
        let [idle, begun] = [(one, idle.id), (two, begun.id)].map(|(plan, id)| (plan, id));
        let idle: WorkOrder = orders(&house, idle.0).await.into_iter().find(|order| order.id == idle.1).unwrap();
        let mobile_api::work_order::State::Cancelled { reason, .. } = &idle.state else { panic!("{:?}", idle.state) };
        assert_eq!(reason, "Contract with the maker");
        let off = shutdown_of(&house, idle.shutdown.unwrap()).await;
        assert_eq!(off.withdrawn.unwrap().reason, "Contract with the maker");
        for action in [mobile_api::catalogue::Action::from(Start {}), Finish { summary: None }.into()] {
            house.li().await.perform(begun.1, action).await.applied();
        }
        timers(&house).await;
        let held = plan_of(&house, begun.0).await;
        assert_eq!((held.open, held.last.unwrap().order), (None, begun.1), "its end is noted all the same");
        passes(&house, TimeDelta::days(30), &[]).await;
        assert_eq!((orders(&house, one).await.len(), orders(&house, two).await.len()), (1, 1));
        assert_eq!(house.li().await.perform(one, service(&house, pump, weekly(7))).await.problem(409), "plan_withdrawn");
        assert_eq!(house.li().await.perform(one, GeneratePlan { early: Some("x".into()) }).await.problem(409), "plan_withdrawn");
    }

    /// The pump stands still today anyhow.
    async fn the_office_has_the_next_order_made_early(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, service(&house, pump, weekly(0))).await;
        assert_eq!(house.li().await.perform(plan, GeneratePlan { early: None }).await.problem(422), "invalid");
        house.li().await.perform(plan, GeneratePlan { early: Some("It stands still".into()) }).await.applied();
        assert_eq!(house.li().await.perform(plan, GeneratePlan { early: Some("Again".into()) }).await.problem(409), "still_in_use");
        let order = orders(&house, plan).await.remove(0);
        let wang = house.phone_of("wang").await;
        done(&wang, order.id).await;
        passes(&house, TimeDelta::days(7) + TimeDelta::hours(1), &[]).await;
        assert_eq!(orders(&house, plan).await.len(), 1, "the turn of the ninth was this one");
        passes(&house, TimeDelta::days(7), &[]).await;
        assert_eq!(orders(&house, plan).await.len(), 2);
        let wang = house.office("wang").await;
        assert_eq!(wang.perform(plan, GeneratePlan { early: Some("I am here".into()) }).await.problem(403), "forbidden");
    }

    /// A form with each order; out of use, the order comes without it, and a person is asked.
    async fn an_inspection_is_planned_with_the_order(house: House) {
        let pump = pump(&house).await;
        let form = crate::inspections::published(&house, TemplateSave::example()).await;
        let mut save = service(&house, pump, weekly(7));
        save.job.template = Some(form);
        let plan = planned(&house, save).await;
        let newer = TemplateSave { revises: Some(form), ..TemplateSave::example() };
        let newer = crate::inspections::published(&house, newer).await;
        timers(&house).await;
        let open = plan_of(&house, plan).await.open.unwrap();
        let inspection = house.li().await.get(&format!("/v1/inspections/{}", open.inspection.unwrap())).await.body;
        let inspection: Inspection = serde_json::from_value(inspection).unwrap();
        assert_eq!((inspection.order, inspection.template), (Some(open.order), newer), "with the newest version");
        assert_eq!((inspection.spot.asset, inspection.due.unwrap().from), (Some(pump), open.due));
        let wang = house.phone_of("wang").await;
        assert!(wang.get(inspection.id).unwrap().is_some_and(|held: Inspection| held == inspection));
        house.office("admin").await.perform(newer, WithdrawTemplate {}).await.applied();
        done(&wang, open.order).await;
        passes(&house, TimeDelta::days(7), &[]).await;
        assert_eq!(plan_of(&house, plan).await.open.unwrap().inspection, None);
        assert_eq!(questions(&house).await, ["form_withdrawn"]);
    }

    /// Whoever the plan names has left: the order is made, and a person finds somebody.
    async fn an_order_that_cannot_be_assigned_is_made_all_the_same(house: House) {
        let pump = pump(&house).await;
        let mut save = service(&house, pump, weekly(7));
        save.job.order_type = house.firm.lift;
        let plan = planned(&house, save).await;
        timers(&house).await;
        assert_eq!(orders(&house, plan).await[0].status(), Status::Requested);
        assert_eq!(questions(&house).await, ["plan_unassigned"]);
    }
}
