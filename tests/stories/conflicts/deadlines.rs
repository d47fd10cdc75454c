//! Deadlines are judged by when a thing happened: not by when it was told, nor by a clock that can be turned.

use chrono::{FixedOffset, TimeDelta};
use mobile_api::work_order::{
    Window,
    dispatch::{AgreeTime, Assign},
};

use super::*;

/// Wang sets out with an order that is to be reached within twenty minutes.
async fn sent_out(house: &House) -> (WorkOrderId, Handset) {
    let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
    (order, house.phone_of("wang").await)
}

/// What was judged of the arrival.
async fn arrival(house: &House, order: WorkOrderId) -> &'static str {
    verdict_of(&order_of(house, order).await.clocks.arrive).expect("judged")
}

fn turn_wall(phone: &Handset, by: TimeDelta) {
    phone.clock.turn_wall(by, FixedOffset::east_opt(0).unwrap());
}

stories! {
    async fn told_a_day_late_he_was_there_in_time(house: House) {
        let (order, phone) = sent_out(&house).await;
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Arrive {});
        house.pass(hours(24), &[&phone]);
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "on_time");
    }

    async fn a_clock_turned_forward_does_not_make_him_late(house: House) {
        let (order, phone) = sent_out(&house).await;
        turn_wall(&phone, TimeDelta::hours(3));
        house.pass(minutes(10), &[&phone]);
        phone.did(order, Arrive {});
        house.pass(hours(1), &[&phone]);
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "on_time");
    }

    async fn a_clock_turned_back_does_not_make_him_punctual(house: House) {
        let (order, phone) = sent_out(&house).await;
        house.pass(minutes(40), &[&phone]);
        turn_wall(&phone, TimeDelta::hours(-1));
        phone.did(order, Arrive {});
        house.pass(hours(1), &[&phone]);
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "late");
        let order = order_of(&house, order).await;
        let arrived = order.clocks.arrive.unwrap().stopped.unwrap();
        assert_eq!(arrived.wall.as_deref(), Some("2026-03-01T23:40:00.000+00:00"), "what his phone showed is kept");
        assert!(arrived.latest - arrived.earliest < TimeDelta::seconds(10), "and the truth is known to the second");
    }

    /// The uptime since the new start, stated when it was sent, leads back to the moment.
    async fn a_phone_that_was_switched_off_on_the_way_still_proves_it(house: House) {
        let (order, mut phone) = sent_out(&house).await;
        house.pass(minutes(5), &[&phone]);
        phone.restart();
        house.pass(minutes(5), &[&phone]);
        phone.did(order, Arrive {});
        house.pass(hours(3), &[&phone]);
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "on_time");
    }

    async fn a_phone_that_died_before_and_after_proves_nothing(house: House) {
        let (order, mut phone) = sent_out(&house).await;
        house.pass(minutes(5), &[&phone]);
        phone.restart();
        house.pass(minutes(5), &[&phone]);
        phone.did(order, Arrive {});
        house.pass(hours(3), &[&phone]);
        phone.restart();
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "unprovable");
    }

    /// The customer agreed to the afternoon: the clock then runs to the end of what was agreed.
    async fn agreed_on_the_afternoon_he_is_on_time_in_the_afternoon(house: House) {
        let (order, phone) = sent_out(&house).await;
        let from = phone.clock.truth() + hours(6);
        let window = Window { from, until: from + hours(2) };
        house.pass(minutes(5), &[&phone]);
        phone.did(order, AgreeTime { window, consented_by: "Mrs Chen".into() });
        house.pass(hours(7), &[&phone]);
        phone.did(order, Arrive {});
        reads!(synced(&phone).await, @r"
        agree_time        applied
        arrive            applied
        ");
        let file = order_of(&house, order).await;
        let consent = file.appointment().unwrap();
        assert_eq!((&*consent.consented_by, consent.by), ("Mrs Chen", house.firm.wang));
        assert_eq!(file.clocks.arrive.as_ref().unwrap().due, window.until);
        assert_eq!(arrival(&house, order).await, "on_time");
    }

    async fn a_consent_after_the_time_had_run_out_excuses_nothing(house: House) {
        let (order, phone) = sent_out(&house).await;
        let from = phone.clock.truth() + hours(6);
        house.pass(minutes(25), &[&phone]);
        phone.did(order, AgreeTime { window: Window { from, until: from + hours(2) }, consented_by: "Mrs Chen".into() });
        house.pass(hours(7), &[&phone]);
        phone.did(order, Arrive {});
        all_applied(&phone).await;
        assert_eq!(arrival(&house, order).await, "late");
    }

    /// The office agreed on another time meanwhile: its word stands, the customer's consent to the other is kept.
    async fn two_appointments_at_once(house: House) {
        let (order, phone) = sent_out(&house).await;
        let window = |hour| {
            let from = phone.clock.truth() + hours(hour);
            Window { from, until: from + hours(2) }
        };
        phone.did(order, AgreeTime { window: window(6), consented_by: "Mrs Chen".into() });
        office_does(&house, order, AgreeTime { window: window(8), consented_by: "Mr Chen".into() }).await;
        reads!(synced(&phone).await, @"agree_time        applied_flagged field_conflict");
        let file = order_of(&house, order).await;
        assert_eq!((file.appointments.len(), file.appointment().unwrap().window), (2, window(8)));
        assert_eq!(file.clocks.arrive.unwrap().due, window(8).until);
    }

    async fn a_request_told_too_late_and_one_written_down_without_signal(house: House) {
        let called_at = Some(house.clock.now() - TimeDelta::minutes(6));
        let request = mobile_api::work_order::request::Request { called_at, ..house.request_for(house.firm.plumbing) };
        let late = Id::new(house.clock.new_id());
        house.li().await.perform(late, request).await.applied();
        assert_eq!(verdict_of(&order_of(&house, late).await.clocks.record), Some("late"));

        let phone = house.phone_of("wang").await;
        let order = Id::new(mobile_api::phone::PhoneClock::new_id(&*phone.clock));
        phone.did(order, house.request_for(house.firm.check_up));
        house.pass(hours(2), &[&phone]);
        all_applied(&phone).await;
        let file = order_of(&house, order).await;
        assert_eq!(verdict_of(&file.clocks.record), Some("on_time"));
        assert!(file.clocks.dispatch.as_ref().unwrap().stopped.is_none());
        office_does(&house, order, Assign { technician: house.firm.wang }).await;
        assert_eq!(verdict_of(&order_of(&house, order).await.clocks.dispatch), Some("late"));
    }

    /// Only who holds the certificate may be sent; that it ran out on the way does not undo the arrival.
    async fn the_lift_needs_a_certificate_that_is_still_good(house: House) {
        let order = house.request(house.firm.lift).await;
        let li = house.li().await;
        let send = |technician| Assign { technician };
        assert_eq!(conflicts(li.perform(order, send(house.firm.wang)).await), "not_qualified");
        li.perform(order, send(house.firm.zhao)).await.applied();
        let zhao = house.phone_of("zhao").await;
        house.pass(hours(30), &[&zhao]);
        zhao.did(order, Arrive {});
        reads!(synced(&zhao).await, @"arrive            applied_flagged certificate_missing");
        assert_eq!(status(&order_of(&house, order).await), "on_site");
        let next = house.request(house.firm.lift).await;
        let again = house.li().await.perform(next, send(house.firm.zhao)).await;
        assert_eq!(conflicts(again), "not_qualified", "it ran out yesterday");
    }
}
