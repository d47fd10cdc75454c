//! What the commands share: the door, and the organisation that is meant.

use anyhow::{Context, anyhow, bail};
use clap::Args;
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
    clock::Clock,
    config::{Storage, Tokens},
    db::DbError,
    directory::list::{self, DirectoryFilter},
    events::Pokes,
    operations::{self, Door, DoorError, Holds, Online, reading},
    paging::{Ask, Listed},
    server,
};

/// Most entries that are read at a time.
const PAGE: usize = 500;

/// The organisation that is meant.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Short name of the organisation; needed only if there are several
    #[arg(long, value_name = "SLUG")]
    pub organisation: Option<String>,
}

/// An open database with what writes to it.
pub struct Office {
    pub door: Door,
    pub access: Access,
    pub clock: Clock,
}

impl Office {
    /// Opens the database, and brings it up to date as the server would.
    pub async fn open(storage: &Storage) -> anyhow::Result<Self> {
        let (db, clock) = (server::open(storage).await?, Clock::system());
        let access = Access::new(db.clone(), clock.clone(), AccessConfig::from(&Tokens::default()))?;
        let door = Door::new(db, clock.clone(), Pokes::default(), Holds::default());
        Ok(Self { door, access, clock })
    }

    /// The organisation that is meant, as the one who acts.
    pub async fn organisation(&self, which: &Which) -> anyhow::Result<Actor> {
        let all = self.door.db().read(operations::store::organisations).await?;
        let names = || all.iter().map(|(_, slug)| slug.as_str()).collect::<Vec<_>>().join(", ");
        let org = match (&which.organisation, all.as_slice()) {
            (_, []) => bail!("there is no organisation yet: make one with `doorstep admin create-organisation`"),
            (None, [(org, _)]) => *org,
            (None, _) => bail!("say which organisation is meant with --organisation: {}", names()),
            (Some(wanted), _) => {
                let found = all.iter().find(|(_, slug)| slug == wanted);
                found.with_context(|| format!("there is no organisation `{wanted}`, only: {}", names()))?.0
            }
        };
        Ok(Actor::system(org))
    }

    /// An operation with an id of its own.
    pub fn online(&self, entity: Uuid, action: impl Into<Action>) -> Online {
        Online { id: self.clock.new_id(), action: action.into(), entity, expected_rev: None }
    }

    /// A record of an organisation.
    pub async fn record(&self, actor: &Actor, kind: Kind, id: Uuid) -> anyhow::Result<Option<Record>> {
        let (actor, about) = (actor.clone(), Ref::new(kind, id));
        let found = self.door.db().read(move |conn| reading::visible(conn, &actor, about)).await.map_err(explain)?;
        found.map(|found| Record::from_json(kind, &found.body).context("a stored record cannot be read")).transpose()
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
                all.push(serde_json::from_str(&row.body).context("a stored record cannot be read")?);
            }
            match rows.pop() {
                Some(last) if more => after = Some(last.place),
                _ => return Ok(all),
            }
        }
    }
}

/// What the door says, in words for the person at the terminal.
pub fn explain(error: DoorError) -> anyhow::Error {
    match error {
        DoorError::Refused(Refusal::Invalid { errors }) => {
            let errors: Vec<String> = errors
                .into_iter()
                .map(|error| format!("{}: {}", error.pointer.trim_start_matches('/').replace('_', "-"), error.detail))
                .collect();
            anyhow!("this cannot be accepted – {}", errors.join("; "))
        }
        DoorError::Refused(Refusal::NotFound) => anyhow!("there is none with this id in the organisation"),
        DoorError::SlugTaken => anyhow!("this short name is taken"),
        other => other.into(),
    }
}
