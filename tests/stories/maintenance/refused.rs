//! Plans and shutdowns that cannot be.

use mobile_api::{
    asset::Retire,
    maintenance::{Affected, ConditionTrigger, CounterTrigger, GeneratePlan},
};
use serde_json::json;
use uuid::Uuid;

use super::*;

fn counter(every_milli: i64) -> CounterTrigger {
    CounterTrigger { meter: "hours".into(), every_milli, ahead_milli: 0, ahead_days: 0, since_milli: None }
}

fn condition(low_milli: Option<i64>, high_milli: Option<i64>) -> ConditionTrigger {
    ConditionTrigger { meter: "bar".into(), low_milli, high_milli, in_a_row: 1 }
}

stories! {
    async fn a_plan_that_makes_no_sense_is_refused(house: House) {
        let pump = pump(&house).await;
        let complaint = async |change: &dyn Fn(&mut PlanSave)| {
            let mut save = service(&house, pump, weekly(7));
            change(&mut save);
            let answer = house.li().await.perform(house.clock.new_id(), save).await;
            let code = answer.body["code"].as_str().unwrap_or("?").to_owned();
            let error = &answer.body["errors"][0];
            let field = [&error["pointer"], &error["code"]].map(|text| text.as_str().unwrap_or_default());
            format!("{code} {} {}", field[0], field[1]).trim_end().to_owned()
        };
        let rule = |rule: &'static str| move |save: &mut PlanSave| {
            save.triggers.calendar.as_mut().unwrap().recurrence.rule = rule.into();
        };
        let at = "/triggers/calendar/recurrence/rule";
        assert_eq!(complaint(&rule("FREQ=SECONDLY")).await, format!("invalid {at} out_of_range"));
        assert_eq!(complaint(&rule("FREQ=DAILY;COUNT=1000000")).await, format!("invalid {at} out_of_range"));
        assert_eq!(complaint(&rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")).await, format!("invalid {at} out_of_range"));
        assert_eq!(complaint(&rule("every Monday")).await, format!("invalid {at} malformed"));
        assert_eq!(complaint(&|save| save.triggers = Triggers::default()).await, "invalid /triggers required");
        for step in [0, -1, i64::MIN] {
            let code = complaint(&|save| save.triggers.counters = vec![counter(step)]).await;
            assert_eq!(code, "invalid /triggers/counters/0/every_milli out_of_range");
        }
        let ahead = |save: &mut PlanSave| save.triggers.counters = vec![CounterTrigger { ahead_milli: 5, ..counter(5) }];
        assert_eq!(complaint(&ahead).await, "invalid /triggers/counters/0/ahead_milli out_of_range");
        let reversed = |save: &mut PlanSave| save.triggers.conditions = vec![condition(Some(5), Some(4))];
        assert_eq!(complaint(&reversed).await, "invalid /triggers/conditions/0/high_milli out_of_range");
        let never = |save: &mut PlanSave| {
            save.triggers.conditions = vec![ConditionTrigger { in_a_row: 0, ..condition(None, None) }];
        };
        assert_eq!(complaint(&never).await, "invalid /triggers/conditions/0/in_a_row out_of_range");
        let gauge = |save: &mut PlanSave| save.triggers.counters = vec![CounterTrigger { meter: "bar".into(), ..counter(5) }];
        assert_eq!(complaint(&gauge).await, "bad_reference /triggers/counters/0/meter bad_reference");
        assert_eq!(complaint(&|save| save.job.minutes = 0).await, "invalid /job/minutes out_of_range");
        assert_eq!(complaint(&|save| save.asset = Id::new(Uuid::nil())).await, "bad_reference /asset bad_reference");
        // What JSON cannot say is no number.
        let mut payload = serde_json::to_value(service(&house, pump, weekly(7))).unwrap();
        payload["triggers"]["counters"] = json!([{ "meter": "hours", "every_milli": "NaN" }]);
        let path = format!("/v1/maintenance-plans/{}/save", house.clock.new_id());
        assert_eq!(house.li().await.post(&path, &payload).await.problem(422), "invalid");
        house.li().await.perform(pump, Retire { reason: "Gone".into(), replaced_by: None }).await.applied();
        assert_eq!(complaint(&|_| {}).await, "asset_retired");
        let nobody = house.clock.new_id();
        assert_eq!(house.li().await.perform(nobody, GeneratePlan { early: Some("x".into()) }).await.problem(404), "not_found");
    }

    async fn a_shutdown_that_makes_no_sense_is_refused(house: House) {
        let pump = pump(&house).await;
        let window = soon(&house);
        let complaint = async |change: &dyn Fn(&mut ShutdownSave)| {
            let mut save = ShutdownSave { asset: pump, window, ..ShutdownSave::example() };
            change(&mut save);
            let answer = house.li().await.perform(fresh(&house), save).await;
            let error = &answer.body["errors"][0];
            let field = [&answer.body["code"], &error["pointer"], &error["code"]].map(|text| text.as_str().unwrap_or_default());
            field.join(" ").trim_end().to_owned()
        };
        let affected = |units: Vec<Uuid>| {
            let units = units.into_iter().map(Id::new).collect();
            Some(Affected { units, teams: vec![], changed: Some("All of them".into()) })
        };
        assert_eq!(complaint(&|save| save.stops = vec![]).await, "invalid /stops out_of_range");
        assert_eq!(complaint(&|save| save.stops = vec![StopKind::Gas; 2]).await, "invalid /stops duplicate");
        let backwards = |save: &mut ShutdownSave| save.window.until = window.from - TimeDelta::minutes(1);
        assert_eq!(complaint(&backwards).await, "invalid /window/until out_of_range");
        assert_eq!(complaint(&|save| save.window.until = window.from).await, "invalid /window/until out_of_range");
        let crowd = |save: &mut ShutdownSave| save.affected = affected((0..10_000).map(Uuid::from_u128).collect());
        assert_eq!(complaint(&crowd).await, "invalid /affected/units out_of_range");
        let nobody = |save: &mut ShutdownSave| save.affected = affected(vec![Uuid::from_u128(7)]);
        assert_eq!(complaint(&nobody).await, "bad_reference /affected/units/0 bad_reference");
        let unexplained = |save: &mut ShutdownSave| save.affected = Some(Affected::default());
        assert_eq!(complaint(&unexplained).await, "invalid /affected/changed required");
        assert_eq!(complaint(&|save| save.order = Some(Id::new(Uuid::nil()))).await, "bad_reference /order bad_reference");
        house.li().await.perform(pump, Retire { reason: "Gone".into(), replaced_by: None }).await.applied();
        assert_eq!(complaint(&|_| {}).await, "asset_retired");
    }
}
