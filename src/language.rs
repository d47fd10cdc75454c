//! The languages that the product speaks: Chinese and English, one folder of texts each in `locales/`.

use std::{borrow::Cow, collections::HashMap};

use actix_web::http::header::{self, HeaderValue, Quality, QualityItem};
use fluent_langneg::NegotiationStrategy;
use fluent_templates::{LanguageIdentifier, Loader, fluent_bundle::FluentValue, static_loader};

use crate::error::Code;

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "en",
        // The marks that isolate arguments help on screens; in JSON they would only puzzle the reader.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that people read here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, also for everyone who asks for a language we do not have.
    #[default]
    English,
    /// Simplified Chinese; also for readers of other kinds of Chinese, who are better served by it than by English.
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// What each kind of request is answered with.
    const OFFERED: [(&'static str, Language); 4] = [
        ("en", Language::English),
        ("zh-CN", Language::Chinese),
        ("zh-TW", Language::Chinese),
        ("zh-HK", Language::Chinese),
    ];

    /// The BCP 47 tag, as in `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The language that serves the reader best, by the `Accept-Language` header with its weights.
    pub fn negotiate(accept_language: Option<&HeaderValue>) -> Self {
        // The weights are read by actix, because fluent-langneg's own parser takes the order of listing for the
        // order of preference.
        let Ok(mut wanted) = header::from_comma_delimited::<_, QualityItem<String>>(accept_language.into_iter()) else {
            return Self::default();
        };
        wanted.retain(|item| item.quality > Quality::ZERO);
        wanted.sort_by_key(|item| std::cmp::Reverse(item.quality));
        let wanted = fluent_langneg::convert_vec_str_to_langids_lossy(wanted.into_iter().map(|item| item.item));
        let offered = fluent_langneg::convert_vec_str_to_langids_lossy(Self::OFFERED.map(|(tag, _)| tag));
        let chosen = fluent_langneg::negotiate_languages(&wanted, &offered, None, NegotiationStrategy::Filtering);
        let best = chosen.first().and_then(|best| offered.iter().position(|one| one == *best));
        best.map_or_else(Self::default, |at| Self::OFFERED[at].1)
    }

    /// The language of a terminal, by the usual variables (`LC_ALL`, `LC_MESSAGES`, `LANG`).
    pub fn of_terminal() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
        if locale.starts_with("zh") { Self::Chinese } else { Self::English }
    }

    fn id(self) -> &'static LanguageIdentifier {
        static IDS: std::sync::LazyLock<[LanguageIdentifier; 2]> =
            std::sync::LazyLock::new(|| Language::ALL.map(|language| language.tag().parse().unwrap_or_default()));
        &IDS[self as usize]
    }

    /// The sentence of this id, or nothing if it is missing or names a value that `args` does not have.
    pub fn sentence(self, id: &str, args: &[(&'static str, String)]) -> Option<String> {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            args.iter().map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(value.as_str()))).collect();
        LOCALES.try_lookup_with_args(self.id(), id, &args)
    }

    /// The sentence of this id with these values; the id itself if there is none, which tests rule out.
    pub fn say(self, id: &str, args: &[(&'static str, String)]) -> String {
        self.sentence(id, args).unwrap_or_else(|| id.to_owned())
    }

    /// The title of a code.
    pub fn title(self, code: Code) -> String {
        self.say(code.as_str(), &[])
    }

    /// The explanation of a code with these values.
    pub fn explanation(self, code: Code, args: &[(&'static str, String)]) -> Option<String> {
        self.sentence(&format!("{code}.detail"), args)
    }
}

impl clap::ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.tag()))
    }
}
