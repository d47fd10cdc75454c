//! Who finds out what, by when, and what was found.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Complaint, ComplaintTask, Found, Mark, TaskResult,
    standing::{addition, decided},
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::{Id, UserId},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Refusal},
    work_order::Clock,
};

/// Gives somebody something to find out or to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetTask {
    /// What; 1 to 2,000 characters.
    pub what: String,
    /// Who.
    pub who: UserId,
    /// By when.
    pub due: DateTime<Utc>,
}

impl Payload for SetTask {
    type Record = Complaint;

    fn example() -> Self {
        let who = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000012"));
        let due = DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        Self { what: "Ask Wang which seal he put in".into(), who, due }
    }

    fn check(&self, check: &mut Check) {
        check.text("/what", &self.what, 1..=2000);
        check.time("/due", self.due);
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.who)]
    }
}

impl Change for SetTask {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "set_task")?;
        let who = context.related.get(self.who).filter(|user| user.active);
        let who = who.ok_or(Refusal::BadReference { pointer: "/who".into() })?;
        complaint.log(context, "set_task", None, overtaken)?;
        if who.role == Role::Technician {
            complaint.concerns(who.id);
        }
        // One that is due before it was set is late from the beginning; who set it is told so.
        let clock = Clock::until(context.when.latest, self.due);
        let mark = Mark::of(context, overtaken);
        Complaint::push(
            &mut complaint.tasks,
            ComplaintTask { what: self.what, who: self.who, clock, result: None, mark },
        )?;
        Ok(decided(complaint, overtaken))
    }
}

/// Says what came of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportTask {
    /// The operation that set it.
    pub task: Uuid,
    /// What came of it; 1 to 4,000 characters.
    pub text: String,
}

impl Payload for ReportTask {
    type Record = Complaint;

    fn example() -> Self {
        let task = uuid::uuid!("01930000-0000-7000-8000-000000000092");
        Self { task, text: "It was the old seal, turned round".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=4000);
    }
}

impl Change for ReportTask {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let mut overtaken = addition(&complaint, context, "report_task")?;
        let tasks = &mut complaint.tasks;
        let task = tasks.iter_mut().find(|task| task.mark.op == self.task).ok_or(Refusal::EntryUnknown)?;
        if context.by_technician() && task.who != context.actor.user {
            return Err(Refusal::NotAssigned);
        }
        if task.result.is_some() {
            overtaken.get_or_insert(Flag::AlreadyDone);
        } else {
            task.clock.stop(&context.when, None);
            task.result = Some(TaskResult { text: self.text.clone(), mark: Mark::of(context, overtaken) });
        }
        let further = overtaken.is_some().then_some(self.text);
        complaint.log(context, "report_task", further, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}

/// Records what an investigation found: the cause, and whose doing it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordFindings {
    /// Why it came to this, in a word or two; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What was found; 1 to 4,000 characters.
    pub text: String,
    /// Whose doing it was, if it was somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
}

impl Payload for RecordFindings {
    type Record = Complaint;

    fn example() -> Self {
        Self { cause: Some("Old part".into()), text: "The seal had been put in again".into(), person: None }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/cause", self.cause.as_deref(), 200);
        check.text("/text", &self.text, 1..=4000);
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        self.person.map(Need::record).into_iter().collect()
    }
}

impl Change for RecordFindings {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "record_findings")?;
        let known = |id| context.related.partial || context.related.get(id).is_some();
        if self.person.is_some_and(|id| !known(id)) {
            return Err(Refusal::BadReference { pointer: "/person".into() });
        }
        let RecordFindings { cause, text, person } = self;
        let found = Found { cause, text, person, survey: None, item: None, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut complaint.this_round().found, found)?;
        complaint.log(context, "record_findings", None, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}
