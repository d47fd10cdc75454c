//! The complaint as a record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ComplaintAlarm, ComplaintClocks, ComplaintRules, ComplaintState};
use crate::{
    calendar::WorkingHours,
    evidence::When,
    ids::{
        AssetId, ComplaintClassId, ComplaintId, CustomerId, InspectionId, SiteId, TeamId, UnitId, UserId, WorkOrderId,
    },
    money::Money,
    operation::Context,
    photo::Photo,
    refusal::Flag,
    signing::Digest,
    work_order::{Clock, Source},
};

/// What somebody complained of, and everything that was done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Complaint {
    /// Its id.
    pub id: ComplaintId,
    /// The human number, given by the server; one made on a phone has none until then.
    pub number: Option<String>,
    /// Where it was taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// How it came.
    pub channel: ComplaintChannel,
    /// Who complains.
    pub complainant: Complainant,
    /// What about.
    pub about: About,
    /// What they say.
    pub text: String,
    /// What they want.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// How grave it is.
    pub severity: Severity,
    /// When it was written down.
    pub recorded: When,
    /// Who wrote it down.
    pub recorded_by: UserId,
    /// What the organisation said about complaints when it was written down.
    pub rules: ComplaintRules,
    /// The hours in which its deadlines run; around the clock if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Where it stands.
    pub state: ComplaintState,
    /// The deadlines and what became of them.
    pub clocks: ComplaintClocks,
    /// Whom its deadlines were told to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<ComplaintAlarm>,
    /// Whether it is founded; the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// What the complainant said to an explanation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub understandings: Vec<Understanding>,
    /// The departments that were responsible; the last one is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<Department>,
    /// Who is to find out or do what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ComplaintTask>,
    /// Inspections that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surveys: Vec<Survey>,
    /// Each way from the investigation to the complainant's word, oldest first.
    pub rounds: Vec<Round>,
    /// That somebody looked after it meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<FollowedUp>,
    /// That it was reported back unsolved so often that the manager was told in writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Escalated>,
    /// Calls and visits after it was settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ReturnCall>,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Orders that were made for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OpenedOrder>,
    /// The earlier complaint that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<ComplaintId>,
    /// Later complaints that repeat it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated_by: Vec<ComplaintId>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ComplaintNote>,
    /// Photos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Technicians who have to do with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<UserId>,
    /// Every step in the order in which the server received it, those that came too late to move anything included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Step>,
    /// The complaint that this one turned out to be a duplicate of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ComplaintId>,
    /// Duplicates that were merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<MergedComplaint>,
}

/// How a complaint came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComplaintChannel {
    /// By telephone.
    Phone,
    /// At the desk.
    Desk,
    /// By app or web page.
    Online,
    /// In writing.
    Letter,
    /// Said to somebody at the door.
    Field,
    /// In a return visit (回访).
    ReturnVisit,
    /// In a survey of satisfaction.
    Survey,
    /// Through an authority or the press.
    Authority,
}

impl ComplaintChannel {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ComplaintChannel::Phone => "phone",
            ComplaintChannel::Desk => "desk",
            ComplaintChannel::Online => "online",
            ComplaintChannel::Letter => "letter",
            ComplaintChannel::Field => "field",
            ComplaintChannel::ReturnVisit => "return_visit",
            ComplaintChannel::Survey => "survey",
            ComplaintChannel::Authority => "authority",
        }
    }
}

/// Who complains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Complainant {
    /// Name; at most 200 characters. Empty if they would not say.
    pub name: String,
    /// Number; at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What a complaint is about. The site decides who in the office sees it; if absent it follows from what is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct About {
    /// An order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// A flat or room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// A site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// The customer who complains, or for whom somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// A person of the firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
    /// An asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
}

/// How grave a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As most are.
    Ordinary,
    /// A serious one (重大投诉): followed up again and again until it is settled, and called back at the door.
    Serious,
}

impl Severity {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Ordinary => "ordinary",
            Severity::Serious => "serious",
        }
    }
}

/// By which operation, whom and when something was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mark {
    /// The operation.
    pub op: Uuid,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
    /// Why it moved nothing, if it came too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

impl Mark {
    pub(super) fn of(context: &Context<'_>, overtaken: Option<Flag>) -> Self {
        Self { op: context.op, by: context.actor.user, at: context.when.clone(), overtaken }
    }
}

macro_rules! entries {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$field_doc:meta])* $field:ident: $type:ty, )* } )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name {
            $( $(#[$field_doc])* pub $field: $type, )*
            /// Who recorded it, and when.
            #[serde(flatten)]
            pub mark: Mark,
        }
    )+};
}

entries! {
    /// Whether it is founded.
    Judgement {
        /// Whether it is.
        founded: bool,
        /// What was said to the complainant, if it is not; otherwise why.
        explanation: String,
        /// Whether somebody has to go and see before anybody can say whose it is.
        needs_survey: bool,
    }
    /// What the complainant said to an explanation.
    Understanding {
        /// Their name.
        name: String,
        /// Whether they understand.
        understood: bool,
        /// In their words.
        words: Option<String>,
    }
    /// A department that is responsible: a team.
    Department {
        /// Which.
        team: TeamId,
        /// Why this one.
        reason: Option<String>,
        /// The revision that made it responsible.
        rev: u64,
        /// The revision that ended it.
        ended_rev: Option<u64>,
    }
    /// Something that somebody is to find out or do.
    ComplaintTask {
        /// What.
        what: String,
        /// Who.
        who: UserId,
        /// By when, and whether they kept to it.
        clock: Clock,
        /// What came of it.
        result: Option<TaskResult>,
    }
    /// What came of a task.
    TaskResult {
        /// In words.
        text: String,
    }
    /// What an investigation found.
    Found {
        /// Why it came to this, in a word or two.
        cause: Option<String>,
        /// What was found.
        text: String,
        /// Whose doing it was.
        person: Option<UserId>,
        /// The survey that it comes from.
        survey: Option<InspectionId>,
        /// The item of that survey.
        item: Option<String>,
    }
    /// A measure that somebody proposes.
    Proposal {
        /// What is to be done.
        text: String,
        /// What it would cost the firm.
        cost: Option<Money>,
    }
    /// The measure that a manager chose.
    Approved {
        /// The operation that proposed it.
        proposal: Uuid,
        /// What the manager adds.
        note: Option<String>,
    }
    /// That the measure was carried out.
    CarriedOut {
        /// What was done.
        text: String,
    }
    /// What the complainant says to the settlement.
    CustomersWord {
        /// Whether they accept it.
        accepted: bool,
        /// Their name.
        name: String,
        /// What they are to the household.
        relation: Option<String>,
        /// What they say of it: an opinion, or why not.
        words: Option<String>,
        /// How it was given.
        how: How,
        /// Parts of what they saw that differ from what the server held.
        differs: Vec<String>,
    }
    /// That somebody looked after it meanwhile.
    FollowedUp {
        /// How it stands.
        text: String,
        /// The deadline that this ended, with its verdict.
        clock: Option<Clock>,
    }
    /// That the manager was told in writing.
    Escalated {
        /// How often it had been reported back unsolved.
        reports: u32,
        /// What the complainant said last.
        words: String,
    }
    /// A call or visit after it was settled (回访).
    ReturnCall {
        /// How.
        how: super::CallHow,
        /// Whether somebody was reached.
        reached: bool,
        /// Whether they are satisfied; absent if nobody was reached.
        satisfied: Option<bool>,
        /// What they said.
        words: Option<String>,
    }
    /// What it came to.
    Summary {
        /// Its class.
        class: Option<ComplaintClassId>,
        /// Why it came to this.
        cause: String,
        /// In a few sentences.
        text: String,
    }
    /// An order that was made for it.
    OpenedOrder {
        /// The order.
        order: WorkOrderId,
    }
    /// A note.
    ComplaintNote {
        /// What.
        text: String,
    }
    /// A step in its history.
    Step {
        /// What was done: the verb of the operation.
        what: String,
        /// What it said in words that stand nowhere else.
        note: Option<String>,
    }
    /// An inspection that belongs to it.
    Survey {
        /// The inspection.
        inspection: InspectionId,
        /// What it came to, once it is done.
        result: Option<SurveyResult>,
    }
    /// What a survey came to.
    SurveyResult {
        /// Whether it was passed.
        passed: bool,
        /// How many items were not in order.
        failed: u32,
    }
}

/// How the complainant's word was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// Signed, for a [`ResolutionContent`](super::ResolutionContent) with this SHA-256. The strokes stay in the journal.
    Signed {
        /// Of its canonical JSON.
        digest: Digest,
    },
    /// Said, before a witness.
    Verbal {
        /// Who heard it.
        witness: String,
    },
    /// Said to whoever recorded it.
    Told,
}

/// One way from the investigation to the complainant's word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Round {
    /// What was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
    /// What was proposed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// What was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// What was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_out: Option<CarriedOut>,
    /// What the complainant said; the first that was not overtaken counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<CustomersWord>,
}

/// A duplicate that was merged into another complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergedComplaint {
    /// Its id, now an alias.
    pub id: ComplaintId,
    /// Its number.
    pub number: Option<String>,
    /// When it had been written down.
    pub recorded: DateTime<Utc>,
}
