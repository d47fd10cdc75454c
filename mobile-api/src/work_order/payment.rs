//! What the customer paid, and what was given back.
//!
//! A payment is never edited: a wrong one is countered by a refund. What is owed is the charge, less the payments, plus the
//! refunds; there is no field of it that anybody could set.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    WorkOrder,
    standing::{addition, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::Organisation,
    evidence::When,
    ids::{Id, UserId},
    money::{Currency, Money},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// In cash, to the technician or at the desk.
    Cash,
    /// By bank transfer.
    Transfer,
    /// By WeChat Pay (微信).
    Wechat,
    /// By Alipay (支付宝).
    Alipay,
    /// Not now: by an invoice that the office sends. Nothing was received yet, so it is still owed.
    Invoice,
}

impl PaymentMethod {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentMethod::Cash => "cash",
            PaymentMethod::Transfer => "transfer",
            PaymentMethod::Wechat => "wechat",
            PaymentMethod::Alipay => "alipay",
            PaymentMethod::Invoice => "invoice",
        }
    }

    /// Whether money was received.
    pub fn is_money(self) -> bool {
        self != PaymentMethod::Invoice
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payment {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The number on the receipt, given by the server; a phone has none until then.
    pub receipt: Option<String>,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// The number that bank, WeChat or Alipay gave it.
    pub reference: Option<String>,
    /// Who took it.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Money given back: the counter-entry of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refund {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The operation that recorded the payment.
    pub payment: Uuid,
    /// The number on the receipt.
    pub receipt: Option<String>,
    /// How much.
    pub amount: Money,
    /// How: as it was paid.
    pub method: PaymentMethod,
    /// Why.
    pub reason: String,
    /// Who decided it.
    pub by: UserId,
    /// When.
    pub at: When,
}

impl Payment {
    /// What to write on the receipt: its number, or a provisional one that names the operation until the server has
    /// given it a number.
    pub fn receipt_shown(&self) -> String {
        let provisional = || {
            let digits = self.op.simple().to_string();
            format!("P-{}", digits[digits.len() - 8..].to_uppercase())
        };
        self.receipt.clone().unwrap_or_else(provisional)
    }
}

/// How an order stands with its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Balance {
    /// What is charged; nothing until it was signed for.
    pub charged: Money,
    /// What was received.
    pub paid: Money,
    /// What was given back.
    pub refunded: Money,
    /// What is still owed, in minor units: charged, less paid, plus refunded. Below zero it is the customer's.
    pub owed_minor: i64,
}

impl WorkOrder {
    /// What is owed for it.
    pub fn balance(&self) -> Balance {
        let currency = self.policy.currency;
        let sum = |minor: &mut dyn Iterator<Item = i64>| Money { minor: minor.sum(), currency };
        let charged = self.charge.as_ref().map_or(Money::zero(currency), |charge| charge.amount);
        let received = self.payments.iter().filter(|payment| payment.method.is_money());
        let paid = sum(&mut received.map(|payment| payment.amount.minor));
        let returned = self.refunds.iter().filter(|refund| refund.method.is_money());
        let refunded = sum(&mut returned.map(|refund| refund.amount.minor));
        Balance { charged, paid, refunded, owed_minor: charged.minor - paid.minor + refunded.minor }
    }

    fn same_currency(&self, amount: Money) -> Result<(), Refusal> {
        let expected = self.policy.currency;
        let found = amount.currency;
        if found == expected { Ok(()) } else { Err(Refusal::CurrencyMismatch { expected, found }) }
    }
}

/// The customer paid. Always accepted from whom the order concerns: the money has changed hands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordPayment {
    /// How much, in the order's currency; more than nothing.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// The number that bank, WeChat or Alipay gave it; at most 100 characters.
    pub reference: Option<String>,
}

impl Payload for RecordPayment {
    type Record = WorkOrder;

    fn example() -> Self {
        let amount = Money { minor: 13_250, currency: Currency::CNY };
        Self { amount, method: PaymentMethod::Wechat, reference: Some("4200001234202603021234567890".into()) }
    }

    fn check(&self, check: &mut Check) {
        check_paid(check, self.amount);
        check.optional_text("/reference", self.reference.as_deref(), 100);
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        vec![Need::ReceiptNumber, Need::record(Id::<Organisation>::new(actor.org))]
    }
}

/// More than nothing.
fn check_paid(check: &mut Check, amount: Money) {
    check.number("/amount/minor", amount.minor, 1..=crate::money::MOST_MINOR);
}

impl Change for RecordPayment {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let mut flags = flags(addition(&order, context)?);
        order.same_currency(self.amount)?;
        flags.extend(self.perhaps_the_same(&order, context));
        let payment = Payment {
            op: context.op,
            receipt: context.related.receipt_number.clone(),
            amount: self.amount,
            method: self.method,
            reference: self.reference,
            by: context.actor.user,
            at: context.when.clone(),
        };
        WorkOrder::push(&mut order.payments, payment)?;
        let balance = order.balance();
        if order.charge.is_none() {
            flags.push(Flagged::with(Flag::PaymentWithoutCharge, json!({ "amount": self.amount })));
        } else if self.method.is_money() && balance.owed_minor < 0 {
            flags.push(Flagged::with(Flag::Overpaid, json!({ "balance": balance })));
        }
        Ok(Decision::flagged(order, flags))
    }
}

impl RecordPayment {
    /// The same amount, in the same way, at about the same time: perhaps two people wrote down one payment. Numbers of a
    /// bank that differ tell two payments apart.
    fn perhaps_the_same(&self, order: &WorkOrder, context: &Context<'_>) -> Option<Flagged> {
        let firm: Option<&Organisation> = context.related.get(Id::new(context.actor.org));
        let within = firm.map(|firm| firm.money.clone()).unwrap_or_default().same_payment_minutes;
        let within = Duration::minutes(within.into());
        let same = |other: &&Payment| {
            let told_apart = self.reference.is_some() && other.reference.is_some() && self.reference != other.reference;
            (other.amount, other.method) == (self.amount, self.method)
                && !told_apart
                && !within.is_zero()
                && apart(&other.at, &context.when) <= within
        };
        let same: Vec<Uuid> = order.payments.iter().filter(same).map(|payment| payment.op).collect();
        (!same.is_empty()).then(|| Flagged::with(Flag::PossibleDuplicatePayment, json!({ "payments": same })))
    }
}

/// The least time that can lie between two things.
fn apart(one: &When, other: &When) -> Duration {
    let gap = (one.earliest - other.latest).max(other.earliest - one.latest);
    gap.max(Duration::zero())
}

/// Gives money back, or takes a payment back that never was one: the payment stays, and this stands against it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundPayment {
    /// The operation that recorded the payment.
    pub payment: Uuid,
    /// How much; at most what was paid and not given back yet.
    pub amount: Money,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for RefundPayment {
    type Record = WorkOrder;

    fn example() -> Self {
        let payment = uuid::uuid!("01930000-0000-7000-8000-000000000043");
        let amount = Money { minor: 3_250, currency: Currency::CNY };
        Self { payment, amount, reason: "Recorded on two phones".into() }
    }

    fn check(&self, check: &mut Check) {
        check_paid(check, self.amount);
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::ReceiptNumber]
    }
}

impl Change for RefundPayment {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        order.same_currency(self.amount)?;
        let payment = order.payments.iter().find(|payment| payment.op == self.payment).ok_or(Refusal::EntryUnknown)?;
        let (paid, method) = (payment.amount.minor, payment.method);
        let returned = order.refunds.iter().filter(|refund| refund.payment == self.payment);
        let returned: i64 = returned.map(|refund| refund.amount.minor).sum();
        if self.amount.minor > paid - returned {
            return Err(Refusal::AmountExceedsPaid);
        }
        let refund = Refund {
            op: context.op,
            payment: self.payment,
            receipt: context.related.receipt_number.clone(),
            amount: self.amount,
            method,
            reason: self.reason,
            by: context.actor.user,
            at: context.when.clone(),
        };
        WorkOrder::push(&mut order.refunds, refund)?;
        Ok(order.into())
    }
}
