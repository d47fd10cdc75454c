//! The report of an inspection, to print: what was asked and answered, what was not in order and what became of it, photos and
//! signatures. Of an acceptance (验收) it is the sheet that the customer is given.

mod answers;
mod material;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use mobile_api::{
    directory::Label,
    inspection::{FailedItem, InspectionResult, InspectionSignature, InspectionState, SignerRole},
    photo::Photo,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) use self::material::Material;
use crate::{
    certificate::{signature::Ink, words::Words},
    language::Language,
    paper::{self, PdfError, Sheet},
};

/// A line with its label.
type Row = (String, String);

/// Prints the report. The same inspection gives the same bytes.
///
/// # Errors
/// The typesetter's; a photo that is no JPEG is one.
pub(super) fn print(
    material: &Material,
    pictures: Vec<(Photo, Bytes)>,
    language: Language,
) -> Result<Vec<u8>, PdfError> {
    let report = Report { material, words: Words { language, zone: material.zone } };
    let (mut files, mut photos) = (Vec::new(), Vec::new());
    for (at, (photo, jpeg)) in pictures.into_iter().enumerate() {
        let name = format!("photo-{at}.jpg");
        photos.push(json!({ "file": name, "label": report.shown_by(&photo), "caption": photo.caption }));
        files.push((name, jpeg.to_vec()));
    }
    let mut signatures = Vec::new();
    for (at, signature) in material.inspection.signatures.iter().enumerate() {
        let drawn = report.drawn(signature).map(|svg| (format!("signature-{at}.svg"), svg));
        signatures.push(report.signature(signature, drawn.as_ref().map(|(name, _)| name.as_str())));
        files.extend(drawn.map(|(name, svg)| (name, svg.into_bytes())));
    }
    let data = report.data(&photos, &signatures);
    let made = match &material.inspection.state {
        InspectionState::Finished { finished, .. } => finished.latest,
        _ => material.inspection.recorded.latest,
    };
    let ident = format!("inspection {}", material.inspection.id);
    paper::print(Sheet { template: include_str!("sheet.typ"), data, files, ident: &ident, made })
}

struct Report<'m> {
    material: &'m Material,
    words: Words,
}

impl Report<'_> {
    fn data(&self, photos: &[Value], signatures: &[Value]) -> Value {
        let inspection = &self.material.inspection;
        let (tone, result) = self.result();
        json!({
            "lang": self.words.language.tag(),
            "firm": self.material.firm,
            "title": self.label(&inspection.name),
            "kind": self.words.say("inspection-report"),
            "tone": tone,
            "result": result,
            "about": self.about(),
            "groups": self.groups(),
            "findings": { "title": self.words.say("inspection-findings"), "rows": self.findings() },
            "photos_title": self.words.say("inspection-photos"),
            "photos": photos,
            "signatures_title": self.words.say("inspection-signatures"),
            "signatures": signatures,
        })
    }

    fn label(&self, label: &Label) -> String {
        match self.words.language {
            Language::Chinese => label.zh.clone(),
            Language::English => label.en.clone(),
        }
    }

    fn name(&self, id: Uuid) -> String {
        self.material.names.get(&id).cloned().unwrap_or_else(|| "–".into())
    }

    /// Whether it is passed, and in words.
    fn result(&self) -> (&'static str, Vec<String>) {
        let words = &self.words;
        match &self.material.inspection.state {
            InspectionState::Planned => ("open", vec![words.say("inspection-planned")]),
            InspectionState::Running { .. } => ("open", vec![words.say("inspection-running")]),
            InspectionState::Void { reason, .. } => {
                ("open", vec![words.say_with("inspection-void", &[("reason", reason.clone())])])
            }
            InspectionState::Finished { result, .. } => {
                let (tone, said) =
                    if result.passed { ("good", "inspection-passed") } else { ("bad", "inspection-not-passed") };
                (tone, std::iter::once(words.say(said)).chain(self.figures(result)).collect())
            }
        }
    }

    fn figures(&self, result: &InspectionResult) -> Vec<String> {
        let points = result.percent.map(|percent| {
            let args = [
                ("points", result.points.to_string()),
                ("of", result.of.to_string()),
                ("percent", percent.to_string()),
            ];
            self.words.say_with("inspection-points", &args)
        });
        let counted = |id, count: usize| (count > 0).then(|| self.words.say_with(id, &[("count", count.to_string())]));
        let failed = counted("inspection-failed", result.failed as usize);
        let missing = counted("inspection-missing", result.missing.len());
        points.into_iter().chain(failed).chain(missing).collect()
    }

    /// Where, when, by whom and by which form.
    fn about(&self) -> Vec<Row> {
        let (inspection, premises, words) = (&self.material.inspection, &self.material.premises, &self.words);
        let place = [&premises.site, &premises.building, &premises.unit].into_iter().flatten().cloned();
        let place = place.collect::<Vec<_>>().join(" · ");
        let (started, finished) = match &inspection.state {
            InspectionState::Running { started } => (Some(started), None),
            InspectionState::Finished { started, finished, .. } => (Some(started), Some(finished)),
            InspectionState::Planned | InspectionState::Void { .. } => (None, None),
        };
        let proved = |when| {
            let (time, proof) = words.when(when);
            format!("{time}\n{proof}")
        };
        let due = inspection.due.map(|due| format!("{} – {}", words.instant(due.from), words.instant(due.until)));
        let people: Vec<String> = inspection.people.iter().map(|id| self.name(id.uuid())).collect();
        let version = [("name", self.label(&inspection.name)), ("version", self.material.version.to_string())];
        let rows = [
            ("inspection-place", Some(place)),
            ("inspection-address", premises.address.clone()),
            ("inspection-asset", self.material.asset.clone()),
            ("inspection-round", self.material.round.clone()),
            ("inspection-order", inspection.order.map(|id| self.name(id.uuid()))),
            ("inspection-complaint", inspection.complaint.map(|id| self.name(id.uuid()))),
            ("inspection-due", due),
            ("inspection-started", started.map(proved)),
            ("inspection-finished", finished.map(proved)),
            ("inspection-people", Some(people.join(", "))),
            ("inspection-form", Some(words.say_with("inspection-version", &version))),
        ];
        let said = |(id, text): (&str, Option<String>)| Some((words.say(id), text.filter(|text| !text.is_empty())?));
        rows.into_iter().filter_map(said).collect()
    }

    /// What is not in order, and what became of it.
    fn findings(&self) -> Vec<Row> {
        let became = |found: &FailedItem| match (found.cleared, found.order, found.complaint) {
            (true, ..) => self.words.say("inspection-cleared"),
            (_, Some(order), _) => {
                self.words.say_with("inspection-became-order", &[("number", self.name(order.uuid()))])
            }
            (_, _, Some(complaint)) => {
                self.words.say_with("inspection-became-complaint", &[("number", self.name(complaint.uuid()))])
            }
            _ => self.words.say("inspection-nothing-yet"),
        };
        let row = |found: &FailedItem| (self.place_of(found.point.as_deref(), Some(&found.item)), became(found));
        self.material.inspection.findings.iter().map(row).collect()
    }

    /// The point and the item, as people call them.
    fn place_of(&self, point: Option<&str>, item: Option<&str>) -> String {
        let point = point.map(|key| self.material.inspection.point(key).map_or(key, |point| &point.name).to_owned());
        let item =
            item.map(|key| self.material.form.item(key).map_or(key.to_owned(), |(_, item)| self.label(&item.text)));
        point.into_iter().chain(item).collect::<Vec<_>>().join(" · ")
    }

    /// What a photo belongs to.
    fn shown_by(&self, photo: &Photo) -> String {
        let of = self.material.inspection.photo_of.iter().find(|of| of.photo == photo.op);
        of.map(|of| self.place_of(of.point.as_deref(), of.item.as_deref())).unwrap_or_default()
    }

    /// What is said of a signature, with the file that it is drawn in.
    fn signature(&self, signature: &InspectionSignature, drawn: Option<&str>) -> Value {
        let words = &self.words;
        let role = match signature.role {
            SignerRole::Customer => "inspection-signer-customer",
            SignerRole::Delegate => "inspection-signer-delegate",
            SignerRole::Technician => "inspection-signer-technician",
        };
        let (time, proof) = words.when(&signature.at);
        let authority = signature.authority.map(|_| words.say("inspection-authority-photographed"));
        let otherwise = (!signature.differs.is_empty()).then(|| words.say("inspection-signed-otherwise"));
        let rows = [
            ("inspection-signer", Some(format!("{} · {}", signature.name, words.say(role)))),
            ("inspection-signed", Some(format!("{time}\n{proof}"))),
            ("inspection-opinion", signature.opinion.clone()),
            ("inspection-authority", authority),
            ("inspection-signed-what", otherwise),
            ("inspection-digest", Some(signature.digest.to_string())),
        ];
        let rows: Vec<Row> = rows.into_iter().filter_map(|(id, text)| Some((words.say(id), text?))).collect();
        json!({ "rows": rows, "picture": drawn, "missing": words.say("inspection-signature-untrue") })
    }

    /// The name as drawn; nothing if what is stored is not what was signed, or no writing.
    fn drawn(&self, signature: &InspectionSignature) -> Option<String> {
        let strokes = self.material.strokes.get(&signature.op)?;
        Some(Ink::of(strokes).ok()?.svg())
    }
}
