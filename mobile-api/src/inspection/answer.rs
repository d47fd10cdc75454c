//! What is recorded on the way: being there, an answer, a photo.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    AnswerValue, GivenAnswer, Inspection, InspectionState, ItemAnswers, MOST_ANSWERS, PhotoOf, PointVisit, Presence,
    Template, fault,
    form::FormItem,
    record::{MOST_AGAIN, check_key},
    standing::{addition, afterthought, flags},
};
use crate::{
    actor::Actor,
    asset::{Asset, RecordReading, Service},
    check::{Check, FieldError},
    operation::{Change, Context, Decision, Need, Payload},
    photo::{self, Arrival, NewPhoto, PhotoRole},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    signing::Digest,
};

/// Somebody is at a point of a round.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VisitPoint {
    /// The point.
    pub point: String,
    /// What proves it.
    pub presence: Presence,
}

impl Payload for VisitPoint {
    type Record = Inspection;

    fn example() -> Self {
        Self { point: "pump-room".into(), presence: Presence::Qr { code: "LG-PUMP-1".into() } }
    }

    fn check(&self, check: &mut Check) {
        check_key(check, "/point", &self.point);
        match &self.presence {
            Presence::Qr { code } | Presence::Nfc { code } => check.text("/presence/code", code, 1..=200),
            Presence::None { reason } => check.text("/presence/reason", reason, 1..=500),
        }
    }
}

impl Change for VisitPoint {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let overtaken = addition(&inspection, context)?;
        let mut flags = flags(overtaken);
        let point = inspection.point(&self.point).ok_or(Refusal::BadReference { pointer: "/point".into() })?;
        let proved = match (&self.presence, &point.code) {
            (Presence::Qr { code } | Presence::Nfc { code }, Some(known)) => code.trim() == known.trim(),
            _ => false,
        };
        let scanned = matches!(self.presence, Presence::Qr { .. } | Presence::Nfc { .. });
        if scanned && !proved {
            let detail = json!({ "point": self.point, "expected": point.code, "presence": self.presence });
            flags.push(Flagged::with(Flag::OtherCode, detail));
        }
        if inspection.visits.iter().filter(|visit| visit.point == self.point).count() >= MOST_AGAIN {
            return Err(Refusal::TooManyEntries);
        }
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        inspection.visits.push(PointVisit { op, point: self.point, presence: self.presence, proved, by, at });
        inspection.begin(context);
        inspection.takes_part(by);
        Ok(Decision::flagged(inspection, flags))
    }
}

/// Answers one item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerItem {
    /// The point; absent if there are no points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// The answer.
    pub value: AnswerValue,
    /// What there is to say about it; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for AnswerItem {
    type Record = Inspection;

    fn example() -> Self {
        let note = Some("Drips at the flange".into());
        Self { point: None, item: "leaks".into(), value: AnswerValue::Fail, note }
    }

    fn check(&self, check: &mut Check) {
        self.check_at(check, "");
    }

    fn needs(&self, record: Option<&Inspection>, actor: &Actor) -> Vec<Need> {
        let Some(inspection) = record else { return Vec::new() };
        let mut needs = inspection.form_needs();
        if matches!(self.value, AnswerValue::Number { .. }) {
            needs.extend(inspection.spot_of(self.point.as_deref()).asset.map(Need::record));
        }
        if matches!(inspection.state, InspectionState::Finished { .. }) {
            let here = (self.point.as_deref(), self.item.as_str());
            needs.extend(fault::needs(inspection, Some(here), actor));
        }
        needs
    }
}

impl Change for AnswerItem {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let overtaken = addition(&inspection, context)?;
        let mut flags = flags(overtaken);
        let template = form_of(&inspection, context)?.clone();
        flags.extend(inspection.note_answer(&template, &self, overtaken, context)?);
        inspection.begin(context);
        inspection.takes_part(context.actor.user);
        let mut also = inspection.count_in(&template, context, &mut flags)?;
        also.extend(self.reading(&inspection, &template, context, &mut flags)?);
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

impl AnswerItem {
    /// What a meter of the asset said, if that was asked: it is a reading like any other, and nobody types it again. Of an asset that is
    /// out of use nothing is taken.
    fn reading(
        &self,
        inspection: &Inspection,
        template: &Template,
        context: &Context<'_>,
        flags: &mut Vec<Flagged>,
    ) -> Result<Vec<Record>, Refusal> {
        let asked = template.form.item(&self.item).and_then(|(_, item)| Some((item.meter.clone()?, item.ask.unit()?)));
        let (AnswerValue::Number { milli }, Some((meter, unit))) = (&self.value, asked) else { return Ok(Vec::new()) };
        let there: Option<&Asset> =
            inspection.spot_of(self.point.as_deref()).asset.and_then(|id| context.related.get(id));
        let fits = |asset: &&Asset| {
            let in_use = !matches!(asset.service, Service::Retired { .. });
            in_use && asset.meter(&meter).is_some_and(|meter| meter.unit.trim() == unit.trim())
        };
        let Some(asset) = there.filter(fits) else { return Ok(Vec::new()) };
        let mut asset = asset.clone();
        let reading = RecordReading { meter, milli: *milli, order: inspection.order, note: self.note.clone() };
        let (reading, noticed) = asset.take_reading(reading, context)?;
        flags.extend(noticed);
        Ok(vec![asset.into(), reading.into()])
    }

    /// Notes what is wrong with an answer that stands there in a payload.
    pub(super) fn check_at(&self, check: &mut Check, pointer: &str) {
        check_place_at(check, pointer, self.point.as_deref(), Some(&self.item));
        self.value.check(check, &format!("{pointer}/value"));
        check.optional_text(&format!("{pointer}/note"), self.note.as_deref(), 2000);
    }
}

/// Notes an error for what can be no point or item.
pub(super) fn check_place(check: &mut Check, point: Option<&str>, item: Option<&str>) {
    check_place_at(check, "", point, item);
}

fn check_place_at(check: &mut Check, pointer: &str, point: Option<&str>, item: Option<&str>) {
    for (name, key) in [("point", point), ("item", item)] {
        if let Some(key) = key {
            check_key(check, &format!("{pointer}/{name}"), key);
        }
    }
}

/// The form that an inspection is filled in with.
pub(super) fn form_of<'a>(inspection: &Inspection, context: &'a Context<'_>) -> Result<&'a Template, Refusal> {
    context.related.get(inspection.template).ok_or(Refusal::BadReference { pointer: "/template".into() })
}

/// The item, if it is asked at that point.
pub(super) fn asked<'t>(
    inspection: &Inspection,
    template: &'t Template,
    point: Option<&str>,
    item: &str,
) -> Result<&'t FormItem, Refusal> {
    let unknown = |pointer: &str| Refusal::BadReference { pointer: pointer.into() };
    let (section, item) = template.form.item(item).ok_or_else(|| unknown("/item"))?;
    match point {
        None if inspection.points.is_empty() => Ok(item),
        None => Err(unknown("/point")),
        Some(key) => {
            let point = inspection.point(key).ok_or_else(|| unknown("/point"))?;
            let here = point.sections.is_empty() || point.sections.contains(&section.key);
            if here { Ok(item) } else { Err(unknown("/item")) }
        }
    }
}

impl Inspection {
    /// Takes an answer to something that the form asks, and keeps the findings in step.
    pub(super) fn note_answer(
        &mut self,
        template: &Template,
        answer: &AnswerItem,
        overtaken: Option<Flag>,
        context: &Context<'_>,
    ) -> Result<Option<Flagged>, Refusal> {
        let point = answer.point.as_deref();
        let item = asked(self, template, point, &answer.item)?;
        let Some(meaning) = item.ask.verdict(&answer.value) else {
            let (pointer, code) = ("/value".into(), "wrong_type".into());
            let error = FieldError { pointer, code, detail: item.ask.expects().into() };
            return Err(Refusal::Invalid { errors: vec![error] });
        };
        let flag = self.take(answer, overtaken, context)?;
        fault::note(self, template, point, item, meaning);
        Ok(flag)
    }

    /// Puts an answer beside those that there are. Nothing is overwritten: if two people who did not know of each other said
    /// different things, both are kept, the later arrival is shown, and a person is asked.
    fn take(
        &mut self,
        answer: &AnswerItem,
        overtaken: Option<Flag>,
        context: &Context<'_>,
    ) -> Result<Option<Flagged>, Refusal> {
        let given = GivenAnswer {
            op: context.op,
            value: answer.value.clone(),
            note: answer.note.clone().filter(|note| !note.trim().is_empty()),
            by: context.actor.user,
            at: context.when.clone(),
            rev: context.rev,
            overtaken,
        };
        let is_this = |answers: &&mut ItemAnswers| answers.point == answer.point && answers.item == answer.item;
        let Some(answers) = self.answers.iter_mut().find(is_this) else {
            if self.answers.len() >= MOST_ANSWERS {
                return Err(Refusal::TooManyEntries);
            }
            let (point, item) = (answer.point.clone(), answer.item.clone());
            self.answers.push(ItemAnswers { point, item, given: vec![given] });
            return Ok(None);
        };
        if answers.given.len() >= MOST_AGAIN {
            return Err(Refusal::TooManyEntries);
        }
        let unseen = answers.given.last().filter(|last| !context.saw(last.rev) && last.value != given.value);
        let flag = unseen.map(|last| {
            let first = json!({ "value": last.value, "by": last.by, "op": last.op });
            let detail = json!({ "point": answer.point, "item": answer.item, "first": first, "then": given.value });
            Flagged::with(Flag::AnsweredTwice, detail)
        });
        answers.given.push(given);
        Ok(flag)
    }
}

/// A photo of an item, a point, or the whole; also of the written authority of a delegate (role `document`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddInspectionPhoto {
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The photo.
    #[serde(flatten)]
    pub photo: NewPhoto,
}

impl Payload for AddInspectionPhoto {
    type Record = Inspection;

    fn example() -> Self {
        let photo = NewPhoto { role: PhotoRole::Damage, caption: Some("Drips here".into()), ..NewPhoto::example() };
        Self { point: None, item: Some("leaks".into()), photo }
    }

    fn check(&self, check: &mut Check) {
        check_place(check, self.point.as_deref(), self.item.as_deref());
        self.photo.check(check);
    }

    fn photo(&self) -> Option<&NewPhoto> {
        Some(&self.photo)
    }

    fn needs(&self, record: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        let form = record.map(Inspection::form_needs).unwrap_or_default();
        form.into_iter().chain([Need::Arrival(self.photo.blob.sha256)]).collect()
    }
}

impl Change for AddInspectionPhoto {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let mut flags = flags(afterthought(&inspection, context)?);
        let template = form_of(&inspection, context)?.clone();
        if let Some(item) = &self.item {
            asked(&inspection, &template, self.point.as_deref(), item)?;
        } else if self.point.as_deref().is_some_and(|point| inspection.point(point).is_none()) {
            return Err(Refusal::BadReference { pointer: "/point".into() });
        }
        photo::add(&mut inspection.photos, self.photo, context)?;
        if self.item.is_some() || self.point.is_some() {
            inspection.photo_of.push(PhotoOf { photo: context.op, point: self.point, item: self.item });
        }
        inspection.takes_part(context.actor.user);
        let also = inspection.count_in(&template, context, &mut flags)?;
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

/// The bytes of photos are here, and were looked at. The server's own doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettleInspectionPhotos {
    /// Whose bytes.
    pub sha256: Digest,
    /// What became of them.
    pub arrival: Arrival,
}

impl Payload for SettleInspectionPhotos {
    type Record = Inspection;

    fn example() -> Self {
        let like: crate::work_order::photos::SettlePhotos = Payload::example();
        Self { sha256: like.sha256, arrival: like.arrival }
    }

    fn check(&self, check: &mut Check) {
        self.arrival.check(check);
    }
}

impl Change for SettleInspectionPhotos {
    fn decide(self, mut inspection: Inspection, _: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        photo::settle(&mut inspection.photos, self.sha256, &self.arrival);
        Ok(inspection.into())
    }
}
