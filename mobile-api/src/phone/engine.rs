//! The phone as its app sees it.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use super::{
    clock::PhoneClock,
    error::{PhoneError, SyncError},
    kept::Kept,
    line::{Line, Probe, go_on},
    outbox::{Draft, Recorded, record, record_photo},
    store::{
        Store, StoreError,
        accounts::{self, Account, AccountId, Identity, Tokens},
        copies, outbox, photos,
    },
    sync::{Agreement, Report, Sync},
    transport::Transport,
    view::{Pending, Screen, Shown},
};
use crate::{
    ids::Id,
    record::{Kind, Record, RecordType, Ref},
    signing::Digest,
};

/// What the phone says of itself when it registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What its owner calls it.
    pub name: String,
    /// `android`, `ios`, `harmony`…
    pub platform: String,
    /// Version of the app.
    pub app_version: String,
}

impl Default for About {
    fn default() -> Self {
        Self {
            name: "phone".into(),
            platform: std::env::consts::OS.into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// Somebody who uses the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name they sign in with.
    pub login: String,
    /// Whether they have a session, as far as the phone knows.
    pub signed_in: bool,
    /// How many of their operations the server does not have yet.
    pub unsent: u64,
}

/// A phone: one file, one person at a time on the screen. Clones are the same phone.
#[derive(Clone)]
pub struct Phone(Arc<Inner>);

struct Inner {
    line: Line,
    about: About,
    /// One sync at a time: refresh tokens are good for one use, and pages build on each other.
    syncing: Mutex<()>,
    wake: Notify,
}

impl Phone {
    /// Opens the phone's file, or makes it.
    ///
    /// # Errors
    /// If the file cannot be opened, or a newer app wrote it.
    pub fn open(
        path: &Path,
        clock: Arc<dyn PhoneClock>,
        transport: Arc<dyn Transport>,
        about: About,
    ) -> Result<Self, StoreError> {
        let line = Line { store: Store::open(path)?, clock, transport, kept: Kept::default() };
        Ok(Self(Arc::new(Inner { line, about, syncing: Mutex::new(()), wake: Notify::new() })))
    }

    /// Signs in and puts this account's work on the screen. Work of others who use the phone stays where it is.
    ///
    /// # Errors
    /// [`SyncError::WrongCredentials`], [`SyncError::DeviceRevoked`], or no answer.
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<Identity, SyncError> {
        let _alone = self.0.syncing.lock().await;
        let login = login.trim().to_lowercase();
        // A login that moved from one person to another takes a second attempt, with the right device.
        for _ in 0..3 {
            let (name, fresh) = (login.clone(), self.0.line.clock.new_id());
            let account = self.store().run(move |tx| {
                let known = accounts::by_login(tx, &name)?;
                known.map_or_else(|| accounts::add(tx, &name, fresh), Ok::<_, StoreError>)
            });
            let account = account.await?;
            let (identity, tokens) = self.0.line.sign_in(&login, password, account.device, &go_on).await?;
            let adopted = identity.clone();
            let name = login.clone();
            if self.store().run(move |tx| adopt(tx, &account, &name, &adopted, &tokens)).await? {
                self.wake();
                return Ok(identity);
            }
        }
        Err(SyncError::not_now("the login changes hands all the time"))
    }

    /// Signs out. Records go; unsent operations stay in the file and are sent when the person signs in here again.
    ///
    /// # Errors
    /// [`PhoneError::Unsent`] with their number if there are any, unless `force`.
    pub async fn sign_out(&self, force: bool) -> Result<(), PhoneError> {
        let _alone = self.0.syncing.lock().await;
        let signed_out = self.store().run(move |tx| {
            let account = accounts::active(tx)?.ok_or(PhoneError::NobodySignedIn)?;
            match outbox::count_unsent(tx, account.id)? + photos::count_owed(tx, account.id)? {
                unsent if unsent > 0 && !force => Err(PhoneError::Unsent(unsent)),
                _ => accounts::signed_out(tx, account.id).map(|()| account.access).map_err(PhoneError::from),
            }
        });
        // The phone has forgotten the session already; that the server does so too is a courtesy.
        if let Some(access) = signed_out.await? {
            self.0.line.sign_out(access).await;
        }
        Ok(())
    }

    /// Keeps what a person did.
    ///
    /// # Errors
    /// If nobody is signed in, the operation cannot be recorded offline, or the file cannot be written. Never
    /// because of a rule: what the rules say is in [`Recorded::outcome`].
    pub fn record(&self, draft: Draft) -> Result<Recorded, PhoneError> {
        let recorded = record(&self.0.line, vec![draft], false)?;
        self.0.wake.notify_one();
        recorded.into_iter().next().ok_or(PhoneError::GroupSize)
    }

    /// Keeps operations that the server applies all or none, such as the finish, the material and the signature.
    ///
    /// # Errors
    /// As [`Phone::record`], and if there are not 2 to 50.
    pub fn record_group(&self, drafts: Vec<Draft>) -> Result<Vec<Recorded>, PhoneError> {
        let recorded = record(&self.0.line, drafts, true)?;
        self.0.wake.notify_one();
        Ok(recorded)
    }

    /// Keeps a photo that was taken: the operation that records it, and its bytes, which are owed from now on.
    ///
    /// # Errors
    /// As [`Phone::record`]; [`PhoneError::OtherPhoto`] if the operation names other bytes.
    pub fn record_photo(&self, draft: Draft, bytes: &[u8]) -> Result<Recorded, PhoneError> {
        let recorded = record_photo(&self.0.line, draft, bytes)?;
        self.0.wake.notify_one();
        Ok(recorded)
    }

    /// How many photos the server is not known to have.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn owed_photos(&self) -> Result<u64, PhoneError> {
        self.on_screen(|tx, account| photos::count_owed(tx, account.id))
    }

    /// Whether the phone still has these bytes: until the server has proved that it has them, and their operation.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn has_bytes(&self, sha256: Digest) -> Result<bool, PhoneError> {
        self.on_screen(|tx, _| photos::has_bytes(tx, sha256))
    }

    /// Sends and fetches everything, once. `probe` is called between the steps; [`go_on`] for all but tests.
    ///
    /// # Errors
    /// See [`SyncError`]; whatever it is, the outbox keeps what the server does not have.
    pub async fn sync_once(&self, probe: Probe<'_>) -> Result<Report, SyncError> {
        let _alone = self.0.syncing.lock().await;
        Sync::new(&self.0.line, &self.0.about, self.active().await?, probe).run().await
    }

    /// Fetches everything and proves that phone and server agree; repairs the copy if they do not.
    ///
    /// # Errors
    /// As [`Phone::sync_once`].
    pub async fn check(&self, probe: Probe<'_>) -> Result<(Agreement, Report), SyncError> {
        let _alone = self.0.syncing.lock().await;
        Sync::new(&self.0.line, &self.0.about, self.active().await?, probe).check().await
    }

    /// Hands everything that the server does not have over to the office, after [`SyncError::DeviceRevoked`] or
    /// [`SyncError::AppTooOld`]. Nothing of it is applied; a person decides about each operation. Answers how many
    /// were taken; photos stay on the phone.
    ///
    /// # Errors
    /// As [`Phone::sync_once`]; what was not taken stays in the outbox.
    pub async fn salvage(&self, probe: Probe<'_>) -> Result<u64, SyncError> {
        let _alone = self.0.syncing.lock().await;
        Sync::new(&self.0.line, &self.0.about, self.active().await?, probe).salvage().await
    }

    /// Something happened that makes a sync worth trying: signal came back, the app was opened, the server poked.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    pub(super) fn line(&self) -> &Line {
        &self.0.line
    }

    fn store(&self) -> &Store {
        &self.0.line.store
    }

    pub(super) async fn active(&self) -> Result<AccountId, SyncError> {
        let account = self.store().run(accounts::active).await?;
        account.map(|account| account.id).ok_or(SyncError::NobodySignedIn)
    }

    /// The screen, with what is pending on it.
    fn look<T>(
        &self,
        look: impl FnOnce(&rusqlite::Transaction<'_>, &Account, &Screen) -> Result<T, StoreError>,
    ) -> Result<T, PhoneError> {
        self.line().on_screen(|_, _| Ok(()), |tx, account, screen, ()| Ok(look(tx, account, screen)?))
    }

    /// Something else about whoever is on the screen.
    fn on_screen<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>, &Account) -> Result<T, StoreError>,
    ) -> Result<T, PhoneError> {
        self.store().now(|tx| {
            let account = accounts::active(tx)?.ok_or(PhoneError::NobodySignedIn)?;
            Ok(work(tx, &account)?)
        })
    }

    /// Who is on the screen, and the device that they are for the server.
    ///
    /// # Errors
    /// If nobody is signed in.
    pub fn identity(&self) -> Result<(Option<Identity>, Uuid), PhoneError> {
        self.on_screen(|_, account| Ok((account.identity.clone(), account.device)))
    }

    /// Everybody who ever signed in on this phone, with what each has not sent yet.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.store().now(|tx| {
            let person = |account: Account| {
                let unsent = outbox::count_unsent(tx, account.id)?;
                Ok(Person { login: account.login, signed_in: account.refresh.is_some(), unsent })
            };
            accounts::all(tx)?.into_iter().map(person).collect()
        })
    }

    /// A record with pending operations on top.
    ///
    /// # Errors
    /// If nobody is signed in or the file cannot be read.
    pub fn show(&self, address: Ref) -> Result<Option<Shown>, PhoneError> {
        self.look(|tx, account, screen| screen.show(tx, account, address))
    }

    /// The same, typed.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn get<T>(&self, id: Id<T>) -> Result<Option<T>, PhoneError>
    where
        T: RecordType + TryFrom<Record>,
    {
        let shown = self.show(Ref::new(T::KIND, id))?;
        Ok(shown.and_then(|shown| shown.record).and_then(|record| record.try_into().ok()))
    }

    /// Every record of a kind, with pending operations on top.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn list(&self, kind: Kind) -> Result<Vec<Shown>, PhoneError> {
        self.look(|tx, account, screen| screen.list(tx, account, kind))
    }

    /// Operations whose effect is not in the server's records on this phone yet, oldest first.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn pending(&self) -> Result<Vec<Pending>, PhoneError> {
        self.look(|_, _, screen| Ok(screen.pending().to_vec()))
    }

    /// An operation that was recorded on this phone, with its verdict.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn operation(&self, id: Uuid) -> Result<Option<outbox::Entry>, PhoneError> {
        self.on_screen(|tx, account| outbox::get(tx, account.id, id))
    }

    /// How many operations the server does not have yet.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn unsent_count(&self) -> Result<u64, PhoneError> {
        self.on_screen(|tx, account| outbox::count_unsent(tx, account.id))
    }

    /// Those operations themselves, for a person who must rescue them from a phone that can no longer sync.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn unsent(&self) -> Result<Vec<outbox::Entry>, PhoneError> {
        self.on_screen(|tx, account| {
            let mut unsent = outbox::in_state(tx, account.id, outbox::State::Pending, 0, usize::MAX)?;
            unsent.extend(outbox::in_state(tx, account.id, outbox::State::Stuck, 0, usize::MAX)?);
            unsent.sort_by_key(|entry| entry.recorded.seq);
            Ok(unsent)
        })
    }

    /// How far the copy on the screen is; `None` before the first page.
    ///
    /// # Errors
    /// As [`Phone::show`].
    pub fn progress(&self) -> Result<Option<copies::Progress>, PhoneError> {
        self.on_screen(|tx, account| account.live.map(|copy| copies::progress(tx, copy)).transpose())
    }
}

/// Ties a sign-in to the account's row. `false` if it must be repeated with the device of another row.
fn adopt(
    tx: &rusqlite::Transaction<'_>,
    account: &Account,
    login: &str,
    identity: &Identity,
    tokens: &Tokens,
) -> Result<bool, StoreError> {
    if let Some(before) = account.identity.as_ref().filter(|before| before.user != identity.user) {
        // The name is another person's now. The first one's work stays under a name that nobody can sign in with.
        accounts::rename(tx, account.id, &format!("{login} ({})", before.user))?;
        return Ok(false);
    }
    if let Some(known) = accounts::by_user(tx, identity.user, account.id)? {
        // The person is known here under an older name, with a device and perhaps unsent work.
        accounts::rename(tx, known.id, login)?;
        return Ok(false);
    }
    accounts::signed_in(tx, account.id, identity, tokens)?;
    Ok(true)
}
