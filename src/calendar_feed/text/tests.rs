use chrono::{DateTime, Utc};
use icalendar::{CalendarComponent, CalendarDateTime, DatePerhapsTime};
use mobile_api::{Role, directory::UserSave, ids::UserId, operation::Payload, record::Kind};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn wang() -> User {
    let UserSave { login, sites, teams, skills, certificates, calendar, active, .. } = UserSave::example();
    let (id, role, name) = (UserId::new(Uuid::from_u128(7)), Role::Technician, "王磊, \"Wang\"; \\o/".to_owned());
    User { id, name, login, role, sites, teams, skills, certificates, calendar, active, calendar_links: 0 }
}

fn firm() -> Organisation {
    let examples: serde_json::Value = serde_json::from_str(include_str!("../../openapi/examples.json")).unwrap();
    serde_json::from_value(examples["organisation"].clone()).unwrap()
}

fn leak(about: &str) -> Entry {
    Entry {
        kind: Kind::WorkOrder,
        id: Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0030),
        rev: 4,
        changed_at: at("2026-03-02T01:30:00Z"),
        what: What::Order(Some("2026-000123".into()), Some(Label::new("水管维修", "Plumbing"))),
        slot: Slot::Fixed(Window { from: at("2026-03-02T02:00:00Z"), until: at("2026-03-02T04:00:00Z") }),
        site: Some(("Lakeside Garden".into(), "18 Lake Road".into())),
        place: "7-1203, kitchen".into(),
        about: about.into(),
    }
}

fn text(language: Language, entries: &[Entry]) -> String {
    let (firm, user) = (firm(), wang());
    Calendar { firm: &firm, user: &user, language }.text(entries, "https://doorstep.example")
}

/// The events as a calendar app reads them.
fn parsed(text: &str) -> Vec<Event> {
    let calendar: icalendar::Calendar = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let event = |component: CalendarComponent| match component {
        CalendarComponent::Event(event) => event,
        other => panic!("{other:?}"),
    };
    calendar.components.into_iter().map(event).collect()
}

#[test]
fn a_calendar_in_both_languages() {
    let entries = [
        leak("Water drips; under the sink, since Monday.\nThe flat below is wet."),
        Entry {
            slot: Slot::By(at("2026-03-02T02:20:00Z")),
            ..leak("厨房水槽下面漏水，地板已经泡胀，楼下邻居天花板也开始渗水，请尽快安排师傅上门处理并带上角阀")
        },
        Entry {
            kind: Kind::Inspection,
            what: What::Inspection(Label::new("水泵房巡检", "Pump room"), 6),
            place: "Pump 2".into(),
            ..leak("")
        },
        Entry {
            kind: Kind::ReturnVisit,
            what: What::ReturnVisit(Some("2026-000117".into())),
            slot: Slot::By(at("2026-03-03T08:00:00Z")),
            ..leak("Water drips")
        },
    ];
    for (name, language) in [("calendar", Language::English), ("calendar_in_chinese", Language::Chinese)] {
        insta::assert_snapshot!(name, text(language, &entries).replace("\r\n", "\n"));
    }
}

#[test]
fn what_is_written_is_what_an_app_reads() {
    let about = "Commas, semicolons; back\\slashes, \"quotes\"\nand a second line: 漏水";
    let events = parsed(&text(Language::English, &[leak(about)]));
    let event = &events[0];
    assert_eq!(event.get_description(), Some(about));
    assert_eq!(event.get_summary(), Some("2026-000123 Plumbing – Lakeside Garden, 7-1203, kitchen"));
    assert_eq!(event.get_location(), Some("Lakeside Garden, 18 Lake Road"));
    assert_eq!(event.get_uid(), Some("01930000-0000-7000-8000-000000000030"));
    assert_eq!(event.get_sequence(), Some(4));
    let utc = |text| Some(DatePerhapsTime::DateTime(CalendarDateTime::Utc(at(text))));
    assert_eq!(event.get_start(), utc("2026-03-02T02:00:00Z"));
    assert_eq!(event.get_end(), utc("2026-03-02T04:00:00Z"));
    assert_eq!(event.get_last_modified(), Some(at("2026-03-02T01:30:00Z")));
}

#[test]
fn a_text_cannot_smuggle_lines_into_the_calendar() {
    let entry = Entry { place: "7-1203\r\nBEGIN:VALARM\rX:1\nATTENDEE:x".into(), ..leak("a\rEND:VEVENT\r\nb\u{0}c") };
    let whole = text(Language::English, &[entry]);
    assert!(
        !whole.contains("\r\nBEGIN:VALARM") && !whole.contains("\r\nATTENDEE") && whole.ends_with("END:VCALENDAR\r\n")
    );
    assert_eq!(whole.replace("\r\n", "").find(['\r', '\n', '\u{0}']), None, "no end of line but those of the calendar");
    assert_eq!(parsed(&whole)[0].get_description(), Some("a\nEND:VEVENT\nb c"));
}

proptest! {
    #[test]
    fn no_line_is_too_long_and_nothing_is_lost(about in "[a-z ,;\\\\漏水é😀\n]{0,400}", place in "[A-Z漏水 -]{0,120}") {
        let whole = text(Language::Chinese, &[Entry { place, ..leak(&about) }]);
        for line in whole.split("\r\n") {
            prop_assert!(line.len() <= 75, "{} octets: {line}", line.len());
        }
        let read = parsed(&whole)[0].get_description().unwrap_or_default().to_owned();
        prop_assert_eq!(read, about.trim());
    }
}
