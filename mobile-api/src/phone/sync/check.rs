//! The proof that phone and server agree, and the repair if they do not.

use rusqlite::Transaction;

use super::{Config, Course, StoreError, Sync, SyncError, accounts, copies};
use crate::{
    phone::transport::Request,
    record::Scope,
    sync::{DigestRequest, DigestResponse, DigestSum, ScopeDigest},
};

/// How often a check pulls again because the server moved on while it was asked.
const MOST_TRIES: u32 = 5;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Phone and server hold the same.
    Equal,
    /// The server changed all the time; nothing is known.
    Unknown,
    /// These scopes differ.
    Differs(Vec<Scope>),
}

impl Sync<'_> {
    /// Compares; pulls everything anew if something differs, and compares again.
    pub(in crate::phone) async fn check(mut self) -> Result<(Agreement, super::Report), SyncError> {
        let config = self.introduce().await?;
        let mut agreement = self.compare(&config).await?;
        if let Agreement::Differs(scopes) = &agreement {
            tracing::warn!(?scopes, "the copy differs from the server's and is pulled anew");
            self.report.repaired.clone_from(scopes);
            self.begin_replacement().await?;
            agreement = self.compare(&config).await?;
        }
        let report = self.finish().await?;
        Ok((agreement, report))
    }

    async fn compare(&mut self, config: &Config) -> Result<Agreement, SyncError> {
        for _ in 0..MOST_TRIES {
            if self.pull(config).await? == Course::OtherEpoch {
                return Ok(Agreement::Unknown);
            }
            let body = DigestRequest { device: self.account().await?.device };
            let answer = self.line.call(self.id, self.probe, || Request::post("/v1/sync/digest", &body)).await;
            let DigestResponse { version, scopes } = answer?.body;
            let (own_version, own) = self.own_digests(scopes.iter().map(|digest| digest.scope).collect()).await?;
            if own_version == version {
                return Ok(agreement(&scopes, &own));
            }
        }
        Ok(Agreement::Unknown)
    }

    /// The version and the digests of the copy on the screen, for these scopes and any other that it holds. The
    /// device's own scope holds nothing but verdicts, which are messages.
    async fn own_digests(&self, mut scopes: Vec<Scope>) -> Result<(u64, Vec<ScopeDigest>), StoreError> {
        let id = self.id;
        let work = move |tx: &Transaction<'_>| {
            let Some(copy) = accounts::get(tx, id)?.live else { return Ok((0, Vec::new())) };
            for scope in copies::scopes(tx, copy)? {
                let scope = scope.parse().map_err(|_| StoreError::Broken("scope"))?;
                // Verdicts are messages, not holdings: the server does not count them.
                if !scopes.contains(&scope) && !matches!(scope, Scope::Device(_)) {
                    scopes.push(scope);
                }
            }
            let mut digests = Vec::new();
            for scope in scopes {
                let mut sum = DigestSum::default();
                copies::inventory(tx, copy, &scope.to_string(), |kind, id, _, version| sum.add(kind, id, version))?;
                digests.push(sum.finish(scope));
            }
            Ok((copies::progress(tx, copy)?.version, digests))
        };
        self.line.store.run(work).await
    }
}

fn agreement(theirs: &[ScopeDigest], own: &[ScopeDigest]) -> Agreement {
    let find = |digest: &ScopeDigest| theirs.iter().find(|other| other.scope == digest.scope);
    let differs = |digest: &&ScopeDigest| match find(digest) {
        Some(other) => other != *digest,
        None => digest.count > 0,
    };
    let differing: Vec<Scope> = own.iter().filter(differs).map(|digest| digest.scope).collect();
    if differing.is_empty() { Agreement::Equal } else { Agreement::Differs(differing) }
}
