//! The bytes of photos: asked for, sent from where they stopped, and kept until the server has proved that it has them.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::Sync;
use crate::{
    phone::{
        error::{Problem, SyncError},
        line::{Failure, Step, stop_at},
        store::{
            StoreError,
            photos::{self, Owed},
        },
        transport::{Method, Request, Response},
    },
    signing::Digest,
    upload::{BlobStatusRequest, BlobStatusResponse, MOST_ASKED, Presence},
};

/// Most blobs asked about at once.
const ASKED: usize = MOST_ASKED;

/// How much is sent at a time. What was sent is not sent again after a cut, so this only bounds memory.
const PIECE: usize = 1024 * 1024;

/// Most times that one photo is begun anew in one sync.
const BEGINNINGS: u32 = 3;

/// What the upload protocol calls itself (tus.io).
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

impl Sync<'_> {
    /// Sends what is owed. One photo that the server refuses does not delay the others.
    pub(super) async fn photos(&mut self) -> Result<(), SyncError> {
        let mut owed = self.ask_and_note().await?;
        if !owed.is_empty() {
            for photo in &owed {
                self.send_photo(photo).await?;
            }
            owed = self.ask_and_note().await?;
        }
        let id = self.id;
        let work = move |tx: &rusqlite::Transaction<'_>| {
            photos::release(tx)?;
            photos::count_owed(tx, id)
        };
        self.report.photos_owed = self.line.store.run(work).await?;
        tracing::debug!(owed = owed.len(), "photos were sent");
        Ok(())
    }

    /// Asks which of the photos that are owed have arrived, and answers those that have not.
    async fn ask_and_note(&self) -> Result<Vec<Owed>, SyncError> {
        let id = self.id;
        let owed = self.line.store.run(move |tx| photos::owed(tx, id)).await?;
        let mut missing = Vec::new();
        for asked in owed.chunks(ASKED) {
            let body = BlobStatusRequest { sha256: asked.iter().map(|photo| photo.sha256).collect() };
            let answer = self.line.call(self.id, self.probe, || Request::post("/v1/blobs/status", &body)).await;
            let BlobStatusResponse { blobs } = answer?.body;
            let stored: Vec<Digest> =
                blobs.iter().filter(|blob| blob.status == Presence::Stored).map(|blob| blob.sha256).collect();
            missing.extend(asked.iter().filter(|photo| !stored.contains(&photo.sha256)).cloned());
            let work = move |tx: &rusqlite::Transaction<'_>| {
                stored.iter().try_for_each(|sha256| photos::stored(tx, id, *sha256))
            };
            self.line.store.run(work).await?;
            stop_at(self.probe, Step::PhotosNoted)?;
        }
        Ok(missing)
    }

    async fn send_photo(&self, photo: &Owed) -> Result<(), SyncError> {
        let mut upload = photo.upload.clone();
        for _ in 0..BEGINNINGS {
            let (path, start) = match upload.take() {
                Some(path) => match self.offset(&path).await? {
                    Some(start) => (path, start),
                    None => continue,
                },
                None => match self.begin(photo).await? {
                    Some(begun) => begun,
                    None => return Ok(()),
                },
            };
            if self.pieces(photo, &path, start).await? {
                return Ok(());
            }
        }
        // Flipped bits on the way, or an upload that goes away all the time: the next sync tries again.
        let (id, sha256) = (self.id, photo.sha256);
        Ok(self.line.store.run(move |tx| photos::set_upload(tx, id, sha256, None)).await?)
    }

    /// Begins an upload and remembers where. `None` if the server will not take these bytes.
    async fn begin(&self, photo: &Owed) -> Result<Option<(String, u64)>, SyncError> {
        let metadata = format!("sha256 {}", BASE64_STANDARD.encode(photo.sha256.to_string()));
        let make = || {
            let headers = [
                (TUS.0, TUS.1.to_owned()),
                ("upload-length", photo.bytes.to_string()),
                ("upload-metadata", metadata.clone()),
            ];
            let request = with_headers(Request::bare(Method::Post, "/v1/uploads"), &headers);
            Ok(request)
        };
        match self.line.call_bare(self.id, self.probe, make).await {
            Ok(answer) => {
                let path = answer.header("location").map(path_of).ok_or_else(|| SyncError::not_now("no location"))?;
                let start = offset(&answer).unwrap_or(0);
                let (id, sha256, kept) = (self.id, photo.sha256, path.clone());
                self.line.store.run(move |tx| photos::set_upload(tx, id, sha256, Some(&kept))).await?;
                stop_at(self.probe, Step::PhotoBegun)?;
                Ok(Some((path, start)))
            }
            Err(Failure::Problem(status, problem)) if refuses_photo(status, &problem) => {
                let (id, sha256) = (self.id, photo.sha256);
                let text = problem.to_string();
                self.line.store.run(move |tx| photos::refuse(tx, id, sha256, &text)).await?;
                Ok(None)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// How much of an upload the server has; `None` if it no longer knows it.
    async fn offset(&self, path: &str) -> Result<Option<u64>, SyncError> {
        let make = || Ok(with_headers(Request::bare(Method::Head, path), &[(TUS.0, TUS.1.into())]));
        match self.line.call_bare(self.id, self.probe, make).await {
            Ok(answer) => Ok(offset(&answer)),
            Err(Failure::Problem(404 | 410, _)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends the rest. `false` if the upload must begin again.
    async fn pieces(&self, photo: &Owed, path: &str, mut start: u64) -> Result<bool, SyncError> {
        while start < photo.bytes {
            let (sha256, from) = (photo.sha256, start);
            let piece = self.line.store.run(move |tx| photos::piece(tx, sha256, from, PIECE)).await?;
            if piece.is_empty() {
                return Err(StoreError::Broken("photo").into());
            }
            let headers = [
                (TUS.0, TUS.1.to_owned()),
                ("upload-offset", start.to_string()),
                ("content-type", "application/offset+octet-stream".to_owned()),
            ];
            let make = || {
                let request = with_headers(Request::bare(Method::Patch, path), &headers);
                Ok(Request { body: Some(piece.clone()), ..request })
            };
            match self.line.call_bare(self.id, self.probe, make).await {
                Ok(answer) => start = offset(&answer).ok_or_else(|| SyncError::not_now("no offset"))?,
                // An answer that was lost: the server is further than this phone knows.
                Err(Failure::Problem(409, _)) => match self.offset(path).await? {
                    Some(kept) if kept > start => start = kept,
                    _ => return Ok(false),
                },
                Err(Failure::Problem(404 | 410 | 460, _)) => return Ok(false),
                Err(failure) => return Err(failure.into()),
            }
            stop_at(self.probe, Step::PieceSent)?;
        }
        Ok(true)
    }
}

fn with_headers(mut request: Request, headers: &[(&'static str, String)]) -> Request {
    request.headers.extend(headers.iter().cloned());
    request
}

fn offset(answer: &Response) -> Option<u64> {
    answer.header("upload-offset")?.parse().ok()
}

/// The path of an address: the phone knows the way to its server better than the server does.
fn path_of(location: &str) -> String {
    let rest = location.split_once("://").map_or(location, |(_, rest)| rest);
    if location.contains("://") {
        return rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned());
    }
    location.to_owned()
}

/// Whether the server speaks of these bytes and not of the session or the moment.
fn refuses_photo(status: u16, problem: &Problem) -> bool {
    matches!(status, 400 | 413 | 415 | 422) && problem.code != "too_many_requests"
}
