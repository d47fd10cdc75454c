//! What a technician has to do, in the calendar of their own phone.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{CalendarComponent, CalendarDateTime, Component, DatePerhapsTime, Event, EventLike};
use mobile_api::{
    Id,
    directory::{RenewCalendarLink, UserSave},
    inspection::{Assignee, PlanInspection, PublishTemplate, Spot, TemplateSave},
    maintenance::{ApproveShutdown, ShutdownSave, WithdrawShutdown},
    operation::Payload,
    return_visit::{AssignVisit, Way},
    work_order::{
        Window,
        dispatch::{AgreeTime, Assign, Cancel, HandBack, PlanVisit},
        request::Request,
    },
};
use reqwest::{StatusCode, header::HeaderMap};
use uuid::Uuid;

use crate::{
    harness::{Answer, House, Office, morning},
    maintenance::pump,
    return_visits::accepted,
};

/// The path of somebody's calendar, as they are told it.
async fn link(who: &Office, user: impl std::fmt::Display) -> String {
    let answer = who.get(&format!("/v1/users/{user}/calendar-link")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let address = answer.body["address"].as_str().unwrap();
    assert_eq!(answer.body["subscribe"].as_str().unwrap().replace("webcal://", "http://"), address);
    address.strip_prefix(&who.base).unwrap().to_owned()
}

/// What an app is answered, which has not signed in.
async fn open(house: &House, path: &str) -> Answer {
    Answer::of(reqwest::get(format!("{}{path}", house.url())).await.unwrap()).await
}

/// The text of a calendar.
async fn text(house: &House, path: &str) -> (String, HeaderMap) {
    let answer = open(house, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "text/calendar; charset=utf-8");
    (answer.body.as_str().unwrap().to_owned(), answer.headers)
}

/// The entries of a calendar as an app reads them, by their ids.
async fn entries(house: &House, path: &str) -> BTreeMap<Uuid, Event> {
    let calendar: icalendar::Calendar = text(house, path).await.0.parse().unwrap();
    let event = |component: CalendarComponent| match component {
        CalendarComponent::Event(event) => (event.get_uid().unwrap().parse().unwrap(), event),
        other => panic!("{other:?}"),
    };
    calendar.components.into_iter().map(event).collect()
}

fn instant(time: Option<DatePerhapsTime>) -> DateTime<Utc> {
    match time {
        Some(DatePerhapsTime::DateTime(CalendarDateTime::Utc(at))) => at,
        other => panic!("{other:?} is no instant in UTC"),
    }
}

fn span(event: &Event) -> (DateTime<Utc>, DateTime<Utc>) {
    (instant(event.get_start()), instant(event.get_end()))
}

fn hours(from: i64, until: i64) -> Window {
    Window { from: morning() + TimeDelta::hours(from), until: morning() + TimeDelta::hours(until) }
}

stories! {
    async fn the_calendar_follows_the_orders(house: House) {
        let (firm, li, wang) = (house.firm, house.li().await, house.office("wang").await);
        let path = link(&wang, firm.wang).await;
        assert!(entries(&house, &path).await.is_empty());
        let order = house.assigned(firm.plumbing, firm.wang).await;
        let assigned = entries(&house, &path).await.remove(&order.uuid()).expect("his order");
        // Nobody agreed on a time: the deadline, twenty minutes after the call, at 08:20 in Shanghai.
        let due = morning() + TimeDelta::minutes(20);
        assert_eq!(span(&assigned), (due - TimeDelta::minutes(30), due));
        let number = li.get(&format!("/v1/work-orders/{order}")).await.body["number"].as_str().unwrap().to_owned();
        let summary = format!("{number} plumbing – Lakeside Garden, 7-1203, kitchen");
        assert_eq!(assigned.get_summary(), Some(format!("By 08:20: {summary}").as_str()));
        assert_eq!(assigned.get_description(), Some("Water drips from under the sink"));
        assert_eq!(assigned.get_location(), Some("Lakeside Garden, 18 Lake Road"));

        house.clock.advance(TimeDelta::minutes(5));
        let agree = |window| AgreeTime { window, consented_by: "Mrs Chen".into() };
        li.perform(order, agree(hours(2, 4))).await.applied();
        let agreed = entries(&house, &path).await.remove(&order.uuid()).unwrap();
        assert_eq!(span(&agreed), (hours(2, 4).from, hours(2, 4).until));
        assert_eq!(agreed.get_summary(), Some(summary.as_str()));
        assert!(agreed.get_sequence() > assigned.get_sequence(), "an app must know which is newer");
        assert_eq!(agreed.get_last_modified(), Some(morning() + TimeDelta::minutes(5)));
        li.perform(order, agree(hours(26, 28))).await.applied();
        let moved = entries(&house, &path).await.remove(&order.uuid()).unwrap();
        assert_eq!(span(&moved).0, hours(26, 28).from, "tomorrow, and the same entry");

        let zhao = link(&house.office("zhao").await, firm.zhao).await;
        wang.perform(order, HandBack { reason: "Sick".into() }).await.applied();
        li.perform(order, Assign { technician: firm.zhao }).await.applied();
        assert!(entries(&house, &path).await.is_empty());
        assert_eq!(entries(&house, &zhao).await.into_keys().collect::<Vec<_>>(), [order.uuid()]);
        li.perform(order, Cancel { reason: "It stopped by itself".into() }).await.applied();
        assert!(entries(&house, &zhao).await.is_empty());
    }

    async fn the_planned_day_is_in_the_calendar(house: House) {
        let (firm, li, wang) = (house.firm, house.li().await, house.office("wang").await);
        let path = link(&wang, firm.wang).await;
        let wished = Request { preferred: Some(hours(3, 9)), ..house.request_for(firm.plumbing) };
        let order = house.clock.new_id();
        li.perform(order, wished).await.applied();
        li.perform(order, Assign { technician: firm.wang }).await.applied();
        assert_eq!(span(&entries(&house, &path).await[&order]), (hours(3, 9).from, hours(3, 9).until));
        let plan = PlanVisit { technician: firm.wang, window: hours(5, 6) };
        li.perform(order, plan).await.applied();
        assert_eq!(span(&entries(&house, &path).await[&order]), (hours(5, 6).from, hours(5, 6).until));
        // Another time that the customer agreed to since then counts more than the plan.
        let agree = AgreeTime { window: hours(7, 8), consented_by: "Mrs Chen".into() };
        li.perform(order, agree).await.applied();
        assert_eq!(span(&entries(&house, &path).await[&order]), (hours(7, 8).from, hours(7, 8).until));
        // It stays until the day after its own, and then falls out.
        house.clock.advance(TimeDelta::hours(24));
        assert!(entries(&house, &path).await.contains_key(&order));
        house.clock.advance(TimeDelta::hours(24));
        assert!(entries(&house, &path).await.is_empty());
    }

    async fn inspections_and_return_visits_are_in_the_calendar(house: House) {
        let (firm, li, wang) = (house.firm, house.li().await, house.office("wang").await);
        let path = link(&wang, firm.wang).await;
        let template = house.clock.new_id();
        house.system(&firm, template, TemplateSave::example()).await;
        house.system(&firm, template, PublishTemplate {}).await;
        let mut planned = BTreeMap::new();
        let teams = Assignee { user: None, team: Some(firm.plumbers) };
        let of = |user| Assignee { user: Some(user), team: None };
        for (name, assignee, due) in [
            ("his", of(firm.wang), hours(1, 2)),
            ("his team's", teams, hours(3, 4)),
            ("zhao's", of(firm.zhao), hours(1, 2)),
            ("in three weeks", of(firm.wang), hours(24 * 21, 24 * 21 + 1)),
        ] {
            let spot = Spot { site: firm.site, building: None, unit: None, asset: None };
            let plan = PlanInspection { template: Id::new(template), spot, due, assignee, ..PlanInspection::example() };
            let id = house.clock.new_id();
            li.perform(id, plan).await.applied();
            planned.insert(id, name);
        }
        let mut found: Vec<&str> = entries(&house, &path).await.keys().map(|id| planned[id]).collect();
        found.sort_unstable();
        assert_eq!(found, ["his", "his team's"]);
        // Wang did the job, so another asks how it was.
        let (_, visit) = accepted(&house, house.request_for(firm.check_up)).await;
        li.perform(visit, AssignVisit { to: Some(firm.zhao), way: Some(Way::Home) }).await.applied();
        let zhao = link(&house.office("zhao").await, firm.zhao).await;
        let visit = entries(&house, &zhao).await.remove(&visit.uuid()).expect("his return visit");
        assert!(visit.get_summary().unwrap().contains("Return visit 2026-"), "{:?}", visit.get_summary());
    }

    /// A pump stands still tomorrow: whoever has the order sees it, and not his colleague; once it is withdrawn, nobody does.
    async fn a_shutdown_is_in_the_calendar_of_who_carries_it_out(house: House) {
        let (firm, li, wang) = (house.firm, house.li().await, house.office("wang").await);
        let his = link(&wang, firm.wang).await;
        let zhaos = link(&house.office("zhao").await, firm.zhao).await;
        let pump = pump(&house).await;
        let order = house.clock.new_id();
        li.perform(order, Request { asset: Some(pump), ..house.request_for(firm.check_up) }).await.applied();
        li.perform(order, Assign { technician: firm.wang }).await.applied();
        let nobody = Assignee { user: None, team: None };
        let draft = ShutdownSave { asset: pump, window: hours(2, 4), order: Some(Id::new(order)), assignee: nobody, ..ShutdownSave::example() };
        let shutdown = house.clock.new_id();
        li.perform(shutdown, draft).await.applied();
        let entry = entries(&house, &his).await.remove(&shutdown).expect("his shutdown");
        assert!(entry.get_summary().unwrap().starts_with("Shutdown: water"), "{:?}", entry.get_summary());
        assert_eq!(entry.property_value("STATUS"), Some("TENTATIVE"), "nobody agreed to it yet");
        assert!(!entries(&house, &zhaos).await.contains_key(&shutdown));
        house.office("admin").await.perform(shutdown, ApproveShutdown {}).await.applied();
        assert_eq!(entries(&house, &his).await[&shutdown].property_value("STATUS"), Some("CONFIRMED"));
        li.perform(order, Assign { technician: firm.zhao }).await.applied();
        assert!(!entries(&house, &his).await.contains_key(&shutdown));
        assert!(entries(&house, &zhaos).await.contains_key(&shutdown), "it goes with the order");
        li.perform(shutdown, WithdrawShutdown { reason: "The part is not there".into() }).await.applied();
        assert!(!entries(&house, &zhaos).await.contains_key(&shutdown));
    }

    async fn whoever_has_the_link_learns_of_no_customer(house: House) {
        let (firm, wang) = (house.firm, house.office("wang").await);
        let order = house.assigned(firm.plumbing, firm.wang).await;
        let agree = AgreeTime { window: hours(2, 4), consented_by: "Mrs Chen".into() };
        house.li().await.perform(order, agree).await.applied();
        let path = link(&wang, firm.wang).await;
        let (text, _) = text(&house, &path).await;
        assert!(text.contains(&order.to_string()));
        let customer = house.li().await.get(&format!("/v1/customers/{}", firm.customer)).await.body;
        let contact = customer["contacts"][0].clone();
        for secret in ["Chen", "5550101", customer["name"].as_str().unwrap(), contact["reach"].as_str().unwrap()] {
            assert!(!text.contains(secret), "{secret} stands in\n{text}");
        }
    }

    async fn an_app_that_asks_again_is_told_that_nothing_changed(house: House) {
        let (firm, wang) = (house.firm, house.office("wang").await);
        let order = house.assigned(firm.plumbing, firm.wang).await;
        let path = link(&wang, firm.wang).await;
        assert!(path.ends_with(".ics?lang=en"), "{path}");
        let (english, headers) = text(&house, &path).await;
        let again = reqwest::Client::new().get(format!("{}{path}", house.url())).header("if-none-match", &headers["etag"]);
        let again = again.send().await.unwrap();
        assert_eq!((again.status(), again.text().await.unwrap().len()), (StatusCode::NOT_MODIFIED, 0));
        let (chinese, _) = text(&house, &path.replace("lang=en", "lang=zh-CN")).await;
        assert!(english.contains("By 08:20: ") && chinese.contains("08:20 前："), "{chinese}");
        assert!(chinese.contains("REFRESH-INTERVAL;VALUE=DURATION:PT900S") && chinese.contains("X-WR-CALNAME:WANG – Bright"));
        house.li().await.perform(order, Cancel { reason: "It stopped by itself".into() }).await.applied();
        assert_ne!(text(&house, &path).await.1["etag"], headers["etag"]);
    }

    async fn a_link_can_be_taken_back(house: House) {
        let (firm, wang, admin) = (house.firm, house.office("wang").await, house.office("admin").await);
        let first = link(&wang, firm.wang).await;
        assert_eq!(first, link(&admin, firm.wang).await, "there is one, whoever asks for it");
        wang.perform(firm.wang, RenewCalendarLink {}).await.applied();
        let second = link(&wang, firm.wang).await;
        assert_eq!(open(&house, &first).await.problem(404), "not_found");
        text(&house, &second).await;
        admin.perform(firm.wang, RenewCalendarLink {}).await.applied();
        assert_eq!(open(&house, &second).await.problem(404), "not_found");
        // What else is changed about the account leaves its links alone.
        let third = link(&wang, firm.wang).await;
        let save = UserSave { name: "Wang Lei".into(), login: "wang".into(), teams: vec![firm.plumbers], ..UserSave::example() };
        admin.perform(firm.wang, save.clone()).await.applied();
        text(&house, &third).await;
        admin.perform(firm.wang, UserSave { active: false, ..save }).await.applied();
        assert_eq!(open(&house, &third).await.problem(410), "calendar_gone");
        assert_eq!(open(&house, &second).await.problem(404), "not_found", "an old link does not even learn that");
        assert_eq!(admin.get(&format!("/v1/users/{}/calendar-link", firm.wang)).await.problem(410), "calendar_gone");
    }

    async fn somebody_elses_calendar_is_not_everybodys(house: House) {
        let (firm, wang) = (house.firm, house.office("wang").await);
        let (zhao, li) = (house.office("zhao").await, house.li().await);
        let address = format!("/v1/users/{}/calendar-link", firm.wang);
        assert_eq!(zhao.get(&address).await.problem(404), "not_found", "he does not see the account");
        assert_eq!(li.get(&address).await.problem(403), "forbidden", "she sees it and does not administrate it");
        assert_eq!(li.perform(firm.wang, RenewCalendarLink {}).await.problem(403), "forbidden");
        assert_eq!(zhao.perform(firm.wang, RenewCalendarLink {}).await.problem(404), "not_found");
        let own = link(&li, firm.li).await;
        assert!(entries(&house, &own).await.is_empty());
        // A guessed code, that of another account with one's own proof, and no code at all are answered alike.
        let path = link(&wang, firm.wang).await;
        let code = path.strip_prefix("/i/").unwrap().split('.').next().unwrap();
        let zhaos = link(&zhao, firm.zhao).await;
        let zhaos = zhaos.strip_prefix("/i/").unwrap().split('.').next().unwrap();
        let [mine, his] = [code, zhaos].map(|code| URL_SAFE_NO_PAD.decode(code).unwrap());
        let lent = URL_SAFE_NO_PAD.encode([&mine[..32], &his[32..]].concat());
        let other = if code.ends_with('A') { "B" } else { "A" };
        let unknown = "A".repeat(64);
        for guess in [&format!("{}{other}", &code[..63]), &lent, &unknown, "x"] {
            let answer = open(&house, &format!("/i/{guess}.ics")).await;
            assert_eq!(answer.problem(404), "not_found", "{guess}");
        }
        assert_eq!(open(&house, &format!("/i/{code}.ics?lang=fr")).await.problem(400), "invalid_query");
    }
}
