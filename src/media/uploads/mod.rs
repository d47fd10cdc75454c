//! Bytes on their way here, by tus 1.0 (`docs/uploads.md`).
//!
//! A body is cut into parts as it streams in ([`receive`]). Each part is an object of its own, written before the row that
//! tells of it, so the offset that a phone is told never counts a byte that is not safely kept, and a connection that is
//! cut loses none that came. When all are here they are joined, measured, and become the blob's ([`Uploads::complete`]);
//! bytes that fit into one part are proved on the way and written where the blob lies, so that nothing is written twice.
//!
//! A server that dies at any step leaves at most an object that no row names. Parts among them are swept up
//! ([`Uploads::expire`]); one that lies where blobs do stays, which costs its room and nothing else.
//!
//! Written here because the crates for tus bring a store and a lock of their own: none lets the row in our database say
//! what is kept, in the transaction that keeps it.

pub(super) mod active;
pub mod api;
mod error;
pub mod headers;
pub mod receive;
pub mod store;

use std::collections::HashSet;

use chrono::TimeDelta;
use mobile_api::{Actor, signing::Digest, time::Timestamp};
use uuid::Uuid;

pub use self::error::UploadError;
use self::{
    headers::Announced,
    store::{PartRow, UploadRow},
};
use super::{
    Media,
    depot::{DepotError, Measured},
    store::blobs::{self, BlobRow},
};
use crate::operations::DoorError;

/// How long an upload that is not continued can still be.
pub const PATIENCE: TimeDelta = TimeDelta::days(7);

/// Most uploads that a user may have begun and not finished, so that nobody fills the store with beginnings. A phone
/// sends a few at a time.
pub const MOST_UNFINISHED: i64 = 64;

/// Where parts lie in the store.
const FOLDER: &str = "uploads";

/// Most uploads that one round of expiry takes.
const CHUNK: i64 = 200;

/// What can be done with uploads.
#[derive(Clone)]
pub struct Uploads {
    media: Media,
}

impl Uploads {
    /// Those that become blobs of `media`.
    pub fn new(media: Media) -> Self {
        Self { media }
    }

    /// Begins an upload. One whose bytes are here already is finished from the start.
    ///
    /// # Errors
    /// `TooMany`, the database's.
    pub async fn create(&self, actor: &Actor, announced: Announced) -> Result<UploadRow, UploadError> {
        let clock = self.media.door.clock();
        let now = clock.now();
        let Announced { sha256, bytes, metadata } = announced;
        let upload = UploadRow {
            id: clock.new_id(),
            org: actor.org,
            user: actor.user.uuid(),
            device: actor.device.map(Into::into),
            sha256,
            bytes,
            received: 0,
            metadata,
            expires_at: now + PATIENCE,
            finished: false,
        };
        let create = move |conn: &mut _| {
            if store::unfinished(conn, upload.org, upload.user)? >= MOST_UNFINISHED {
                return Err(UploadError::TooMany);
            }
            let finished = store::create(conn, &upload, now)?;
            let received = if finished { upload.bytes } else { 0 };
            Ok(UploadRow { received, finished, ..upload.clone() })
        };
        self.media.door.db().write(create).await
    }

    /// The actor's upload.
    ///
    /// # Errors
    /// `Unknown`, `Expired`, the database's.
    pub async fn find(&self, actor: &Actor, id: Uuid) -> Result<UploadRow, UploadError> {
        let (org, user) = (actor.org, actor.user.uuid());
        let found =
            self.media.door.db().read(move |conn| Ok::<_, UploadError>(store::find(conn, org, user, id)?)).await?;
        let upload = found.ok_or(UploadError::Unknown)?;
        if upload.expires_at <= self.media.door.clock().now() { Err(UploadError::Expired) } else { Ok(upload) }
    }

    /// Has whoever still receives the upload on this server keep what came, and end.
    pub async fn end_receptions(&self, id: Uuid) {
        self.media.receptions.end(id).await;
    }

    /// Notes parts that are safely written. If somebody else was faster, deletes them again.
    async fn record(&self, upload: UploadRow, parts: Vec<PartRow>) -> Result<UploadRow, UploadError> {
        let expires_at = self.media.door.clock().now() + PATIENCE;
        let noted = (upload.clone(), parts.clone());
        // On an error nobody knows whether it was noted, so the parts stay: an object too many does no harm.
        let advance = move |conn: &mut _| Ok::<_, UploadError>(store::advance(conn, &noted.0, &noted.1, expires_at)?);
        if self.media.door.db().write(advance).await? {
            let received = upload.received + parts.iter().map(|part| part.bytes).sum::<u64>();
            return Ok(UploadRow { received, expires_at, ..upload });
        }
        self.discard(&parts).await;
        Err(UploadError::Offset)
    }

    /// Deletes parts that no row names.
    async fn discard(&self, parts: &[PartRow]) {
        for part in parts {
            if let Err(error) = self.media.depot.delete(&part.object).await {
                tracing::info!(object = part.object, %error, "a useless part stays until it is swept up");
            }
        }
    }

    /// If all bytes of an upload are kept, makes them the blob's. Can be repeated: whoever finds an upload that is whole
    /// and not finished calls it again.
    ///
    /// # Errors
    /// `Whole` if the bytes are not what was announced, and `Expired` if some are lost (then the upload is gone and the
    /// phone begins again); `Full` and whatever else keeps the store or the database from it (then nothing has changed).
    pub async fn complete(&self, upload: UploadRow) -> Result<UploadRow, UploadError> {
        if upload.finished || upload.received < upload.bytes {
            return Ok(upload);
        }
        let id = upload.id;
        let parts = self.media.door.db().read(move |conn| store::parts(conn, id)).await?;
        let object = match parts.as_slice() {
            // It was proved before it was written, and lies where a blob does.
            [whole] if !is_part(&whole.object) => whole.object.clone(),
            _ => match self.join(&upload, parts).await {
                Err(UploadError::Depot(DepotError::Missing)) => return self.lost(upload).await,
                joined => joined?,
            },
        };
        self.finish(upload, object).await
    }

    async fn finish(&self, upload: UploadRow, object: String) -> Result<UploadRow, UploadError> {
        let now = self.media.door.clock().now();
        let (of, at) = (upload.clone(), object.clone());
        let finish = move |conn: &mut _| Ok::<_, UploadError>(store::finish(conn, &of, &at, now)?);
        if self.media.door.db().write(finish).await? {
            return Ok(UploadRow { finished: true, ..upload });
        }
        self.media.depot.delete(&object).await?;
        Err(UploadError::Unknown)
    }

    /// Joins the parts and proves what comes out.
    async fn join(&self, upload: &UploadRow, parts: Vec<PartRow>) -> Result<String, UploadError> {
        let object = self.media.object_for(upload.org, upload.sha256);
        let objects: Vec<String> = parts.into_iter().map(|part| part.object).collect();
        let measured = self.media.depot.join(&objects, &object).await?;
        if measured == (Measured { sha256: upload.sha256, bytes: upload.bytes }) {
            return Ok(object);
        }
        self.media.depot.delete(&object).await?;
        self.remove(upload).await?;
        Err(UploadError::Whole)
    }

    /// A part is not there: either somebody else has finished meanwhile, or it is lost and the phone must begin again.
    async fn lost(&self, upload: UploadRow) -> Result<UploadRow, UploadError> {
        let (org, user, id) = (upload.org, upload.user, upload.id);
        let read = move |conn: &mut _| Ok::<_, UploadError>(store::find(conn, org, user, id)?);
        match self.media.door.db().read(read).await? {
            Some(upload) if upload.finished => Ok(upload),
            _ => {
                tracing::error!(upload = %id, "parts of an upload are not where they were written");
                self.remove(&upload).await?;
                Err(UploadError::Expired)
            }
        }
    }

    /// Forgets an upload and its parts; what it has become stays. Answers whether it was there.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove(&self, upload: &UploadRow) -> Result<bool, UploadError> {
        let (now, upload) = (self.media.door.clock().now(), upload.clone());
        let remove = move |conn: &mut _| Ok::<_, UploadError>(store::remove(conn, &upload, now)?);
        self.media.door.db().write(remove).await
    }

    /// Forgets uploads that were not continued for [`PATIENCE`], and sweeps up parts that no row names.
    ///
    /// # Errors
    /// The database's.
    pub async fn expire(&self) -> Result<(), DoorError> {
        let now = self.media.door.clock().now();
        loop {
            let expired = self.media.door.db().read(move |conn| store::expired(conn, now, CHUNK)).await?;
            for upload in &expired {
                let upload = upload.clone();
                self.media.door.db().write(move |conn| store::remove(conn, &upload, now)).await?;
            }
            if expired.len() < CHUNK as usize {
                break;
            }
        }
        if let Err(error) = self.sweep(now).await {
            tracing::warn!(%error, "parts that no upload names could not be swept up");
        }
        Ok(())
    }

    /// Deletes parts of uploads that there are no more: those that a server was about to note when it died.
    async fn sweep(&self, now: Timestamp) -> Result<(), UploadError> {
        for object in self.media.depot.older(FOLDER, now - PATIENCE).await? {
            let id = object.split('/').nth(1).and_then(|id| id.parse::<Uuid>().ok());
            let Some(id) = id else { continue };
            if !self.media.door.db().read(move |conn| store::exists(conn, id)).await? {
                self.media.depot.delete(&object).await?;
            }
        }
        Ok(())
    }

    /// What is known of blobs, by their names.
    ///
    /// # Errors
    /// The database's.
    pub async fn known(&self, org: Uuid, names: Vec<Digest>) -> Result<Vec<BlobRow>, UploadError> {
        let unique: Vec<Digest> = names.into_iter().collect::<HashSet<_>>().into_iter().collect();
        Ok(self.media.door.db().read(move |conn| blobs::find_all(conn, org, &unique)).await?)
    }
}

fn is_part(object: &str) -> bool {
    object.starts_with(FOLDER)
}
