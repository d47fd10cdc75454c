//! What was paid, given back, and is owed.

use proptest::prelude::*;

use super::kit::{DISPATCHER, Did, MANAGER, Story, WANG, ZHAO, between, number, yuan};
use crate::{
    money::{Currency, Money},
    refusal::Flag,
    work_order::{
        Balance, PaymentMethod, Status,
        payment::{RecordPayment, RefundPayment},
    },
};

fn paid(amount: Money, method: PaymentMethod) -> RecordPayment {
    RecordPayment { amount, method, reference: None }
}

fn cash(yuans: i64) -> RecordPayment {
    paid(yuan(yuans), PaymentMethod::Cash)
}

fn back(payment: uuid::Uuid, yuans: i64) -> RefundPayment {
    RefundPayment { payment, amount: yuan(yuans), reason: "Agreed by telephone".into() }
}

#[test]
fn what_is_owed_follows_from_what_was_charged_and_paid() {
    let mut story = Story::reaching(Status::SignedOff);
    assert_eq!(story.order.balance().owed_minor, 12_000);
    story.by(WANG, cash(50)).applied();
    let first = story.op;
    assert_eq!(story.order.payments[0].receipt.as_deref(), Some("R2026-000001"));
    story.by(WANG, paid(yuan(70), PaymentMethod::Invoice)).applied();
    assert_eq!(story.order.balance().owed_minor, 7_000, "an invoice is not money yet");
    story.by(DISPATCHER, paid(yuan(100), PaymentMethod::Transfer)).flagged(Flag::Overpaid);
    story.by(MANAGER, back(first, 30)).applied();
    let balance = Balance { charged: yuan(120), paid: yuan(150), refunded: yuan(30), owed_minor: 0 };
    assert_eq!(story.order.balance(), balance);
    story.by(MANAGER, back(first, 21)).refused("amount_exceeds_paid");
    story.by(MANAGER, back(first, 20)).applied();
    story.by(MANAGER, back(number(1), 1)).refused("entry_unknown");
}

#[test]
fn money_that_cannot_be_is_refused() {
    let mut story = Story::reaching(Status::SignedOff);
    story.by(WANG, cash(0)).refused("invalid");
    story.by(WANG, cash(-1)).refused("invalid");
    let pounds = Money { minor: 100, currency: Currency::GBP };
    story.by(WANG, paid(pounds, PaymentMethod::Cash)).refused("currency_mismatch");
    story.by(ZHAO, cash(1)).refused("not_assigned");
}

#[test]
fn money_before_the_signature_is_taken_and_told_of() {
    let mut story = Story::reaching(Status::Working);
    story.by(WANG, cash(50)).flagged(Flag::PaymentWithoutCharge);
    let story = story.finished().signed();
    assert_eq!(story.order.balance().owed_minor, 7_000);
}

#[test]
fn one_payment_written_down_twice_is_noticed() {
    let mut story = Story::reaching(Status::SignedOff);
    let (mut phone, mut tablet) = (story.phone(WANG), story.phone(WANG));
    phone.sends_of(&mut story, Some(between(10, 11)), cash(60)).applied();
    let first = story.op;
    tablet.sends_of(&mut story, Some(between(21, 22)), cash(60)).flagged(Flag::PossibleDuplicatePayment);
    assert_eq!(story.details[0]["payments"][0], first.to_string());
    assert_eq!(story.order.payments.len(), 2, "both are kept");
    // Eleven minutes apart, another amount, another way.
    let far = tablet.sends_of(&mut story, Some(between(33, 33)), cash(60));
    assert_eq!(far, Did::Applied(vec![Flag::Overpaid]));
    let other = tablet.sends_of(&mut story, Some(between(33, 33)), cash(61));
    assert_eq!(other, Did::Applied(vec![Flag::Overpaid]));
}

#[test]
fn the_banks_own_numbers_tell_payments_apart() {
    let mut story = Story::reaching(Status::SignedOff);
    let wechat =
        |reference: &str| RecordPayment { reference: Some(reference.into()), ..paid(yuan(10), PaymentMethod::Wechat) };
    story.by(WANG, wechat("1")).applied();
    story.by(WANG, wechat("2")).applied();
    story.by(WANG, wechat("2")).flagged(Flag::PossibleDuplicatePayment);
}

#[test]
fn a_phone_shows_a_provisional_number() {
    let mut story = Story::reaching(Status::SignedOff);
    story.related.receipt_number = None;
    story.by(WANG, cash(10)).applied();
    let shown = story.order.payments[0].receipt_shown();
    assert!(shown.starts_with("P-") && shown.len() == 10, "{shown}");
}

proptest! {
    #[test]
    fn the_balance_is_the_sum_of_its_entries(moves in proptest::collection::vec((1..200i64, any::<bool>()), 1..40)) {
        let mut story = Story::reaching(Status::SignedOff);
        let mut expected = 12_000;
        for (yuans, give_back) in moves {
            let newest = story.order.payments.last().map(|payment| payment.op);
            match newest.filter(|_| give_back) {
                Some(payment) => {
                    if let Did::Applied(_) = story.by(MANAGER, back(payment, yuans)) {
                        expected += yuans * 100;
                    }
                }
                None => {
                    story.by(WANG, cash(yuans));
                    expected -= yuans * 100;
                }
            }
            let balance = story.order.balance();
            prop_assert_eq!(balance.owed_minor, expected);
            prop_assert!(balance.refunded.minor <= balance.paid.minor, "nobody gets back more than was paid");
        }
    }
}
