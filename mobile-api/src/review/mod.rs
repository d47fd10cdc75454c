//! Reviews: questions for a person, opened whenever an operation could not simply be applied.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    actor::{Actor, Role},
    check::Check,
    evidence::When,
    ids::{ReviewId, SiteId, UserId},
    operation::{Change, Context, Decision, Payload},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::{Flagged, Problem, Refusal},
    time::Timestamp,
};

/// A question for a dispatcher: what to do about an operation that was flagged, held too long, or kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Its id; that of the operation it is about.
    pub id: ReviewId,
    /// The operation it is about.
    pub operation: Uuid,
    /// What sort of operation that was.
    pub operation_type: String,
    /// Who recorded it.
    pub by: UserId,
    /// The record concerned.
    pub about: Ref,
    /// The site of that record, which decides who sees the review.
    pub site: Option<SiteId>,
    /// What was noticed, if it was applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flagged>,
    /// Why it was not applied, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// The answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// How a review was closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// Who closed it.
    pub by: UserId,
    /// When.
    pub at: When,
    /// What was decided.
    pub decision: ReviewDecision,
    /// Why, in the person's words.
    pub note: String,
}

/// What a person may decide. Whatever the decision changes in a record is an operation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// It is right as it stands.
    Accepted,
    /// It was put right by another operation.
    Corrected,
    /// It stays recorded and has no effect.
    SetAside,
}

impl Review {
    /// Whether it concerns material alone, so that who keeps the stock may answer it: what was recorded in the ledger, or
    /// what was noticed of it when material was used.
    pub fn is_about_stock(&self) -> bool {
        let noticed = !self.flags.is_empty() && self.flags.iter().all(|flagged| flagged.flag.is_about_stock());
        noticed || self.operation_type.starts_with("stock_")
    }

    /// Whether it is for a manager to answer: whom it is told about may not close it.
    pub fn is_for_manager(&self) -> bool {
        self.flags.iter().any(|flagged| flagged.detail["to"] == "manager")
    }
}

impl RecordType for Review {
    const KIND: Kind = Kind::Review;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && self.site.is_none_or(|site| actor.covers_site(site))
    }

    fn reach(&self, _now: Timestamp) -> Vec<Reach> {
        if self.resolution.is_some() {
            return Vec::new();
        }
        let record = Ref::new(Kind::Review, self.id);
        let of_site = self.site.map(|site| Reach { scope: Scope::OfficeOf(site.uuid()), record });
        of_site.into_iter().chain([Reach { scope: Scope::Office, record }]).collect()
    }
}

/// Closes a review with a decision and its reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolve {
    /// What was decided.
    pub decision: ReviewDecision,
    /// Why; 1 to 2,000 characters.
    pub note: String,
}

impl Payload for Resolve {
    type Record = Review;

    fn example() -> Self {
        Self { decision: ReviewDecision::Accepted, note: "Spoke to the customer, the visit is billable.".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/note", &self.note, 1..=2000);
    }
}

impl Change for Resolve {
    fn decide(self, mut review: Review, context: &Context<'_>) -> Result<Decision<Review>, Refusal> {
        if review.resolution.is_some() {
            return Err(Refusal::StillInUse { what: "this review was resolved already".into() });
        }
        if context.actor.role == Role::Storekeeper && !review.is_about_stock() {
            return Err(Refusal::Forbidden);
        }
        if review.is_for_manager() && !matches!(context.actor.role, Role::Manager | Role::Admin | Role::System) {
            return Err(Refusal::Forbidden);
        }
        let by = context.actor.user;
        review.resolution = Some(Resolution { by, at: context.when.clone(), decision: self.decision, note: self.note });
        Ok(review.into())
    }
}
