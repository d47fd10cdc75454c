//! The notice to one household or department, with a link of its own.
//!
//! What it says is the newest edition of its shutdown, so that a change reaches thousands of them by one write; the notice itself
//! remembers who it is for and which editions were read.

use serde::{Deserialize, Serialize};

use super::{Affected, Shutdown};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{ShutdownId, ShutdownNoticeId, SiteId, TeamId, UnitId, derived},
    operation::{Change, Context, Decision, Need, Payload},
    record::{Kind, Reach, RecordType},
    refusal::Refusal,
    time::Timestamp,
};

/// Whom a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeFor {
    /// A household or shop.
    Unit(UnitId),
    /// A department.
    Team(TeamId),
}

/// A notice (停水停电通知) to one household or department.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShutdownNotice {
    /// Its id.
    pub id: ShutdownNoticeId,
    /// The shutdown, which says what, when and why.
    pub shutdown: ShutdownId,
    /// The shutdown's site.
    pub site: SiteId,
    /// Whom it is for.
    #[serde(rename = "for")]
    pub whom: NoticeFor,
    /// Which editions were read, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<NoticeRead>,
}

/// Somebody says that they have read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeRead {
    /// Which edition.
    pub edition: u32,
    /// When.
    pub at: When,
}

impl ShutdownNotice {
    /// The newest edition that was read; 0 if none was.
    pub fn read_edition(&self) -> u32 {
        self.read.iter().map(|read| read.edition).max().unwrap_or(0)
    }
}

/// The notices of a shutdown to these. Their ids follow from it and them.
pub(super) fn notices(shutdown: &Shutdown, affected: &Affected) -> Vec<ShutdownNotice> {
    let units = affected.units.iter().copied().map(NoticeFor::Unit);
    let whom = units.chain(affected.teams.iter().copied().map(NoticeFor::Team));
    let notice = |whom: NoticeFor| {
        let (what, id): (&[u8], _) = match whom {
            NoticeFor::Unit(unit) => (b"unit", unit.uuid()),
            NoticeFor::Team(team) => (b"team", team.uuid()),
        };
        let id = derived(&[b"shutdown notice", shutdown.id.uuid().as_bytes(), what, id.as_bytes()]);
        ShutdownNotice { id: id.into(), shutdown: shutdown.id, site: shutdown.site, whom, read: Vec::new() }
    };
    whom.map(notice).collect()
}

// A notice goes to those affected by its link, never to a phone; hence the empty `reach`.
impl RecordType for ShutdownNotice {
    const KIND: Kind = Kind::ShutdownNotice;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

/// Notes that somebody read a notice. What the page behind its link sends: pressed twice, it is read once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadNotice {
    /// Which edition they saw; at least 1.
    pub edition: u32,
}

impl Payload for ReadNotice {
    type Record = ShutdownNotice;

    fn example() -> Self {
        Self { edition: 1 }
    }

    fn check(&self, check: &mut Check) {
        check.number("/edition", self.edition.into(), 1..=u32::MAX.into());
    }

    fn needs(&self, record: Option<&ShutdownNotice>, _: &Actor) -> Vec<Need> {
        record.map(|notice| Need::record(notice.shutdown)).into_iter().collect()
    }
}

impl Change for ReadNotice {
    fn decide(self, mut notice: ShutdownNotice, context: &Context<'_>) -> Result<Decision<ShutdownNotice>, Refusal> {
        let shutdown: &Shutdown = context.related.get(notice.shutdown).ok_or(Refusal::NotFound)?;
        if self.edition > shutdown.edition() {
            return Err(Refusal::BadReference { pointer: "/edition".into() });
        }
        if notice.read.iter().any(|read| read.edition == self.edition) {
            return Err(Refusal::StillInUse { what: "this edition was read already".into() });
        }
        notice.read.push(NoticeRead { edition: self.edition, at: context.when.clone() });
        Ok(notice.into())
    }
}
