//! A plan is written down, or changed.

use serde::{Deserialize, Serialize};

use super::{
    MaintenancePlan, PlannedJob, PlannedMeasure, StopKind, Stoppage, Triggers,
    generate::next_look,
    trigger::{CalendarTrigger, standings},
};
use crate::{
    actor::Actor,
    asset::{Asset, MeterKind},
    calendar::Recurrence,
    check::Check,
    directory::OrderType,
    ids::{AssetId, Id},
    inspection::{Assignee, Template},
    operation::{Context, Decision, Need, Payload, Save},
    refusal::Refusal,
    work_order::Priority,
};

/// Makes a plan or changes it. An order that is open stays as it is; the next one follows what the plan says then. A plan that had
/// stopped begins again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSave {
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// The asset; one that is not retired.
    pub asset: AssetId,
    /// What is to be done, and by whom.
    pub job: PlannedJob,
    /// When: a calendar, counters, conditions; any of them makes it due.
    pub triggers: Triggers,
}

impl Payload for PlanSave {
    type Record = MaintenancePlan;

    fn example() -> Self {
        let measure = |kind, text: &str| PlannedMeasure { kind, text: text.into() };
        let stoppage = Stoppage {
            stops: vec![StopKind::Lift],
            minutes: 120,
            text: "Lift 2 stands still for its half-yearly service".into(),
            measures: vec![
                measure(super::MeasureKind::Emergency, "A guard at the stairs, for who needs help"),
                measure(super::MeasureKind::Tool, "Rope gauge"),
                measure(super::MeasureKind::Part, "Door rollers, 2 sets"),
            ],
        };
        Self {
            name: "Lift 2, half-yearly service".into(),
            asset: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000080")),
            job: PlannedJob {
                order_type: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000010")),
                text: "Ropes, brake, door rollers; ten trips afterwards".into(),
                minutes: 90,
                within_hours: 24,
                priority: Priority::Normal,
                assignee: Assignee::default(),
                template: None,
                stoppage: Some(stoppage),
            },
            triggers: Triggers {
                calendar: Some(CalendarTrigger { recurrence: Recurrence::example(), ahead_days: 14 }),
                ..Triggers::default()
            },
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/job/text", &self.job.text, 1..=4000);
        check.number("/job/minutes", self.job.minutes.into(), 1..=10_080);
        check.number("/job/within_hours", self.job.within_hours.into(), 1..=2160);
        if let Some(stoppage) = &self.job.stoppage {
            stoppage.check(check, "/job/stoppage");
        }
        self.triggers.check(check, "/triggers");
    }

    fn needs(&self, record: Option<&MaintenancePlan>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.asset), Need::record(self.job.order_type)];
        needs.extend(self.job.template.map(Need::record));
        needs.extend(self.job.assignee.needs());
        needs.extend(record.map(|plan| Need::record(plan.asset)));
        needs
    }
}

impl PlanSave {
    fn check_references<'a>(&self, context: &'a Context<'_>) -> Result<&'a Asset, Refusal> {
        let related = context.related;
        let bad = |pointer: &str| Refusal::BadReference { pointer: pointer.into() };
        let asset: &Asset = related.get(self.asset).ok_or_else(|| bad("/asset"))?;
        if !context.actor.covers_site(asset.site) {
            return Err(bad("/asset"));
        }
        if asset.is_retired() {
            return Err(Refusal::AssetRetired);
        }
        let sort: Option<&OrderType> = related.get(self.job.order_type);
        sort.filter(|sort| sort.active).ok_or_else(|| bad("/job/order_type"))?;
        self.job.assignee.check(context)?;
        if let Some(template) = self.job.template {
            let template: Option<&Template> = related.get(template);
            template.filter(|template| template.is_published()).ok_or_else(|| bad("/job/template"))?;
        }
        for (pointer, code, counts) in self.triggers.meters() {
            let meter = asset.meter(code).ok_or_else(|| bad(&pointer))?;
            if counts && meter.kind != MeterKind::Counter {
                return Err(bad(&pointer));
            }
        }
        Ok(asset)
    }
}

impl Save for PlanSave {
    fn decide(
        self,
        id: Id<MaintenancePlan>,
        current: Option<MaintenancePlan>,
        context: &Context<'_>,
    ) -> Result<Decision<MaintenancePlan>, Refusal> {
        if current.as_ref().is_some_and(|plan| plan.withdrawn.is_some()) {
            return Err(Refusal::PlanWithdrawn);
        }
        let asset = self.check_references(context)?;
        let now = context.received_at;
        let PlanSave { name, asset: of, job, triggers } = self;
        let fresh = MaintenancePlan {
            id,
            name: name.clone(),
            asset: of,
            site: asset.site,
            job: job.clone(),
            triggers: triggers.clone(),
            turns: 0,
            dealt_until: None,
            open: None,
            last: None,
            counted_from: Default::default(),
            weighed_until: None,
            skipped: Vec::new(),
            skipped_count: 0,
            look_at: None,
            stopped: None,
            withdrawn: None,
        };
        let before = current.clone();
        let mut plan = match current {
            Some(plan) => MaintenancePlan { name, asset: of, site: asset.site, job, triggers, stopped: None, ..plan },
            None => fresh,
        };
        // Another timetable begins now: what the old one left undone is not made up for.
        let another = before.as_ref().is_none_or(|before| before.asset != plan.asset);
        let goes_on = |before: &MaintenancePlan| {
            before.triggers.calendar == plan.triggers.calendar && before.stopped.is_none() && !another
        };
        if !before.as_ref().is_some_and(goes_on) {
            // Of the same dates, those that were dealt with ahead of time are not dealt with again.
            let dates =
                |plan: &MaintenancePlan| plan.triggers.calendar.as_ref().map(|calendar| calendar.recurrence.clone());
            let same = before.as_ref().filter(|before| !another && dates(before) == dates(&plan));
            plan.dealt_until = same.and_then(|before| before.dealt_until).max(Some(now));
        }
        if another {
            plan.counted_from.clear();
            plan.weighed_until = Some(now);
        }
        plan.begin_counting(before.as_ref().filter(|_| !another), asset, now);
        plan.look_at = next_look(&plan, asset, now);
        Ok(plan.into())
    }
}

impl MaintenancePlan {
    /// Sets where counters count from that do not count yet, or were set anew.
    fn begin_counting(&mut self, before: Option<&MaintenancePlan>, asset: &Asset, now: crate::time::Timestamp) {
        let known = before.map(|before| before.triggers.counters.as_slice()).unwrap_or_default();
        for counter in &self.triggers.counters {
            let was = known.iter().find(|other| other.meter.trim() == counter.meter.trim());
            if let Some(since) = counter.since_milli
                && was.is_none_or(|was| was.since_milli != counter.since_milli)
            {
                self.counted_from.insert(counter.meter.trim().to_owned(), since);
            }
        }
        for (meter, milli) in standings(&self.triggers, asset, now) {
            self.counted_from.entry(meter).or_insert(milli);
        }
    }
}
