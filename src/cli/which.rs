//! Which organisation a command is about, and in which language it speaks.

use anyhow::bail;
use clap::Args;
use uuid::Uuid;

use crate::{db::Db, language::Language, operations};

/// The organisation that is meant.
#[derive(Clone, Debug, Args)]
pub(super) struct Which {
    /// Short name of the organisation [default: the only one there is]
    #[arg(long, value_name = "SLUG")]
    organisation: Option<String>,
}

impl Which {
    /// The organisation of this short name, or the only one there is.
    pub(super) async fn find(&self, db: &Db, words: Language) -> anyhow::Result<Uuid> {
        let all = db.read(operations::store::organisations).await?;
        let slugs = || ("slugs", all.iter().map(|(_, slug)| slug.as_str()).collect::<Vec<_>>().join(", "));
        match (&self.organisation, all.as_slice()) {
            (_, []) => bail!(words.say("command-no-organisation", &[])),
            (None, [(org, _)]) => Ok(*org),
            (None, _) => bail!(words.say("command-which-organisation", &[slugs()])),
            (Some(slug), _) => match all.iter().find(|(_, known)| known == slug) {
                Some((org, _)) => Ok(*org),
                None => bail!(words.say("command-unknown-organisation", &[("slug", slug.clone()), slugs()])),
            },
        }
    }
}

/// The language that the command speaks.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Speaks {
    /// Language of the report [default: by LANG]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
}

impl Speaks {
    /// What was asked for, or the terminal's.
    pub(super) fn language(self) -> Language {
        self.lang.unwrap_or_else(Language::of_terminal)
    }
}
