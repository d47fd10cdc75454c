//! What was asked and answered, point by point and section by section.

use mobile_api::inspection::{AnswerValue, Ask, FormItem, FormSection, GivenAnswer, Judged, Lack, Meaning, PointVisit};
use serde_json::{Value, json};

use super::Report;

impl Report<'_> {
    /// The sections of each point, with what was answered there.
    pub(super) fn groups(&self) -> Vec<Value> {
        let judged = self.material.inspection.judged(&self.material.form);
        let known =
            |one: &Judged| self.material.form.item(&one.item).map(|(section, item)| (one.clone(), section, item));
        let judged: Vec<_> = judged.iter().filter_map(known).collect();
        let mut groups = Vec::new();
        for some in judged.chunk_by(|(a, at, _), (b, beside, _)| a.point == b.point && at.key == beside.key) {
            let Some((first, section, _)) = some.first() else { continue };
            let rows: Vec<Value> = some.iter().map(|(one, _, item)| self.answered(one, item)).collect();
            groups.push(json!({ "title": self.heading(first.point.as_deref(), section), "rows": rows,
                "visited": first.point.as_deref().map(|point| self.visited(point)) }));
        }
        groups
    }

    fn heading(&self, point: Option<&str>, section: &FormSection) -> String {
        let section = self.label(&section.name);
        match point.and_then(|key| self.material.inspection.point(key)) {
            Some(point) => format!("{} · {section}", point.name),
            None => section,
        }
    }

    /// When somebody was first at a point, and whether its tag proves it.
    fn visited(&self, point: &str) -> String {
        let words = &self.words;
        let first: Option<&PointVisit> = self.material.inspection.visits.iter().find(|visit| visit.point == point);
        let Some(visit) = first else { return words.say("inspection-not-visited") };
        let proof = if visit.proved { "inspection-visited-proved" } else { "inspection-visited-unproved" };
        words.say_with("inspection-visited", &[("time", words.when(&visit.at).0), ("proof", words.say(proof))])
    }

    fn answered(&self, judged: &Judged, item: &FormItem) -> Value {
        let inspection = &self.material.inspection;
        let point = judged.point.as_deref();
        let given = inspection.answer_to(point, &item.key);
        let tone = match (judged.verdict, judged.lacks.is_empty()) {
            (Some(Meaning::Fail), _) => "bad",
            (_, false) => "open",
            (Some(Meaning::Pass), true) => "good",
            _ => "plain",
        };
        let note = given.and_then(|given| given.note.clone());
        let earlier = self.material.earlier.as_ref().and_then(|earlier| earlier.answer_to(point, &item.key));
        let earlier = earlier
            .map(|given| self.words.say_with("inspection-before", &[("answer", self.in_words(item, &given.value))]));
        let notes: Vec<String> =
            note.into_iter().chain(earlier).chain(judged.lacks.iter().map(|lack| self.lack(*lack))).collect();
        json!({ "text": self.label(&item.text), "answer": self.answer(item, point, given), "tone": tone, "notes": notes })
    }

    fn answer(&self, item: &FormItem, point: Option<&str>, given: Option<&GivenAnswer>) -> String {
        let inspection = &self.material.inspection;
        match (&item.ask, given) {
            (_, Some(given)) => self.in_words(item, &given.value),
            (Ask::Photo { .. }, None) => {
                let of = |of: &&mobile_api::inspection::PhotoOf| {
                    of.item.as_deref() == Some(item.key.as_str()) && of.point.as_deref() == point
                };
                let count = inspection.photo_of.iter().filter(of).count();
                self.words.say_with("inspection-photo-count", &[("count", count.to_string())])
            }
            (Ask::Signature { role }, None) => {
                let signed = inspection.signatures.iter().filter(|signature| signature.role.serves(*role));
                signed.map(|signature| signature.name.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => "–".into(),
        }
    }

    fn in_words(&self, item: &FormItem, value: &AnswerValue) -> String {
        match (&item.ask, value) {
            (_, AnswerValue::Pass) => self.words.say("inspection-pass"),
            (_, AnswerValue::Fail) => self.words.say("inspection-fail"),
            (_, AnswerValue::NotApplicable) => self.words.say("inspection-not-applicable"),
            (Ask::Choice { options }, AnswerValue::Option { option }) => {
                let chosen = options.iter().find(|known| known.key == *option);
                chosen.map_or_else(|| option.clone(), |chosen| self.label(&chosen.name))
            }
            (ask, value) => ask.in_words(value).unwrap_or_else(|| "–".into()),
        }
    }

    fn lack(&self, lack: Lack) -> String {
        self.words.say(match lack {
            Lack::Answer => "inspection-lacks-answer",
            Lack::Photo => "inspection-lacks-photo",
            Lack::Note => "inspection-lacks-note",
            Lack::Signature => "inspection-lacks-signature",
            Lack::Visit => "inspection-not-visited",
        })
    }
}
