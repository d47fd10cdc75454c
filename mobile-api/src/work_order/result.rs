//! What was the matter, and how it runs since: what the asset's maintenance record says of an order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{WorkOrder, standing};
use crate::{
    actor::Actor,
    check::Check,
    directory::Organisation,
    evidence::When,
    ids::{Id, UserId},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::Refusal,
};

/// How a thing runs after the work (试运行结果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// As it should.
    Normal,
    /// It runs, but something remains.
    Restricted,
    /// It does not run.
    NotRunning,
}

/// What was the matter, and how it runs since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkResult {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The main cause, by its code in the organisation's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_cause: Option<String>,
    /// How it runs.
    pub running: Running,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who says so.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Records the main cause and how it runs since. Said again, the later word stands; both remain in the order's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordResult {
    /// The main cause, by its code in the organisation's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_cause: Option<String>,
    /// How it runs.
    pub running: Running,
    /// What else there is to say; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for RecordResult {
    type Record = WorkOrder;

    fn example() -> Self {
        let note = Some("Ten trips without a fault".into());
        Self { main_cause: Some("wear".into()), running: Running::Normal, note }
    }

    fn check(&self, check: &mut Check) {
        if let Some(cause) = &self.main_cause {
            check.text("/main_cause", cause, 1..=60);
        }
        check.optional_text("/note", self.note.as_deref(), 1000);
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        vec![Need::record(firm)]
    }
}

impl Change for RecordResult {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = standing::contribution(&order, context)?;
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let known = |cause: &String| context.related.get(firm).is_some_and(|firm| firm.maintenance.knows(cause));
        // A cause that was struck out while the phone was away was one when it was chosen.
        if context.mode == Mode::Online && self.main_cause.as_ref().is_some_and(|cause| !known(cause)) {
            return Err(Refusal::BadReference { pointer: "/main_cause".into() });
        }
        order.log(context, "record_result", self.note.as_deref(), overtaken)?;
        let result = WorkResult {
            op: context.op,
            main_cause: self.main_cause,
            running: self.running,
            note: self.note,
            by: context.actor.user,
            at: context.when.clone(),
        };
        // Who was overtaken adds what nobody else has said.
        if overtaken.is_none() || order.result.is_none() {
            order.result = Some(result);
        }
        Ok(Decision::flagged(order, standing::flags(overtaken)))
    }
}
