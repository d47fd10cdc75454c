//! A shutdown is written down; its times and whom it affects are changed.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Affected, EditionReason, Measure, PlannedMeasure, Shutdown, ShutdownNotice, ShutdownStatus, StopKind,
    approve::short_notice,
    notice::notices,
    plan::{check_measures, check_stops},
    shutdown::Particulars,
};
use crate::{
    actor::{Actor, Role},
    asset::Asset,
    check::Check,
    directory::Organisation,
    ids::{AssetId, Id, WorkOrderId},
    inspection::Assignee,
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    work_order::{Window, WorkOrder},
};

/// Writes a shutdown down, or changes one that nobody has approved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShutdownSave {
    /// The asset that is worked on; one that is not retired. A shutdown stays with its asset.
    pub asset: AssetId,
    /// The order whose work it is for, about this asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// What stands still; at least one.
    pub stops: Vec<StopKind>,
    /// From when until when.
    pub window: Window,
    /// What people are told; at most 2,000 characters.
    #[serde(default)]
    pub text: String,
    /// Whom it affects, if it is others than the asset serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<Affected>,
    /// What must be ready; at most 50.
    #[serde(default)]
    pub measures: Vec<PlannedMeasure>,
    /// Who carries it out, if it is for no order.
    #[serde(default)]
    pub assignee: Assignee,
}

impl Payload for ShutdownSave {
    type Record = Shutdown;

    fn example() -> Self {
        let from = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        Self {
            asset: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000080")),
            order: None,
            stops: vec![StopKind::Water],
            window: Window { from, until: from + chrono::Duration::hours(3) },
            text: "The riser is mended. Please fill a kettle before.".into(),
            affected: None,
            measures: vec![PlannedMeasure {
                kind: super::MeasureKind::Emergency,
                text: "A water cart at the gate".into(),
            }],
            assignee: Assignee::default(),
        }
    }

    fn check(&self, check: &mut Check) {
        check_stops(check, "/stops", &self.stops);
        check_window(check, self.window);
        check.text("/text", &self.text, 0..=2000);
        if let Some(affected) = &self.affected {
            affected.check(check, "/affected");
        }
        check_measures(check, "/measures", &self.measures);
    }

    fn needs(&self, record: Option<&Shutdown>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.asset)];
        needs.extend(self.order.map(Need::record));
        needs.extend(record.and_then(|shutdown| shutdown.order).map(Need::record));
        needs.extend(self.assignee.needs());
        match &self.affected {
            Some(affected) => needs.extend(needs_of(affected)),
            None => needs.push(Need::ServedBy { asset: self.asset }),
        }
        needs
    }
}

/// Notes an error for a window that ends before it begins, or at once.
fn check_window(check: &mut Check, window: Window) {
    check.span("/window", window.from, window.until);
    if window.until == window.from {
        check.error("/window/until", "out_of_range", "after `from`");
    }
}

fn needs_of(affected: &Affected) -> impl Iterator<Item = Need> {
    affected.units.iter().copied().map(Need::record).chain(affected.teams.iter().copied().map(Need::record))
}

/// Whether all of them are of the shutdown's site.
fn known(affected: &Affected, asset: &Asset, context: &Context<'_>) -> Result<(), Refusal> {
    let related = context.related;
    let unit = |id| related.get(id).is_some_and(|unit: &crate::directory::Unit| unit.site == asset.site);
    let team = |id| {
        related.get(id).is_some_and(|team: &crate::directory::Team| team.site.is_none_or(|site| site == asset.site))
    };
    let missing = [
        ("units", affected.units.iter().position(|id| !unit(*id))),
        ("teams", affected.teams.iter().position(|id| !team(*id))),
    ];
    match missing.into_iter().find_map(|(what, at)| Some((what, at?))) {
        Some((what, at)) => Err(Refusal::BadReference { pointer: format!("/affected/{what}/{at}") }),
        None => Ok(()),
    }
}

impl ShutdownSave {
    fn check_references<'a>(&self, context: &'a Context<'_>) -> Result<&'a Asset, Refusal> {
        let bad = |pointer: &str| Refusal::BadReference { pointer: pointer.into() };
        let asset: &Asset = context.related.get(self.asset).ok_or_else(|| bad("/asset"))?;
        if !context.actor.covers_site(asset.site) {
            return Err(bad("/asset"));
        }
        if asset.is_retired() {
            return Err(Refusal::AssetRetired);
        }
        self.assignee.check(context)?;
        if let Some(affected) = &self.affected {
            known(affected, asset, context)?;
        }
        Ok(asset)
    }

    /// The order that it is for, linked to it.
    fn linked(&self, id: Id<Shutdown>, context: &Context<'_>) -> Result<Option<WorkOrder>, Refusal> {
        let Some(order) = self.order else { return Ok(None) };
        let order: Option<&WorkOrder> = context.related.get(order);
        let usable = |order: &&WorkOrder| {
            order.asset == Some(self.asset)
                && !order.status().is_over()
                && order.shutdown.is_none_or(|other| other == id)
        };
        let order = order.filter(usable).ok_or(Refusal::BadReference { pointer: "/order".into() })?;
        Ok((order.shutdown != Some(id)).then(|| WorkOrder { shutdown: Some(id), ..order.clone() }))
    }
}

impl Save for ShutdownSave {
    fn decide(
        self,
        id: Id<Shutdown>,
        current: Option<Shutdown>,
        context: &Context<'_>,
    ) -> Result<Decision<Shutdown>, Refusal> {
        if let Some(shutdown) = &current
            && shutdown.status() != ShutdownStatus::Draft
        {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        let asset = self.check_references(context)?;
        let same = |shutdown: &Shutdown| {
            shutdown.asset == self.asset && (shutdown.order.is_none() || shutdown.order == self.order)
        };
        if current.as_ref().is_some_and(|shutdown| !same(shutdown)) {
            return Err(Refusal::BadReference { pointer: "/asset".into() });
        }
        let also: Vec<Record> = self.linked(id, context)?.map(Record::from).into_iter().collect();
        let affected = self.affected.unwrap_or_else(|| Affected::of(context.related.served.as_ref()));
        let known = current.as_ref().map(|shutdown| shutdown.measures.clone()).unwrap_or_default();
        let kept = |planned: PlannedMeasure| {
            let was = known.iter().find(|was| was.kind == planned.kind && was.text == planned.text);
            was.cloned().unwrap_or_else(|| Measure::from(planned))
        };
        let measures = self.measures.into_iter().map(kept).collect();
        let (stops, window, text, assignee) = (self.stops, self.window, self.text, self.assignee);
        let fresh = Shutdown::fresh(id, asset, Particulars { stops, window, text, affected, measures, assignee });
        let moved = current.as_ref().is_some_and(|before| before.window != window);
        let mut shutdown = match current {
            None => fresh,
            Some(before) => Shutdown {
                stops: fresh.stops,
                window: fresh.window,
                text: fresh.text,
                affected: fresh.affected,
                measures: fresh.measures,
                assignee: fresh.assignee,
                ..before
            },
        };
        shutdown.order = self.order;
        shutdown.changed_rev = context.rev;
        shutdown.log(context, "save", None, None)?;
        if moved {
            shutdown.tell_again(EditionReason::Changed, String::new(), context);
        }
        Ok(Decision { record: Some(shutdown), also, flags: Vec::new() })
    }
}

/// Moves a shutdown to other times. Who was told of the old ones is told of the new ones; later than the organisation promises, a person
/// is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RescheduleShutdown {
    /// From when until when.
    pub window: Window,
    /// Why; 1 to 1,000 characters. Those affected read it.
    pub reason: String,
}

impl Payload for RescheduleShutdown {
    type Record = Shutdown;

    fn example() -> Self {
        let from = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_607);
        let window = Window { from, until: from + chrono::Duration::hours(3) };
        Self { window, reason: "The part comes a week later".into() }
    }

    fn check(&self, check: &mut Check) {
        check_window(check, self.window);
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, _: Option<&Shutdown>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        vec![Need::record(firm)]
    }
}

impl Change for RescheduleShutdown {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.status() > ShutdownStatus::Ready {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        let (was, is) = (shutdown.window, self.window);
        // What a manager approved can be put off by the office, and not brought forward or made longer.
        if is.from < was.from || is.until - is.from > was.until - was.from {
            shutdown.may_be_changed(context)?;
        }
        shutdown.window = self.window;
        shutdown.changed_rev = context.rev;
        shutdown.log(context, "reschedule", Some(&self.reason), None)?;
        let short = short_notice(&shutdown, context).filter(|_| shutdown.told);
        let detail = |hours| json!({ "reason": self.reason, "hours": hours });
        let flags = short.map(|hours| Flagged::with(Flag::ShortNotice, detail(hours))).into_iter().collect();
        shutdown.tell_again(EditionReason::Changed, self.reason, context);
        Ok(Decision::flagged(shutdown, flags))
    }
}

impl Shutdown {
    /// What a manager approved is what was approved: only a manager makes it more than that.
    fn may_be_changed(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let manager = matches!(context.actor.role, Role::Manager | Role::Admin | Role::System);
        if self.approved.is_some() && !manager { Err(Refusal::Forbidden) } else { Ok(()) }
    }
}

/// Says whom a shutdown affects, if it is others than its asset serves. Who comes to it after notice was given is given notice too; who
/// was told in vain stays told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetAffected {
    /// Who, and why.
    pub affected: Affected,
}

impl Payload for SetAffected {
    type Record = Shutdown;

    fn example() -> Self {
        let unit = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000003"));
        let changed = Some("Only the flats on this riser".into());
        Self { affected: Affected { units: vec![unit], teams: vec![], changed } }
    }

    fn check(&self, check: &mut Check) {
        self.affected.check(check, "/affected");
    }

    fn needs(&self, record: Option<&Shutdown>, _: &Actor) -> Vec<Need> {
        let mut needs: Vec<Need> = needs_of(&self.affected).collect();
        let Some(shutdown) = record else { return needs };
        needs.push(Need::record(shutdown.asset));
        if !shutdown.editions.is_empty() {
            needs.extend(notices(shutdown, &self.affected).into_iter().map(|notice| Need::record(notice.id)));
        }
        needs
    }
}

impl Change for SetAffected {
    fn decide(self, mut shutdown: Shutdown, context: &Context<'_>) -> Result<Decision<Shutdown>, Refusal> {
        if shutdown.status() > ShutdownStatus::Ready {
            return Err(Refusal::ShutdownStep { status: shutdown.status() });
        }
        let asset: &Asset = context.related.get(shutdown.asset).ok_or(Refusal::NotFound)?;
        known(&self.affected, asset, context)?;
        let (was, is) = (&shutdown.affected, &self.affected);
        let left_out = was.units.iter().any(|unit| !is.units.contains(unit))
            || was.teams.iter().any(|team| !is.teams.contains(team));
        if left_out {
            shutdown.may_be_changed(context)?;
        }
        shutdown.log(context, "set_affected", self.affected.changed.as_deref(), None)?;
        shutdown.affected = self.affected;
        let mut also: Vec<Record> = Vec::new();
        if !shutdown.editions.is_empty() {
            // Who was affected once has theirs.
            let unknown = |notice: &ShutdownNotice| context.related.get(notice.id).is_none();
            also.extend(notices(&shutdown, &shutdown.affected).into_iter().filter(unknown).map(Record::from));
        }
        Ok(Decision { record: Some(shutdown), also, flags: Vec::new() })
    }
}
