//! Photos as evidence, on whatever record they belong to.
//!
//! A photo is recorded like anything else, at once and without signal; its bytes follow when they can. Until the server
//! has them and has looked at them the photo is *awaited*, and everybody who sees the record sees that. Photo and bytes
//! are tied by the SHA-256 of the bytes, so that they can arrive in either order, and twice (S16, S17).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    check::Check,
    evidence::When,
    ids::{DeviceId, UserId},
    operation::Context,
    refusal::Refusal,
    signing::Digest,
    work_order::Void,
};

/// Most photos on one record.
pub const MOST_PHOTOS: usize = 200;

/// Largest original in bytes: 64 MiB, four times what a phone's camera makes of 48 megapixels.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What a photo shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhotoRole {
    /// As it was found.
    Before,
    /// As it was left.
    After,
    /// Damage: what the customer complains of, or what was broken already.
    Damage,
    /// The reading of a meter.
    Meter,
    /// A paper: a warranty card, a delivery note, a written authority.
    Document,
}

impl PhotoRole {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            PhotoRole::Before => "before",
            PhotoRole::After => "after",
            PhotoRole::Damage => "damage",
            PhotoRole::Meter => "meter",
            PhotoRole::Document => "document",
        }
    }
}

/// Bytes, named by what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blob {
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// How many; 1 to [`MOST_BYTES`].
    pub bytes: u64,
    /// What the device takes them for, such as `image/jpeg`; 1 to 100 characters. What they are is found out by looking.
    pub media_type: String,
}

impl Blob {
    /// The name and size of these bytes.
    pub fn of(bytes: &[u8], media_type: &str) -> Self {
        Self { sha256: Digest::of(bytes), bytes: bytes.len() as u64, media_type: media_type.into() }
    }
}

/// A photo on a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// The operation that recorded it, which is also the photo's id.
    pub op: Uuid,
    /// What it shows.
    pub role: PhotoRole,
    /// What the person says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Its bytes.
    pub blob: Blob,
    /// Who recorded it.
    pub by: UserId,
    /// The device that owes the bytes; none if it was recorded in the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// When it was recorded.
    pub at: When,
    /// When the server heard of it: the bytes are owed since then.
    pub received_at: DateTime<Utc>,
    /// What became of its bytes; absent while they are awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Arrival>,
    /// If it was taken back: by whom and why. The bytes stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// What became of the bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Arrival {
    /// When the server had them whole and proved.
    pub at: DateTime<Utc>,
    /// What they are by their content, such as `image/jpeg`; none if that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// What the camera wrote into the file. Supporting evidence, never proof: anybody can write anything there.
    #[serde(default, skip_serializing_if = "CameraFacts::is_empty")]
    pub camera: CameraFacts,
}

/// What looking at the bytes told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Finding {
    /// A picture, with copies to show.
    Ready {
        /// Its width in pixels, upright.
        width: u32,
        /// Its height in pixels, upright.
        height: u32,
    },
    /// A picture of a sort that the server cannot show; the original is kept whole.
    NoPreview {
        /// Why, as a stable code.
        why: String,
    },
    /// It says that it is a picture, and cannot be read as one; the original is kept whole.
    Unreadable {
        /// Why, as a stable code.
        why: String,
    },
    /// No picture, or one beyond all bounds; the original is kept whole and never shown.
    Refused {
        /// Why, as a stable code.
        why: String,
    },
}

/// What the camera wrote into the file (EXIF).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraFacts {
    /// When it was taken by the camera's clock, `2026-03-02T16:04:11`, with an offset if the camera knew one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
}

/// A place on Earth (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
}

impl Arrival {
    /// Checks what the server itself says, which it took from what somebody sent.
    pub fn check(&self, check: &mut Check) {
        check.time("/arrival/at", self.at);
        check.optional_text("/arrival/media_type", self.media_type.as_deref(), 100);
        let (Finding::NoPreview { why } | Finding::Unreadable { why } | Finding::Refused { why }) = &self.finding
        else {
            return self.camera.check(check);
        };
        check.text("/arrival/why", why, 1..=60);
        self.camera.check(check);
    }
}

impl CameraFacts {
    fn check(&self, check: &mut Check) {
        check.optional_text("/arrival/camera/taken_at", self.taken_at.as_deref(), 60);
        check.optional_text("/arrival/camera/camera", self.camera.as_deref(), 200);
    }

    /// Whether the file said nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How many photos a record has, and how many of them the server still waits for; those taken back do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// Photos.
    pub photos: u32,
    /// Photos whose bytes are owed.
    pub awaited: u32,
}

/// So many photos of a sort must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequiredPhotos {
    /// What they show.
    pub role: PhotoRole,
    /// How many at least; 1 to 20.
    pub least: u32,
}

/// What a device says of a new photo; part of the payload of each operation that records one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPhoto {
    /// What it shows.
    pub role: PhotoRole,
    /// What the person says about it; at most 500 characters.
    pub caption: Option<String>,
    /// Its bytes.
    pub blob: Blob,
}

impl NewPhoto {
    /// Checks what can be checked without the bytes.
    pub fn check(&self, check: &mut Check) {
        check.optional_text("/caption", self.caption.as_deref(), 500);
        check.number("/blob/bytes", i64::try_from(self.blob.bytes).unwrap_or(i64::MAX), 1..=MOST_BYTES as i64);
        check.text("/blob/media_type", &self.blob.media_type, 1..=100);
    }

    /// An example for the documentation.
    pub fn example() -> Self {
        let sha256 = Digest::of(b"the bytes of a photo");
        let blob = Blob { sha256, bytes: 2_481_137, media_type: "image/jpeg".into() };
        Self { role: PhotoRole::After, caption: Some("New seal, dry".into()), blob }
    }

    /// The photo on its record. Bytes that were there before it make it arrive at once.
    fn record(self, context: &Context<'_>) -> Photo {
        let arrival = context.related.arrivals.get(&self.blob.sha256).cloned();
        Photo {
            op: context.op,
            role: self.role,
            caption: self.caption,
            blob: self.blob,
            by: context.actor.user,
            device: context.actor.device,
            at: context.when.clone(),
            received_at: context.received_at,
            arrival,
            void: None,
        }
    }
}

/// Adds a photo.
///
/// # Errors
/// `TooManyEntries` beyond [`MOST_PHOTOS`].
pub fn add(photos: &mut Vec<Photo>, new: NewPhoto, context: &Context<'_>) -> Result<(), Refusal> {
    if photos.len() >= MOST_PHOTOS {
        return Err(Refusal::TooManyEntries);
    }
    photos.push(new.record(context));
    Ok(())
}

/// Adds the photos of a duplicate.
///
/// # Errors
/// `TooManyEntries` beyond [`MOST_PHOTOS`].
pub(crate) fn append(photos: &mut Vec<Photo>, more: Vec<Photo>) -> Result<(), Refusal> {
    if photos.len() + more.len() > MOST_PHOTOS {
        return Err(Refusal::TooManyEntries);
    }
    photos.extend(more);
    Ok(())
}

/// Notes what became of bytes, on every photo that waits for them. Answers whether any did.
pub fn settle(photos: &mut [Photo], sha256: Digest, arrival: &Arrival) -> bool {
    let mut any = false;
    for photo in photos.iter_mut().filter(|photo| photo.blob.sha256 == sha256 && photo.arrival.is_none()) {
        photo.arrival = Some(arrival.clone());
        any = true;
    }
    any
}

/// How many there are, and how many are awaited.
pub fn tally(photos: &[Photo]) -> Tally {
    let mut tally = Tally::default();
    for photo in photos.iter().filter(|photo| photo.void.is_none()) {
        tally.photos += 1;
        tally.awaited += u32::from(photo.arrival.is_none());
    }
    tally
}

/// What is still missing of the photos that are required. With `arrived`, only those count whose bytes are here and
/// are a picture; without, it is enough that they were taken.
pub fn missing(photos: &[Photo], required: &[RequiredPhotos], arrived: bool) -> Vec<RequiredPhotos> {
    let counts = |photo: &&Photo| photo.void.is_none() && (!arrived || photo.has_picture());
    let missing = required.iter().filter_map(|required| {
        let there = photos.iter().filter(counts).filter(|photo| photo.role == required.role).count();
        let least = required.least.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX));
        (least > 0).then_some(RequiredPhotos { role: required.role, least })
    });
    missing.collect()
}

impl Photo {
    /// Whether the server has the bytes and they are a picture.
    pub fn has_picture(&self) -> bool {
        let finding = self.arrival.as_ref().map(|arrival| &arrival.finding);
        matches!(finding, Some(Finding::Ready { .. } | Finding::NoPreview { .. }))
    }
}
