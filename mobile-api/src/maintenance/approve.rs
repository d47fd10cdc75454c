//! A manager approves a shutdown or sends it back; those affected are given notice.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{EditionReason, SentBack, Shutdown, ShutdownStatus, ShutdownStep, notice::notices};
use crate::{
    actor::Actor,
    asset::{Asset, MaintenanceRules},
    check::Check,
    directory::Organisation,
    ids::Id,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// A manager approves. Also of one that began as an emergency, afterwards.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApproveShutdown {}

impl Payload for ApproveShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Shutdown>, _: &Actor) -> Vec<Need> {
        record.map(|shutdown| Need::record(shutdown.asset)).into_iter().collect()
    }
}

impl Change for ApproveShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.approved.is_some() || shutdown.withdrawn.is_some() {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        let asset: Option<&Asset> = context.related.get(shutdown.asset);
        if shutdown.started.is_none() && asset.is_some_and(Asset::is_retired) {
            return Err(Refusal::AssetRetired);
        }
        shutdown.approved = Some(ShutdownStep::new(context));
        shutdown.log(context, "approve", None, None)?;
        Ok(shutdown.into())
    }
}

/// A manager does not approve, or takes the approval back before it begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendBackShutdown {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for SendBackShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        Self { reason: "Not on the day of the examination; take the Tuesday".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for SendBackShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.status() > ShutdownStatus::Ready {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        (shutdown.approved, shutdown.told) = (None, false);
        shutdown.changed_rev = context.rev;
        shutdown.log(context, "send_back", Some(&self.reason), None)?;
        shutdown.sent_back.push(SentBack { reason: self.reason, step: ShutdownStep::new(context) });
        Ok(shutdown.into())
    }
}

/// The hours that the organisation promises those affected, if it begins sooner than that.
pub(super) fn short_notice(shutdown: &Shutdown, context: &Context<'_>) -> Option<u32> {
    let firm: Id<Organisation> = Id::new(context.actor.org);
    let rules: Option<&MaintenanceRules> = context.related.get(firm).map(|firm| &firm.maintenance);
    let hours = rules.map_or_else(|| MaintenanceRules::default().notice_hours, |rules| rules.notice_hours);
    (shutdown.window.from - context.received_at < Duration::hours(hours.into())).then_some(hours)
}

/// Gives notice to everybody affected: one notice for each unit and department.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GiveNotice {
    /// Why it cannot wait for as long as the organisation gives people; needed then, 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<String>,
}

impl Payload for GiveNotice {
    type Record = Shutdown;

    fn example() -> Self {
        Self { urgent: Some("The riser may burst".into()) }
    }

    fn check(&self, check: &mut Check) {
        if let Some(urgent) = &self.urgent {
            check.text("/urgent", urgent, 1..=1000);
        }
    }

    fn needs(&self, record: Option<&Shutdown>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let notices = record.map(|shutdown| notices(shutdown, &shutdown.affected)).unwrap_or_default();
        notices.into_iter().map(|notice| Need::record(notice.id)).chain([Need::record(firm)]).collect()
    }
}

impl Change for GiveNotice {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.status() == ShutdownStatus::Draft {
            return Err(Refusal::ShutdownNotApproved);
        }
        if shutdown.told || shutdown.restored.is_some() || shutdown.withdrawn.is_some() {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        let mut flags = Vec::new();
        if let Some(hours) = short_notice(&shutdown, context) {
            let Some(urgent) = &self.urgent else { return Err(Refusal::NoticeTooShort { hours }) };
            flags.push(Flagged::with(Flag::ShortNotice, json!({ "reason": urgent, "hours": hours })));
        }
        shutdown.log(context, "give_notice", self.urgent.as_deref(), None)?;
        let reason = if shutdown.editions.is_empty() { EditionReason::Planned } else { EditionReason::Changed };
        shutdown.tell(reason, String::new(), context);
        shutdown.told = true;
        // Who was given notice before it was sent back has theirs.
        let unknown = |notice: &super::ShutdownNotice| context.related.get(notice.id).is_none();
        let also = notices(&shutdown, &shutdown.affected).into_iter().filter(unknown).map(Into::into).collect();
        Ok(Decision { record: Some(shutdown), also, flags })
    }
}
