//! A push as it is received, before the writer is asked for: who sends it, and which of its times can be trusted.

use std::{collections::HashSet, sync::Arc};

use mobile_api::{
    Actor,
    evidence::{Anchor, Received, When, judge},
    refusal::Problem,
    time::Timestamp,
};

use super::{ClockProof, Incoming, Sender, store::DeviceRow};

/// Who sends, with the proofs of the times that the push refers to checked: what can be told without the database.
pub(super) struct Reception {
    pub(super) actor: Actor,
    /// With its anchor only if this server gave it.
    pub(super) sender: Sender,
    /// Operations whose own anchor this server gave, by digest: an id can come with two bodies.
    anchored: HashSet<[u8; 32]>,
    /// Why nothing of it is to be applied, if so: a person decides about each operation.
    pub(super) keep: Option<Problem>,
}

impl Reception {
    pub(super) fn new(
        actor: Actor,
        mut sender: Sender,
        operations: &[Arc<Incoming>],
        proof: &ClockProof,
        now: Timestamp,
    ) -> Self {
        let device = sender.device;
        sender.anchor = sender.anchor.filter(|anchor| proof.trusts(anchor, device, now));
        let trusted = |anchor: &Anchor| {
            // Many operations of a push refer to the same moment as the push itself.
            let known = sender.anchor.as_ref();
            let same = known.is_some_and(|k| k.server_time == anchor.server_time && k.proof == anchor.proof);
            same || proof.trusts(anchor, device, now)
        };
        let anchored = operations.iter().filter(|incoming| incoming.anchor().is_some_and(trusted));
        let anchored = anchored.map(|incoming| incoming.digest).collect();
        Self { actor, sender, anchored, keep: None }
    }

    /// The same for what a device no longer may do itself: kept, whatever the rules would say.
    pub(super) fn keeping(self, problem: Problem) -> Self {
        Self { keep: Some(problem), ..self }
    }

    /// When an operation happened, from what it carries and what the push adds.
    pub(super) fn when(&self, incoming: &Incoming, device: &DeviceRow, now: Timestamp) -> When {
        let evidence = incoming.content.as_ref().ok().and_then(|operation| operation.evidence.as_ref());
        let received = Received {
            server_time: now,
            floor: device.registered_at,
            anchor_trusted: self.anchored.contains(&incoming.digest),
            uptime_ms: self.sender.uptime_ms,
            boot_id: self.sender.boot_id,
            anchor: self.sender.anchor.clone(),
        };
        judge(evidence, &received)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const NOW: &str = "2026-07-06T08:00:00Z";
    const DEVICE: Uuid = Uuid::from_u128(1);

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// A note under always the same id, with this proof of its anchor.
    fn note(text: &str, proof: &str) -> Arc<Incoming> {
        let anchor = json!({ "server_time": NOW, "uptime_ms": 5, "boot_id": DEVICE, "proof": proof });
        let operation = json!({
            "id": Uuid::from_u128(2), "type": "work_order.note", "entity": Uuid::from_u128(3),
            "evidence": { "wall": NOW, "uptime_ms": 9, "boot_id": DEVICE, "anchor": anchor },
            "payload": { "text": text },
        });
        let incoming = Incoming::read(serde_json::value::to_raw_value(&operation).unwrap(), DEVICE);
        assert!(incoming.anchor().is_some(), "{:?}", incoming.content);
        Arc::new(incoming)
    }

    fn trusted(operations: &[Arc<Incoming>]) -> Vec<bool> {
        let proof = ClockProof::new(b"of the organisation");
        let sender = Sender { device: DEVICE, uptime_ms: None, boot_id: None, anchor: None };
        let reception = Reception::new(Actor::system(Uuid::nil()), sender, operations, &proof, now());
        operations.iter().map(|incoming| reception.anchored.contains(&incoming.digest)).collect()
    }

    /// Which of two bodies under one id is judged is not known yet. Neither may lend the other its proof.
    #[test]
    fn a_proof_counts_for_the_body_that_it_came_with() {
        let genuine = ClockProof::new(b"of the organisation").stamp(now(), DEVICE).proof;
        let elsewhere = ClockProof::new(b"of the organisation").stamp(now(), Uuid::from_u128(9)).proof;
        let (good, bad) = (note("there", &genuine), note("there already", &elsewhere));
        assert_eq!(trusted(&[good.clone(), bad.clone()]), [true, false]);
        assert_eq!(trusted(&[bad, good]), [false, true]);
    }
}
