//! Where bytes lie: a folder, or any store that speaks S3.
//!
//! An object is written once, whole and flushed before anybody hears of it, under a name that is never used again.

use std::{error::Error as _, io, ops::Range, path::Path, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use mobile_api::signing::Digest;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem, path::Path as Name,
};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::config::Storage;

/// How much is sent to the store at once; the least that S3 takes for a part of a large object is 5 MiB.
const PART: usize = 5 * 1024 * 1024;

/// The store.
#[derive(Clone, Debug)]
pub struct Depot {
    store: Arc<dyn ObjectStore>,
    root: Name,
}

/// Why bytes could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// The address of the store cannot be used.
    #[error("the photo store cannot be used: {0}")]
    Address(String),
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// There is no room.
    #[error("the photo store is full")]
    Full,
    /// The store does not answer, or not as it should.
    #[error("the photo store does not answer: {0}")]
    Unavailable(object_store::Error),
}

impl From<object_store::Error> for DepotError {
    fn from(error: object_store::Error) -> Self {
        if let object_store::Error::NotFound { .. } = error {
            return DepotError::Missing;
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            let kind = inner.downcast_ref::<io::Error>().map(io::Error::kind);
            if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
                return DepotError::Full;
            }
            cause = inner.source();
        }
        DepotError::Unavailable(error)
    }
}

/// Bytes as they were found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Their SHA-256.
    pub sha256: Digest,
    /// How many.
    pub bytes: u64,
}

impl Depot {
    /// A folder on this machine, made if there is none.
    ///
    /// # Errors
    /// `Address` if it cannot be made.
    pub fn folder(path: &Path) -> Result<Self, DepotError> {
        let address = |error: &dyn std::fmt::Display| DepotError::Address(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(|error| address(&error))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| address(&error))?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), root: Name::default() })
    }

    /// The store at a URL, `s3://bucket/prefix`. Access is configured by the usual variables of the environment
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`, …), given as `settings`.
    ///
    /// # Errors
    /// `Address` if it names no store that is known.
    pub fn remote(url: &str, settings: impl IntoIterator<Item = (String, String)>) -> Result<Self, DepotError> {
        let url = Url::parse(url).map_err(|error| DepotError::Address(error.to_string()))?;
        let settings = settings.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, root) =
            object_store::parse_url_opts(&url, settings).map_err(|error| DepotError::Address(error.to_string()))?;
        Ok(Self { store: store.into(), root })
    }

    /// Any store, from its root on.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, root: Name::default() }
    }

    /// The store that the settings name: the folder `photos` in the data folder, unless they name another.
    ///
    /// # Errors
    /// `Address`.
    pub fn open(storage: &Storage) -> Result<Self, DepotError> {
        match &storage.photo_store {
            Some(url) => Self::remote(url, std::env::vars().filter(|(name, _)| name.starts_with("AWS_"))),
            None => Self::folder(&storage.data_dir.join("photos")),
        }
    }

    fn name(&self, object: &str) -> Name {
        object.split('/').fold(self.root.clone(), |name, part| name.join(part))
    }

    /// Writes an object.
    ///
    /// # Errors
    /// `Full`, `Unavailable`; then there is no object, not even half of one.
    pub async fn put(&self, object: &str, bytes: Bytes) -> Result<(), DepotError> {
        self.store.put(&self.name(object), bytes.into()).await?;
        Ok(())
    }

    /// An object, whole.
    ///
    /// # Errors
    /// `Missing`, `Unavailable`.
    pub async fn get(&self, object: &str) -> Result<Bytes, DepotError> {
        Ok(self.store.get(&self.name(object)).await?.bytes().await?)
    }

    /// The size of an object in bytes.
    ///
    /// # Errors
    /// `Missing`, `Unavailable`.
    pub async fn size(&self, object: &str) -> Result<u64, DepotError> {
        Ok(self.store.head(&self.name(object)).await?.size)
    }

    /// An object, or a part of it, piece by piece.
    ///
    /// # Errors
    /// `Missing`, `Unavailable`; the stream's items those of reading on.
    pub async fn read(
        &self,
        object: &str,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, DepotError>>, DepotError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&self.name(object), options).await?;
        Ok(found.into_stream().map_err(DepotError::from).boxed())
    }

    /// Writes objects one behind the other into a new one, and measures what comes out.
    ///
    /// # Errors
    /// `Missing` if one of them is not there, `Full`, `Unavailable`; then there is no new object.
    pub async fn join(&self, objects: &[String], into: &str) -> Result<Measured, DepotError> {
        let upload = self.store.put_multipart(&self.name(into)).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        let (mut hash, mut length) = (Sha256::new(), 0);
        for object in objects {
            let mut pieces = match self.read(object, None).await {
                Ok(pieces) => pieces,
                Err(error) => {
                    writer.abort().await.ok();
                    return Err(error);
                }
            };
            while let Some(piece) = pieces.next().await {
                let piece = match piece {
                    Ok(piece) => piece,
                    Err(error) => {
                        writer.abort().await.ok();
                        return Err(error);
                    }
                };
                hash.update(&piece);
                length += piece.len() as u64;
                writer.put(piece);
                writer.wait_for_capacity(4).await?;
            }
        }
        writer.finish().await?;
        Ok(Measured { sha256: Digest::new(hash.finalize().into()), bytes: length })
    }

    /// Objects in a folder that were written before an instant.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn older(&self, folder: &str, before: DateTime<Utc>) -> Result<Vec<String>, DepotError> {
        let mut listed = self.store.list(Some(&self.name(folder)));
        let mut older = Vec::new();
        while let Some(object) = listed.next().await {
            let object = object?;
            if object.last_modified < before
                && let Some(parts) = object.location.prefix_match(&self.root)
            {
                let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
                older.push(parts.join("/"));
            }
        }
        Ok(older)
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete(&self, object: &str) -> Result<(), DepotError> {
        match self.store.delete(&self.name(object)).await.map_err(DepotError::from) {
            Ok(()) | Err(DepotError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
