//! A store that is full when the story says so.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use doorstep::media::depot::Depot;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, local::LocalFileSystem, path::Path,
};

/// How many more objects there is room for.
#[derive(Clone, Debug)]
pub struct Room(Arc<AtomicUsize>);

impl Room {
    pub fn set(&self, objects: usize) {
        self.0.store(objects, Ordering::SeqCst);
    }

    fn take(&self) -> Result<()> {
        let one_less = |left: usize| left.checked_sub(1);
        let full = || Error::Generic { store: "full", source: io::Error::from(io::ErrorKind::StorageFull).into() };
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).map(drop).map_err(|_| full())
    }
}

/// A folder with little room.
#[derive(Debug)]
struct Narrow {
    folder: LocalFileSystem,
    room: Room,
}

/// A store in a folder, and what says how much room there is in it; at first there is plenty.
pub fn narrow(folder: &std::path::Path) -> (Depot, Room) {
    std::fs::create_dir_all(folder).unwrap();
    let room = Room(Arc::new(AtomicUsize::new(usize::MAX)));
    let folder = LocalFileSystem::new_with_prefix(folder).unwrap();
    (Depot::over(Arc::new(Narrow { folder, room: room.clone() })), room)
}

impl fmt::Display for Narrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a narrow folder")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Narrow {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.room.take()?;
        self.folder.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.room.take()?;
        self.folder.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.folder.get_opts(at, options).await
    }

    fn delete_stream(&self, all: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.folder.delete_stream(all)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.folder.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.folder.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.room.take()?;
        self.folder.copy_opts(from, to, options).await
    }
}
