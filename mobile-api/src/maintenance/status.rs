//! Where a shutdown stands, and whether it may begin.

use serde::{Deserialize, Serialize};

use super::Shutdown;
use crate::{refusal::Refusal, time::Timestamp};

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShutdownStatus {
    /// Written down, or sent back.
    Draft,
    /// A manager approved it.
    Approved,
    /// Those affected were told.
    Announced,
    /// Everything is ready for it to begin.
    Ready,
    /// It stands still.
    Running,
    /// It runs again.
    Restored,
    /// Those affected were told that it runs again.
    Resumed,
    /// What came of it stands in the record: it is done with.
    Recorded,
    /// It will not be.
    Withdrawn,
}

impl ShutdownStatus {
    /// All of them, in order.
    pub const ALL: [ShutdownStatus; 9] = [
        ShutdownStatus::Draft,
        ShutdownStatus::Approved,
        ShutdownStatus::Announced,
        ShutdownStatus::Ready,
        ShutdownStatus::Running,
        ShutdownStatus::Restored,
        ShutdownStatus::Resumed,
        ShutdownStatus::Recorded,
        ShutdownStatus::Withdrawn,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ShutdownStatus::Draft => "draft",
            ShutdownStatus::Approved => "approved",
            ShutdownStatus::Announced => "announced",
            ShutdownStatus::Ready => "ready",
            ShutdownStatus::Running => "running",
            ShutdownStatus::Restored => "restored",
            ShutdownStatus::Resumed => "resumed",
            ShutdownStatus::Recorded => "recorded",
            ShutdownStatus::Withdrawn => "withdrawn",
        }
    }

    /// Whether nothing more is to happen.
    pub fn is_over(self) -> bool {
        matches!(self, ShutdownStatus::Recorded | ShutdownStatus::Withdrawn)
    }
}

impl std::str::FromStr for ShutdownStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| format!("unknown status `{text}`"))
    }
}

impl Shutdown {
    /// Where it stands. One that is withdrawn stays so, even if it was carried out by somebody who did not know.
    pub fn status(&self) -> ShutdownStatus {
        if self.withdrawn.is_some() {
            return ShutdownStatus::Withdrawn;
        }
        match (&self.started, &self.restored, &self.announced, &self.result) {
            (_, Some(_), Some(_), Some(_)) => ShutdownStatus::Recorded,
            (_, Some(_), Some(_), None) => ShutdownStatus::Resumed,
            (_, Some(_), None, _) => ShutdownStatus::Restored,
            (Some(_), None, ..) => ShutdownStatus::Running,
            (None, None, ..) => self.before_it_began(),
        }
    }

    fn before_it_began(&self) -> ShutdownStatus {
        match (&self.approved, self.told, self.is_ready()) {
            (None, ..) => ShutdownStatus::Draft,
            (Some(_), false, _) => ShutdownStatus::Approved,
            (Some(_), true, false) => ShutdownStatus::Announced,
            (Some(_), true, true) => ShutdownStatus::Ready,
        }
    }

    /// Whether all that must be ready is.
    pub fn is_ready(&self) -> bool {
        self.measures.iter().all(|measure| measure.ready.is_some())
    }

    /// Whether nobody has begun.
    pub(super) fn is_not_begun(&self) -> bool {
        self.started.is_none() && self.restored.is_none() && self.withdrawn.is_none()
    }

    /// Whether it may begin at `at`, or has.
    ///
    /// # Errors
    /// `shutdown_not_approved`, `shutdown_not_announced`, `shutdown_not_ready`, `shutdown_too_early`; `shutdown_step` if it is withdrawn.
    pub fn may_begin(&self, at: Timestamp) -> Result<(), Refusal> {
        match self.status() {
            ShutdownStatus::Withdrawn => Err(Refusal::ShutdownStep { status: ShutdownStatus::Withdrawn }),
            ShutdownStatus::Draft => Err(Refusal::ShutdownNotApproved),
            ShutdownStatus::Approved => Err(Refusal::ShutdownNotAnnounced),
            ShutdownStatus::Announced => Err(Refusal::ShutdownNotReady),
            ShutdownStatus::Ready if at < self.window.from => Err(Refusal::ShutdownTooEarly { from: self.window.from }),
            _ => Ok(()),
        }
    }
}
