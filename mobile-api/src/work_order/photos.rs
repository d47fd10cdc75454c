//! Photos of an order: recorded at the door, arriving when they can, required by the order type.

use serde::{Deserialize, Serialize};

use super::{
    WorkOrder,
    standing::{addition, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    operation::{Change, Context, Decision, Need, Payload},
    photo::{self, Arrival, Finding, NewPhoto, RequiredPhotos, Tally},
    refusal::Refusal,
    signing::Digest,
};

/// A photo was taken. Always accepted from whom the order concerns: it has happened. Its bytes may come earlier or later.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddPhoto {
    /// The photo.
    #[serde(flatten)]
    pub photo: NewPhoto,
}

impl Payload for AddPhoto {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { photo: NewPhoto::example() }
    }

    fn check(&self, check: &mut Check) {
        self.photo.check(check);
    }

    fn photo(&self) -> Option<&NewPhoto> {
        Some(&self.photo)
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::Arrival(self.photo.blob.sha256)]
    }
}

impl Change for AddPhoto {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = addition(&order, context)?;
        photo::add(&mut order.photos, self.photo, context)?;
        Ok(Decision::flagged(order, flags(overtaken)))
    }
}

/// The bytes of photos are here, and were looked at. The server's own doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettlePhotos {
    /// Whose bytes.
    pub sha256: Digest,
    /// What became of them.
    pub arrival: Arrival,
}

impl Payload for SettlePhotos {
    type Record = WorkOrder;

    fn example() -> Self {
        let at = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        let finding = Finding::Ready { width: 3024, height: 4032 };
        let arrival = Arrival { at, media_type: Some("image/jpeg".into()), finding, camera: Default::default() };
        Self { sha256: Digest::of(b"the bytes of a photo"), arrival }
    }

    fn check(&self, check: &mut Check) {
        self.arrival.check(check);
    }
}

impl Change for SettlePhotos {
    fn decide(self, mut order: WorkOrder, _: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        photo::settle(&mut order.photos, self.sha256, &self.arrival);
        Ok(order.into())
    }
}

impl WorkOrder {
    /// How many photos it has, and how many are awaited.
    pub fn photo_tally(&self) -> Tally {
        photo::tally(&self.photos)
    }

    /// Whether work may be called finished: the photos that the order type requires were taken.
    pub(super) fn has_photos_to_finish(&self) -> Result<(), Refusal> {
        demand(photo::missing(&self.photos, &self.policy.photos, false))
    }

    /// Whether the file may be closed: their bytes are here and are pictures.
    pub(super) fn has_photos_to_close(&self) -> Result<(), Refusal> {
        demand(photo::missing(&self.photos, &self.policy.photos, true))
    }
}

fn demand(missing: Vec<RequiredPhotos>) -> Result<(), Refusal> {
    if missing.is_empty() { Ok(()) } else { Err(Refusal::PhotosMissing { missing }) }
}
