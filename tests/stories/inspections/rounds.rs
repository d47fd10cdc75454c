//! Rounds: planned ahead once, walked past their points, late and missed.

use chrono::TimeDelta;
use mobile_api::{
    calendar::Recurrence,
    ids::RoundId,
    inspection::{
        InspectionStatus, Presence, Repeats, Round, RoundPoint, RoundSave, VisitPoint, WithdrawRound, WithdrawTemplate,
    },
};
use serde_json::json;

use super::*;

/// Every day at eight in Shanghai, from the first morning on, which is a Monday; for two hours.
fn daily() -> Repeats {
    let starts = "2026-03-02T08:00:00".parse().unwrap();
    let recurrence = Recurrence { rule: "FREQ=DAILY".into(), starts, zone: "Asia/Shanghai".parse().unwrap() };
    Repeats { recurrence, window_minutes: 120, ahead_days: 3 }
}

fn walk(house: &House, template: TemplateId) -> RoundSave {
    let point = |key: &str| RoundPoint {
        key: key.into(),
        name: key.into(),
        building: None,
        unit: None,
        asset: None,
        code: Some(format!("TAG-{key}")),
        sections: vec![],
    };
    RoundSave {
        name: "Empty flats".into(),
        template,
        spot: Spot { unit: None, ..flat(house) },
        points: ["a", "b"].map(point).to_vec(),
        assignee: of(house.firm.wang),
        repeats: Some(daily()),
    }
}

async fn round(house: &House, save: RoundSave) -> RoundId {
    let id = RoundId::new(house.clock.new_id());
    house.li().await.perform(id, save).await.applied();
    id
}

async fn timers(house: &House) {
    let timers = house.state().timers();
    timers.plan_rounds().await.unwrap();
    timers.watch_inspections().await.unwrap();
}

/// The turns of a round, the first one first.
async fn turns(house: &House, round: RoundId) -> Vec<Inspection> {
    let page = house.li().await.get(&format!("/v1/inspections?round={round}")).await.body;
    let turns = page["items"].as_array().unwrap().iter().map(|item| item["record"].clone());
    let mut turns: Vec<Inspection> = turns.map(|turn| serde_json::from_value(turn).unwrap()).collect();
    turns.reverse();
    turns
}

fn states(turns: &[Inspection]) -> String {
    turns.iter().map(|turn| turn.status().as_str()).collect::<Vec<_>>().join(" ")
}

/// Wang is at a point and answers what is asked there.
fn passes(phone: &Handset, id: InspectionId, point: &str) {
    let presence = Presence::Qr { code: format!("TAG-{point}") };
    phone.did(id, VisitPoint { point: point.into(), presence });
    for answer in [pass("leaks"), pass("windows"), number("meter", 7)] {
        phone.did(id, AnswerItem { point: Some(point.into()), ..answer });
    }
}

stories! {
    async fn turns_are_planned_ahead_once_however_many_servers_plan(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        let (one, other) = (house.state().timers(), house.state().timers());
        let (one, other) = tokio::join!(one.plan_rounds(), other.plan_rounds());
        one.unwrap();
        other.unwrap();
        timers(&house).await;
        let first = turns(&house, id).await;
        assert_eq!(first.len(), 4, "today and three days ahead: {first:?}");
        house.clock.advance(TimeDelta::days(1));
        timers(&house).await;
        timers(&house).await;
        let then = turns(&house, id).await;
        assert_eq!(then.len(), 5);
        let days: std::collections::BTreeSet<_> = then.iter().map(|turn| turn.due.unwrap().from).collect();
        assert_eq!(days.len(), 5, "each once");
    }

    async fn late_and_missed_points_are_reported(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let planned = turns(&house, id).await;
        let wang = house.phone_of("wang").await;
        let wait = planned[0].due.unwrap().from - house.clock.now();
        house.pass((wait + TimeDelta::minutes(30)).to_std().unwrap(), &[&wang]);
        wang.did(planned[0].id, begin());
        passes(&wang, planned[0].id, "a");
        house.pass(TimeDelta::hours(3).to_std().unwrap(), &[&wang]);
        passes(&wang, planned[0].id, "b");
        wang.did(planned[0].id, done());
        wang.sign_in("wang").await;
        wang.sync().await;
        timers(&house).await;
        let walked = inspection(&house, planned[0].id).await;
        assert_eq!(walked.late_and_missed(), (vec!["b"], vec![]));
        assert_eq!(walked.result().unwrap().missing, []);

        // Nobody walks the second turn.
        house.clock.advance(TimeDelta::days(1));
        timers(&house).await;
        timers(&house).await;
        assert!(inspection(&house, planned[1].id).await.missed.is_some());
        let missed: Vec<_> = questions(&house).await.into_iter().filter(|flags| flags == "deadline_missed").collect();
        assert_eq!(missed.len(), 1, "told once");

        let span = "from=2026-03-01T00:00:00Z&until=2026-03-20T00:00:00Z";
        let li = house.li().await;
        let report = li.get(&format!("/v1/reports/rounds?{span}")).await.body;
        let line = &report["lines"][0];
        let counts = ["turns", "on_time", "late", "missed", "open", "points", "late_points", "missed_points"];
        let counts: Vec<u64> = counts.iter().map(|name| line[name].as_u64().unwrap()).collect();
        assert_eq!(counts[1..4], [0, 1, 1], "{line}");
        assert_eq!(counts[0], counts[1..5].iter().sum::<u64>(), "each turn once: {line}");
        assert_eq!(counts[5..], [4, 1, 2], "{line}");
        let table = li.client.get(format!("{}/v1/reports/rounds?{span}", li.base)).header("accept", "text/csv");
        let table = li.send(table.header("accept-language", "zh-CN")).await.body;
        assert!(table.as_str().unwrap().starts_with("\u{feff}巡检路线,应巡次数,按时,迟巡,漏巡"), "{table}");
        let wang = house.office("wang").await.get(&format!("/v1/reports/rounds?{span}")).await;
        assert_eq!(wang.problem(403), "forbidden");
    }

    /// The round goes to Zhao while Wang is on his way: what he did is attached, and the turns to come are Zhao's.
    async fn a_round_that_was_reassigned_meanwhile(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let planned = turns(&house, id).await;
        let wang = house.phone_of("wang").await;
        wang.did(planned[0].id, begin());
        passes(&wang, planned[0].id, "a");
        let to_zhao = RoundSave { assignee: of(house.firm.zhao), ..walk(&house, form) };
        house.li().await.perform(id, to_zhao).await.applied();
        reads!(synced(&wang).await, @r"
        start         applied_flagged reassigned_meanwhile
        visit_point   applied_flagged reassigned_meanwhile
        answer        applied_flagged reassigned_meanwhile
        answer        applied_flagged reassigned_meanwhile
        answer        applied_flagged reassigned_meanwhile
        ");
        let zhao = house.phone_of("zhao").await;
        let shown: Inspection = zhao.get(planned[0].id).unwrap().expect("Zhao has it");
        assert_eq!((shown.visits.len(), shown.answers.len()), (1, 3), "with what Wang did");
        assert!(zhao.get(planned[2].id).unwrap().is_some());
        assert!(wang.get(planned[2].id).unwrap().is_none(), "the turns to come are not Wang's any more");
        assert_eq!(turns(&house, id).await.len(), planned.len(), "no turn twice");
    }

    /// The round is withdrawn while Wang walks it: what he recorded is kept, and nobody has to walk the others.
    async fn a_round_that_was_withdrawn_meanwhile(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let planned = turns(&house, id).await;
        let wang = house.phone_of("wang").await;
        wang.did(planned[0].id, begin());
        passes(&wang, planned[0].id, "a");
        house.li().await.perform(id, WithdrawRound { reason: "The building was sold".into() }).await.applied();
        reads!(synced(&wang).await, @r"
        start         applied_flagged cancelled_meanwhile
        visit_point   applied_flagged cancelled_meanwhile
        answer        applied_flagged cancelled_meanwhile
        answer        applied_flagged cancelled_meanwhile
        answer        applied_flagged cancelled_meanwhile
        ");
        let after = turns(&house, id).await;
        assert_eq!(states(&after), "void void void void");
        assert_eq!(after[0].answers.len(), 3);
        house.clock.advance(TimeDelta::days(5));
        timers(&house).await;
        assert_eq!(turns(&house, id).await.len(), planned.len(), "no more are planned");
    }

    /// Turns to come are walked with the newest version of the form; a form that is out of use plans nothing and asks a person.
    async fn turns_to_come_follow_the_form(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let newer = published(&house, TemplateSave { revises: Some(form), ..empty_flat(&house) }).await;
        house.clock.advance(TimeDelta::days(1));
        timers(&house).await;
        let forms: Vec<bool> = turns(&house, id).await.iter().map(|turn| turn.template == newer).collect();
        assert_eq!(forms, [true; 5]);
        let admin = house.office("admin").await;
        admin.perform(newer, WithdrawTemplate {}).await.applied();
        house.clock.advance(TimeDelta::days(1));
        timers(&house).await;
        let asked: Vec<_> = questions(&house).await.into_iter().filter(|flags| flags == "form_withdrawn").collect();
        assert_eq!(asked.len(), 1);
        let held = house.li().await.get(&format!("/v1/rounds/{id}")).await.body;
        let held: Round = serde_json::from_value(held).unwrap();
        assert_eq!(held.plan_at, None);
    }

    /// Another timetable: what nobody has begun is called off, and planned anew.
    async fn another_timetable_plans_anew(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let mut at_noon = walk(&house, form);
        at_noon.repeats = Some(Repeats { window_minutes: 60, ..daily() });
        house.li().await.perform(id, at_noon).await.applied();
        timers(&house).await;
        let all = turns(&house, id).await;
        let counted: Vec<_> = all.iter().filter(|turn| turn.status() == InspectionStatus::Planned).collect();
        assert_eq!((all.len(), counted.len()), (8, 4));
        assert!(counted.iter().all(|turn| turn.due.unwrap().until - turn.due.unwrap().from == TimeDelta::hours(1)));
    }

    /// The turn of today is begun when the office changes the round: it is not to be walked twice.
    async fn a_turn_that_was_begun_is_not_planned_again(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        house.clock.advance(TimeDelta::hours(12));
        timers(&house).await;
        let all = turns(&house, id).await;
        let today = all.iter().min_by_key(|turn| turn.due.unwrap().from).unwrap();
        let from = today.due.unwrap().from;
        house.li().await.perform(today.id, begin()).await.applied();
        for other in [Repeats { ahead_days: 9, ..daily() }, Repeats { window_minutes: daily().window_minutes + 30, ..daily() }] {
            house.li().await.perform(id, RoundSave { repeats: Some(other), ..walk(&house, form) }).await.applied();
            timers(&house).await;
            let again = turns(&house, id).await.into_iter().filter(|turn| turn.due.unwrap().from == from && turn.status() != InspectionStatus::Void);
            assert_eq!(again.count(), 1);
        }
    }

    /// The next version of the form makes another sort of order of what failed; so does a turn that had been planned with the one before.
    async fn a_planned_turn_is_finished_with_the_newest_form(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = round(&house, walk(&house, form)).await;
        timers(&house).await;
        let mut next = TemplateSave { revises: Some(form), ..empty_flat(&house) };
        next.form.repair_type = Some(house.firm.check_up);
        let newer = published(&house, next).await;
        house.clock.advance(TimeDelta::days(1));
        timers(&house).await;
        let turn = turns(&house, id).await.into_iter().find(|turn| turn.template == newer && turn.status() == InspectionStatus::Planned).unwrap();
        let li = house.li().await;
        li.perform(turn.id, begin()).await.applied();
        let points: Vec<String> = turn.points.iter().map(|point| point.key.clone()).collect();
        for point in &points {
            let presence = Presence::None { reason: "No tag".into() };
            li.perform(turn.id, VisitPoint { point: point.clone(), presence }).await;
            for answer in [fail("leaks", "Drips"), pass("windows"), number("meter", 7)] {
                li.perform(turn.id, AnswerItem { point: Some(point.clone()), ..answer }).await;
            }
        }
        let finished = li.perform(turn.id, done()).await;
        assert_eq!(finished.status, 200, "{}", finished.body);
        let made = orders(&li).await;
        assert!(!made.is_empty() && made.iter().all(|order| order.order_type == house.firm.check_up));
    }

    async fn a_round_that_never_ends_or_asks_too_much_is_refused(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let li = house.li().await;
        let complaint = async |save: RoundSave| {
            let answer = li.perform(house.clock.new_id(), save).await;
            let error = answer.body["errors"][0].clone();
            (error["pointer"].as_str().unwrap_or_default().to_owned(), error["code"].as_str().unwrap_or_default().to_owned())
        };
        let with = |rule: &str| {
            let recurrence = Recurrence { rule: rule.into(), ..daily().recurrence };
            RoundSave { repeats: Some(Repeats { recurrence, ..daily() }), ..walk(&house, form) }
        };
        let wrong = ("/repeats/recurrence/rule".to_owned(), "out_of_range".to_owned());
        assert_eq!(complaint(with("FREQ=SECONDLY")).await, wrong, "a million dates");
        assert_eq!(complaint(with("FREQ=DAILY;COUNT=1000000")).await, wrong);
        assert_eq!(complaint(with("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")).await, wrong, "a day that never comes");
        let many = (0..200).map(|at| RoundPoint { key: format!("p{at}"), ..walk(&house, form).points[0].clone() });
        let long = RoundSave { points: many.collect(), ..walk(&house, form) };
        assert_eq!(complaint(long.clone()).await, (String::new(), String::new()), "200 points of 3 items are 600 answers");
        let mut large = empty_flat(&house);
        large.form.sections[0].items.extend((0..5).map(|at| item(&format!("more{at}"), "More", Ask::PassFail)));
        let large = published(&house, large).await;
        let far = RoundSave { template: large, ..long };
        assert_eq!(complaint(far).await, ("/points".to_owned(), "out_of_range".to_owned()), "1,600 answers are too many");
        let elsewhere = Spot { site: Id::new(house.clock.new_id()), ..walk(&house, form).spot };
        assert_eq!(complaint(RoundSave { spot: elsewhere, ..walk(&house, form) }).await.1, "bad_reference");
        assert_eq!(li.get("/v1/rounds").await.body["items"].as_array().unwrap().len(), 1, "nothing half-stored: {}", json!(wrong));
    }
}
