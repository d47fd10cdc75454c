//! The file: plain or compressed, read as a stream, never more of it in memory than a row may be long.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

/// Longest row, in bytes. A quotation mark that is never closed would otherwise read the whole file as one field.
pub(super) const LONGEST_ROW: u64 = 4 * 1024 * 1024;

const BUFFER: usize = 64 * 1024;

/// How far a file has been read, in bytes of the file itself.
#[derive(Clone, Debug, Default)]
pub struct Position(Arc<AtomicU64>);

impl Position {
    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    inner: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// An open file, decompressed if it has to be (by what it begins with, whatever its name).
pub struct Input {
    reader: Box<dyn Read + Send>,
    /// How far it has been read.
    pub position: Position,
    /// Its size in bytes, as stored.
    pub size: u64,
}

impl Input {
    /// Opens a file.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Self::new(file, size)
    }

    /// Reads from memory; for files that are compiled in, and for tests.
    ///
    /// # Errors
    /// None that is known of.
    pub fn memory(bytes: impl Into<Vec<u8>>) -> io::Result<Self> {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self::new(io::Cursor::new(bytes), size)
    }

    fn new(inner: impl Read + Send + 'static, size: u64) -> io::Result<Self> {
        let position = Position::default();
        let mut plain = BufReader::with_capacity(BUFFER, Counted { inner, position: position.clone() });
        let is_gzip = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read + Send> = if is_gzip { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(plain) };
        Ok(Self { reader, position, size })
    }

    /// All of it, if it is no more than `most` bytes.
    pub(super) fn whole(self, most: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        self.reader.take(most + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= most).then_some(bytes))
    }

    /// The content, which gives up on a row that is too long; the counter is to be set to zero after each row.
    pub(super) fn bounded(self) -> (impl Read + Send, Arc<AtomicU64>) {
        let since_row = Arc::new(AtomicU64::new(0));
        (Bounded { inner: self.reader, since_row: since_row.clone() }, since_row)
    }
}

struct Bounded<R> {
    inner: R,
    since_row: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row.load(Ordering::Relaxed) > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "row too long"));
        }
        let read = self.inner.read(buffer)?;
        self.since_row.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
