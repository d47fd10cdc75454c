//! A shutdown is carried out: measures are made ready, it begins, everything runs again, those affected hear of it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    EditionReason, EmergencyStart, Shutdown, ShutdownStatus, ShutdownStep,
    shutdown::MOST_MEASURES,
    standing::{changed_unseen, done_already, withdrawn},
};
use crate::{
    actor::Actor,
    asset::{Asset, retired},
    check::Check,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
    work_order::WorkOrder,
};

fn flags(overtaken: Option<Flag>) -> Vec<Flagged> {
    overtaken.map(Flagged::from).into_iter().collect()
}

/// Says that something that must be there is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeasureReady {
    /// Which, counted from 0.
    pub measure: u32,
}

impl Payload for MeasureReady {
    type Record = Shutdown;

    fn example() -> Self {
        Self { measure: 0 }
    }

    fn check(&self, check: &mut Check) {
        check.number("/measure", self.measure.into(), 0..=MOST_MEASURES as i64 - 1);
    }
}

impl Change for MeasureReady {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        let overtaken = withdrawn(&shutdown, context)?;
        let at = usize::try_from(self.measure).unwrap_or(usize::MAX);
        let measure = shutdown.measures.get(at).ok_or(Refusal::BadReference { pointer: "/measure".into() })?;
        let (text, is_ready) = (measure.text.clone(), measure.ready.is_some());
        let overtaken = overtaken.or(done_already(&shutdown, context, is_ready)?);
        shutdown.log(context, "measure_ready", Some(&text), overtaken)?;
        if let Some(measure) = shutdown.measures.get_mut(at).filter(|_| overtaken.is_none()) {
            measure.ready = Some(ShutdownStep::new(context));
        }
        Ok(Decision::flagged(shutdown, flags(overtaken)))
    }
}

/// It stands still from now on. Only once it is approved, announced and ready, and not before its time – unless it is an emergency,
/// which a person is told of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartShutdown {
    /// Why it cannot wait for what is missing; 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
}

impl Payload for StartShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self { emergency: Some("The riser has burst".into()) }
    }

    fn check(&self, check: &mut Check) {
        if let Some(emergency) = &self.emergency {
            check.text("/emergency", emergency, 1..=1000);
        }
    }

    fn needs(&self, record: Option<&Shutdown>, _: &Actor) -> Vec<Need> {
        record.map(|shutdown| Need::record(shutdown.asset)).into_iter().collect()
    }
}

impl Change for StartShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        let overtaken = match withdrawn(&shutdown, context)? {
            Some(flag) => Some(flag),
            None => done_already(&shutdown, context, shutdown.started.is_some() || shutdown.restored.is_some())?,
        };
        if let Some(flag) = overtaken {
            shutdown.log(context, "start", self.emergency.as_deref(), Some(flag))?;
            return Ok(Decision::flagged(shutdown, flags(Some(flag))));
        }
        let asset: Option<&Asset> = context.related.get(shutdown.asset);
        let mut noticed: Vec<Flagged> =
            asset.map(|asset| retired(asset, context)).transpose()?.flatten().into_iter().collect();
        let lacked = shutdown.may_begin(context.when.latest).err();
        match (&lacked, &self.emergency) {
            (None, _) => {}
            (Some(lacked), Some(reason)) => {
                let detail = json!({ "reason": reason, "lacked": lacked.code() });
                noticed.push(Flagged::with(Flag::EmergencyShutdown, detail));
            }
            (Some(lacked), None) if changed_unseen(&shutdown, context) => {
                let detail = json!({ "window": shutdown.window, "lacked": lacked.code() });
                noticed.push(Flagged::with(Flag::ShutdownChangedMeanwhile, detail));
            }
            (Some(lacked), None) => return Err(lacked.clone()),
        }
        shutdown.log(context, "start", self.emergency.as_deref(), None)?;
        let lacked = lacked.map(|lacked| lacked.code().to_owned());
        shutdown.emergency = self.emergency.map(|reason| EmergencyStart { reason, lacked });
        shutdown.started = Some(ShutdownStep::new(context));
        Ok(Decision::flagged(shutdown, noticed))
    }
}

/// Everything runs again, and the measures are lifted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreShutdown {
    /// What else there is to say; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for RestoreShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self { note: Some("The water may be brown for a minute".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/note", self.note.as_deref(), 1000);
    }
}

impl Change for RestoreShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        let overtaken = match withdrawn(&shutdown, context)? {
            Some(flag) => Some(flag),
            None => done_already(&shutdown, context, shutdown.restored.is_some())?,
        };
        if overtaken.is_none() && shutdown.started.is_none() {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        shutdown.log(context, "restore", self.note.as_deref(), overtaken)?;
        if overtaken.is_none() {
            shutdown.restored = Some(ShutdownStep::new(context));
        }
        Ok(Decision::flagged(shutdown, flags(overtaken)))
    }
}

/// Tells everybody affected that it runs again (恢复通知).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnounceResumption {
    /// What else they should know; at most 2,000 characters.
    #[serde(default)]
    pub text: String,
}

impl Payload for AnnounceResumption {
    type Record = Shutdown;

    fn example() -> Self {
        Self { text: "Let the taps run for a minute".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 0..=2000);
    }
}

impl Change for AnnounceResumption {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.status() != ShutdownStatus::Restored {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        shutdown.log(context, "announce", None, None)?;
        shutdown.tell_again(EditionReason::Resumed, self.text, context);
        shutdown.announced = Some(ShutdownStep::new(context));
        Ok(shutdown.into())
    }
}

/// It will not be. Those who were told of it are told so, and its order may begin without it. One that has begun is carried out to its
/// end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawShutdown {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for WithdrawShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self { reason: "It can be mended while the water runs".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&Shutdown>, _: &Actor) -> Vec<Need> {
        record.and_then(|shutdown| shutdown.order).map(Need::record).into_iter().collect()
    }
}

impl Change for WithdrawShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if !shutdown.is_not_begun() {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        shutdown.withdraw(&self.reason, context, context.rev);
        let order: Option<&WorkOrder> = shutdown.order.and_then(|order| context.related.get(order));
        let linked = order.filter(|order| order.shutdown == Some(shutdown.id));
        let also = linked.map(|order| WorkOrder { shutdown: None, ..order.clone() }.into()).into_iter().collect();
        Ok(Decision { record: Some(shutdown), also, flags: Vec::new() })
    }
}

/// What is to be said of work that begins on an order whose shutdown may not: a refusal for whoever can still wait; for what has
/// happened a question, since the work was done.
///
/// # Errors
/// What the shutdown lacks.
pub(crate) fn order_may_begin(shutdown: &Shutdown, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
    if shutdown.started.is_some() {
        return Ok(None);
    }
    match shutdown.may_begin(context.when.latest) {
        Ok(()) => Ok(None),
        Err(lacked) if context.mode == Mode::Online || context.related.partial => Err(lacked),
        Err(lacked) => {
            let detail = json!({ "shutdown": shutdown.id, "lacked": lacked.code() });
            Ok(Some(Flagged::with(Flag::ShutdownNotAllowed, detail)))
        }
    }
}
