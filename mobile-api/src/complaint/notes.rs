//! Notes and photos of a complaint.

use serde::{Deserialize, Serialize};

use super::{
    Complaint, ComplaintNote, Mark,
    standing::{addition, decided},
};
use crate::{
    actor::Actor,
    check::Check,
    operation::{Change, Context, Decision, Need, Payload},
    photo::{self, Arrival, Finding, NewPhoto},
    refusal::Refusal,
    signing::Digest,
};

/// Adds a note.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddComplaintNote {
    /// The note; 1 to 4,000 characters.
    pub text: String,
}

impl Payload for AddComplaintNote {
    type Record = Complaint;

    fn example() -> Self {
        Self { text: "Mrs Chen is at home from six".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=4000);
    }
}

impl Change for AddComplaintNote {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "note")?;
        let note = ComplaintNote { text: self.text, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut complaint.notes, note)?;
        complaint.log(context, "note", None, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}

/// A photo was taken. Its bytes may come earlier or later.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddComplaintPhoto {
    /// The photo.
    #[serde(flatten)]
    pub photo: NewPhoto,
}

impl Payload for AddComplaintPhoto {
    type Record = Complaint;

    fn example() -> Self {
        Self { photo: NewPhoto::example() }
    }

    fn check(&self, check: &mut Check) {
        self.photo.check(check);
    }

    fn photo(&self) -> Option<&NewPhoto> {
        Some(&self.photo)
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        vec![Need::Arrival(self.photo.blob.sha256)]
    }
}

impl Change for AddComplaintPhoto {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "add_photo")?;
        photo::add(&mut complaint.photos, self.photo, context)?;
        complaint.log(context, "add_photo", None, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}

/// The bytes of photos are here, and were looked at. The server's own doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettleComplaintPhotos {
    /// Whose bytes.
    pub sha256: Digest,
    /// What became of them.
    pub arrival: Arrival,
}

impl Payload for SettleComplaintPhotos {
    type Record = Complaint;

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

impl Change for SettleComplaintPhotos {
    fn decide(self, mut complaint: Complaint, _: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        photo::settle(&mut complaint.photos, self.sha256, &self.arrival);
        Ok(complaint.into())
    }
}
