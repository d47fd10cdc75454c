//! The screen, kept between two looks: whoever ticks off the two-hundredth item of a round must not wait until the
//! hundred and ninety-nine before it were replayed again.
//!
//! Nothing announces that the kept screen is out of date; it is asked before each use. SQLite counts every row that this
//! connection changed, and tells when another one changed any. So a page that was pulled, a verdict, another sign-in,
//! or a writer that is yet to be invented makes the next look replay everything anew, and only what was
//! recorded through [`Line::on_screen`] is added to what is there.
//!
//! One thing is not the same: an operation that is replayed the moment it was recorded is dated more narrowly than by a replay
//! hours later, when the phone's clock may have drifted. Neither counts; the server dates it by the evidence.

use std::sync::{Mutex, PoisonError};

use rusqlite::Transaction;

use super::{
    error::PhoneError,
    line::Line,
    store::{
        StoreError,
        accounts::{self, Account, AccountId},
        outbox,
    },
    view::Screen,
};

/// The last screen, if there is one.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<Replayed>>);

/// A screen, and what it was made of.
struct Replayed {
    account: AccountId,
    mark: Mark,
    /// The last operation that is in it.
    seq: u64,
    screen: Screen,
}

/// As long as this stays the same, so does the file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    own: u64,
    others: i64,
}

impl Mark {
    fn now(tx: &Transaction<'_>) -> Result<Self, StoreError> {
        Ok(Self { own: tx.total_changes(), others: tx.pragma_query_value(None, "data_version", |row| row.get(0))? })
    }
}

impl Kept {
    /// What is kept, if it is the screen that would be built now.
    fn take(&self, tx: &Transaction<'_>, account: &Account) -> Result<Option<Replayed>, StoreError> {
        let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(None) };
        let fits = kept.account == account.id && kept.mark == Mark::now(tx)?;
        Ok(fits.then_some(kept))
    }

    fn put(&self, replayed: Replayed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(replayed);
    }
}

impl Replayed {
    fn nothing(account: AccountId, mark: Mark) -> Self {
        Self { account, mark, seq: 0, screen: Screen::default() }
    }

    /// With what was recorded since.
    fn grow(&mut self, tx: &Transaction<'_>, line: &Line, account: &Account) -> Result<(), StoreError> {
        let entries = outbox::to_replay(tx, account.id, self.seq)?;
        self.screen.replay(tx, line, account, &entries)?;
        self.seq = entries.last().map_or(self.seq, |entry| entry.recorded.seq);
        self.mark = Mark::now(tx)?;
        Ok(())
    }
}

impl Line {
    /// In one transaction: lets `write` add operations to the outbox of whoever is on the screen, then `look` at the screen
    /// with them. `write` changes nothing else that a screen is made of.
    pub(super) fn on_screen<W, T>(
        &self,
        write: impl FnOnce(&Transaction<'_>, &Account) -> Result<W, PhoneError>,
        look: impl FnOnce(&Transaction<'_>, &Account, &Screen, W) -> Result<T, PhoneError>,
    ) -> Result<T, PhoneError> {
        let (seen, replayed) = self.store.now(|tx| {
            let account = accounts::active(tx)?.ok_or(PhoneError::NobodySignedIn)?;
            let kept = self.kept.take(tx, &account)?;
            let written = write(tx, &account)?;
            let mut replayed = match kept {
                Some(kept) => kept,
                None => Replayed::nothing(account.id, Mark::now(tx)?),
            };
            replayed.grow(tx, self, &account)?;
            let seen = look(tx, &account, &replayed.screen, written)?;
            Ok::<_, PhoneError>((seen, replayed))
        })?;
        // Only now: what is kept must be in the file. If somebody wrote in between, the mark tells.
        self.kept.put(replayed);
        Ok(seen)
    }
}
