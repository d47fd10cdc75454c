//! Where a complaint stands. Each state carries what only exists in it; a transition takes the state and gives the next, or the
//! state back if there is no such way.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{evidence::When, ids::UserId};

/// Where a complaint stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ComplaintState {
    /// Written down; nobody has judged it.
    Received,
    /// It is not founded, and the complainant was told why.
    Explained {
        /// Since when.
        since: When,
        /// Whether they said that they understand.
        understood: bool,
    },
    /// It is founded, and looked into.
    Investigating {
        /// Since when.
        since: When,
    },
    /// Measures are proposed; a manager is to choose.
    Proposed {
        /// Since when.
        since: When,
    },
    /// One is being carried out.
    Approved {
        /// The operation that proposed it.
        proposal: Uuid,
        /// Since when.
        since: When,
    },
    /// It was carried out; the complainant is to be told.
    CarriedOut {
        /// Since when.
        since: When,
    },
    /// The complainant accepts; they are to be called back.
    Accepted {
        /// Since when.
        since: When,
    },
    /// It is over.
    Closed {
        /// When that was said.
        closed: When,
        /// By whom.
        by: UserId,
        /// The revision that said so.
        rev: u64,
        /// Why, if something was still open.
        reason: Option<String>,
    },
}

/// Where a complaint stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComplaintStatus {
    /// Written down; nobody has judged it.
    Received,
    /// It is not founded, and the complainant was told why.
    Explained,
    /// It is founded, and looked into.
    Investigating,
    /// Measures are proposed; a manager is to choose.
    Proposed,
    /// One is being carried out.
    Approved,
    /// It was carried out; the complainant is to be told.
    CarriedOut,
    /// The complainant accepts; they are to be called back.
    Accepted,
    /// It is over.
    Closed,
}

impl ComplaintStatus {
    /// Every status.
    pub const ALL: [ComplaintStatus; 8] = [
        ComplaintStatus::Received,
        ComplaintStatus::Explained,
        ComplaintStatus::Investigating,
        ComplaintStatus::Proposed,
        ComplaintStatus::Approved,
        ComplaintStatus::CarriedOut,
        ComplaintStatus::Accepted,
        ComplaintStatus::Closed,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ComplaintStatus::Received => "received",
            ComplaintStatus::Explained => "explained",
            ComplaintStatus::Investigating => "investigating",
            ComplaintStatus::Proposed => "proposed",
            ComplaintStatus::Approved => "approved",
            ComplaintStatus::CarriedOut => "carried_out",
            ComplaintStatus::Accepted => "accepted",
            ComplaintStatus::Closed => "closed",
        }
    }

    /// Whether nothing more is to happen.
    pub fn is_over(self) -> bool {
        self == ComplaintStatus::Closed
    }
}

impl std::str::FromStr for ComplaintStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| format!("unknown status `{text}`"))
    }
}

impl ComplaintState {
    /// In a word.
    pub fn status(&self) -> ComplaintStatus {
        match self {
            ComplaintState::Received => ComplaintStatus::Received,
            ComplaintState::Explained { .. } => ComplaintStatus::Explained,
            ComplaintState::Investigating { .. } => ComplaintStatus::Investigating,
            ComplaintState::Proposed { .. } => ComplaintStatus::Proposed,
            ComplaintState::Approved { .. } => ComplaintStatus::Approved,
            ComplaintState::CarriedOut { .. } => ComplaintStatus::CarriedOut,
            ComplaintState::Accepted { .. } => ComplaintStatus::Accepted,
            ComplaintState::Closed { .. } => ComplaintStatus::Closed,
        }
    }

    /// It was judged. Who found it unfounded at first may find otherwise.
    pub(super) fn judge(self, founded: bool, since: When) -> Result<Self, Self> {
        match (self, founded) {
            (Self::Received | Self::Explained { .. }, true) => Ok(Self::Investigating { since }),
            (Self::Received, false) => Ok(Self::Explained { since, understood: false }),
            (state, _) => Err(state),
        }
    }

    /// The complainant answered to the explanation. Who does not understand is heard again.
    pub(super) fn understand(self, understood: bool) -> Result<Self, Self> {
        match self {
            Self::Explained { since, .. } if understood => Ok(Self::Explained { since, understood }),
            Self::Explained { .. } => Ok(Self::Received),
            state => Err(state),
        }
    }

    /// A measure is proposed.
    pub(super) fn propose(self, at: When) -> Result<Self, Self> {
        match self {
            Self::Investigating { .. } => Ok(Self::Proposed { since: at }),
            Self::Proposed { since } => Ok(Self::Proposed { since }),
            state => Err(state),
        }
    }

    /// A manager chose one.
    pub(super) fn approve(self, proposal: Uuid, since: When) -> Result<Self, Self> {
        match self {
            Self::Proposed { .. } => Ok(Self::Approved { proposal, since }),
            state => Err(state),
        }
    }

    /// It was carried out.
    pub(super) fn carry_out(self, since: When) -> Result<Self, Self> {
        match self {
            Self::Approved { .. } => Ok(Self::CarriedOut { since }),
            state => Err(state),
        }
    }

    /// The complainant accepts.
    pub(super) fn accept(self, since: When) -> Result<Self, Self> {
        match self {
            Self::CarriedOut { .. } => Ok(Self::Accepted { since }),
            state => Err(state),
        }
    }

    /// The complainant does not accept.
    pub(super) fn refuse(self, since: When) -> Result<Self, Self> {
        match self {
            Self::CarriedOut { .. } => Ok(Self::Investigating { since }),
            state => Err(state),
        }
    }

    /// Called back, they say that it is not settled after all.
    pub(super) fn fall_back(self, since: When) -> Result<Self, Self> {
        match self {
            Self::Accepted { .. } => Ok(Self::Investigating { since }),
            state => Err(state),
        }
    }
}
