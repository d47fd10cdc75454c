//! Whether what was signed still stands: for whoever holds the paper.

use chrono_tz::Tz;
use mobile_api::{
    evidence::When,
    money::Money,
    signing::{Digest, digest},
    work_order::{SignOff, WorkOrder, sign_off::Sign},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::link_code::LinkCode;

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// What was signed is what the order holds.
    Unchanged,
    /// The order holds something else now.
    Changed,
    /// What is stored as signed does not have the digest that the certificate was made with.
    Mismatch,
}

/// The result of a check. It shows nothing that the paper does not show, but for the amount that is charged.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CertificateCheck)]
pub struct Check {
    /// What it comes to.
    #[schema(example = "changed")]
    pub state: State,
    /// Parts of what was signed that the order holds otherwise now: `findings`, `materials`, `quote`, `charge`, …
    #[schema(example = json!(["charge"]))]
    pub changed: Vec<String>,
    /// Parts that differed already when the signature arrived, and differ now.
    pub differed_when_signed: Vec<String>,
    /// The code.
    #[schema(example = "7Q4M-XK2P-0R9T")]
    pub code: String,
    /// The firm.
    #[schema(example = "Bright Home Services")]
    pub firm: String,
    /// The order's number.
    #[schema(example = "2026-000117")]
    pub order_number: Option<String>,
    /// When it was signed.
    pub signed_at: When,
    /// Who signed.
    #[schema(example = "Mrs Chen")]
    pub signer: String,
    /// What was signed to be paid.
    pub amount: Money,
    /// What is charged, if it was decided.
    pub charged: Option<Money>,
    /// SHA-256 of what was signed, as on the paper.
    pub digest: Digest,
    /// Where the firm is, for its page.
    #[serde(skip)]
    pub time_zone: Tz,
}

/// The operation with the signature, as the journal has it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it says, if it can be read.
    pub sign: Option<Sign>,
    /// Whether its bytes still have the digest that was noted when they arrived.
    pub intact: bool,
}

impl Recorded {
    /// Whether this is what the signature was given for: neither the bytes nor what they say nor the digest that stands on
    /// the order were touched.
    pub fn matches(&self, sign_off: &SignOff) -> bool {
        let says = |sign: &Sign| {
            let stated = sign.content.amount == sign_off.amount && sign.content.signer == sign_off.name;
            stated && digest(&sign.content).is_ok_and(|computed| computed == sign_off.digest)
        };
        self.intact && self.sign.as_ref().is_some_and(says)
    }
}

/// Compares what was signed with what the order holds now.
pub fn check(
    order: &WorkOrder,
    sign_off: &SignOff,
    recorded: &Recorded,
    code: LinkCode,
    (firm, time_zone): (String, Tz),
) -> Check {
    let matching = recorded.sign.as_ref().filter(|_| recorded.matches(sign_off));
    let changes = matching.map(|sign| sign.content.changes_since(order)).unwrap_or_default();
    let early = |part: &&str| sign_off.differs.iter().any(|differed| differed == part);
    let (differed, changed): (Vec<&str>, Vec<&str>) = changes.into_iter().partition(early);
    let state = match matching {
        None => State::Mismatch,
        Some(_) if changed.is_empty() && differed.is_empty() => State::Unchanged,
        Some(_) => State::Changed,
    };
    let owned = |parts: Vec<&str>| parts.into_iter().map(str::to_owned).collect();
    Check {
        state,
        changed: owned(changed),
        differed_when_signed: owned(differed),
        code: code.to_string(),
        firm,
        order_number: order.number.clone(),
        signed_at: sign_off.at.clone(),
        signer: sign_off.name.clone(),
        amount: sign_off.amount,
        charged: order.charge.as_ref().map(|charge| charge.amount),
        digest: sign_off.digest,
        time_zone,
    }
}
