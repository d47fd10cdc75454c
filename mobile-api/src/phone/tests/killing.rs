//! A phone may die anywhere.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use super::*;
use crate::{actor::Role, phone::Step};

/// What the world looks like in the end.
#[derive(Debug, PartialEq)]
struct End {
    applied: Vec<Uuid>,
    screen: Vec<Value>,
    states: Vec<State>,
}

type Story = fn(&World);

/// Things that happen to the server before the sync that is killed.
const STORIES: [(&str, Story); 3] = [
    ("an ordinary day", |_| {}),
    ("a lost cursor", |world| {
        world.server.forget_cursors();
        world.server.office(Role::Dispatcher, order(3).uuid(), note("news"));
    }),
    ("another epoch", |world| world.server.ledger().epoch = Uuid::from_u128(0x2e90c)),
];

/// What the phone shows, but for when things happened: a phone that was killed may have had more contacts by which
/// to prove it.
fn screen(phone: &Phone) -> Vec<Value> {
    let mut records: Vec<Value> =
        everything(phone).iter().map(|record| serde_json::from_str(record).expect("JSON")).collect();
    records.iter_mut().for_each(forget_intervals);
    records
}

fn forget_intervals(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "earliest" && name != "latest");
            fields.values_mut().for_each(forget_intervals);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_intervals),
        _ => {}
    }
}

/// Lives the story with the sync killed at its `kill_at`-th step; tells whether it got that far.
async fn live(story: Story, kill_at: u32) -> (End, Option<Step>) {
    let world = World::new(4);
    world.server.ledger().pull_changes = 4;
    world.server.ledger().push_operations = 4;
    let phone = world.ready().await;
    world.line.down();
    let mut done = work(&phone, &world.clock, order(0));
    let draft = |text: &str| Draft::new(order(1), note(text)).expect("a draft");
    let group = phone.record_group(vec![draft("one"), draft("two")]).expect("kept");
    done.extend(group.iter().map(|recorded| recorded.id));
    world.line.up();
    story(&world);
    world.server.ledger().sessions.clear();
    let (count, at) = (AtomicU32::new(0), std::sync::Mutex::new(None));
    let killer = |step| {
        if count.fetch_add(1, Ordering::SeqCst) != kill_at {
            return ControlFlow::Continue(());
        }
        *at.lock().expect("one at a time") = Some(step);
        ControlFlow::Break(())
    };
    let killed = phone.sync_once(&killer).await;
    let at = *at.lock().expect("one at a time");
    assert_eq!(matches!(killed, Err(SyncError::Stopped)), at.is_some());
    drop(phone);
    let phone = world.phone();
    sync(&phone).await.unwrap_or_else(|error| panic!("after {at:?}: {error}"));
    let (agreement, report) = phone.check(&go_on).await.expect("checks");
    assert_eq!((agreement, report.repaired), (crate::phone::Agreement::Equal, vec![]), "after {at:?}");
    let states = done.iter().map(|id| state(&phone, *id)).collect();
    let end = End { applied: world.server.ledger().applied.clone(), screen: screen(&phone), states };
    assert_eq!(end.applied, done, "after {at:?}");
    (end, at)
}

#[tokio::test]
async fn a_sync_killed_at_any_step_ends_as_if_it_had_not_been() {
    for (name, story) in STORIES {
        let (expected, _) = live(story, u32::MAX).await;
        assert!(expected.states.iter().all(|state| *state == State::Settled), "{name}");
        let mut steps = Vec::new();
        for kill_at in 0.. {
            let (end, at) = live(story, kill_at).await;
            let Some(step) = at else { break };
            steps.push(step);
            assert_eq!(end, expected, "{name}, {step:?} ({kill_at})");
        }
        assert!(steps.len() > 10, "{name}: {steps:?}");
    }
}
