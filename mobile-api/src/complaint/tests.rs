//! The states and the steps between them; and that nothing anybody says is lost, whatever comes in which order.

use std::fmt::Write;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{Actor, Role},
    catalogue::Action,
    directory::{Organisation, Team},
    evidence::When,
    ids::{ComplaintId, Id},
    operation::{Context, Mode, Payload, Related},
    record::{Record, RecordType},
    time::Timestamp,
};

fn id() -> ComplaintId {
    Id::new(Uuid::from_u128(0x90))
}

fn at(minute: i64) -> Timestamp {
    "2026-03-02T08:00:00Z".parse::<Timestamp>().unwrap() + chrono::Duration::minutes(minute)
}

fn firm() -> Organisation {
    let found = crate::directory::Found::example();
    let (name, time_zone, currency, deadlines) = (found.name, found.time_zone, found.currency, found.deadlines);
    let escalation = crate::directory::Escalation::TRADE;
    let (money, maintenance, complaints) = Default::default();
    let id = Id::new(Uuid::from_u128(1));
    Organisation {
        id,
        name,
        time_zone,
        currency,
        deadlines,
        escalation,
        pool_cap: 5,
        money,
        maintenance,
        complaints,
        targets: Default::default(),
        return_visits: Default::default(),
    }
}

/// A complaint on its way; each deed has the next operation id and the next minute.
struct Story {
    complaint: Option<Complaint>,
    deeds: u128,
    minute: i64,
    related: Related,
}

impl Story {
    fn new() -> Self {
        let team = Team { id: ReferComplaint::example().team, name: "Plumbers".into(), site: None };
        let records = [Record::from(firm()), team.into()].map(|record| (record.address(), record));
        let related = Related { records: records.into(), ..Related::default() };
        Self { complaint: None, deeds: 0, minute: 0, related }
    }

    /// A manager does it, at a browser or on a phone that knows nothing of what happened since it was written down.
    fn does(&mut self, action: impl Into<Action>, mode: Mode) -> Result<Vec<&'static str>, &'static str> {
        let mut actor = Actor::system(Uuid::from_u128(1));
        (actor.user, actor.role) = (Id::new(Uuid::from_u128(2)), Role::Manager);
        self.deeds += 1;
        self.minute += 1;
        let context = Context {
            op: Uuid::from_u128(0x1000 + self.deeds),
            actor: &actor,
            when: When::at(at(self.minute)),
            received_at: at(self.minute),
            base_rev: (mode == Mode::Recorded).then_some(1),
            own_revs: &[],
            rev: self.deeds as u64,
            mode,
            related: &self.related,
        };
        let record = self.complaint.clone().map(Record::from);
        let decision = action.into().decide(id().uuid(), record, &context).map_err(|refusal| refusal.code())?;
        self.complaint = decision.record.and_then(|record| record.try_into().ok());
        Ok(decision.flags.iter().map(|flagged| flagged.flag.as_str()).collect())
    }

    fn status(&self) -> &'static str {
        self.complaint.as_ref().map_or("-", |complaint| complaint.status().as_str())
    }

    fn now(&self) -> &Complaint {
        self.complaint.as_ref().expect("it is written down")
    }

    fn last_proposal(&self) -> Uuid {
        let rounds = self.now().rounds.iter().rev();
        let proposal = rounds.flat_map(|round| round.proposals.last()).next();
        proposal.map_or(Uuid::nil(), |proposal| proposal.mark.op)
    }

    /// The steps that make a state, from the beginning.
    fn at_status(status: ComplaintStatus) -> Story {
        let mut story = Story::new();
        let mut walk = |action: Action| assert_eq!(story.does(action, Mode::Online), Ok(vec![]));
        walk(Intake { about: About::default(), ..Intake::example() }.into());
        if status == ComplaintStatus::Explained {
            walk(JudgeComplaint { founded: false, ..JudgeComplaint::example() }.into());
            return story;
        }
        if status == ComplaintStatus::Received {
            return story;
        }
        walk(JudgeComplaint::example().into());
        if status >= ComplaintStatus::Proposed {
            walk(Propose::example().into());
        }
        if status >= ComplaintStatus::Approved {
            let proposal = story.last_proposal();
            assert_eq!(story.does(ApproveProposal { proposal, note: None }, Mode::Online), Ok(vec![]));
        }
        for (from, action) in [
            (ComplaintStatus::CarriedOut, Action::from(CarryOut::example())),
            (ComplaintStatus::Accepted, accepted().into()),
            (ComplaintStatus::Closed, Summarise::example().into()),
            (ComplaintStatus::Closed, CallBack::example().into()),
            (ComplaintStatus::Closed, CloseComplaint { reason: None }.into()),
        ] {
            if status >= from {
                assert_eq!(story.does(action, Mode::Online), Ok(vec![]));
            }
        }
        story
    }
}

fn accepted() -> AcceptResolution {
    AcceptResolution { said: Said::Verbal { witness: "Mr Li".into() }, ..AcceptResolution::example() }
}

fn steps(story: &Story) -> Vec<(&'static str, Action)> {
    let proposal = story.last_proposal();
    vec![
        ("judge founded", JudgeComplaint::example().into()),
        ("judge unfounded", JudgeComplaint { founded: false, ..JudgeComplaint::example() }.into()),
        ("understood", RecordUnderstanding::example().into()),
        ("not understood", RecordUnderstanding { understood: false, ..RecordUnderstanding::example() }.into()),
        ("refer", ReferComplaint::example().into()),
        ("respond", RespondToComplaint::example().into()),
        ("record_findings", RecordFindings::example().into()),
        ("propose", Propose::example().into()),
        ("approve", ApproveProposal { proposal, note: None }.into()),
        ("carry_out", CarryOut::example().into()),
        ("accept", accepted().into()),
        ("refuse", RefuseResolution::example().into()),
        ("follow_up", FollowUp::example().into()),
        ("satisfied", CallBack::example().into()),
        ("not satisfied", CallBack { satisfied: Some(false), ..CallBack::example() }.into()),
        ("summarise", Summarise::example().into()),
        ("close", CloseComplaint { reason: None }.into()),
        ("close, why", CloseComplaint::example().into()),
        ("reopen", ReopenComplaint::example().into()),
        ("note", AddComplaintNote::example().into()),
    ]
}

#[test]
fn every_state_and_step_is_decided() {
    let mut table = String::new();
    for mode in [Mode::Online, Mode::Recorded] {
        let who =
            if mode == Mode::Online { "At a browser" } else { "Recorded on a phone that knew only of the beginning" };
        writeln!(table, "{who}\n").unwrap();
        for (at, (name, _)) in steps(&Story::at_status(ComplaintStatus::Received)).iter().enumerate() {
            write!(table, "{name:<16}").unwrap();
            for status in ComplaintStatus::ALL {
                let mut story = Story::at_status(status);
                let action = steps(&story).swap_remove(at).1;
                let outcome = match story.does(action, mode) {
                    Err(code) => format!("- {code}"),
                    Ok(flags) if story.status() == status.as_str() => format!("yes {}", flags.join(" ")),
                    Ok(flags) => format!("> {} {}", story.status(), flags.join(" ")),
                };
                write!(table, "| {:<27}", outcome.trim_end()).unwrap();
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
        table.push('\n');
    }
    let heads: Vec<String> = ComplaintStatus::ALL.iter().map(|status| format!("{:<27}", status.as_str())).collect();
    insta::assert_snapshot!(format!("{:<16}| {}\n\n{}", "", heads.join("| ").trim_end(), table.trim_end()));
}

#[test]
fn whom_it_is_about_sees_nothing_by_that() {
    let mut story = Story::new();
    let person = Some(Id::new(Uuid::from_u128(7)));
    story.does(Intake { about: About { person, ..About::default() }, ..Intake::example() }, Mode::Online).unwrap_err();
    let about = About { person, ..About::default() };
    story.related.partial = true;
    story.does(Intake { about, ..Intake::example() }, Mode::Recorded).unwrap();
    let mut wang = Actor::system(Uuid::from_u128(1));
    (wang.user, wang.role) = (Id::new(Uuid::from_u128(7)), Role::Technician);
    assert!(!story.now().visible_to(&wang));
    wang.teams = vec![ReferComplaint::example().team];
    story.does(ReferComplaint::example(), Mode::Online).unwrap();
    assert!(story.now().visible_to(&wang), "as one of the department");
}

proptest! {
    /// Whatever is recorded in whatever order: what the complainant said is kept, each round has at most one word that counts, a
    /// complaint that is over alarms nobody, and the record can be read again.
    #[test]
    fn no_order_of_steps_loses_a_word(deeds in prop::collection::vec((0usize..20, any::<bool>()), 0..60)) {
        let mut story = Story::at_status(ComplaintStatus::Received);
        let mut said = 0;
        for (which, online) in deeds {
            let (name, action) = steps(&story).swap_remove(which);
            let mode = if online { Mode::Online } else { Mode::Recorded };
            if story.does(action, mode).is_ok() && matches!(name, "accept" | "refuse") {
                said += 1;
            }
            let now = story.now();
            prop_assert_eq!(now.rounds.iter().map(|round| round.words.len()).sum::<usize>(), said);
            for round in &now.rounds {
                prop_assert!(round.words.iter().filter(|word| word.mark.overtaken.is_none()).count() <= 1);
            }
            prop_assert!(!now.status().is_over() || now.next_alarm().is_none() && now.due().is_none());
            for (name, _, clock) in now.each_clock() {
                if let Some(stopped) = &clock.stopped {
                    prop_assert_eq!(clock.verdict, Some(clock.judge(stopped, now.hours_of(name))));
                }
            }
        }
        let json = serde_json::to_string(story.now()).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Complaint>(&json).unwrap(), story.now());
    }
}
