//! Somebody answers for a quote that its maker may not make alone.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Status, WorkOrder,
    pricing::{Concern, most_off},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::Organisation,
    evidence::When,
    ids::{Id, UserId},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Somebody of the office answers for a quote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Agreement {
    /// The operation.
    pub op: Uuid,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
    /// What they say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Agrees to a quote with free lines or a discount beyond what its maker may give. Whoever agrees to a discount must be
/// allowed to give it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgreeQuote {
    /// Which one: the id of the operation that made it.
    pub quote: Uuid,
    /// Why; at most 1,000 characters.
    pub note: Option<String>,
}

impl Payload for AgreeQuote {
    type Record = WorkOrder;

    fn example() -> Self {
        let quote = uuid::uuid!("01930000-0000-7000-8000-000000000041");
        Self { quote, note: Some("The part is not in the list yet".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/note", self.note.as_deref(), 1000);
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        vec![Need::record(Id::<Organisation>::new(actor.org))]
    }
}

impl Change for AgreeQuote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let firm: Option<&Organisation> = context.related.get(Id::new(context.actor.org));
        let rules = firm.map(|firm| firm.money.clone()).unwrap_or_default();
        let illegal = Refusal::IllegalTransition { from: order.status(), operation: "agree_quote" };
        let open = order.status() < Status::SignedOff;
        let quote = order.quotes.iter_mut().find(|quote| quote.id == self.quote).ok_or(Refusal::QuoteUnknown)?;
        if !open || !quote.awaits_agreement() {
            return Err(illegal);
        }
        let discount = quote.concerns.contains(&Concern::Discount);
        if discount && most_off(&quote.lines) > rules.most_off(context.actor.role) {
            return Err(Refusal::Forbidden);
        }
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        quote.agreed = Some(Agreement { op, by, at, note: self.note.clone() });
        order.log(context, "agree_quote", self.note.as_deref(), None)?;
        Ok(order.into())
    }
}
