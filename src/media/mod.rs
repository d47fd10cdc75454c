//! Photos and their bytes.
//!
//! A photo is part of its record and changes by operations, like everything else; [`store::refs`] keeps a row for each, to
//! tell who owes what and who may see which bytes. Bytes are named by their SHA-256 and have a life of their own
//! ([`store::blobs`]): mentioned, received ([`receive`](Media::receive)), looked at ([`examine`](Media::examine)), told to
//! their photos ([`settle`](Media::settle)), and, if nothing refers to them for long enough, collected. The steps between
//! are jobs, so a server that dies at any of them goes on from there.

pub mod api;
pub mod depot;
mod look;
pub mod store;
pub mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use mobile_api::{
    Actor,
    catalogue::Action,
    complaint::SettleComplaintPhotos,
    inspection::SettleInspectionPhotos,
    photo::{Arrival, Finding, Photo},
    record::{Kind, Ref},
    signing::Digest,
    work_order::photos::SettlePhotos,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::{
    depot::{Depot, DepotError},
    look::Looked,
    store::{
        blobs::{self, BlobRow, BlobState},
        refs::{self, PhotoRow},
    },
    uploads::active::Receptions,
};
use crate::{
    db::DbError,
    operations::{self, Door, DoorError, Online, incoming::derived_id},
};

/// How long bytes are kept that no operation has named yet: the phone that holds it may be in a drawer.
pub const STAGED: TimeDelta = TimeDelta::days(30);

/// Most blobs that one transaction collects.
const CHUNK: i64 = 200;

/// How many photos are looked at at a time. Each may take a processor and some memory; requests come first.
const EYES: usize = 1;

/// The copies of a picture that are made for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// For a list: longest side 320 pixels.
    Thumb,
    /// For a screen: longest side 1,600 pixels.
    Screen,
}

impl Copy {
    fn of(self, object: &str) -> String {
        match self {
            Copy::Thumb => format!("{object}.thumb.jpg"),
            Copy::Screen => format!("{object}.screen.jpg"),
        }
    }
}

/// What can be done with photos and their bytes.
#[derive(Clone)]
pub struct Media {
    door: Door,
    depot: Depot,
    eyes: Arc<Semaphore>,
    receptions: Receptions,
}

/// Why something was not done with bytes.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The store.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// The door.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Looking at bytes was cut off.
    #[error("looking at a photo was cut off")]
    CutOff,
}

impl Media {
    /// With this door and this store.
    pub fn new(door: Door, depot: Depot) -> Self {
        Self { door, depot, eyes: Arc::new(Semaphore::new(EYES)), receptions: Receptions::default() }
    }

    /// Where bytes lie.
    pub fn depot(&self) -> &Depot {
        &self.depot
    }

    /// A fresh name for the bytes of a blob.
    pub fn object_for(&self, org: Uuid, sha256: Digest) -> String {
        let name = sha256.to_string();
        format!("{org}/{}/{name}.{}", &name[..2], self.door.clock().new_id())
    }

    /// Bytes are whole and proved at `object`. Answers `false` if they were here already; what lies at `object` is then
    /// deleted by and by.
    ///
    /// # Errors
    /// The database's.
    pub async fn receive(&self, org: Uuid, sha256: Digest, bytes: u64, object: String) -> Result<bool, MediaError> {
        let now = self.door.clock().now();
        let receive = move |conn: &mut _| blobs::receive(conn, org, sha256, bytes, &object, now);
        Ok(self.door.db().write(receive).await?)
    }

    /// A blob, if anybody ever mentioned it.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, org: Uuid, sha256: Digest) -> Result<Option<BlobRow>, MediaError> {
        Ok(self.door.db().read(move |conn| blobs::find(conn, org, sha256)).await?)
    }

    /// Looks at bytes that arrived, makes the copies, and notes what was found. Nothing if somebody did already.
    ///
    /// # Errors
    /// The store's, the database's.
    pub async fn examine(&self, org: Uuid, sha256: Digest) -> Result<(), MediaError> {
        let Some(blob) = self.find(org, sha256).await?.filter(|blob| blob.state == BlobState::Received) else {
            return Ok(());
        };
        let object = blob.object.unwrap_or_default();
        let looked = self.look(self.depot.get(&object).await?).await?;
        if let Some(copies) = looked.copies {
            self.depot.put(&Copy::Thumb.of(&object), copies.thumb.into()).await?;
            self.depot.put(&Copy::Screen.of(&object), copies.screen.into()).await?;
        }
        let now = self.door.clock().now();
        let Looked { media_type, finding, camera, .. } = looked;
        let arrival = Arrival { at: now, media_type, finding, camera };
        let settle = move |conn: &mut _| blobs::settle(conn, org, sha256, &arrival, now);
        Ok(self.door.db().write(settle).await?)
    }

    async fn look(&self, bytes: Bytes) -> Result<Looked, MediaError> {
        let _eye = self.eyes.acquire().await.map_err(|_| MediaError::CutOff)?;
        tokio::task::spawn_blocking(move || look::at(&bytes)).await.map_err(|_| MediaError::CutOff)
    }

    /// Tells every photo that waits for these bytes what became of them.
    ///
    /// # Errors
    /// The door's; then it is done again, and what was told is not told twice.
    pub async fn settle(&self, org: Uuid, sha256: Digest) -> Result<(), MediaError> {
        let Some(arrival) = self.find(org, sha256).await?.and_then(|blob| blob.arrival) else { return Ok(()) };
        let photos = self.door.db().read(move |conn| refs::naming(conn, org, sha256)).await?;
        for photo in photos.into_iter().filter(|photo| photo.awaited) {
            self.tell(org, photo, &arrival).await?;
        }
        Ok(())
    }

    async fn tell(&self, org: Uuid, photo: PhotoRow, arrival: &Arrival) -> Result<(), MediaError> {
        let PhotoRow { op, on, sha256, .. } = photo;
        let arrival = arrival.clone();
        let action: Option<Action> = match on.kind {
            Kind::WorkOrder => Some(SettlePhotos { sha256, arrival }.into()),
            Kind::Complaint => Some(SettleComplaintPhotos { sha256, arrival }.into()),
            Kind::Inspection => Some(SettleInspectionPhotos { sha256, arrival }.into()),
            _ => None,
        };
        if let Some(action) = action {
            let id = derived_id(&[b"settle", op.as_bytes()]);
            let operation = Online { id, action, entity: on.id, expected_rev: None };
            match self.door.perform(Actor::system(org), operation).await {
                Ok(_) => {}
                // The record went meanwhile; who looks for its photos will find them there.
                Err(DoorError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.door.db().write(move |conn| refs::arrived(conn, org, op)).await?)
    }

    /// Deletes an object and its copies.
    ///
    /// # Errors
    /// The store's.
    pub async fn delete(&self, object: &str) -> Result<(), MediaError> {
        for name in [object.to_owned(), Copy::Thumb.of(object), Copy::Screen.of(object)] {
            self.depot.delete(&name).await?;
        }
        Ok(())
    }

    /// Forgets bytes that no operation has named for [`STAGED`].
    ///
    /// # Errors
    /// The database's.
    pub async fn collect(&self) -> Result<(), DoorError> {
        let now = self.door.clock().now();
        let orgs = self.door.db().read(operations::store::organisations).await?;
        for (org, _) in orgs {
            while self.door.db().write(move |conn| blobs::collect(conn, org, now - STAGED, now, CHUNK)).await?
                == CHUNK as usize
            {}
        }
        Ok(())
    }

    /// The copy for a screen; `None` if there is no picture, or not yet.
    ///
    /// # Errors
    /// The store's, the database's.
    pub async fn screen(&self, org: Uuid, sha256: Digest) -> Result<Option<Bytes>, MediaError> {
        let Some(blob) = self.find(org, sha256).await? else { return Ok(None) };
        match (blob.object, blob.arrival.map(|arrival| arrival.finding)) {
            (Some(object), Some(Finding::Ready { .. })) => Ok(Some(self.depot.get(&Copy::Screen.of(&object)).await?)),
            _ => Ok(None),
        }
    }

    /// These photos with their copies for a screen, as JPEG. One without a picture, or whose copy cannot be read, is left out rather than
    /// the whole document that they are for.
    pub async fn pictures(&self, org: Uuid, photos: Vec<Photo>) -> Vec<(Photo, Bytes)> {
        let mut pictures = Vec::with_capacity(photos.len());
        for photo in photos {
            match self.screen(org, photo.blob.sha256).await {
                Ok(Some(jpeg)) => pictures.push((photo, jpeg)),
                Ok(None) => {}
                Err(error) => tracing::warn!(sha256 = %photo.blob.sha256, %error, "a photo is missing on a document"),
            }
        }
        pictures
    }

    /// Whether the actor may see these bytes: something that refers to them is theirs to see.
    ///
    /// # Errors
    /// The database's.
    pub async fn may_see(&self, actor: Actor, sha256: Digest) -> Result<bool, MediaError> {
        let seen = move |conn: &mut _| {
            let on: Vec<Ref> = refs::naming(conn, actor.org, sha256)?.into_iter().map(|photo| photo.on).collect();
            for about in on {
                if operations::reading::visible(conn, &actor, about)?.is_some() {
                    return Ok::<_, DoorError>(true);
                }
            }
            Ok(false)
        };
        Ok(self.door.db().read(seen).await?)
    }
}
