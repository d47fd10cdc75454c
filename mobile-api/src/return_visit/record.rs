//! A return visit as a record: who is to be called about which job, and what they said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MissedCall, survey::Survey};
use crate::{
    actor::Actor,
    evidence::When,
    ids::{
        AssetId, BuildingId, ComplaintId, CustomerId, OrderTypeId, ReturnVisitId, SiteId, UnitId, UserId, WorkOrderId,
    },
    operation::Context,
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
    work_order::Caller,
};

/// Most attempts, conversations, and surveys sent, each.
const MOST_ENTRIES: usize = 100;

/// What a customer says of a job afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnVisit {
    /// Its id, which follows from what it is about.
    pub id: ReturnVisitId,
    /// What it is about: a work order, or whatever else ends with a call.
    pub about: Ref,
    /// The human number of that, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What sort of job it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<OrderTypeId>,
    /// The site.
    pub site: SiteId,
    /// The building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// Where, in words.
    pub place: String,
    /// What was wrong.
    pub fault: String,
    /// Whom to ask for, and their number.
    pub contact: Caller,
    /// Who did the work: they do not ask how it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub technicians: Vec<UserId>,
    /// Whether somebody is called, and why.
    pub chosen: Chosen,
    /// 0 for the first, 1 for its follow-up, and so on.
    #[serde(default)]
    pub round: u32,
    /// The return visit that this one follows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ReturnVisitId>,
    /// When what it is about came to its end, or when it was opened as a follow-up.
    pub since: DateTime<Utc>,
    /// By when somebody is to have called.
    pub due_by: DateTime<Utc>,
    /// Not before this is the next call wanted, whenever the customer rests.
    pub wanted_at: DateTime<Utc>,
    /// When to call next, outside of the customer's rest; none when it is over, or where their rest leaves no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<DateTime<Utc>>,
    /// How.
    pub way: Way,
    /// Whose it is to call, if somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Everybody whose it ever was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<UserId>,
    /// The last time that somebody was told that nobody called in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedCall>,
    /// Attempts in vain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the customer said; the first one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// The survey by link, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
    /// Whether survey and call contradict each other.
    #[serde(default)]
    pub disagrees: bool,
    /// Where it stands.
    pub state: VisitState,
}

/// Whether somebody is called, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// A member: always.
    Member,
    /// Drawn from all jobs of this sort.
    Drawn,
    /// A customer who was not content is called until it is settled.
    FollowUp,
    /// What ended is always followed by a call.
    Always,
    /// They answered the survey, and were not content.
    Survey,
    /// Not drawn: nobody calls.
    NotDrawn,
    /// There is nobody to call: found on patrol, without a number.
    Nobody,
}

/// How a customer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By telephone.
    Call,
    /// At their door (上门回访).
    Home,
    /// They called or came themselves.
    Themselves,
}

/// Where a return visit stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum VisitState {
    /// Somebody is to call.
    Waiting,
    /// Nobody is to call.
    NotChosen,
    /// The customer said what they think.
    Answered {
        /// The operation with the answer that counts.
        op: Uuid,
        /// When.
        at: When,
    },
    /// Nobody could be reached, as often as the organisation tries.
    Unreachable {
        /// Since when.
        at: When,
    },
}

/// The state without its data, for lists and filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VisitStatus {
    /// Somebody is to call.
    Waiting,
    /// Nobody is to call.
    NotChosen,
    /// The customer said what they think.
    Answered,
    /// Nobody could be reached.
    Unreachable,
}

impl VisitStatus {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            VisitStatus::Waiting => "waiting",
            VisitStatus::NotChosen => "not_chosen",
            VisitStatus::Answered => "answered",
            VisitStatus::Unreachable => "unreachable",
        }
    }
}

impl std::str::FromStr for VisitStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use VisitStatus::{Answered, NotChosen, Unreachable, Waiting};
        let all = [Waiting, NotChosen, Answered, Unreachable];
        all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| format!("unknown status `{text}`"))
    }
}

/// What a customer thinks of a job, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Satisfaction {
    /// 满意.
    Satisfied,
    /// 一般.
    Fair,
    /// 不满意.
    Dissatisfied,
}

impl Satisfaction {
    /// All of them, the best first.
    pub const ALL: [Satisfaction; 3] = [Satisfaction::Satisfied, Satisfaction::Fair, Satisfaction::Dissatisfied];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Satisfaction::Satisfied => "satisfied",
            Satisfaction::Fair => "fair",
            Satisfaction::Dissatisfied => "dissatisfied",
        }
    }
}

impl std::str::FromStr for Satisfaction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Satisfaction::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| format!("unknown answer `{text}`"))
    }
}

/// Scores from 1 to 5 by the codes of the script.
pub type Scores = BTreeMap<String, u8>;

/// An attempt to reach the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// The operation.
    pub op: Uuid,
    /// How.
    pub way: Way,
    /// Why it came to nothing.
    pub reason: Unreached,
    /// Whether it counts as one of those after which it is given up.
    pub counts: bool,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who tried.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Why a customer was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unreached {
    /// Nobody answered, or nobody was at home.
    NoAnswer,
    /// Busy.
    Busy,
    /// Switched off, or no such number.
    NotInService,
    /// It is somebody else's number.
    WrongNumber,
    /// They answered and would not speak.
    Refused,
    /// They answered and asked to be called another time: this does not count.
    Later,
}

/// What a customer said in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// The operation.
    pub op: Uuid,
    /// How they were asked.
    pub way: Way,
    /// Who answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their answer in one word.
    pub satisfaction: Satisfaction,
    /// Why, by the codes of the organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Scores from 1 to 5.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub scores: Scores,
    /// What they said to further questions, by their codes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<String, String>,
    /// What they suggest, and anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestions: Option<String>,
    /// Which wording of the rules the script was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<u32>,
    /// What it led to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Opened>,
    /// Who asked.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// What an answer led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Opened {
    /// They are called again.
    FollowUp {
        /// The next return visit.
        visit: ReturnVisitId,
    },
    /// The work is done again.
    Rework {
        /// The order.
        order: WorkOrderId,
        /// Whether it was under way already.
        #[serde(default)]
        joined: bool,
    },
    /// They complain.
    Complaint {
        /// The complaint.
        complaint: ComplaintId,
    },
}

impl ReturnVisit {
    /// Where it stands.
    pub fn status(&self) -> VisitStatus {
        match self.state {
            VisitState::Waiting => VisitStatus::Waiting,
            VisitState::NotChosen => VisitStatus::NotChosen,
            VisitState::Answered { .. } => VisitStatus::Answered,
            VisitState::Unreachable { .. } => VisitStatus::Unreachable,
        }
    }

    /// The answer that counts.
    pub fn answer(&self) -> Option<&Answer> {
        self.answers.first()
    }

    /// Whether somebody is still to call.
    pub fn is_waiting(&self) -> bool {
        self.state == VisitState::Waiting
    }

    /// How many attempts count.
    pub(super) fn in_vain(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.counts).count()
    }

    pub(super) fn push<T>(list: &mut Vec<T>, entry: T) -> Result<(), Refusal> {
        if list.len() >= MOST_ENTRIES {
            return Err(Refusal::TooManyEntries);
        }
        list.push(entry);
        Ok(())
    }

    /// Whether a technician may speak with this customer: it is theirs, or was when they set out.
    pub(super) fn hands(&self, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
        let user = context.actor.user;
        if !context.by_technician() || self.assignee == Some(user) {
            return Ok(None);
        }
        if self.given.contains(&user) { Ok(Some(Flag::ReassignedMeanwhile.into())) } else { Err(Refusal::NotAssigned) }
    }
}

impl RecordType for ReturnVisit {
    const KIND: Kind = Kind::ReturnVisit;

    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role.is_office() {
            true => actor.covers_site(self.site),
            false => self.assignee == Some(actor.user),
        }
    }

    /// Whoever goes to the door has it on their phone, with the customer, until it is over.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        let Some(assignee) = self.assignee.filter(|_| self.is_waiting() && self.way == Way::Home) else {
            return Vec::new();
        };
        let own = Some(Ref::new(Self::KIND, self.id));
        let unit = self.unit.map(|unit| Ref::new(Kind::Unit, unit));
        let building = self.building.map(|building| Ref::new(Kind::Building, building));
        let customer = self.customer.map(|customer| Ref::new(Kind::Customer, customer));
        let site = Some(Ref::new(Kind::Site, self.site));
        let all = [own, unit, building, customer, site].into_iter().flatten();
        all.map(|record| Reach { scope: Scope::User(assignee.uuid()), record }).collect()
    }
}
