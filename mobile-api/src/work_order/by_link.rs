//! A quote that goes to the customer as a link: the office sends it, the customer confirms on a page of their own.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ConfirmationMethod, Quote, Status, WorkOrder, confirm::confirm};
use crate::{
    check::Check,
    evidence::When,
    ids::{UserId, derived},
    operation::{Change, Context, Decision, Payload},
    refusal::Refusal,
    signing::digest,
};

/// A link to a quote went out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteSent {
    /// The operation.
    pub op: Uuid,
    /// Where to: a number, an address, a name in a messenger.
    pub to: String,
    /// Who sent it.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Gives the customer a link to the quote. The link itself is not in the record, since whoever has it confirms: only the desk
/// is told, by `GET /v1/work-orders/{id}/quote-link`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendQuote {
    /// Which one: the id of the operation that made it.
    pub quote: Uuid,
    /// Where to: a number, an address, a name in a messenger; 1 to 200 characters.
    pub to: String,
}

impl Payload for SendQuote {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { quote: uuid::uuid!("01930000-0000-7000-8000-000000000041"), to: "138 0013 8000".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/to", &self.to, 1..=200);
    }
}

impl Change for SendQuote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let illegal = Refusal::IllegalTransition { from: order.status(), operation: "send_quote" };
        if order.status() >= Status::SignedOff {
            return Err(illegal);
        }
        let newest = order.newest_quote().map(|quote| quote.id);
        let quote = order.quotes.iter_mut().find(|quote| quote.id == self.quote).ok_or(Refusal::QuoteUnknown)?;
        if newest != Some(quote.id) {
            return Err(Refusal::QuoteUnknown);
        }
        if quote.confirmed.is_some() {
            return Err(illegal);
        }
        quote.not_to_be_confirmed(context)?;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        WorkOrder::push(&mut quote.sent, QuoteSent { op, to: self.to.clone(), by, at })?;
        order.log(context, "send_quote", Some(&self.to), None)?;
        Ok(order.into())
    }
}

/// The customer confirms a quote on the page behind the link. The server does this for whoever opened it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmByLink {
    /// Which one: the id of the operation that made it.
    pub quote: Uuid,
    /// Who confirms, as they wrote it; 1 to 200 characters.
    pub name: String,
}

impl Payload for ConfirmByLink {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { quote: uuid::uuid!("01930000-0000-7000-8000-000000000041"), name: "Mrs Chen".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
    }
}

impl Change for ConfirmByLink {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let quote = order.quotes.iter().find(|quote| quote.id == self.quote && quote.is_sent());
        let shown = quote.and_then(|quote| order.quote_to_confirm(quote.id, &self.name));
        let digest = shown.and_then(|shown| digest(&shown).ok()).ok_or(Refusal::QuoteUnknown)?;
        let method = ConfirmationMethod::Link { digest, proof: proof(self.quote, context.op) };
        confirm(order, self.quote, self.name, method, Vec::new(), context)
    }
}

impl Quote {
    /// Whether a customer has a link to it.
    pub fn is_sent(&self) -> bool {
        !self.sent.is_empty()
    }
}

/// Six digits for whoever stands at the door. They prove nothing by themselves: they are compared with the confirmation that
/// the server already has.
fn proof(quote: Uuid, op: Uuid) -> String {
    let number = derived(&[b"proof", quote.as_bytes(), op.as_bytes()]).as_u128() % 1_000_000;
    format!("{number:06}")
}
