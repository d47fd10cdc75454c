//! Two orders for one fault become one; nothing that was on either is lost.

use super::kit::{
    DESK, DISPATCHER, Deed, Did, LI, PLUMBING, Phone, Story, WANG, ZHAO, agree, assign, at, cancel, confirm, number,
    quote, request, request_by_phone, window,
};
use crate::{
    Id, Kind,
    maintenance::Shutdown,
    money::Quantity,
    record::{Record, RecordType as _, Ref},
    refusal::Flag,
    work_order::{
        Status, WorkOrder,
        merge::Merge,
        visit::{AddNote, Arrive, Diagnose, RecordLabour, Start, UseMaterial, VoidEntry},
    },
};

const STAYS: u128 = 9000;

/// The office's own order for the same fault.
fn other() -> Story {
    Story::requested(number(STAYS), DESK, request())
}

fn into() -> Merge {
    Merge { into: Id::new(number(STAYS)) }
}

/// Merges the order of `duplicate` into that of `stays`.
fn merge(duplicate: &mut Story, stays: &mut Story) -> Did {
    let target = Record::from(stays.order.clone());
    let address = target.address();
    duplicate.related.records.insert(address, target);
    let did = duplicate.by(DISPATCHER, into());
    if matches!(did, Did::Applied(_)) {
        let merged = duplicate.related.records[&address].clone();
        stays.order = merged.try_into().expect("an order");
        stays.rev += 1;
        stays.op = number(stays.op.as_u128().max(duplicate.op.as_u128()));
    }
    did
}

/// What a phone sends for the duplicate goes to the order that stayed; what it saw of the one says nothing of the other.
fn sends(story: &mut Story, who: super::kit::Person, action: impl Into<crate::catalogue::Action>) -> Did {
    story.perform(&Deed::recorded(who, None), action)
}

fn note(text: &str) -> AddNote {
    AddNote { text: text.into() }
}

/// Wang's order with one entry of each sort.
fn full() -> Story {
    let seal =
        UseMaterial { item: None, name: "Seal".into(), quantity_milli: Quantity(1000), unit: "pc".into(), stock: None };
    let found = Diagnose { findings: "Seal worn".into(), cause: None, explained: None };
    Story::reaching(Status::Assigned)
        .arrived()
        .then(WANG, agree(120, 180))
        .then(WANG, found)
        .then(WANG, seal)
        .then(WANG, RecordLabour { from: at(0), until: at(30), note: None })
        .then(WANG, note("Dog in the flat"))
        .then(WANG, quote(120))
}

fn entries(order: &WorkOrder) -> [usize; 8] {
    [
        order.notes.len(),
        order.materials.len(),
        order.labour.len(),
        order.quotes.len(),
        order.appointments.len(),
        order.assignments.len(),
        order.timeline.iter().filter(|entry| entry.what != "merge").count(),
        order.diagnosis.iter().count(),
    ]
}

#[test]
fn the_duplicate_becomes_an_alias() {
    let (mut duplicate, mut stays) = (full(), other());
    merge(&mut duplicate, &mut stays).applied();
    duplicate.expect(Status::Cancelled);
    assert_eq!(duplicate.order.alias(), Some(number(STAYS)));
    assert_eq!(stays.order.alias(), None);
    assert_eq!(stays.order.merged_from[0].id, duplicate.order.id);
    stays.expect(Status::Requested);
}

#[test]
fn everything_goes_to_the_order_that_stays() {
    let (mut duplicate, mut stays) = (full(), other().then(DESK, note("She called twice")));
    let before = [entries(&duplicate.order), entries(&stays.order)];
    merge(&mut duplicate, &mut stays).applied();
    let sum: Vec<_> = before[0].iter().zip(before[1]).map(|(one, other)| one + other).collect();
    assert_eq!(entries(&stays.order).to_vec(), sum);
    assert_eq!(entries(&duplicate.order), [0; 8], "what stood on both would be counted twice");
    assert_eq!(stays.order.expected(), Some(window(120, 180)), "what the customer was promised");
    assert_eq!(stays.order.newest_quote(), None, "no work goes on under the duplicate's quote");
}

#[test]
fn what_the_other_order_has_of_its_own_stays_in_force() {
    let found = Diagnose { findings: "Pipe cracked".into(), cause: None, explained: None };
    let mut stays = other().assigned_to(LI).arrived().quoted(200).then(LI, found).then(DESK, agree(240, 300));
    let mut duplicate = full();
    merge(&mut duplicate, &mut stays).applied();
    let order = &stays.order;
    assert_eq!(order.technician(), Some(LI.user()));
    assert_eq!(order.expected(), Some(window(240, 300)));
    assert_eq!(order.diagnosis.as_ref().expect("found").findings, "Pipe cracked");
    assert_eq!(order.newest_quote(), order.confirmed_quote());
    assert_eq!(order.quotes.iter().map(|quote| quote.revision).collect::<Vec<_>>(), [1, 2]);
    let said: Vec<_> = order.timeline.iter().filter_map(|entry| entry.note.as_deref()).collect();
    assert_eq!(said, ["Pipe cracked", "Seal worn"]);
    stays.by(LI, Start {}).applied();
}

/// The work stops the water: whoever restores or withdraws that finds the order under which it is done.
#[test]
fn a_shutdown_follows_its_order() {
    let (mut duplicate, mut stays) = (Story::reaching(Status::Requested), other());
    let window = serde_json::json!({ "from": "2026-03-02T00:00:00Z", "until": "2026-03-02T01:00:00Z" });
    let draft = serde_json::json!({ "id": number(81), "asset": number(82), "site": number(83), "stops": ["water"],
        "window": window, "text": "", "affected": {}, "order": duplicate.order.id });
    let draft: Shutdown = serde_json::from_value(draft).expect("a shutdown");
    duplicate.order.shutdown = Some(draft.id);
    let address = Record::from(draft.clone()).address();
    duplicate.related.records.insert(address, draft.into());
    merge(&mut duplicate, &mut stays).applied();
    let moved: Shutdown = duplicate.related.records[&address].clone().try_into().expect("a shutdown");
    assert_eq!((moved.order, stays.order.shutdown), (Some(stays.order.id), Some(moved.id)));
}

/// The rework was written down twice: under whichever number it is done, nobody pays for it.
#[test]
fn rework_stays_free_under_the_other_number() {
    let (mut duplicate, mut stays) = (full(), other());
    duplicate.order.rework_of = Some(Id::new(number(4711)));
    duplicate.order.policy.free_of_charge = true;
    merge(&mut duplicate, &mut stays).applied();
    assert_eq!((stays.order.rework_of, stays.order.policy.free_of_charge), (Some(Id::new(number(4711))), true));
}

#[test]
fn the_order_on_which_the_customer_gave_their_word_must_stay() {
    let confirmed = full();
    let newest = confirmed.order.newest_quote().expect("quoted").id;
    let confirmed = confirmed.then(WANG, confirm(newest));
    for mut word in [confirmed, Story::reaching(Status::Finished), Story::reaching(Status::SignedOff)] {
        let before = word.order.clone();
        merge(&mut word, &mut other()).refused("still_in_use");
        assert_eq!(word.order, before);
    }
    let mut stays = Story::reaching(Status::SignedOff);
    let mut duplicate = other();
    duplicate
        .related
        .records
        .extend([stays.order.clone()].map(|order| (Ref::new(Kind::WorkOrder, order.id), order.into())));
    let into = Merge { into: stays.order.id };
    duplicate.by(DISPATCHER, into).applied();
    stays.order =
        duplicate.related.records[&Ref::new(Kind::WorkOrder, stays.order.id)].clone().try_into().expect("one");
    assert!(stays.order.charge.is_some());
}

#[test]
fn nothing_is_merged_into_what_will_not_be_done() {
    merge(&mut full(), &mut other().then(DESK, cancel())).refused("bad_reference");
    let mut itself = full();
    let address = Ref::new(Kind::WorkOrder, itself.order.id);
    itself.related.records.insert(address, itself.order.clone().into());
    let into = Merge { into: itself.order.id };
    itself.by(DISPATCHER, into).refused("bad_reference");
    let mut elsewhere = other();
    elsewhere.order.site = Id::new(number(99));
    merge(&mut full(), &mut elsewhere).refused("bad_reference");
    full().by(DISPATCHER, into_nothing()).refused("bad_reference");
    merge(&mut full().then(DESK, cancel()), &mut other()).refused("illegal_transition");
}

fn into_nothing() -> Merge {
    Merge { into: Id::new(number(4711)) }
}

#[test]
fn a_phone_that_still_works_on_the_duplicate_loses_nothing() {
    let (mut duplicate, mut stays) = (full(), other().assigned_to(LI));
    let quoted = duplicate.order.newest_quote().expect("quoted").id;
    let noted = duplicate.order.notes[0].op;
    merge(&mut duplicate, &mut stays).applied();
    let flag = Flag::ReassignedMeanwhile;
    sends(&mut stays, WANG, note("Done")).flagged(flag);
    sends(&mut stays, WANG, confirm(quoted)).flagged(flag);
    sends(&mut stays, WANG, Start {}).flagged(flag);
    sends(&mut stays, WANG, VoidEntry { entry: noted, reason: "No dog".into() }).flagged(flag);
    let mut content = duplicate.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen");
    content.order = duplicate.order.id;
    let did = sends(&mut stays, WANG, super::kit::signature(content));
    assert!(matches!(did, Did::Applied(flags) if flags.contains(&flag)));
    stays.expect(Status::Assigned);
    assert_eq!(stays.order.sign_offs.len(), 1);
    assert!(stays.order.quotes[0].confirmed.is_some());
    assert_eq!(stays.order.charge, None);
    sends(&mut stays, ZHAO, note("Never mine")).refused("not_assigned");
}

#[test]
fn who_found_the_fault_on_patrol_may_still_add_to_it() {
    let mut duplicate = Story::requested(number(1000), ZHAO, request_by_phone(PLUMBING));
    let mut stays = other();
    merge(&mut duplicate, &mut stays).applied();
    assert!(stays.order.visible_to(&ZHAO.actor()));
    sends(&mut stays, ZHAO, note("The valve is closed")).applied();
}

#[test]
fn a_duplicate_of_a_duplicate_is_known_where_both_end() {
    let mut last = Story::requested(number(1000), DESK, request());
    let mut middle = Story::requested(number(2000), DESK, request());
    let address = Ref::new(Kind::WorkOrder, middle.order.id);
    last.related.records.insert(address, middle.order.clone().into());
    let into_middle = Merge { into: middle.order.id };
    last.by(DISPATCHER, into_middle).applied();
    middle.order = last.related.records[&address].clone().try_into().expect("an order");
    let mut stays = other();
    merge(&mut middle, &mut stays).applied();
    let known: Vec<_> = stays.order.merged_from.iter().map(|from| from.id.uuid()).collect();
    assert_eq!(known, [number(2000), number(1000)]);
}

#[test]
fn the_own_technician_goes_on_where_both_orders_were_theirs() {
    let mut stays = other().assigned_to(WANG);
    let mut duplicate = Story::reaching(Status::Assigned);
    merge(&mut duplicate, &mut stays).applied();
    let mut phone: Phone = stays.phone(WANG);
    phone.sends(&mut stays, Arrive {}).applied();
    stays.by(DISPATCHER, assign(LI)).applied();
    assert_eq!(stays.order.technician(), Some(LI.user()));
}

#[test]
fn an_order_cannot_grow_beyond_its_bounds_by_merging() {
    let (mut duplicate, mut stays) = (full(), other());
    let entry = duplicate.order.notes[0].clone();
    stays.order.notes = vec![entry; crate::work_order::MOST_ENTRIES];
    let before = stays.order.clone();
    merge(&mut duplicate, &mut stays).refused("too_many_entries");
    assert_eq!(stays.order, before);
    duplicate.expect(Status::OnSite);
}
