//! Definitions, order by order.

use proptest::prelude::*;

use super::*;
use crate::{evidence::Verdict, ids::Id, time::Timestamp};

fn noon() -> Timestamp {
    "2026-11-22T04:00:00Z".parse().unwrap()
}

fn facts() -> Facts {
    Facts {
        order: Id::new(uuid::Uuid::nil()),
        settled_at: noon(),
        called_at: noon() - chrono::Duration::hours(3),
        technician: None,
        team: None,
        site: Id::new(uuid::Uuid::nil()),
        order_type: Id::new(uuid::Uuid::nil()),
        deadline: None,
        passed: None,
        response_seconds: None,
        resolution_seconds: 3 * 3600,
        labour_minutes: 0,
        rework: false,
        material: None,
        visit: None,
    }
}

fn visit(days: i64, unreachable: bool, satisfied: Option<Satisfied>) -> Option<Visit> {
    Some(Visit { due: noon() + chrono::Duration::days(days), unreachable, satisfied })
}

#[test]
fn an_order_counts_by_the_written_definition() {
    use Counted::{Amount, Not, Share, Unprovable};
    let count = |figure: Figure, facts: Facts| figure.count(&facts, noon());
    let deadline = |deadline| Facts { deadline, ..facts() };
    assert_eq!(count(Figure::OnTime, deadline(None)), Not);
    assert_eq!(count(Figure::OnTime, deadline(Some(Verdict::OnTime))), Share(true));
    assert_eq!(count(Figure::OnTime, deadline(Some(Verdict::Late))), Share(false));
    assert_eq!(count(Figure::OnTime, deadline(Some(Verdict::Unprovable))), Unprovable, "told apart, never as kept");
    assert_eq!(count(Figure::Pass, facts()), Not, "nobody signed");
    assert_eq!(count(Figure::Pass, Facts { passed: Some(false), ..facts() }), Share(false));
    let visited = |visit| Facts { visit, ..facts() };
    assert_eq!(count(Figure::ReturnVisits, visited(visit(1, false, None))), Not, "there is time until tomorrow");
    assert_eq!(count(Figure::ReturnVisits, visited(visit(0, false, None))), Share(false), "it is due now");
    assert_eq!(count(Figure::ReturnVisits, visited(visit(1, false, Some(Satisfied::Fair)))), Share(true));
    assert_eq!(count(Figure::ReturnVisits, visited(visit(-1, true, None))), Unprovable, "nobody answers: told apart");
    assert_eq!(count(Figure::Satisfaction, visited(visit(1, false, Some(Satisfied::Fair)))), Share(false));
    assert_eq!(count(Figure::Satisfaction, visited(visit(-1, true, None))), Not);
    assert_eq!(count(Figure::Hours, facts()), Not);
    assert_eq!(count(Figure::Hours, Facts { labour_minutes: 40, ..facts() }), Amount(40));
    assert_eq!(count(Figure::Material, facts()), Not);
    let material = |minor, unpriced| Facts { material: Some(Material { minor, unpriced }), ..facts() };
    assert_eq!(count(Figure::Material, material(2_500, 0)), Amount(2_500));
    assert_eq!(count(Figure::Material, material(2_500, 1)), Unprovable, "nobody knows what the rest cost");
    assert_eq!(count(Figure::Resolution, facts()), Amount(10_800));
}

fn complaint() -> ComplaintFacts {
    ComplaintFacts {
        complaint: Id::new(uuid::Uuid::nil()),
        received_at: noon(),
        site: None,
        team: None,
        class: None,
        cause: None,
        founded: None,
        told: Kept::Nothing,
        responded: Kept::Nothing,
        resolved: Kept::Nothing,
        called: Kept::Nothing,
        accepted: None,
        again: false,
    }
}

#[test]
fn a_complaint_counts_by_the_written_definition() {
    use Counted::{Amount, Not, Share, Unprovable};
    let count = |figure: Figure, facts: ComplaintFacts| figure.count_complaint(&facts, noon());
    let told = |told| ComplaintFacts { told, ..complaint() };
    let second = chrono::Duration::seconds(1);
    assert_eq!(count(Figure::ComplaintTold, told(Kept::Nothing)), Not);
    assert_eq!(count(Figure::ComplaintTold, told(Kept::Due(noon()))), Not, "there still is time");
    assert_eq!(count(Figure::ComplaintTold, told(Kept::Due(noon() - second))), Share(false), "late, whatever comes");
    assert_eq!(count(Figure::ComplaintTold, told(Kept::Judged(Verdict::OnTime))), Share(true));
    assert_eq!(count(Figure::ComplaintTold, told(Kept::Judged(Verdict::Unprovable))), Unprovable);
    assert_eq!(count(Figure::ComplaintResponded, told(Kept::Judged(Verdict::OnTime))), Not, "each by its own clock");
    assert_eq!(count(Figure::ComplaintFounded, complaint()), Not, "nobody has judged it");
    assert_eq!(count(Figure::ComplaintFounded, ComplaintFacts { founded: Some(false), ..complaint() }), Share(false));
    assert_eq!(count(Figure::ComplaintAccepted, ComplaintFacts { accepted: Some(true), ..complaint() }), Share(true));
    assert_eq!(count(Figure::ComplaintAgain, complaint()), Share(false));
    assert_eq!(count(Figure::Complaints, complaint()), Amount(1));
    for figure in Figure::ALL {
        let (of_orders, of_complaints) = (figure.count(&facts(), noon()), count(figure, complaint()));
        assert!(of_orders == Not || of_complaints == Not, "{figure:?} counts one of the two");
    }
}

#[test]
fn nothing_divided_is_nothing() {
    for figure in Figure::ALL {
        assert_eq!(Tally::default().value(figure.measure()), None);
        assert_eq!(Figure::parse(figure.as_str()), Some(figure));
    }
    let two_of_three = Tally { denominator: 3, numerator: 2, unprovable: 9 };
    assert_eq!(two_of_three.value(Measure::Rate), Some(6_666), "what cannot be proved is in neither");
}

proptest! {
    /// Groups add up to the whole, however they are cut.
    #[test]
    fn groups_add_up(parts in prop::collection::vec((0..4_u8, 0..100_000_i64), 0..60), cut in 0..60_usize) {
        let counted = |(sort, amount): &(u8, i64)| match sort {
            0 => Counted::Not,
            1 => Counted::Unprovable,
            2 => Counted::Share(amount % 2 == 0),
            _ => Counted::Amount(*amount),
        };
        let tally = |parts: &[(u8, i64)]| parts.iter().fold(Tally::default(), |mut tally, part| {
            tally.add(counted(part));
            tally
        });
        let (left, right) = parts.split_at(cut.min(parts.len()));
        prop_assert_eq!(tally(left).with(tally(right)), tally(&parts));
    }
}
