//! A calendar as text by RFC 5545.

use chrono::TimeDelta;
use chrono_tz::Tz;
use icalendar::{Component, Event, EventLike, EventStatus, Property};
use mobile_api::{
    directory::{Label, Organisation, User},
    work_order::Window,
};

use super::agenda::{Entry, Slot, What};
use crate::language::Language;

/// Most octets of a line, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// How often an app is asked to look again.
const REFRESH: TimeDelta = TimeDelta::minutes(15);

/// Whose calendar, and for whom it is written.
pub(super) struct Calendar<'a> {
    pub(super) firm: &'a Organisation,
    pub(super) user: &'a User,
    pub(super) language: Language,
}

impl Calendar<'_> {
    /// The calendar with these entries. It says nothing but what they say, so that the same entries make the same text; records can be
    /// read at this server.
    pub(super) fn text(&self, entries: &[Entry], server: &str) -> String {
        let name = self.say("calendar-name", &[("name", self.user.name.clone()), ("firm", self.firm.name.clone())]);
        let name = one_line(&name);
        let mut calendar = icalendar::Calendar::empty();
        calendar
            .append_property(("VERSION", "2.0"))
            .append_property(("PRODID", "-//Doorstep//Calendar//EN"))
            .append_property(("CALSCALE", "GREGORIAN"))
            // The library does not know this one for a text.
            .append_property(Property::new("NAME", escaped(&name)))
            .append_property(("X-WR-CALNAME", name.as_str()))
            .append_property(("X-WR-TIMEZONE", self.firm.time_zone.as_str()))
            .ttl(&REFRESH);
        for entry in entries {
            calendar.push(self.event(entry, server));
        }
        folded(&calendar.to_string())
    }

    fn event(&self, entry: &Entry, server: &str) -> Event {
        let Window { from, until } = entry.slot.window();
        let mut event = Event::new();
        event
            .uid(&entry.id.to_string())
            .sequence(u32::try_from(entry.rev).unwrap_or(u32::MAX))
            .timestamp(entry.changed_at)
            .last_modified(entry.changed_at)
            .starts(from)
            .ends(until)
            .summary(&one_line(&self.summary(entry)))
            .url(&format!("{server}/v1/{}/{}", entry.kind.path(), entry.id));
        let about = plain(&self.about(entry));
        if !about.is_empty() {
            event.description(&about);
        }
        if let Some((name, address)) = &entry.site {
            event.location(&one_line(&joined(&[name, address])));
        }
        match entry.slot {
            Slot::Fixed(_) => event.status(EventStatus::Confirmed),
            Slot::Wished(_) => event.status(EventStatus::Tentative),
            // A deadline says by when, not that the time before it is taken.
            Slot::By(_) => event.status(EventStatus::Tentative).add_property("TRANSP", "TRANSPARENT"),
        };
        event.done()
    }

    /// Number, sort and place.
    fn summary(&self, entry: &Entry) -> String {
        let what = match &entry.what {
            What::Order(number, sort) => {
                let sort = sort.as_ref().map(|sort| self.label(sort)).unwrap_or_default();
                format!("{} {sort}", number.as_deref().unwrap_or_default())
            }
            What::Inspection(name, _) => self.say("calendar-inspection", &[("name", self.label(name).to_owned())]),
            What::ReturnVisit(number) => {
                self.say("calendar-return-visit", &[("number", number.clone().unwrap_or_default())])
            }
            What::Shutdown(stops) => {
                let words = stops.iter().map(|stop| self.say(&format!("notice-stops-{}", stop.as_str()), &[]));
                let stops = words.collect::<Vec<_>>().join(&self.say("notice-and", &[]));
                self.say("calendar-shutdown", &[("stops", stops)])
            }
        };
        let site = entry.site.as_ref().map(|(name, _)| name.as_str()).unwrap_or_default();
        let place = joined(&[site, &entry.place]);
        let whole = if place.is_empty() { what.trim().to_owned() } else { format!("{} – {place}", what.trim()) };
        match entry.slot {
            Slot::By(due) => {
                let zone: Tz = self.firm.time_zone.parse().unwrap_or(Tz::UTC);
                let time = due.with_timezone(&zone).format("%H:%M").to_string();
                self.say("calendar-by", &[("time", time), ("what", whole)])
            }
            Slot::Fixed(_) | Slot::Wished(_) => whole,
        }
    }

    fn about(&self, entry: &Entry) -> String {
        match entry.what {
            What::Inspection(_, points) if points > 0 => self.say("calendar-points", &[("count", points.to_string())]),
            _ => entry.about.clone(),
        }
    }

    fn label<'l>(&self, label: &'l Label) -> &'l str {
        match self.language {
            Language::English => &label.en,
            Language::Chinese => &label.zh,
        }
    }

    fn say(&self, id: &str, args: &[(&'static str, String)]) -> String {
        self.language.sentence(id, args).unwrap_or_default()
    }
}

/// The texts that are there, with commas between.
fn joined(texts: &[&str]) -> String {
    let there: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    there.join(", ")
}

/// A text without signs that no line of a calendar may have: of control characters only ends of lines, each as one.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim().chars().map(|sign| if sign.is_control() && sign != '\n' { ' ' } else { sign }).collect()
}

fn one_line(text: &str) -> String {
    plain(text).replace('\n', " ")
}

/// A text as it stands in a property (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,")
}

/// Lines of at most 75 octets, none cut within a sign. The library folds them itself, but may leave 76 in the last part of one.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + text.len() / LINE * 3);
    for line in text.replace("\r\n ", "").split_inclusive("\r\n") {
        let mut room = LINE;
        for sign in line.trim_end_matches("\r\n").chars() {
            if sign.len_utf8() > room {
                folded.push_str("\r\n ");
                room = LINE - 1;
            }
            folded.push(sign);
            room -= sign.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

#[cfg(test)]
mod tests;
