//! A firm of any size that never was, for measuring: `doorstep seed`.
//!
//! Everything is made through the one door like anything else, by operations whose ids follow from numbers. So a seed that was
//! stopped goes on where it was when it is run again, and the same size is the same firm on any machine: only its
//! newest day is the day on which it was begun.

mod firm;
mod history;
mod texts;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use mobile_api::{Actor, Role, catalogue::Action, refusal::Refusal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use firm::{Firm, SLUG, flat_name};

use crate::{
    import::ids,
    operations::{self, Door, DoorError, Online},
};

/// Operations of one transaction. More would hold up others who write, and be no faster.
const CHUNK: u64 = 500;

/// How large a firm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// One estate: 40 assets, 320 inspections, 1,000 orders, 50 complaints
    Small,
    /// A town's firm: 2,500 assets, 20,000 inspections, 100,000 orders, 5,000 complaints
    Medium,
    /// A year of a large firm: 25,000 assets, 200,000 inspections, 1,000,000 orders, 50,000 complaints
    Large,
}

impl Size {
    /// How many of what.
    pub fn counts(self) -> Counts {
        let (assets, orders, technicians): (u64, u64, u64) = match self {
            Size::Small => (40, 1_000, 10),
            Size::Medium => (2_500, 100_000, 100),
            Size::Large => (25_000, 1_000_000, 500),
        };
        Counts {
            sites: assets.div_ceil(500),
            units: assets,
            assets,
            inspections: assets * 8,
            orders,
            complaints: orders / 20,
            technicians,
        }
    }
}

/// How many of what a seeded firm has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Estates.
    pub sites: u64,
    /// Flats, each with its customer.
    pub units: u64,
    /// Lifts, pumps and boilers.
    pub assets: u64,
    /// Inspections of assets, of 20 items each.
    pub inspections: u64,
    /// Orders; of these each technician has [`OPEN_EACH`] that are open.
    pub orders: u64,
    /// Complaints.
    pub complaints: u64,
    /// Technicians.
    pub technicians: u64,
}

/// How many orders each technician has that are not closed.
pub const OPEN_EACH: u64 = 10;

/// What is made at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Sites, flats, people, the form.
    Firm,
    /// Assets.
    Assets,
    /// Orders.
    Orders,
    /// Inspections.
    Inspections,
    /// Complaints.
    Complaints,
    /// Open orders given to technicians.
    Assignments,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is made.
    pub stage: Stage,
    /// How many of these are there.
    pub done: u64,
    /// How many there will be.
    pub of: u64,
}

/// Makes the firm, or goes on where it was. Answers `None` if it was stopped.
///
/// # Errors
/// Another organisation has its short name; it was begun in another size; whatever the door or the database says.
pub async fn seed(
    door: &Door,
    size: Size,
    stop: &CancellationToken,
    mut watch: impl FnMut(Step),
) -> anyhow::Result<Option<Firm>> {
    let firm = Firm::begin(door, size).await?;
    let counts = size.counts();
    let run = Run { door, admin: firm.admin_actor(), stop };
    type Make = fn(&Firm, u64) -> Vec<(Uuid, Action)>;
    let stages: [(Stage, u64, Make); 6] = [
        (Stage::Firm, firm.setup_size(), Firm::setup),
        (Stage::Assets, counts.assets, history::asset),
        (Stage::Orders, counts.orders, history::order),
        (Stage::Inspections, counts.inspections, history::inspection),
        (Stage::Complaints, counts.complaints, history::complaint),
        (Stage::Assignments, counts.technicians * OPEN_EACH, history::assignment),
    ];
    for (stage, of, make) in stages {
        let step = |done| Step { stage, done, of };
        if !run.stage(of, |n| make(&firm, n), |done| watch(step(done))).await? {
            return Ok(None);
        }
    }
    Ok(Some(firm))
}

/// A seed under way.
struct Run<'a> {
    door: &'a Door,
    admin: Actor,
    stop: &'a CancellationToken,
}

impl Run<'_> {
    /// Makes so many, a chunk at a time. `false`: it was stopped.
    async fn stage(
        &self,
        of: u64,
        make: impl Fn(u64) -> Vec<(Uuid, Action)>,
        mut watch: impl FnMut(u64),
    ) -> anyhow::Result<bool> {
        let mut done = self.made(of, &make).await?;
        watch(done);
        while done < of {
            if self.stop.is_cancelled() {
                return Ok(false);
            }
            let until = of.min(done + CHUNK);
            let actions = (done..until).flat_map(&make).collect();
            perform(self.door, &self.admin, actions).await?;
            done = until;
            watch(done);
        }
        Ok(true)
    }

    /// How many were made before. Chunks are made whole, one after the other: the first that is missing is found by halving.
    async fn made(&self, of: u64, make: impl Fn(u64) -> Vec<(Uuid, Action)>) -> anyhow::Result<u64> {
        let (mut there, mut missing) = (0, of.div_ceil(CHUNK));
        while there < missing {
            let middle = there.midpoint(missing);
            let last = make((middle * CHUNK + CHUNK).min(of) - 1);
            let ids: Vec<Uuid> =
                last.iter().map(|(entity, action)| operation(*entity, action)).collect::<Result<_, _>>()?;
            let (org, asked) = (self.admin.org, ids.clone());
            let known = self.door.db().read(move |conn| operations::store::known(conn, org, &asked)).await?;
            match ids.iter().all(|id| known.contains_key(id)) {
                true => there = middle + 1,
                false => missing = middle,
            }
        }
        Ok(of.min(there * CHUNK))
    }
}

/// The operation's id, which follows from what it says of what.
fn operation(entity: Uuid, action: &Action) -> anyhow::Result<Uuid> {
    Ok(ids::operation(entity, action.payload()?.get()))
}

/// Carries operations out; each must succeed, or have done so before.
async fn perform(door: &Door, actor: &Actor, actions: Vec<(Uuid, Action)>) -> anyhow::Result<()> {
    let online = |(entity, action): (Uuid, Action)| {
        let id = operation(entity, &action)?;
        anyhow::Ok(Online { id, action, entity, expected_rev: None })
    };
    let operations: Vec<Online> = actions.into_iter().map(online).collect::<Result<_, _>>()?;
    let operations = Arc::new(operations);
    let results = door.perform_all(actor.clone(), operations.clone()).await?;
    for (result, operation) in results.into_iter().zip(operations.iter()) {
        match result {
            Ok(_) | Err(DoorError::Refused(Refusal::AlreadyExists)) => {}
            Err(error) => {
                let what = format!("{} {}", operation.action.spec().name, operation.entity);
                return Err(anyhow::anyhow!(error).context(what));
            }
        }
    }
    Ok(())
}

impl Firm {
    /// Its administrator, as who speaks at the door.
    fn admin_actor(&self) -> Actor {
        Actor { role: Role::Admin, ..Actor::system(self.org) }
    }

    /// Finds the firm, or founds it.
    async fn begin(door: &Door, size: Size) -> anyhow::Result<Self> {
        let known = door.db().read(operations::store::organisations).await?;
        let org = firm::organisation(size);
        let newest = match known.iter().find(|(_, slug)| slug == SLUG) {
            Some((there, _)) if *there == org => founded_at(door, org).await?,
            Some(_) => {
                anyhow::bail!("the organisation `{SLUG}` is there already, in another size; use another database")
            }
            None => {
                door.found(SLUG.into(), firm::founding(org)?).await?;
                founded_at(door, org).await?
            }
        };
        Ok(Self { org, size, newest })
    }
}

/// When the firm was founded: its history ends there, whenever its making ends.
async fn founded_at(door: &Door, org: Uuid) -> anyhow::Result<DateTime<Utc>> {
    let at = door.db().read(move |conn| operations::store::founded_at(conn, org)).await?;
    at.ok_or_else(|| anyhow::anyhow!("the organisation has no journal"))
}
