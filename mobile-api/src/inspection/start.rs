//! An inspection is planned, given to somebody, begun.

use serde::{Deserialize, Serialize};

use super::{
    Assignee, Inspection, InspectionAssignment, InspectionState, MOST_ANSWERS, Round, RoundPoint, Spot, Template,
    TemplateState,
    form::Form,
    standing::{addition, flags},
};
use crate::{
    actor::{Actor, Role},
    asset::retired,
    check::{Check, FieldError},
    complaint::{self, Complaint},
    ids::{ComplaintId, Id, InspectionId, RoundId, SiteId, TemplateId, WorkOrderId},
    operation::{Change, Context, Create, Decision, Mode, Need, Payload, Save},
    record::{Kind, RecordType, Ref},
    refusal::{Flagged, Refusal},
    work_order::Window,
};

/// What an inspection is made of.
pub(crate) struct Plan {
    pub(crate) id: InspectionId,
    pub(crate) template: TemplateId,
    pub(crate) spot: Spot,
    pub(crate) round: Option<RoundId>,
    pub(crate) order: Option<WorkOrderId>,
    pub(crate) complaint: Option<ComplaintId>,
    pub(crate) earlier: Option<InspectionId>,
    pub(crate) points: Vec<RoundPoint>,
    pub(crate) due: Option<Window>,
    pub(crate) assignee: Assignee,
}

impl Plan {
    /// The inspection, planned.
    pub(crate) fn make(self, template: &Template, context: &Context<'_>) -> Inspection {
        let Plan { id, template: version, spot, round, order, complaint, earlier, points, due, assignee } = self;
        let (by, at) = (context.actor.user, context.when.clone());
        // Revision 1 is the one that makes it, whoever plans it beside what.
        let assigned = InspectionAssignment { to: assignee, by, at: at.clone(), rev: 1, ended_rev: None };
        Inspection {
            id,
            template: version,
            name: template.name.clone(),
            spot,
            round,
            order,
            complaint,
            points,
            due,
            assignments: vec![assigned],
            order_types: template.form.order_types(),
            earlier,
            recorded: at,
            recorded_by: by,
            state: InspectionState::Planned,
            people: Vec::new(),
            visits: Vec::new(),
            answers: Vec::new(),
            photos: Vec::new(),
            photo_of: Vec::new(),
            signatures: Vec::new(),
            findings: Vec::new(),
            source: None,
            missed: None,
            timeline: Vec::new(),
        }
    }
}

/// Plans one inspection: an acceptance, a survey, a further look.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanInspection {
    /// The form; a published version.
    pub template: TemplateId,
    /// Where.
    pub spot: Spot,
    /// The order that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// The complaint that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// The inspection that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<InspectionId>,
    /// When.
    pub due: Window,
    /// Who is to do it.
    pub assignee: Assignee,
}

impl Payload for PlanInspection {
    type Record = Inspection;

    fn example() -> Self {
        let from = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        let user = Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000012")));
        Self {
            template: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000070")),
            spot: Spot::example(),
            order: None,
            complaint: None,
            earlier: None,
            due: Window { from, until: from + chrono::Duration::hours(2) },
            assignee: Assignee { user, team: None },
        }
    }

    fn check(&self, check: &mut Check) {
        check.span("/due", self.due.from, self.due.until);
    }

    fn needs(&self, _: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.template)];
        needs.extend(self.spot.refs().map(Need::Record));
        needs.extend(self.order.map(Need::record));
        needs.extend(self.complaint.map(Need::record));
        needs.extend(self.earlier.map(Need::record));
        needs.extend(self.assignee.needs());
        needs
    }
}

impl Create for PlanInspection {
    fn decide(self, id: Id<Inspection>, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let inspection = self.plan(id, context)?;
        let mut flags = Vec::new();
        let also = complaint::link_survey(&inspection, context, &mut flags)?.into_iter().collect();
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

impl PlanInspection {
    /// The inspection, planned; what it belongs to is not told yet.
    pub(crate) fn plan(self, id: Id<Inspection>, context: &Context<'_>) -> Result<Inspection, Refusal> {
        let PlanInspection { template, spot, order, complaint, earlier, due, assignee } = self;
        assignee.check(context)?;
        spot.check(context, "/spot")?;
        let (round, points, due) = (None, Vec::new(), Some(due));
        let plan = Plan { id, template, spot, round, order, complaint, earlier, points, due, assignee };
        plan.check(context)?;
        let template = usable(template, context)?;
        Ok(plan.make(template, context))
    }
}

impl Plan {
    fn check(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let bad = |pointer: &str| Err(Refusal::BadReference { pointer: pointer.into() });
        let partial = context.related.partial;
        if !partial
            && self.order.is_some_and(|id| {
                context
                    .related
                    .get(id)
                    .is_none_or(|order| order.site != self.spot.site || !order.visible_to(context.actor))
            })
        {
            return bad("/order");
        }
        let same_site = |earlier: &Inspection| {
            earlier.spot.site == self.spot.site && earlier.may_be_shown_with(self.round, context)
        };
        // It may have been planned from the complaint itself.
        if !partial && self.complaint.is_some_and(|id| !complaint_is_at(id, self.spot.site, context)) {
            return bad("/complaint");
        }
        if !partial && self.earlier.is_some_and(|id| context.related.get(id).is_none_or(|earlier| !same_site(earlier)))
        {
            return bad("/earlier");
        }
        Ok(())
    }
}

impl Spot {
    pub(super) fn example() -> Self {
        let site = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001"));
        Self { site, building: None, unit: None, asset: None }
    }

    /// Whether there are such places, as far as a phone can tell, which does not hold all of them.
    pub(super) fn check(&self, context: &Context<'_>, pointer: &str) -> Result<(), Refusal> {
        let related = context.related;
        let bad = |field: &str| Err(Refusal::BadReference { pointer: format!("{pointer}/{field}") });
        let elsewhere = |site: Option<SiteId>| site.map_or(!related.partial, |site| site != self.site);
        if !context.actor.covers_site(self.site) || elsewhere(related.get(self.site).map(|site| site.id)) {
            return bad("site");
        }
        if self.building.is_some_and(|id| elsewhere(related.get(id).map(|building| building.site))) {
            return bad("building");
        }
        if self.unit.is_some_and(|id| elsewhere(related.get(id).map(|unit| unit.site))) {
            return bad("unit");
        }
        if self.asset.is_some_and(|id| elsewhere(related.get(id).map(|asset| asset.site))) {
            return bad("asset");
        }
        Ok(())
    }
}

impl Assignee {
    pub(crate) fn needs(&self) -> Vec<Need> {
        self.user.map(Need::record).into_iter().chain(self.team.map(Need::record)).collect()
    }

    /// Whether there are such people, and whether they can go.
    pub(crate) fn check(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let works = |user: &crate::directory::User| user.active && user.role == Role::Technician;
        if self.user.is_some_and(|id| context.related.get(id).is_none_or(|user| !works(user))) {
            return Err(Refusal::BadReference { pointer: "/assignee/user".into() });
        }
        if self.team.is_some_and(|id| context.related.get(id).is_none()) {
            return Err(Refusal::BadReference { pointer: "/assignee/team".into() });
        }
        Ok(())
    }
}

/// Whether there is such a complaint that the actor sees, at this site or at none.
fn complaint_is_at(id: ComplaintId, site: SiteId, context: &Context<'_>) -> bool {
    let known: Option<&Complaint> = context.related.follow(id);
    known.is_some_and(|known| known.visible_to(context.actor) && known.about.site.is_none_or(|of| of == site))
}

/// A version that may be used: who waits for the answer takes the present one; what was begun without signal was begun with
/// the one that the phone had.
pub(super) fn usable<'a>(id: TemplateId, context: &'a Context<'_>) -> Result<&'a Template, Refusal> {
    let template: Option<&Template> = context.related.get(id);
    let usable = |template: &&Template| match context.mode {
        Mode::Online => template.is_published(),
        Mode::Recorded => template.state != TemplateState::Draft,
    };
    template.filter(usable).ok_or(Refusal::BadReference { pointer: "/template".into() })
}

/// Notes an error if all points together ask for more answers than an inspection holds.
pub(super) fn check_size(form: &Form, points: &[RoundPoint]) -> Result<(), Refusal> {
    let asked = |point: &RoundPoint| {
        let counts = |section: &&super::FormSection| point.sections.is_empty() || point.sections.contains(&section.key);
        form.sections.iter().filter(counts).map(|section| section.items.len()).sum::<usize>()
    };
    let all: usize = points.iter().map(asked).sum();
    if all <= MOST_ANSWERS {
        return Ok(());
    }
    let detail = format!("at most {MOST_ANSWERS} answers over all points; these ask for {all}");
    Err(Refusal::Invalid {
        errors: vec![FieldError { pointer: "/points".into(), code: "out_of_range".into(), detail }],
    })
}

/// Begins an inspection: one that is planned, or a new one. Somebody who begins what another began already takes part in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartInspection {
    /// The form; needed for a new one that is no turn of a round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateId>,
    /// Where; needed for a new one that is no turn of a round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
    /// The round of which this is a turn that nobody planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundId>,
    /// The order that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// The complaint that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// The inspection that it repeats, whose answers are shown beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<InspectionId>,
}

impl Payload for StartInspection {
    type Record = Inspection;

    fn example() -> Self {
        let template = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000070"));
        Self { template: Some(template), spot: Some(Spot::example()), ..Self::default() }
    }

    fn needs(&self, record: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        let mut needs: Vec<Need> = record.map(|record| Need::record(record.template)).into_iter().collect();
        needs.extend(record.and_then(|record| record.round).or(self.round).map(Need::record));
        needs.extend(self.template.map(Need::record));
        needs.extend(self.spot.iter().flat_map(Spot::refs).map(Need::Record));
        needs.extend(record.map(Inspection::assets).into_iter().flatten().map(Need::record));
        needs.extend(self.order.map(Need::record));
        needs.extend(record.and_then(|record| record.complaint).or(self.complaint).map(Need::record));
        needs.extend(self.earlier.map(Need::record));
        needs
    }
}

impl Save for StartInspection {
    fn decide(
        self,
        id: Id<Inspection>,
        current: Option<Inspection>,
        context: &Context<'_>,
    ) -> Result<Decision<Inspection>, Refusal> {
        let (mut inspection, overtaken) = match current {
            Some(planned) => {
                let overtaken = addition(&planned, context)?;
                (planned, overtaken)
            }
            None => (self.fresh(id, context)?, None),
        };
        if inspection.earlier.is_none() {
            let round: Option<&Round> = inspection.round.and_then(|round| context.related.get(round));
            let last = round.and_then(|round| round.last.as_ref()).map(|last| last.inspection);
            let known = |earlier: &InspectionId| {
                let there: Option<&Inspection> = context.related.get(*earlier);
                there.map_or(context.related.partial, |there| there.may_be_shown_with(inspection.round, context))
            };
            inspection.earlier = self.earlier.filter(known).or(last).filter(|earlier| *earlier != id);
        }
        if overtaken.is_none() {
            inspection.begin(context);
        }
        inspection.takes_part(context.actor.user);
        let (mut flags, gone) = (flags(overtaken), inspection.retired(context));
        inspection.log(context, "start", overtaken.or(gone.first().map(|gone| gone.flag)))?;
        flags.extend(gone);
        let also = complaint::link_survey(&inspection, context, &mut flags)?.into_iter().collect();
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

impl Inspection {
    /// Whether it may come to a phone as what another one repeats: its owner may see it anyway, or walks the round that it was a turn of.
    fn may_be_shown_with(&self, round: Option<RoundId>, context: &Context<'_>) -> bool {
        (round.is_some() && self.round == round) || self.visible_to(context.actor)
    }
}

impl StartInspection {
    fn fresh(&self, id: Id<Inspection>, context: &Context<'_>) -> Result<Inspection, Refusal> {
        let round = match self.round {
            Some(round) => {
                let round: Option<&Round> = context.related.get(round);
                Some(round.ok_or(Refusal::BadReference { pointer: "/round".into() })?)
            }
            None => None,
        };
        let missing = |field: &str| {
            let error = FieldError { pointer: format!("/{field}"), code: "required".into(), detail: field.into() };
            Refusal::Invalid { errors: vec![error] }
        };
        let template = self.template.or(round.map(|round| round.template)).ok_or_else(|| missing("template"))?;
        let spot = self.spot.or(round.map(|round| round.spot)).ok_or_else(|| missing("spot"))?;
        if let Some(spot) = &self.spot {
            spot.check(context, "/spot")?;
        }
        let technician = Some(context.actor.user).filter(|_| context.by_technician());
        let assignee = Assignee { user: technician, team: None };
        let points = round.map(|round| round.points.clone()).unwrap_or_default();
        let (round, order, complaint, earlier) = (self.round, self.order, self.complaint, self.earlier);
        let plan = Plan { id, template, spot, round, order, complaint, earlier, points, due: None, assignee };
        plan.check(context)?;
        Ok(plan.make(usable(template, context)?, context))
    }
}

impl Inspection {
    /// Its assets that are gone for good. What was seen of them is true all the same, and stands in their record.
    pub(super) fn retired(&self, context: &Context<'_>) -> Vec<Flagged> {
        let assets = self.assets().into_iter().filter_map(|id| context.related.get(id));
        assets
            .filter_map(|asset| retired(asset, &Context { mode: Mode::Recorded, ..context.clone() }).ok().flatten())
            .collect()
    }

    /// It is being carried out from now on, if nobody began before.
    pub(super) fn begin(&mut self, context: &Context<'_>) {
        if self.state == InspectionState::Planned {
            self.state = InspectionState::Running { started: context.when.clone() };
        }
    }
}

/// Gives an inspection to somebody else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignInspection {
    /// To whom.
    pub assignee: Assignee,
}

impl Payload for AssignInspection {
    type Record = Inspection;

    fn example() -> Self {
        let user = Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000012")));
        Self { assignee: Assignee { user, team: None } }
    }

    fn needs(&self, _: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        self.assignee.needs()
    }
}

impl Change for AssignInspection {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        addition(&inspection, context)?;
        self.assignee.check(context)?;
        inspection.assign(self.assignee, context, context.rev);
        inspection.log(context, "assign", None)?;
        Ok(inspection.into())
    }
}

impl Inspection {
    /// Gives it to somebody; `rev` is the revision of the inspection that this makes.
    pub(super) fn assign(&mut self, to: Assignee, context: &Context<'_>, rev: u64) {
        if let Some(last) = self.assignments.last_mut() {
            last.ended_rev.get_or_insert(rev);
        }
        let (by, at) = (context.actor.user, context.when.clone());
        self.assignments.push(InspectionAssignment { to, by, at, rev, ended_rev: None });
    }

    /// The records that rules about its form need.
    pub(super) fn form_needs(&self) -> Vec<Need> {
        vec![Need::Record(Ref::new(Kind::Template, self.template))]
    }
}
