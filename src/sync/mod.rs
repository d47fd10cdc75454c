//! Synchronisation: what a device sends (push), what it fetches (pull), and how both are made sure of.

pub mod api;
pub mod cursor;
pub mod events;
pub mod pull;
pub mod salvage;
pub mod store;

use mobile_api::{Actor, Role, record::Scope};

/// The scopes that an actor's device holds, in the order in which they are pulled: the orders of the day and what they
/// need on site, the pools, and then what everybody has.
pub fn scopes_of(actor: &Actor) -> Vec<Scope> {
    let mut scopes = vec![Scope::User(actor.user.uuid())];
    if actor.role == Role::Technician {
        scopes.extend(actor.teams.iter().map(|team| Scope::Team(team.uuid())));
    } else if actor.role.is_office() {
        if actor.sites.is_empty() {
            scopes.push(Scope::Office);
        }
        scopes.extend(actor.sites.iter().map(|site| Scope::OfficeOf(site.uuid())));
    }
    // A price list can have thousands of items, and nobody at a door should wait for the last of them.
    scopes.push(Scope::Catalog);
    scopes.extend(actor.device.map(|device| Scope::Device(device.uuid())));
    scopes
}

/// Bounds of one request, as `GET /v1/sync/config` tells them.
#[derive(Clone, Copy, Debug)]
pub struct SyncLimits {
    /// Most operations in a push or a lookup.
    pub push_operations: u32,
    /// Most changes in a page.
    pub pull_changes: u32,
    /// Days that drops and verdicts are kept.
    pub retention_days: u32,
}

impl Default for SyncLimits {
    fn default() -> Self {
        Self { push_operations: 200, pull_changes: 500, retention_days: 180 }
    }
}
