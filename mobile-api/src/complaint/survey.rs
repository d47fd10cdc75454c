//! Somebody goes and sees: an inspection that belongs to a complaint.

use serde::{Deserialize, Serialize};

use super::{
    Complaint, Found, Mark, OpenedOrder, Survey, SurveyResult,
    standing::{addition, decided},
};
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, InspectionId, TemplateId, WorkOrderId, derived_at},
    inspection::{Assignee, Inspection, PlanInspection, Spot},
    operation::{Change, Context, Decision, Need, Payload},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    work_order::Window,
};

/// Plans an on-site survey (现场查勘). It is carried out like any inspection, also without signal, and comes to the complaint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSurvey {
    /// The form; a published version.
    pub template: TemplateId,
    /// Where; absent: at what the complaint is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
    /// When.
    pub due: Window,
    /// Who is to do it.
    pub assignee: Assignee,
}

impl Payload for PlanSurvey {
    type Record = Complaint;

    fn example() -> Self {
        let PlanInspection { template, due, assignee, .. } = PlanInspection::example();
        Self { template, spot: None, due, assignee }
    }

    fn check(&self, check: &mut Check) {
        check.span("/due", self.due.from, self.due.until);
    }

    fn needs(&self, record: Option<&Complaint>, actor: &Actor) -> Vec<Need> {
        let plan = record.and_then(|complaint| self.plan(complaint));
        plan.map(|plan| plan.needs(None, actor)).unwrap_or_default()
    }
}

impl PlanSurvey {
    fn plan(&self, complaint: &Complaint) -> Option<PlanInspection> {
        let about = complaint.about;
        let there = about.site.map(|site| Spot { site, building: None, unit: about.unit, asset: about.asset });
        Some(PlanInspection {
            template: self.template,
            spot: self.spot.or(there)?,
            order: about.order,
            complaint: Some(complaint.id),
            earlier: None,
            due: self.due,
            assignee: self.assignee,
        })
    }
}

impl Change for PlanSurvey {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "plan_survey")?;
        let plan = self.plan(&complaint).ok_or(Refusal::BadReference { pointer: "/spot".into() })?;
        let id = derived_at(context.op, &[b"survey", complaint.id.uuid().as_bytes(), context.op.as_bytes()]);
        let inspection = plan.plan(Id::new(id), context)?;
        attach(&mut complaint, &inspection, context, overtaken)?;
        let mut decision = decided(complaint, overtaken);
        decision.also.push(inspection.into());
        Ok(decision)
    }
}

fn attach(
    complaint: &mut Complaint,
    inspection: &Inspection,
    context: &Context<'_>,
    overtaken: Option<Flag>,
) -> Result<(), Refusal> {
    if complaint.surveys.iter().any(|survey| survey.inspection == inspection.id) {
        return Ok(());
    }
    if let Some(user) = inspection.assignee().user {
        complaint.concerns(user);
    }
    let survey = Survey { inspection: inspection.id, result: None, mark: Mark::of(context, overtaken) };
    Complaint::push(&mut complaint.surveys, survey)?;
    complaint.log(context, "plan_survey", None, overtaken)
}

/// The complaint that an inspection belongs to, if it is known: one that is closed stays so, and the second part is the flag for
/// whatever is added to it then.
fn complaint_of(inspection: &Inspection, context: &Context<'_>) -> Option<(Complaint, Option<Flag>)> {
    let complaint: Complaint = context.related.follow(inspection.complaint?).cloned()?;
    let overtaken = complaint.status().is_over().then_some(Flag::ActivityAfterClose);
    Some((complaint, overtaken))
}

/// An inspection was begun or planned for a complaint: the complaint, with the link.
pub(crate) fn link(
    inspection: &Inspection,
    context: &Context<'_>,
    flags: &mut Vec<Flagged>,
) -> Result<Option<Record>, Refusal> {
    let Some((mut complaint, overtaken)) = complaint_of(inspection, context) else { return Ok(None) };
    if complaint.surveys.iter().any(|survey| survey.inspection == inspection.id) {
        return Ok(None);
    }
    attach(&mut complaint, inspection, context, overtaken)?;
    flags.extend(overtaken.map(Flagged::from));
    Ok(Some(complaint.into()))
}

/// What is not in order, as a survey tells it: the item, in words, and the order that it became.
pub(crate) type NotInOrder = (String, String, Option<WorkOrderId>);

/// A survey is done, or something came to it afterwards: the complaint with what was found.
pub(crate) fn over(
    inspection: &Inspection,
    failed: Vec<NotInOrder>,
    context: &Context<'_>,
    flags: &mut Vec<Flagged>,
) -> Result<Option<Record>, Refusal> {
    let Some((mut complaint, overtaken)) = complaint_of(inspection, context) else { return Ok(None) };
    let before = complaint.clone();
    attach(&mut complaint, inspection, context, overtaken)?;
    let passed = inspection.result().is_some_and(|result| result.passed);
    let count = u32::try_from(failed.len()).unwrap_or(u32::MAX);
    note_result(&mut complaint, inspection.id, (passed, count), context, overtaken)?;
    for (item, text, order) in failed {
        complaint.take_finding(inspection.id, item, text, context, overtaken)?;
        if let Some(order) = order.filter(|order| complaint.orders.iter().all(|known| known.order != *order)) {
            let mark = Mark::of(context, overtaken);
            Complaint::push(&mut complaint.orders, OpenedOrder { order, mark })?;
        }
    }
    if complaint == before {
        return Ok(None);
    }
    flags.extend(overtaken.map(Flagged::from));
    Ok(Some(complaint.into()))
}

fn note_result(
    complaint: &mut Complaint,
    inspection: InspectionId,
    (passed, failed): (bool, u32),
    context: &Context<'_>,
    overtaken: Option<Flag>,
) -> Result<(), Refusal> {
    let Some(survey) = complaint.surveys.iter_mut().find(|survey| survey.inspection == inspection) else {
        return Ok(());
    };
    let first = survey.result.is_none();
    let same = survey.result.as_ref().is_some_and(|known| known.passed == passed && known.failed == failed);
    if !same {
        survey.result = Some(SurveyResult { passed, failed, mark: Mark::of(context, overtaken) });
    }
    if first {
        complaint.log(context, "survey", None, overtaken)?;
    }
    Ok(())
}

impl Complaint {
    /// What an inspection found comes to the complaint without being typed again; once.
    pub(crate) fn take_finding(
        &mut self,
        survey: InspectionId,
        item: String,
        text: String,
        context: &Context<'_>,
        overtaken: Option<Flag>,
    ) -> Result<(), Refusal> {
        let known = |found: &Found| found.survey == Some(survey) && found.item.as_ref() == Some(&item);
        if self.rounds.iter().flat_map(|round| &round.found).any(known) {
            return Ok(());
        }
        let (cause, person, survey, item) = (None, None, Some(survey), Some(item));
        let found = Found { cause, text, person, survey, item, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut self.this_round().found, found)
    }
}
