//! The states of an order and the moves between them.

use serde::{Deserialize, Serialize};

use super::record::Window;
use crate::{evidence::When, ids::UserId};

/// Where an order stands, with what exists only there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Written down, nobody sent.
    Requested,
    /// Somebody is to go.
    Assigned {
        /// Who.
        to: UserId,
        /// Since when.
        at: When,
        /// When they said yes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<When>,
    },
    /// On the way.
    EnRoute {
        /// Who.
        to: UserId,
        /// Since when.
        departed: When,
    },
    /// At the door.
    OnSite {
        /// Who.
        to: UserId,
        /// Since when.
        arrived: When,
    },
    /// Repairing.
    Working {
        /// Who.
        to: UserId,
        /// At the door since.
        arrived: When,
        /// Work began.
        started: When,
    },
    /// Could not be finished; explained to the customer.
    Paused {
        /// Who.
        to: UserId,
        /// At the door since.
        arrived: When,
        /// Work began, if it had.
        started: Option<When>,
        /// Since when it pauses.
        paused: When,
        /// Why.
        reason: String,
        /// When it goes on, if that was agreed.
        next: Option<Window>,
    },
    /// Done, waiting for the customer's acceptance.
    Finished {
        /// Who.
        to: UserId,
        /// At the door since.
        arrived: When,
        /// Work began.
        started: When,
        /// Work ended.
        finished: When,
    },
    /// Accepted and signed for.
    SignedOff {
        /// Who did it.
        to: UserId,
        /// When the customer signed.
        signed: When,
    },
    /// The file is closed.
    Closed {
        /// When.
        closed: When,
        /// By whom.
        by: UserId,
        /// The revision that closed it.
        rev: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// It will not be done.
    Cancelled {
        /// When.
        cancelled: When,
        /// By whom.
        by: UserId,
        /// The revision that cancelled it.
        rev: u64,
        /// Why.
        reason: String,
        /// Who was assigned then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<UserId>,
    },
}

/// How a closed order ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Outcome {
    /// The customer accepted and signed.
    Accepted,
    /// Closed without a signature; nothing is charged.
    Unsigned {
        /// Why.
        reason: String,
    },
    /// Taken over from another system, closed there.
    Imported {
        /// What the source says about it.
        reason: String,
    },
}

macro_rules! statuses {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, )+) => {
        /// The state without its data, for lists and filters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Status { $( $(#[$doc])* $variant, )+ }

        impl Status {
            /// Every status, in the order of a repair.
            pub const ALL: &'static [Status] = &[$(Status::$variant,)+];

            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Status::$variant => $name,)+ }
            }

            /// The status of this name.
            pub fn parse(name: &str) -> Option<Status> {
                match name { $($name => Some(Status::$variant),)+ _ => None }
            }
        }

        impl State {
            /// The state without its data.
            pub fn status(&self) -> Status {
                match self { $(State::$variant { .. } => Status::$variant,)+ }
            }
        }
    };
}

statuses! {
    /// Written down, nobody sent.
    Requested = "requested",
    /// Somebody is to go.
    Assigned = "assigned",
    /// On the way.
    EnRoute = "en_route",
    /// At the door.
    OnSite = "on_site",
    /// Repairing.
    Working = "working",
    /// Could not be finished today.
    Paused = "paused",
    /// Done, waiting for acceptance.
    Finished = "finished",
    /// Accepted and signed for.
    SignedOff = "signed_off",
    /// The file is closed.
    Closed = "closed",
    /// It will not be done.
    Cancelled = "cancelled",
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Status::parse(text).ok_or_else(|| format!("unknown status `{text}`"))
    }
}

impl Status {
    /// Whether nothing more is to happen.
    pub fn is_over(self) -> bool {
        matches!(self, Status::Closed | Status::Cancelled)
    }
}

impl State {
    /// Whose order it is now: the technician who goes, is there, or did it.
    pub fn technician(&self) -> Option<UserId> {
        match self {
            State::Assigned { to, .. }
            | State::EnRoute { to, .. }
            | State::OnSite { to, .. }
            | State::Working { to, .. }
            | State::Paused { to, .. }
            | State::Finished { to, .. }
            | State::SignedOff { to, .. } => Some(*to),
            State::Requested | State::Closed { .. } | State::Cancelled { .. } => None,
        }
    }

    /// The technician says yes.
    pub(super) fn accept(self, at: When) -> Result<State, State> {
        match self {
            State::Assigned { to, at: assigned, accepted: None } => {
                Ok(State::Assigned { to, at: assigned, accepted: Some(at) })
            }
            other => Err(other),
        }
    }

    /// The technician sets off.
    pub(super) fn depart(self, at: When) -> Result<State, State> {
        match self {
            State::Assigned { to, .. } => Ok(State::EnRoute { to, departed: at }),
            other => Err(other),
        }
    }

    /// The technician is there; departing need not have been recorded.
    pub(super) fn arrive(self, at: When) -> Result<State, State> {
        match self {
            State::Assigned { to, .. } | State::EnRoute { to, .. } => Ok(State::OnSite { to, arrived: at }),
            other => Err(other),
        }
    }

    /// Work begins.
    pub(super) fn start(self, at: When) -> Result<State, State> {
        match self {
            State::OnSite { to, arrived } => Ok(State::Working { to, arrived, started: at }),
            other => Err(other),
        }
    }

    /// Work stops for today.
    pub(super) fn pause(self, at: When, reason: String, next: Option<Window>) -> Result<State, State> {
        match self {
            State::OnSite { to, arrived } => Ok(State::Paused { to, arrived, started: None, paused: at, reason, next }),
            State::Working { to, arrived, started } => {
                Ok(State::Paused { to, arrived, started: Some(started), paused: at, reason, next })
            }
            other => Err(other),
        }
    }

    /// Work goes on where it stopped.
    pub(super) fn resume(self) -> Result<State, State> {
        match self {
            State::Paused { to, arrived, started: None, .. } => Ok(State::OnSite { to, arrived }),
            State::Paused { to, arrived, started: Some(started), .. } => Ok(State::Working { to, arrived, started }),
            other => Err(other),
        }
    }

    /// Work is done.
    pub(super) fn finish(self, at: When) -> Result<State, State> {
        match self {
            State::Working { to, arrived, started } => Ok(State::Finished { to, arrived, started, finished: at }),
            other => Err(other),
        }
    }

    /// Work was done by somebody who did not know that it was to rest.
    pub(super) fn finish_though_paused(self, at: When) -> Result<State, State> {
        match self {
            State::Paused { to, arrived, started: Some(started), .. } => {
                Ok(State::Finished { to, arrived, started, finished: at })
            }
            other => other.finish(at),
        }
    }

    /// The customer signs.
    pub(super) fn sign_off(self, at: When) -> Result<State, State> {
        match self {
            State::Finished { to, .. } => Ok(State::SignedOff { to, signed: at }),
            other => Err(other),
        }
    }

    /// The customer does not accept: back to work.
    pub(super) fn reject(self) -> Result<State, State> {
        match self {
            State::Finished { to, arrived, started, .. } => Ok(State::Working { to, arrived, started }),
            other => Err(other),
        }
    }

    /// Back to the pool.
    pub(super) fn hand_back(self) -> Result<State, State> {
        match self {
            State::Assigned { .. } | State::EnRoute { .. } | State::OnSite { .. } | State::Paused { .. } => {
                Ok(State::Requested)
            }
            other => Err(other),
        }
    }
}
