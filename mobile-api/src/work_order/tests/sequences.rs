//! Any operations by anybody in any order: no panic, nothing lost, and the outcome follows from the order alone.

use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{
    kit::{
        DESK, DISPATCHER, Deed, Did, LI, MANAGER, PLUMBING, Person, Story, WANG, ZHAO, assign, at, between, cancel,
        close, confirm, hand_back, number, pause, quote, request_by_phone, signature, window, yuan,
    },
    money::nobody_pays_more_than_they_signed,
};
use crate::{
    Kind,
    catalogue::Action,
    evidence::When,
    money::Quantity,
    operation::Mode,
    record::Record,
    work_order::{
        Priority, Status, WorkOrder,
        dispatch::{Accept, AgreeTime, Close, Depart},
        pause::Resume,
        request::Edit,
        sign_off::{RefuseAcceptance, SetCharge},
        visit::{AddNote, Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial, VoidEntry},
    },
};

/// Something that somebody might do next.
#[derive(Clone, Debug)]
pub(super) struct Play {
    who: usize,
    recorded: bool,
    /// How many revisions behind the phone is; `None` if it does not say.
    behind: Option<u64>,
    what: usize,
    /// Which of the quotes, entries or signatures there are.
    which: usize,
    amount: i64,
    when: (i64, i64),
}

/// Up to forty of them.
pub(super) fn plays() -> impl Strategy<Value = Vec<Play>> {
    let play = (
        0..6usize,
        any::<bool>(),
        proptest::option::of(0..6u64),
        0..27usize,
        0..4usize,
        0..300i64,
        (0..600i64, 0..60i64),
    );
    let play = play.prop_map(|(who, recorded, behind, what, which, amount, when)| Play {
        who,
        recorded,
        behind,
        what,
        which,
        amount,
        when,
    });
    vec(play, 0..40)
}

fn pick<T>(all: &[T], which: usize, id: impl Fn(&T) -> Uuid) -> Uuid {
    if all.is_empty() { number(0) } else { id(&all[which % all.len()]) }
}

impl Play {
    fn who(&self) -> Person {
        [WANG, LI, ZHAO, DISPATCHER, MANAGER, DESK][self.who]
    }

    pub(super) fn perform(&self, story: &mut Story) -> Did {
        self.perform_at(story, between(self.when.0, self.when.0 + self.when.1))
    }

    fn perform_at(&self, story: &mut Story, when: When) -> Did {
        let mode = if self.recorded { Mode::Recorded } else { Mode::Online };
        let base_rev = self.behind.map(|behind| story.rev.saturating_sub(behind));
        let deed = Deed { mode, base_rev, when: Some(when), ..Deed::online(self.who()) };
        let action = self.action(story);
        story.perform(&deed, action)
    }

    fn action(&self, story: &Story) -> Action {
        let order = &story.order;
        let (amount, text) = (self.amount, format!("Text {}", self.amount));
        let quoted = pick(&order.quotes, self.which, |quote| quote.id);
        match self.what {
            0 => assign([WANG, LI, ZHAO][self.which % 3]).into(),
            1 => Accept {}.into(),
            2 => hand_back().into(),
            3 => Depart {}.into(),
            4 => AgreeTime { window: window(amount, amount + 60), consented_by: text }.into(),
            5 => Arrive {}.into(),
            6 => Diagnose { findings: text, cause: None, explained: None }.into(),
            7 | 8 => quote(amount).into(),
            9 | 10 => confirm(quoted).into(),
            11 => Start {}.into(),
            12 => UseMaterial {
                item: None,
                name: text,
                quantity_milli: Quantity(amount + 1),
                unit: "m".into(),
                stock: None,
            }
            .into(),
            13 => RecordLabour { from: at(0), until: at(amount), note: None }.into(),
            14 => AddNote { text }.into(),
            15 => {
                let entries =
                    [pick(&order.notes, self.which, |note| note.op), pick(&order.materials, self.which, |m| m.op)];
                VoidEntry { entry: entries[self.which % 2], reason: text }.into()
            }
            16 => pause().into(),
            17 => Resume {}.into(),
            18 => Finish { summary: (amount % 2 == 0).then_some(text) }.into(),
            19 | 20 => self.sign(story),
            21 => RefuseAcceptance { name: text, reason: "It drips".into() }.into(),
            22 => {
                let sign_off = pick(&order.sign_offs, self.which, |sign_off| sign_off.op);
                SetCharge { sign_off, amount: yuan(amount), reason: text }.into()
            }
            23 => cancel().into(),
            24 => if amount % 2 == 0 { close() } else { Close { without_signature: Some(text), without_photos: None } }
                .into(),
            25 => Edit { place: Some(text), priority: Some(Priority::Urgent), ..Edit::default() }.into(),
            _ => Edit { findings: Some(text.clone()), fault: Some(text), ..Edit::default() }.into(),
        }
    }

    /// What the screen shows, or something made up: another quote, another amount.
    fn sign(&self, story: &Story) -> Action {
        let who = self.who();
        let mut content = story.order.content_to_sign(who.name, who.user(), "Mrs Chen");
        if self.which > 0
            && let Some(quote) = story.order.quotes.get(self.which % story.order.quotes.len().max(1))
        {
            let (id, revision, lines, total) = (quote.id, quote.revision, quote.lines.clone(), quote.total);
            content.quote = Some(crate::work_order::sign_off::SignedQuote { id, revision, lines, total });
            content.amount = yuan(self.amount);
        }
        signature(content).into()
    }
}

/// How much there is of everything that can only grow.
fn counts(order: &WorkOrder) -> [usize; 10] {
    [
        order.notes.len(),
        order.materials.len(),
        order.labour.len(),
        order.sign_offs.len(),
        order.quotes.len(),
        order.quotes.iter().filter(|quote| quote.confirmed.is_some()).count(),
        order.appointments.len(),
        order.assignments.len(),
        order.rejections.len(),
        order.timeline.len(),
    ]
}

/// Whether the operation stands where it belongs.
fn stands(order: &WorkOrder, action: &Action, op: Uuid) -> bool {
    let in_timeline = order.timeline.iter().any(|entry| entry.op == op);
    match action {
        Action::WorkOrderNote(_) => order.notes.iter().any(|note| note.op == op),
        Action::WorkOrderUseMaterial(_) => order.materials.iter().any(|used| used.op == op),
        Action::WorkOrderRecordLabour(_) => order.labour.iter().any(|worked| worked.op == op),
        Action::WorkOrderSignOff(_) => order.sign_offs.iter().any(|signed| signed.op == op),
        Action::WorkOrderQuote(_) => order.quotes.iter().any(|quote| quote.id == op),
        Action::WorkOrderAgreeTime(_) => order.appointments.iter().any(|appointment| appointment.op == op),
        Action::WorkOrderSetCharge(_) => {
            order.charge.iter().flat_map(|charge| &charge.lowered).any(|lowered| lowered.op == op)
        }
        Action::WorkOrderRefuseAcceptance(_) => {
            in_timeline && order.rejections.iter().any(|rejection| rejection.op == op)
        }
        Action::WorkOrderConfirmQuote(_) => {
            in_timeline || order.quotes.iter().flat_map(|quote| &quote.confirmed).any(|word| word.op == op)
        }
        Action::WorkOrderFinish(finish) => {
            in_timeline && (finish.summary.is_none() || order.notes.iter().any(|note| note.op == op))
        }
        // A second taking back and a repeated assignment say nothing new; corrections are in the journal.
        Action::WorkOrderVoidEntry(_) | Action::WorkOrderAssign(_) | Action::WorkOrderEdit(_) => true,
        _ => in_timeline,
    }
}

fn round_trips(order: &WorkOrder) -> Result<(), TestCaseError> {
    let record = Record::from(order.clone());
    let json = record.to_json().map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(Record::from_json(Kind::WorkOrder, &json).ok(), Some(record));
    Ok(())
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_is_lost(plays in plays()) {
        let mut story = Story::new();
        for play in &plays {
            let before = story.clone();
            let action = play.action(&story);
            let did = play.perform(&mut story);
            match did {
                Did::Refused(_) => prop_assert_eq!(&story.order, &before.order),
                Did::Applied(_) => prop_assert!(stands(&story.order, &action, story.op), "{}", action.spec().name),
            }
            let grown = counts(&before.order).iter().zip(counts(&story.order)).all(|(before, after)| *before <= after);
            prop_assert!(grown, "{}", action.spec().name);
            nobody_pays_more_than_they_signed(&story.order)?;
            round_trips(&story.order)?;
            prop_assert!(crate::record::Record::from(story.order.clone()).reach(at(0)).len() <= 5);
        }
    }

    /// The same operations in the same order, pushed at other hours by phones whose clocks are years off.
    #[test]
    fn the_order_alone_decides(plays in plays(), off in -5_000_000i64..5_000_000) {
        let mut one = Story::new().assigned_to(WANG).arrived();
        let mut other = one.clone();
        for play in &plays {
            other.now += play.when.0;
            let wall = Some("1999-12-31T23:59:59Z".to_owned());
            let elsewhere = When { wall, ..between(off, off + play.when.1) };
            // What customers sign shows times, so their signatures differ; whose clocks are off is another test.
            if (19..=20).contains(&play.what) {
                continue;
            }
            prop_assert_eq!(play.perform(&mut one), play.perform_at(&mut other, elsewhere));
            prop_assert_eq!(one.order.status(), other.order.status());
            prop_assert_eq!(one.order.technician(), other.order.technician());
            prop_assert_eq!(&one.order.place, &other.order.place);
            prop_assert_eq!(counts(&one.order), counts(&other.order));
        }
    }

    /// A phone that says nothing of what it saw is judged as one that saw nothing; it never fares better for it.
    #[test]
    fn a_stranger_stays_a_stranger(plays in plays()) {
        let mut story = Story::requested(number(1000), DESK, request_by_phone(PLUMBING));
        for play in plays.iter().filter(|play| ![LI, ZHAO].contains(&play.who()) && play.what != 0) {
            play.perform(&mut story);
            let deed = Deed::recorded(LI, None);
            prop_assert_eq!(story.clone().perform(&deed, AddNote { text: "Mine?".into() }), Did::Refused("not_assigned"));
        }
    }
}

#[test]
fn a_full_order_can_still_be_ended() {
    let mut story = Story::reaching(Status::Working);
    let entry = story.order.timeline[0].clone();
    story.order.timeline = vec![entry; crate::work_order::MOST_ENTRIES];
    story.by(WANG, pause()).refused("too_many_entries");
    story.by(DISPATCHER, cancel()).applied();
}
