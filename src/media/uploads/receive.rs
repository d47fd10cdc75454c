//! Takes the body of a request in, part by part.
//!
//! It runs as a task of its own and is fed through a channel: whatever becomes of the connection and of the handler, what
//! came is kept. At most one part is in memory.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use mobile_api::{signing::Digest, upload::CHUNK_BYTES};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::{
    FOLDER, UploadError, Uploads,
    active::Mark,
    headers::Checksum,
    store::{PartRow, UploadRow},
};

/// Largest part, in bytes.
const PART: usize = CHUNK_BYTES as usize;

/// How long a reception that is to end waits for bytes that may still be on the way from the network.
const QUIET: Duration = Duration::from_millis(100);

/// How long it goes on at most.
const LAST: Duration = Duration::from_secs(2);

/// One body, from its first byte to its last.
pub struct Reception {
    uploads: Uploads,
    upload: UploadRow,
    mark: Mark,
    /// What the request announced of its body. Until that is proved, no row tells of any of its parts.
    checksum: Option<Checksum>,
    unproved: Vec<PartRow>,
    /// The next part.
    part: BytesMut,
    /// Where it begins.
    start: u64,
    /// The SHA-256 of a body that may be the whole upload in one part.
    whole: Option<Sha256>,
}

impl Reception {
    /// Goes on with an upload where it stands.
    pub fn new(uploads: Uploads, upload: UploadRow, checksum: Option<Checksum>) -> Self {
        let whole = (upload.received == 0 && upload.bytes <= PART as u64).then(Sha256::new);
        let start = upload.received;
        let mark = uploads.media.receptions.begin(upload.id);
        Self { uploads, upload, mark, checksum, unproved: Vec::new(), part: BytesMut::new(), start, whole }
    }

    /// Takes in what comes until no more does, and completes the upload if that was the last of it.
    ///
    /// # Errors
    /// `TooLarge`, `Chunk`, `Whole`, `Offset`, the store's, the database's. Parts that were noted before stay.
    pub async fn run(mut self, pieces: mpsc::Receiver<Bytes>) -> Result<UploadRow, UploadError> {
        match self.take(pieces).await {
            Ok(()) => {
                // Whoever asks how far it has come need not wait for the joining.
                drop(self.mark);
                self.uploads.complete(self.upload).await
            }
            Err(error) => {
                self.uploads.discard(&self.unproved).await;
                Err(error)
            }
        }
    }

    async fn take(&mut self, mut pieces: mpsc::Receiver<Bytes>) -> Result<(), UploadError> {
        let stop = self.mark.stop();
        loop {
            let piece = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                piece = pieces.recv() => piece,
            };
            let Some(piece) = piece else { break };
            self.add(piece).await?;
        }
        let end = Instant::now() + LAST;
        while let Some(piece) = last(&mut pieces, end).await {
            self.add(piece).await?;
        }
        let proved = self.checksum.take().map(Checksum::holds);
        if proved == Some(false) {
            return Err(UploadError::Chunk);
        }
        if !self.part.is_empty() {
            self.put().await?;
        }
        self.note().await
    }

    async fn add(&mut self, mut piece: Bytes) -> Result<(), UploadError> {
        if self.start + self.part.len() as u64 + piece.len() as u64 > self.upload.bytes {
            return Err(UploadError::TooLarge(self.upload.bytes));
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.update(&piece);
        }
        if let Some(whole) = &mut self.whole {
            whole.update(&piece);
        }
        while !piece.is_empty() {
            if self.part.len() == PART {
                self.put().await?;
            }
            if self.part.is_empty() {
                // All that can come, at once: growing by and by copies what is there again and again.
                let rest = self.upload.bytes.saturating_sub(self.start);
                self.part.reserve(usize::try_from(rest).unwrap_or(PART).min(PART));
            }
            let room = piece.len().min(PART - self.part.len());
            self.part.extend_from_slice(&piece.split_to(room));
        }
        Ok(())
    }

    /// Writes the part, and notes it unless its body must be proved first.
    async fn put(&mut self) -> Result<(), UploadError> {
        let bytes = self.part.split().freeze();
        let (start, length) = (self.start, bytes.len() as u64);
        let object = if length == self.upload.bytes {
            self.prove_whole().await?;
            self.uploads.media.object_for(self.upload.org, self.upload.sha256)
        } else {
            format!("{FOLDER}/{}/{start}-{}", self.upload.id, self.uploads.media.door.clock().new_id())
        };
        self.uploads.media.depot.put(&object, bytes).await?;
        self.unproved.push(PartRow { start, bytes: length, object });
        self.start += length;
        if self.checksum.is_none() { self.note().await } else { Ok(()) }
    }

    /// All bytes in one part: they are proved before they are written, and need not be read again.
    async fn prove_whole(&mut self) -> Result<(), UploadError> {
        let measured = self.whole.take().map(|hash| Digest::new(hash.finalize().into()));
        if measured == Some(self.upload.sha256) {
            return Ok(());
        }
        self.uploads.remove(&self.upload).await?;
        Err(UploadError::Whole)
    }

    async fn note(&mut self) -> Result<(), UploadError> {
        let parts = std::mem::take(&mut self.unproved);
        if !parts.is_empty() {
            self.upload = self.uploads.record(self.upload.clone(), parts).await?;
        }
        Ok(())
    }
}

/// What still comes after a reception was told to end: everything, until the line is quiet or `end` has come.
async fn last(pieces: &mut mpsc::Receiver<Bytes>, end: Instant) -> Option<Bytes> {
    let wait = QUIET.min(end.saturating_duration_since(Instant::now()));
    if let Ok(piece) = tokio::time::timeout(wait, pieces.recv()).await {
        return piece;
    }
    // What was handed over at the last moment is taken in too.
    pieces.close();
    pieces.recv().await
}
