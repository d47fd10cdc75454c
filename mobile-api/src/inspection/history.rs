//! Inspections taken over from another system.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Assignee, Inspection, InspectionState, MOST_ANSWERS, Spot,
    answer::AnswerItem,
    start::{Plan, usable},
};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{Id, InspectionId, TemplateId, UserId},
    operation::{Context, Create, Decision, Need, Payload},
    refusal::Refusal,
    work_order::Source,
};

/// Takes an inspection over from another system, as it was finished there. Its times are the source's word, it is judged by
/// the version of the form that is named, and what failed does not become an order: that was long ago.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportInspection {
    /// Where it comes from.
    pub source: Source,
    /// The form; a published version.
    pub template: TemplateId,
    /// Where.
    pub spot: Spot,
    /// When it was begun there.
    pub started_at: DateTime<Utc>,
    /// When it was finished there.
    pub finished_at: DateTime<Utc>,
    /// Who carried it out, if they have an account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspector: Option<UserId>,
    /// What was answered; at most 1,000.
    pub answers: Vec<AnswerItem>,
}

impl Payload for ImportInspection {
    type Record = Inspection;

    fn example() -> Self {
        let started_at = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
        Self {
            source: Source { system: "old-ledger".into(), id: "2024-0817".into() },
            template: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000070")),
            spot: Spot::example(),
            started_at,
            finished_at: started_at + chrono::Duration::minutes(25),
            inspector: None,
            answers: vec![AnswerItem::example()],
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/source/system", &self.source.system, 1..=60);
        check.text("/source/id", &self.source.id, 1..=120);
        check.time("/started_at", self.started_at);
        check.time("/finished_at", self.finished_at);
        if self.finished_at < self.started_at {
            check.error("/finished_at", "out_of_range", "not before `started_at`");
        }
        check.count("/answers", self.answers.len(), 0..=MOST_ANSWERS);
        for (at, answer) in self.answers.iter().enumerate().take(MOST_ANSWERS) {
            answer.check_at(check, &format!("/answers/{at}"));
        }
    }

    fn needs(&self, _: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.template)];
        needs.extend(self.spot.refs().map(Need::Record));
        needs.extend(self.inspector.map(Need::record));
        needs
    }
}

impl Create for ImportInspection {
    fn decide(self, id: InspectionId, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        if self.inspector.is_some_and(|user| context.related.get(user).is_none()) {
            return Err(Refusal::BadReference { pointer: "/inspector".into() });
        }
        self.spot.check(context, "/spot")?;
        let template = usable(self.template, context)?;
        let (started, finished) = (When::at(self.started_at), When::at(self.finished_at));
        let then = &Context { when: finished.clone(), ..context.clone() };
        let assignee = Assignee { user: self.inspector, team: None };
        let plan = Plan {
            id,
            template: self.template,
            spot: self.spot,
            round: None,
            order: None,
            complaint: None,
            earlier: None,
            points: Vec::new(),
            due: None,
            assignee,
        };
        let mut inspection = plan.make(template, then);
        inspection.source = Some(self.source);
        for (at, answer) in self.answers.iter().enumerate() {
            let noted = inspection.note_answer(template, answer, None, then);
            noted.map_err(|refusal| refusal.within(&format!("/answers/{at}")))?;
        }
        for finding in &mut inspection.findings {
            finding.becomes = None;
        }
        if let Some(inspector) = self.inspector {
            inspection.takes_part(inspector);
        }
        let (result, by, rev) = (inspection.outcome(&template.form), context.actor.user, context.rev);
        inspection.state = InspectionState::Finished { started, finished, by, rev, result };
        Ok(inspection.into())
    }
}
