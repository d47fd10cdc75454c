//! What every story needs: a world of its own, on each database.

mod database;
mod failing;
mod house;
mod s3;

pub use database::TestDb;
pub use failing::narrow;
pub use house::{Answer, Firm, Handset, House, Office, PASSWORD, morning};
pub use s3::S3;

/// The two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// What a story is given: a database, a server, a whole company. Made anew for each test.
pub trait World: Sized {
    async fn on(backend: Backend) -> Self;
}

/// Makes two tests of each story, `name::sqlite` and `name::postgres`:
///
/// ```ignore
/// stories! {
///     /// What it shows.
///     async fn a_name(db: TestDb) {
///         …
///     }
/// }
/// ```
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: $World:ty) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($world: $World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story(<$World as $crate::harness::World>::on($crate::harness::Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                story(<$World as $crate::harness::World>::on($crate::harness::Backend::Postgres).await).await;
            }
        }
    )*};
}
