//! The screen that a phone keeps between two looks is the one it would build anew.

use proptest::prelude::*;

use super::*;
use crate::actor::Role;

/// What can happen between two looks.
#[derive(Clone, Debug)]
enum Event {
    /// Something is recorded, fitting or not.
    Record { order: u128, step: u8 },
    /// Several at once, all or none.
    Group { order: u128, steps: Vec<u8> },
    /// Signal for a moment.
    Sync,
    /// The office writes into an order.
    Office { order: u128 },
    /// The app was closed and opened.
    Restart,
    /// A second copy of the app writes into the same file.
    Elsewhere { order: u128 },
}

fn event() -> impl Strategy<Value = Event> {
    let order = 0..3_u128;
    prop_oneof![
        6 => (order.clone(), 0..6_u8).prop_map(|(order, step)| Event::Record { order, step }),
        1 => (order.clone(), prop::collection::vec(0..6_u8, 2..4)).prop_map(|(order, steps)| Event::Group { order, steps }),
        1 => Just(Event::Sync),
        1 => order.clone().prop_map(|order| Event::Office { order }),
        1 => Just(Event::Restart),
        1 => order.prop_map(|order| Event::Elsewhere { order }),
    ]
}

fn draft(order_number: u128, step: u8) -> Draft {
    let order = order(order_number);
    match step {
        0 => Draft::new(order, dispatch::Accept {}),
        1 => Draft::new(order, dispatch::Depart {}),
        2 => Draft::new(order, visit::Arrive {}),
        3 => Draft::new(order, visit::Start {}),
        4 => Draft::new(order, note("Seal worn")),
        _ => Draft::new(order, visit::Finish { summary: None }),
    }
    .expect("a draft")
}

/// What a person sees: records, and what the rules said of each pending operation.
fn seen(phone: &Phone) -> (Vec<String>, Vec<String>) {
    let pending = phone.pending().expect("readable").into_iter();
    (
        everything(phone),
        pending.map(|pending| format!("{} {:?} {:?}", pending.id, pending.state, pending.outcome)).collect(),
    )
}

async fn happens(world: &World, phone: &mut Phone, event: Event) {
    match event {
        Event::Record { order, step } => drop(phone.record(draft(order, step)).expect("kept")),
        Event::Group { order, steps } => {
            let drafts = steps.into_iter().map(|step| draft(order, step)).collect();
            drop(phone.record_group(drafts).expect("kept"));
        }
        Event::Sync => drop(sync(phone).await.expect("syncs")),
        Event::Office { order: number } => {
            world.server.office(Role::Dispatcher, order(number).uuid(), note("She rang again"))
        }
        Event::Restart => *phone = world.phone(),
        Event::Elsewhere { order } => drop(world.phone().record(draft(order, 4)).expect("kept")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_screen_is_the_one_that_would_be_built(events in prop::collection::vec(event(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new(3);
            let mut phone = world.ready().await;
            for event in events {
                happens(&world, &mut phone, event).await;
                prop_assert_eq!(seen(&phone), seen(&world.phone()));
            }
            Ok(())
        })?;
    }
}
