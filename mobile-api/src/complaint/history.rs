//! Complaints taken over from another system.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    About, CarriedOut, Complainant, Complaint, ComplaintChannel, ComplaintClass, ComplaintClocks, ComplaintState,
    CustomersWord, How, Intake, Judgement, Mark, Severity, Summary,
};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{ComplaintClassId, ComplaintId, Id},
    operation::{Context, Create, Decision, Need, Payload},
    refusal::Refusal,
    work_order::{Clock, Source},
};

/// Takes a complaint over from another system, as it is there. Its times are the source's word, and the firm's own deadlines are
/// not laid upon its past.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportComplaint {
    /// Where it comes from.
    pub source: Source,
    /// How it came.
    pub channel: ComplaintChannel,
    /// Who complained.
    pub by: Complainant,
    /// What about.
    #[serde(default)]
    pub about: About,
    /// What they said; 1 to 10,000 characters.
    pub text: String,
    /// How grave it was.
    pub severity: Severity,
    /// When it was written down there.
    pub received_at: DateTime<Utc>,
    /// By when it was to be settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// Whether it was founded, if anybody judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founded: Option<bool>,
    /// What came of it, if it is over there. One that is not goes on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedThere>,
}

/// What came of a complaint in another system.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClosedThere {
    /// When; not before it was written down.
    pub at: DateTime<Utc>,
    /// Its class, one in use here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ComplaintClassId>,
    /// Why it came to this; 1 to 200 characters.
    pub cause: String,
    /// What was done; at most 10,000 characters.
    #[serde(default)]
    pub text: String,
    /// Whether the complainant accepted that, if they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
}

impl Payload for ImportComplaint {
    type Record = Complaint;

    fn example() -> Self {
        let site = Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")));
        let received_at = DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
        let closed = ClosedThere {
            at: received_at + chrono::Duration::hours(20),
            class: None,
            cause: "Old part".into(),
            text: "A new seal holds".into(),
            accepted: Some(true),
        };
        Self {
            source: Source { system: "old-ledger".into(), id: "C-2024-311".into() },
            channel: ComplaintChannel::Phone,
            by: Complainant { name: "Mrs Chen".into(), phone: None },
            about: About { site, ..About::default() },
            text: "The tap drips again, two days after it was mended".into(),
            severity: Severity::Ordinary,
            received_at,
            due: Some(received_at + chrono::Duration::hours(24)),
            founded: Some(true),
            closed: Some(closed),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/source/system", &self.source.system, 1..=60);
        check.text("/source/id", &self.source.id, 1..=120);
        self.clone().intake().check(check);
        check.time("/received_at", self.received_at);
        if let Some(due) = self.due {
            check.time("/due", due);
        }
        let Some(closed) = &self.closed else { return };
        check.time("/closed/at", closed.at);
        if closed.at < self.received_at {
            check.error("/closed/at", "out_of_range", "not before `received_at`");
        }
        check.text("/closed/cause", &closed.cause, 1..=200);
        check.text("/closed/text", &closed.text, 0..=10_000);
    }

    fn needs(&self, record: Option<&Complaint>, actor: &Actor) -> Vec<Need> {
        let mut needs = self.clone().intake().needs(record, actor);
        needs.extend(self.closed.as_ref().and_then(|closed| closed.class).map(Need::record));
        needs
    }
}

impl ImportComplaint {
    fn intake(self) -> Intake {
        let Self { channel, by, about, text, severity, .. } = self;
        Intake { channel, by, about, text, wanted: None, severity }
    }
}

impl Create for ImportComplaint {
    fn decide(self, id: ComplaintId, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let received = When::at(self.received_at);
        let then = &Context { when: received.clone(), ..context.clone() };
        let made = self.clone().intake().decide(id, then)?;
        let Some(mut complaint) = made.record else { return Err(Refusal::NotFound) };
        complaint.hours = None;
        complaint.clocks = ComplaintClocks {
            resolve: self.due.map(|due| Clock::until(self.received_at, due)),
            ..ComplaintClocks::default()
        };
        complaint.source = Some(self.source);
        if let Some(founded) = self.founded {
            let mark = Mark::of(then, None);
            complaint.judgements.push(Judgement { founded, explanation: String::new(), needs_survey: false, mark });
            complaint.state = match founded {
                true => ComplaintState::Investigating { since: received },
                false => ComplaintState::Explained { since: received, understood: false },
            };
        }
        match self.closed {
            Some(closed) => closed.enter(&mut complaint, context)?,
            // From now on a serious one is looked after as any other.
            None => complaint.watch_over(&context.when),
        }
        Ok(complaint.into())
    }
}

impl ClosedThere {
    fn enter(self, complaint: &mut Complaint, context: &Context<'_>) -> Result<(), Refusal> {
        let usable = |id| context.related.get(id).is_some_and(|class: &ComplaintClass| class.active);
        if self.class.is_some_and(|id| !usable(id)) {
            return Err(Refusal::BadReference { pointer: "/closed/class".into() });
        }
        let closed = When::at(self.at);
        let then = &Context { when: closed.clone(), ..context.clone() };
        let mark = || Mark::of(then, None);
        if let Some(clock) = &mut complaint.clocks.resolve {
            clock.stop(&closed, None);
        }
        let name = complaint.complainant.name.clone();
        if let Some(round) = complaint.rounds.last_mut() {
            if !self.text.is_empty() {
                round.carried_out = Some(CarriedOut { text: self.text.clone(), mark: mark() });
            }
            round.words.extend(self.accepted.map(|accepted| CustomersWord {
                accepted,
                name,
                relation: None,
                words: None,
                how: How::Told,
                differs: Vec::new(),
                mark: mark(),
            }));
        }
        complaint.summary = Some(Summary { class: self.class, cause: self.cause, text: self.text, mark: mark() });
        complaint.log(then, "close", None, None)?;
        let (by, rev) = (context.actor.user, context.rev);
        complaint.state = ComplaintState::Closed { closed, by, rev, reason: None };
        Ok(())
    }
}
