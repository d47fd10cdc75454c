//! The inspection as a record.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    evaluate::{self, Given, InspectionResult, Judged, Lack},
    form::{AnswerValue, Ask, Form, FormItem, SignerRole},
};
use crate::{
    check::Check,
    directory::Label,
    evidence::{self, When},
    ids::{
        AssetId, BuildingId, ComplaintId, Id, InspectionId, OrderTypeId, RoundId, SiteId, TeamId, TemplateId, UnitId,
        UserId, WorkOrderId,
    },
    operation::Context,
    photo::Photo,
    refusal::{Flag, Refusal},
    signing::Digest,
    work_order::{Priority, Source, Window},
};

/// Most answers of one inspection, over all of its points: an inspection is one record, and what a phone sends after each tap
/// must stay small.
pub const MOST_ANSWERS: usize = 1000;

/// Most points of one round.
pub const MOST_POINTS: usize = 200;

/// Most answers that are kept to one item at one point, and most visits of one point.
pub(super) const MOST_AGAIN: usize = 20;

/// Most signatures.
pub(super) const MOST_SIGNATURES: usize = 20;

/// Most steps in the history of one.
const MOST_STEPS: usize = 500;

/// One carrying-out of a form: an acceptance, a visit to an empty flat, one turn of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspection {
    /// Its id.
    pub id: InspectionId,
    /// The version of the form that it is filled in with and judged by.
    pub template: TemplateId,
    /// What it is called: the form's name.
    pub name: Label,
    /// Where.
    pub spot: Spot,
    /// The round that it is a turn of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundId>,
    /// The order that it belongs to: an acceptance of its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// The complaint that it belongs to: a survey on site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// The points to visit, in order. None: all is asked in one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<RoundPoint>,
    /// When it is to be carried out; absent if nobody planned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Window>,
    /// Everybody it was ever given to; the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<InspectionAssignment>,
    /// The sorts of order that its failed items can become.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_types: Vec<OrderTypeId>,
    /// The inspection that it repeats, whose answers are shown beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<InspectionId>,
    /// When it was planned or begun.
    pub recorded: When,
    /// Who did so.
    pub recorded_by: UserId,
    /// Where it stands.
    pub state: InspectionState,
    /// Everybody who recorded something in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<UserId>,
    /// Who was at which point, when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<PointVisit>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<ItemAnswers>,
    /// Photos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Which photo belongs to which item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photo_of: Vec<PhotoOf>,
    /// Signatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<InspectionSignature>,
    /// What is not in order, and the order that it became.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FailedItem>,
    /// Where it was taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Since when it is noted that nobody carried it out in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<DateTime<Utc>>,
    /// Begun, finished, given to somebody else, those steps that came too late included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<LoggedStep>,
}

/// A place: a site, and as near as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spot {
    /// The site.
    pub site: SiteId,
    /// The building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
}

/// A place that a round visits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundPoint {
    /// Unique in the round; 1 to 60 characters.
    pub key: String,
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// The building, if it is another than the round's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// What is on its QR or NFC tag; 1 to 200 characters. Whoever scans it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The sections that are asked there; none: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
}

/// Notes an error for what can be no key of a point, section or item.
pub(super) fn check_key(check: &mut Check, pointer: &str, key: &str) {
    check.text(pointer, key, 1..=60);
}

impl RoundPoint {
    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/key"), &self.key, 1..=60);
        check.text(&format!("{pointer}/name"), &self.name, 1..=200);
        if let Some(code) = &self.code {
            check.text(&format!("{pointer}/code"), code, 1..=200);
        }
        check.count(&format!("{pointer}/sections"), self.sections.len(), 0..=super::form::MOST_SECTIONS);
        for (at, section) in self.sections.iter().enumerate() {
            check_key(check, &format!("{pointer}/sections/{at}"), section);
        }
    }
}

/// Who is to carry it out: a person, or whoever of a team comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignee {
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The team, if it is no particular person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InspectionAssignment {
    /// To whom.
    pub to: Assignee,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: When,
    /// The revision that made it.
    pub rev: u64,
    /// The revision that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_rev: Option<u64>,
}

/// Where an inspection stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum InspectionState {
    /// It is to be carried out.
    Planned,
    /// Somebody began.
    Running {
        /// When.
        started: When,
    },
    /// It is done.
    Finished {
        /// When it was begun.
        started: When,
        /// When it was finished.
        finished: When,
        /// By whom.
        by: UserId,
        /// The revision that said so.
        rev: u64,
        /// What it came to. What arrives later is counted in.
        result: InspectionResult,
    },
    /// It does not count.
    Void {
        /// When that was said.
        at: When,
        /// By whom.
        by: UserId,
        /// The revision that said so.
        rev: u64,
        /// Why.
        reason: String,
    },
}

/// Where an inspection stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InspectionStatus {
    /// It is to be carried out.
    Planned,
    /// Somebody began.
    Running,
    /// It is done.
    Finished,
    /// It does not count.
    Void,
}

impl InspectionStatus {
    /// Every status.
    pub const ALL: [InspectionStatus; 4] =
        [InspectionStatus::Planned, InspectionStatus::Running, InspectionStatus::Finished, InspectionStatus::Void];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            InspectionStatus::Planned => "planned",
            InspectionStatus::Running => "running",
            InspectionStatus::Finished => "finished",
            InspectionStatus::Void => "void",
        }
    }
}

impl std::str::FromStr for InspectionStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| format!("unknown status `{text}`"))
    }
}

/// Somebody was at a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointVisit {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The point.
    pub point: String,
    /// What proves it.
    pub presence: Presence,
    /// Whether the code was the point's.
    pub proved: bool,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// What proves that somebody was at a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Presence {
    /// A QR code was scanned.
    Qr {
        /// What it said; 1 to 200 characters.
        code: String,
    },
    /// An NFC tag was read.
    Nfc {
        /// What it said; 1 to 200 characters.
        code: String,
    },
    /// Nothing.
    None {
        /// Why, such as a tag that is torn off; 1 to 500 characters.
        reason: String,
    },
}

/// Everything that was answered to one item at one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemAnswers {
    /// The point; absent if there are no points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// The answers in the order in which they arrived; the last one counts. None is ever taken away.
    pub given: Vec<GivenAnswer>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GivenAnswer {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The answer.
    pub value: AnswerValue,
    /// What the person says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
    /// The revision that made it.
    pub rev: u64,
    /// Why it came too late, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

/// A photo of an item or a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoOf {
    /// The photo.
    pub photo: Uuid,
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// A signature. The strokes, and all that the signer saw, stay in the journal, with the operation of this id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InspectionSignature {
    /// The operation with the strokes.
    pub op: Uuid,
    /// Who signed, as what.
    pub role: SignerRole,
    /// Their name.
    pub name: String,
    /// What they say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// The photo of the written authority, if a delegate signed (委托书).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Uuid>,
    /// SHA-256 of the canonical JSON of what they saw.
    pub digest: Digest,
    /// Parts of what they saw that differ from what the server held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// When.
    pub at: When,
    /// Whose device it was.
    pub by: UserId,
}

/// An item that is not in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedItem {
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// The same question at the same place has the same fault, whoever asks and whenever.
    pub fault: Uuid,
    /// The sort of order that it becomes when the inspection is finished, and how urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub becomes: Option<(OrderTypeId, Priority)>,
    /// The order that it became, or was joined to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// Whether a later answer says that it is in order after all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
}

/// A step in the history of an inspection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedStep {
    /// The operation.
    pub op: Uuid,
    /// What was done: the verb of the operation.
    pub what: String,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: When,
    /// Why it moved nothing, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

impl FailedItem {
    /// What it is called beyond its inspection: the point, if there are points, and the item.
    pub(crate) fn key(&self) -> String {
        self.point.as_ref().map_or_else(|| self.item.clone(), |point| format!("{point}/{}", self.item))
    }
}

impl ItemAnswers {
    fn place(&self) -> (Option<&str>, &str) {
        (self.point.as_deref(), &self.item)
    }
}

impl Inspection {
    /// Where it stands.
    pub fn status(&self) -> InspectionStatus {
        match self.state {
            InspectionState::Planned => InspectionStatus::Planned,
            InspectionState::Running { .. } => InspectionStatus::Running,
            InspectionState::Finished { .. } => InspectionStatus::Finished,
            InspectionState::Void { .. } => InspectionStatus::Void,
        }
    }

    /// What it came to, once it is finished.
    pub fn result(&self) -> Option<&InspectionResult> {
        if let InspectionState::Finished { result, .. } = &self.state { Some(result) } else { None }
    }

    /// Who is to carry it out.
    pub fn assignee(&self) -> Assignee {
        self.assignments.last().map(|assignment| assignment.to).unwrap_or_default()
    }

    /// A point by its key.
    pub fn point(&self, key: &str) -> Option<&RoundPoint> {
        self.points.iter().find(|point| point.key == key)
    }

    /// Where a point is, as near as is known.
    pub fn spot_of(&self, point: Option<&str>) -> Spot {
        let Some(point) = point.and_then(|key| self.point(key)) else { return self.spot };
        Spot {
            site: self.spot.site,
            building: point.building.or(self.spot.building),
            unit: point.unit.or(self.spot.unit),
            asset: point.asset.or(self.spot.asset),
        }
    }

    /// Every asset that it looks at.
    pub fn assets(&self) -> Vec<AssetId> {
        let mut assets: Vec<AssetId> =
            self.points.iter().filter_map(|point| point.asset).chain(self.spot.asset).collect();
        assets.sort_unstable();
        assets.dedup();
        assets
    }

    /// What was answered to an item at a point.
    pub fn answers_to(&self, point: Option<&str>, item: &str) -> Option<&ItemAnswers> {
        self.answers.iter().find(|answers| answers.point.as_deref() == point && answers.item == item)
    }

    /// The answer that counts.
    pub fn answer_to(&self, point: Option<&str>, item: &str) -> Option<&GivenAnswer> {
        self.answers_to(point, item)?.given.last()
    }

    /// The points that were visited after the time in which they were due, and those that nobody visited.
    pub fn late_and_missed(&self) -> (Vec<&str>, Vec<&str>) {
        let first = |point: &RoundPoint| self.visits.iter().find(|visit| visit.point == point.key);
        let missed = self.points.iter().filter(|point| first(point).is_none()).map(|point| point.key.as_str());
        let is_late = |visit: &PointVisit| {
            self.due.is_some_and(|due| evidence::against(&visit.at, due.until) == evidence::Verdict::Late)
        };
        let late = self.points.iter().filter(|point| first(point).is_some_and(is_late));
        (late.map(|point| point.key.as_str()).collect(), missed.collect())
    }

    /// What there is to an item at a point.
    fn given<'a>(&self, point: Option<&str>, item: &FormItem, answer: Option<&'a GivenAnswer>) -> Given<'a> {
        let of_item = |of: &&PhotoOf| of.item.as_deref() == Some(&item.key) && of.point.as_deref() == point;
        let counts = |of: &PhotoOf| self.photos.iter().any(|photo| photo.op == of.photo && photo.void.is_none());
        let photos = self.photo_of.iter().filter(of_item).filter(|of| counts(of)).count();
        let signed = match item.ask {
            Ask::Signature { role } => self.signatures.iter().any(|signature| signature.role.serves(role)),
            _ => false,
        };
        Given {
            value: answer.map(|answer| &answer.value),
            photos: u32::try_from(photos).unwrap_or(u32::MAX),
            noted: answer.is_some_and(|answer| answer.note.is_some()),
            signed,
        }
    }

    /// What each item came to, at each point.
    pub fn judged(&self, form: &Form) -> Vec<Judged> {
        // An inspection may have a thousand answers: each is looked up by its place and not by reading all of them.
        let answers = self.answers.iter().filter_map(|answers| Some((answers.place(), answers.given.last()?)));
        let answers: HashMap<(Option<&str>, &str), &GivenAnswer> = answers.collect();
        let given = |point: Option<&'_ str>, item: &FormItem| {
            self.given(point, item, answers.get(&(point, item.key.as_str())).copied())
        };
        if self.points.is_empty() {
            return evaluate::evaluate(form, None, None, |item| given(None, item));
        }
        let at = |point: &RoundPoint| {
            let key = Some(point.key.as_str());
            evaluate::evaluate(form, Some(&point.sections), key, |item| given(key, item))
        };
        self.points.iter().flat_map(at).collect()
    }

    /// What it comes to as it stands.
    pub fn outcome(&self, form: &Form) -> InspectionResult {
        let mut result = InspectionResult::of(form, &self.judged(form));
        let (_, missed) = self.late_and_missed();
        let gap = |point: &str| evaluate::Gap { point: Some(point.into()), item: None, lacks: Lack::Visit };
        let with_code = missed.into_iter().filter(|key| self.point(key).is_some_and(|point| point.code.is_some()));
        result.missing.extend(with_code.map(gap));
        result
    }

    /// Writes a step into the history.
    pub(super) fn log(&mut self, context: &Context<'_>, what: &str, overtaken: Option<Flag>) -> Result<(), Refusal> {
        if self.timeline.len() >= MOST_STEPS {
            return Err(Refusal::TooManyEntries);
        }
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        self.timeline.push(LoggedStep { op, what: what.into(), by, at, overtaken });
        Ok(())
    }

    /// Notes that this person takes part.
    pub(super) fn takes_part(&mut self, user: Id<crate::directory::User>) {
        if !self.people.contains(&user) {
            self.people.push(user);
        }
    }
}
