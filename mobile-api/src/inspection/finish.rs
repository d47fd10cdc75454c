//! The end of an inspection: what it came to, what is missing, what becomes of what failed.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Inspection, InspectionState, LastDone, Round, Template,
    answer::form_of,
    evaluate::Lack,
    fault::{self, Workshop},
    form::Meaning,
    standing::{self, addition},
};
use crate::{
    actor::Actor,
    check::Check,
    complaint,
    evidence::When,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
};

/// Ends an inspection. Who waits for the answer is told what is missing; what was ended without signal has been ended, and
/// what is missing is a question for a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FinishInspection {}

impl Payload for FinishInspection {
    type Record = Inspection;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Inspection>, actor: &Actor) -> Vec<Need> {
        let Some(inspection) = record else { return Vec::new() };
        let mut needs = inspection.form_needs();
        needs.extend(inspection.round.map(Need::record));
        needs.extend(inspection.assets().into_iter().map(Need::record));
        needs.extend(fault::needs(inspection, None, actor));
        needs
    }
}

impl Change for FinishInspection {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let finished = matches!(inspection.state, InspectionState::Finished { .. });
        let overtaken = addition(&inspection, context)?.map(|flag| match flag {
            Flag::ActivityAfterClose => Flag::AlreadyDone,
            other => other,
        });
        inspection.takes_part(context.actor.user);
        inspection.log(context, "finish", overtaken)?;
        if finished || matches!(inspection.state, InspectionState::Void { .. }) {
            return Ok(Decision::flagged(inspection, standing::flags(overtaken)));
        }
        let mut flags = standing::flags(overtaken);
        let template = form_of(&inspection, context)?.clone();
        let result = inspection.outcome(&template.form);
        if !result.missing.is_empty() {
            if context.mode == Mode::Online {
                return Err(Refusal::AnswersMissing { missing: result.missing });
            }
            flags.push(Flagged::with(Flag::AnswersMissing, json!({ "missing": result.missing })));
        }
        let told = inspection.timeline.iter().any(|step| step.overtaken == Some(Flag::AssetRetired));
        if !told {
            flags.extend(inspection.retired(context));
        }
        let started = match &inspection.state {
            InspectionState::Running { started } => started.clone(),
            _ => context.when.clone(),
        };
        let (finished, by, rev) = (context.when.clone(), context.actor.user, context.rev);
        inspection.state = InspectionState::Finished { started, finished, by, rev, result };
        let also = inspection.count_in(&template, context, &mut flags)?;
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

impl Inspection {
    /// Of a finished inspection: works out again what it comes to, makes orders of what is to become one, and tells its round.
    /// What arrives late is counted in: two phones that carried out one round finish it together, whoever syncs first.
    pub(super) fn count_in(
        &mut self,
        template: &Template,
        context: &Context<'_>,
        flags: &mut Vec<Flagged>,
    ) -> Result<Vec<Record>, Refusal> {
        if !matches!(self.state, InspectionState::Finished { .. }) {
            return Ok(Vec::new());
        }
        let judged = self.judged(&template.form);
        for finding in &mut self.findings {
            let fails = judged.iter().any(|one| {
                one.item == finding.item && one.point == finding.point && one.verdict == Some(Meaning::Fail)
            });
            // An item that is not shown any more, because of what another says, did not fail.
            finding.cleared = !fails;
        }
        let outcome = self.outcome(&template.form);
        if let InspectionState::Finished { result, .. } = &mut self.state {
            *result = outcome;
        }
        let mut workshop = Workshop::open(context, template);
        workshop.raise_all(self)?;
        let failed = self.findings.iter().filter(|finding| !finding.cleared);
        let told = failed.map(|finding| (finding.key(), workshop.in_words(self, finding), finding.order)).collect();
        let (mut also, noticed) = workshop.close();
        flags.extend(noticed);
        also.extend(complaint::survey_over(self, told, context, flags)?);
        also.extend(self.tell_round(context));
        Ok(also)
    }

    /// The round remembers its last turn, so that the next one shows what became of what was found.
    fn tell_round(&self, context: &Context<'_>) -> Option<Record> {
        let InspectionState::Finished { finished, .. } = &self.state else { return None };
        let round: &Round = context.related.get(self.round?)?;
        let newer = round.last.as_ref().is_none_or(|last| last.inspection == self.id || last.at <= finished.latest);
        let orders = fault::orders_of(self).into_iter().map(|order| order.id.into()).collect();
        let last = Some(LastDone { inspection: self.id, at: finished.latest, orders });
        (newer && round.last != last).then(|| Round { last, ..round.clone() }.into())
    }
}

/// Takes an inspection back: it was the wrong flat, or begun by mistake. What was recorded stays and does not count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoidInspection {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for VoidInspection {
    type Record = Inspection;

    fn example() -> Self {
        Self { reason: "It was the flat next door".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for VoidInspection {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        if matches!(inspection.state, InspectionState::Void { .. }) {
            return Err(Refusal::InspectionOver { status: inspection.status().as_str() });
        }
        let finished = matches!(inspection.state, InspectionState::Finished { .. });
        if context.by_technician() {
            // What is finished may have been signed, reported and led to orders: only the office takes it back.
            let overtaken = addition(&inspection, context)?;
            if finished || overtaken.is_some() {
                inspection.log(context, "void", overtaken)?;
                return Ok(Decision::flagged(inspection, standing::flags(overtaken)));
            }
        }
        inspection.void(self.reason, context, context.rev);
        inspection.log(context, "void", None)?;
        Ok(inspection.into())
    }
}

impl Inspection {
    /// It does not count any more; `rev` is the revision of the inspection that this makes.
    pub(crate) fn void(&mut self, reason: String, context: &Context<'_>, rev: u64) {
        let (at, by) = (context.when.clone(), context.actor.user);
        self.state = InspectionState::Void { at, by, rev, reason };
    }
}

/// Tells a person that nobody carried an inspection out in time, or not all of it. The server's own doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoteMissed {}

impl Payload for NoteMissed {
    type Record = Inspection;

    fn example() -> Self {
        Self {}
    }
}

impl Change for NoteMissed {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        if inspection.watch_at().is_none_or(|at| at > context.received_at) {
            return Err(Refusal::NotDue);
        }
        inspection.missed = Some(context.received_at);
        let (_, missed) = inspection.late_and_missed();
        let detail = json!({ "round": inspection.round, "status": inspection.status(), "points": missed });
        let flag = Flagged::with(Flag::DeadlineMissed, detail);
        Ok(Decision::flagged(inspection, vec![flag]))
    }
}

impl Inspection {
    /// When somebody is to be told that it was not carried out in time.
    pub fn watch_at(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        let open = matches!(self.state, InspectionState::Planned | InspectionState::Running { .. });
        self.due.filter(|_| open && self.missed.is_none()).map(|due| due.until)
    }

    /// When it was begun, if it was.
    pub fn started(&self) -> Option<&When> {
        match &self.state {
            InspectionState::Running { started } | InspectionState::Finished { started, .. } => Some(started),
            InspectionState::Planned | InspectionState::Void { .. } => None,
        }
    }

    /// When it was finished, if it was.
    pub fn finished(&self) -> Option<&When> {
        if let InspectionState::Finished { finished, .. } = &self.state { Some(finished) } else { None }
    }

    /// Whether somebody was at every point that has a code.
    pub fn is_whole(&self) -> bool {
        self.result().is_some_and(|result| result.missing.iter().all(|gap| gap.lacks != Lack::Visit))
    }
}
