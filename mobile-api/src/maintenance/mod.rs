//! Planned maintenance (维保计划): what is to be done to an asset before it fails, and what must stand still for it.
//!
//! A [`MaintenancePlan`] says when ([`Triggers`]: by calendar, by counter, by condition) and what; the server makes its orders ahead of
//! time, each once, by the rule of [`GeneratePlan`]. A [`Shutdown`] is work that stops water, power, gas, lifts or business: approved by
//! a manager, announced to everybody affected by [`ShutdownNotice`]s, carried out, lifted, recorded.

mod affected;
mod approve;
mod carry_out;
mod generate;
mod notice;
mod plan;
mod record_shutdown;
mod save;
mod shutdown;
mod shutdown_save;
mod standing;
mod status;
#[cfg(test)]
mod tests;
mod trigger;
mod withdraw;

pub use affected::{Affected, MOST_AFFECTED, Served};
pub use approve::{ApproveShutdown, GiveNotice, SendBackShutdown};
pub(crate) use carry_out::order_may_begin;
pub use carry_out::{AnnounceResumption, MeasureReady, RestoreShutdown, StartShutdown, WithdrawShutdown};
pub use generate::GeneratePlan;
pub use notice::{NoticeFor, NoticeRead, ReadNotice, ShutdownNotice};
pub use plan::{
    LastTurn, MadeTurn, MaintenancePlan, PlanEnd, PlanOf, PlannedJob, PlannedMeasure, SkipReason, SkippedTurn,
    Stoppage, TurnReason,
};
pub use record_shutdown::{RecordShutdown, ShutdownResult};
pub use save::PlanSave;
pub use shutdown::{
    Edition, EditionReason, EmergencyStart, Measure, MeasureKind, SentBack, Shutdown, ShutdownEntry, ShutdownStep,
    StopKind, WithdrawnShutdown,
};
pub use shutdown_save::{RescheduleShutdown, SetAffected, ShutdownSave};
pub use status::ShutdownStatus;
pub use trigger::{CalendarTrigger, ConditionTrigger, CounterTrigger, Triggers};
pub use withdraw::WithdrawPlan;
pub(crate) use withdraw::called_off_with;
