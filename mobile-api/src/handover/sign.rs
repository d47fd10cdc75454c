//! Both sign, each for the same content; also on one phone, one after the other.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Handover;
use crate::{
    check::Check,
    evidence::When,
    ids::UserId,
    operation::{Change, Context, Decision, Mode, Payload},
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Point, Stroke, check_strokes, digest},
};

/// Who of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Whoever hands over.
    Giver,
    /// Whoever takes over.
    Taker,
}

/// A signature. The strokes stay in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedSide {
    /// The operation.
    pub op: Uuid,
    /// SHA-256 of the canonical JSON of what was signed for, a [`HandoverContent`](super::HandoverContent).
    pub digest: Digest,
    /// On whose phone, or at whose browser.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// One of the two signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverSign {
    /// Who.
    pub side: Side,
    /// SHA-256 of the canonical JSON of what was shown, a [`HandoverContent`](super::HandoverContent).
    pub digest: Digest,
    /// The name, as drawn.
    pub strokes: Vec<Stroke>,
}

impl Payload for HandoverSign {
    type Record = Handover;

    fn example() -> Self {
        let point = |x| Point { x, y: 40.0, time: x, pressure: None };
        Self {
            side: Side::Giver,
            digest: Digest::of(b"what was shown"),
            strokes: vec![Stroke { points: vec![point(10.0), point(60.0)] }],
        }
    }

    fn check(&self, check: &mut Check) {
        if self.strokes.is_empty() {
            check.error("/strokes", "required", "the name, as drawn");
        }
    }
}

impl Change for HandoverSign {
    fn decide(self, mut handover: Handover, context: &Context<'_>) -> Result<Decision<Handover>, Refusal> {
        if !handover.concerns(context.actor.user) && !context.actor.role.is_office() {
            return Err(Refusal::Forbidden);
        }
        let mut flags = Vec::new();
        if let Err(problem) = check_strokes(&self.strokes) {
            flags.push(Flagged::with(Flag::SignatureAbsurd, json!({ "problem": problem.to_string() })));
        }
        if digest(&handover.content()).ok() != Some(self.digest) {
            flags.push(Flagged::with(Flag::SignedOtherContent, json!({ "differs": ["handover"] })));
        }
        if handover.withdrawn.is_some() {
            if context.mode == Mode::Online {
                return Err(Refusal::StillInUse { what: "this handover was withdrawn; write another".into() });
            }
            flags.push(Flag::ActivityAfterClose.into());
        }
        let place = match self.side {
            Side::Giver => &mut handover.given,
            Side::Taker => &mut handover.taken,
        };
        match (&place, context.mode) {
            (None, _) => {
                let (op, by, at) = (context.op, context.actor.user, context.when.clone());
                *place = Some(SignedSide { op, digest: self.digest, by, at });
            }
            (Some(_), Mode::Online) => return Err(Refusal::StillInUse { what: "they have signed already".into() }),
            (Some(_), Mode::Recorded) => flags.push(Flag::AlreadyDone.into()),
        }
        Ok(Decision::flagged(handover, flags))
    }
}
