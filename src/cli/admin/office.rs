//! What the commands share: the door, and how to ask it.

use anyhow::{Context, anyhow};
use mobile_api::{
    Actor,
    catalogue::Action,
    record::{Kind, Record, Ref},
    refusal::Refusal,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    access::{Access, AccessConfig},
    cli::which::Which,
    clock::Clock,
    config::{Storage, Tokens},
    db::DbError,
    directory::list::{self, DirectoryFilter},
    events::Pokes,
    language::Language,
    operations::{Door, DoorError, Holds, Online, reading},
    paging::{Ask, Listed},
    server,
};

/// Most entries that are read at a time.
const PAGE: usize = 500;

/// An open database with what writes to it.
pub struct Office {
    pub door: Door,
    pub access: Access,
    pub clock: Clock,
    /// The language of whoever sits at the terminal.
    pub words: Language,
}

impl Office {
    /// Opens the database, and brings it up to date as the server would.
    pub async fn open(storage: &Storage, words: Language) -> anyhow::Result<Self> {
        let (db, clock) = (server::open(storage).await?, Clock::system());
        let access = Access::new(db.clone(), clock.clone(), AccessConfig::from(&Tokens::default()))?;
        let door = Door::new(db, clock.clone(), Pokes::default(), Holds::default());
        Ok(Self { door, access, clock, words })
    }

    /// The organisation that is meant, as the one who acts.
    pub async fn organisation(&self, which: &Which) -> anyhow::Result<Actor> {
        Ok(Actor::system(which.find(self.door.db(), self.words).await?))
    }

    /// An operation with an id of its own.
    pub fn online(&self, entity: Uuid, action: impl Into<Action>) -> Online {
        Online { id: self.clock.new_id(), action: action.into(), entity, expected_rev: None }
    }

    /// A record of an organisation.
    pub async fn record(&self, actor: &Actor, kind: Kind, id: Uuid) -> anyhow::Result<Option<Record>> {
        let (actor, about) = (actor.clone(), Ref::new(kind, id));
        let found = self
            .door
            .db()
            .read(move |conn| reading::visible(conn, &actor, about))
            .await
            .map_err(explain(self.words))?;
        let unreadable = || self.words.say("command-unreadable-record", &[]);
        found.map(|found| Record::from_json(kind, &found.body).with_context(unreadable)).transpose()
    }

    /// Every entry of one kind of the directory, by name.
    pub async fn directory<T: DeserializeOwned>(&self, actor: &Actor, kind: Kind) -> anyhow::Result<Vec<T>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let (actor, ask) = (actor.clone(), Ask { after: after.take(), limit: PAGE });
            let read = move |conn: &mut _| list::list(conn, &actor, kind, &DirectoryFilter::default(), &ask);
            let mut rows: Vec<Listed<String>> = self.door.db().read::<_, DbError, _>(read).await?;
            let more = rows.len() > PAGE;
            rows.truncate(PAGE);
            for row in &rows {
                let unreadable = || self.words.say("command-unreadable-record", &[]);
                all.push(serde_json::from_str(&row.body).with_context(unreadable)?);
            }
            match rows.pop() {
                Some(last) if more => after = Some(last.place),
                _ => return Ok(all),
            }
        }
    }
}

/// What the door says, in words for the person at the terminal.
pub fn explain(words: Language) -> impl Fn(DoorError) -> anyhow::Error {
    move |error| match error {
        DoorError::Refused(Refusal::Invalid { errors }) => {
            let errors: Vec<String> = errors
                .into_iter()
                .map(|error| format!("{}: {}", error.pointer.trim_start_matches('/').replace('_', "-"), error.detail))
                .collect();
            anyhow!(words.say("command-invalid", &[("errors", errors.join("; "))]))
        }
        DoorError::Refused(Refusal::NotFound) => anyhow!(words.say("command-none-with-this-id", &[])),
        DoorError::SlugTaken => anyhow!(words.say("command-slug-taken", &[])),
        other => other.into(),
    }
}
