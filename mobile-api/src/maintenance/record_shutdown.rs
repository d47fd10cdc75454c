//! What came of a shutdown (记录): what, when, parts replaced, main cause, result after running.

use serde::{Deserialize, Serialize};

use super::{
    Shutdown, ShutdownStep,
    standing::{done_already, withdrawn},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::Organisation,
    ids::Id,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flagged, Refusal},
    work_order::{Running, WorkOrder},
};

/// What came of it. Of a shutdown for an order only the note is its own: cause, parts and running stand on the order, and in the asset's
/// maintenance record from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShutdownResult {
    /// The main cause, by its code in the organisation's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_cause: Option<String>,
    /// How it runs; absent if the order says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Parts that were replaced, in words; absent if the order says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who says so, and when.
    pub step: ShutdownStep,
}

/// Records what came of a shutdown, once everything runs again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordShutdown {
    /// The main cause, by its code in the organisation's catalogue; not for an order, which says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_cause: Option<String>,
    /// How it runs; needed, unless it is for an order, which says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Parts that were replaced, in words; at most 2,000 characters; not for an order, which says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// What else there is to say; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for RecordShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self {
            main_cause: Some("wear".into()),
            running: Some(Running::Normal),
            parts: Some("Valve DN50".into()),
            note: None,
        }
    }

    fn check(&self, check: &mut Check) {
        if let Some(cause) = &self.main_cause {
            check.text("/main_cause", cause, 1..=60);
        }
        check.optional_text("/parts", self.parts.as_deref(), 2000);
        check.optional_text("/note", self.note.as_deref(), 2000);
    }

    fn needs(&self, record: Option<&Shutdown>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let order = record.and_then(|shutdown| shutdown.order).map(Need::record);
        [Need::record(firm)].into_iter().chain(order).collect()
    }
}

impl RecordShutdown {
    /// Whether all is said, and nothing that the order says.
    fn complete(&self, shutdown: &Shutdown, context: &Context<'_>) -> Result<(), Refusal> {
        let Some(order) = shutdown.order else {
            return if self.running.is_some() { self.known_cause(context) } else { Err(wrong("/running", "required")) };
        };
        for (pointer, said) in [
            ("/main_cause", self.main_cause.is_some()),
            ("/running", self.running.is_some()),
            ("/parts", self.parts.is_some()),
        ] {
            if said {
                return Err(wrong(pointer, "duplicate"));
            }
        }
        let order: Option<&WorkOrder> = context.related.get(order);
        match order {
            Some(order) if order.result.is_none() => {
                Err(Refusal::StillInUse { what: "the order does not say yet how it runs".into() })
            }
            _ => Ok(()),
        }
    }

    fn known_cause(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let known = |cause: &String| context.related.get(firm).is_some_and(|firm| firm.maintenance.knows(cause));
        // A cause that was struck out while the phone was away was one when it was chosen.
        if context.mode == Mode::Online && self.main_cause.as_ref().is_some_and(|cause| !known(cause)) {
            return Err(Refusal::BadReference { pointer: "/main_cause".into() });
        }
        Ok(())
    }
}

fn wrong(pointer: &str, code: &str) -> Refusal {
    let detail = match code {
        "required" => "how it runs",
        _ => "nothing: the order says it",
    };
    let error = crate::check::FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() };
    Refusal::Invalid { errors: vec![error] }
}

impl Change for RecordShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        let overtaken = match withdrawn(&shutdown, context)? {
            Some(flag) => Some(flag),
            None => done_already(&shutdown, context, shutdown.result.is_some())?,
        };
        if overtaken.is_none() {
            if shutdown.restored.is_none() {
                return Err(Refusal::ShutdownStep { status: shutdown.status() });
            }
            self.complete(&shutdown, context)?;
        }
        shutdown.log(context, "record", self.note.as_deref(), overtaken)?;
        if overtaken.is_none() {
            let RecordShutdown { main_cause, running, parts, note } = self;
            let step = ShutdownStep::new(context);
            shutdown.result = Some(ShutdownResult { main_cause, running, parts, note, step });
        }
        let flags: Vec<Flagged> = overtaken.map(Flagged::from).into_iter().collect();
        Ok(Decision::flagged(shutdown, flags))
    }
}
