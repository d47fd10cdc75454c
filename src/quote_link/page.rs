//! The page behind the link: the price, whether it still stands, and a form. It needs no script and no other file.

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use mobile_api::work_order::{Confirmation, ConfirmationMethod, Quote, Status};

use super::store::Linked;
use crate::{
    certificate::{
        sheet::{self, Table},
        words::Words,
    },
    language::Language,
};

/// How a quote stands for whoever opens its link.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing<'q> {
    /// It waits for the customer's word.
    Open,
    /// The customer gave it.
    Confirmed(&'q Confirmation),
    /// Somebody at the firm must agree to it first.
    NotAgreed,
    /// A newer one took its place.
    Replaced,
    /// Its time is over.
    Expired(DateTime<Utc>),
    /// There is nothing to confirm any more: the order was signed for, or cancelled.
    Over,
}

impl Linked {
    /// The quote, which the order has for as long as it exists.
    pub fn quote(&self) -> Option<&Quote> {
        self.order.quotes.iter().find(|quote| quote.id == self.quote)
    }

    /// How it stands at `now`.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing<'_> {
        let Some(quote) = self.quote() else { return Standing::Over };
        let newest = self.order.newest_quote().is_some_and(|newest| newest.id == quote.id);
        match (&quote.confirmed, quote.valid_until) {
            (Some(word), _) => Standing::Confirmed(word),
            _ if self.order.status() >= Status::SignedOff => Standing::Over,
            _ if !newest => Standing::Replaced,
            (None, Some(until)) if until < now => Standing::Expired(until),
            _ if quote.awaits_agreement() => Standing::NotAgreed,
            _ => Standing::Open,
        }
    }
}

#[derive(Default, Template)]
#[template(path = "quote_link/page.html")]
struct QuotePage {
    lang: &'static str,
    firm: String,
    title: String,
    number: String,
    class: &'static str,
    state: String,
    about: String,
    proof: String,
    table: Table,
    form: Option<Form>,
}

struct Form {
    label: String,
    name: String,
    wrong: String,
    button: String,
    otherwise: String,
}

/// What somebody typed that cannot be taken.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The name as typed.
    pub name: String,
}

/// The page of a quote. `typed` is what was sent but could not be taken.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn quote(
    linked: &Linked,
    now: DateTime<Utc>,
    language: Language,
    typed: Option<Typed>,
) -> Result<String, askama::Error> {
    let zone = linked.firm.time_zone.parse().unwrap_or(Tz::UTC);
    let words = Words { language, zone };
    let standing = linked.standing(now);
    let (class, state, about) = told(&standing, linked, words);
    let form = (standing == Standing::Open).then(|| form(linked, words, typed));
    let table = linked.quote().map(|quote| sheet::quote_table(quote, words)).unwrap_or_default();
    QuotePage {
        lang: language.tag(),
        firm: linked.firm.name.clone(),
        title: words.say("quote-title"),
        number: linked.order.number.clone().unwrap_or_default(),
        class,
        state,
        about,
        proof: proof(&standing),
        table,
        form,
    }
    .render()
}

fn told(standing: &Standing<'_>, linked: &Linked, words: Words) -> (&'static str, String, String) {
    let said = |class, id: &str, args: &[(&'static str, String)]| {
        (class, words.say(&format!("quote-{id}")), words.say_with(&format!("quote-{id}-about"), args))
    };
    match standing {
        Standing::Open => match linked.quote().and_then(|quote| quote.valid_until) {
            Some(until) => said("changed", "open", &[("until", words.instant(until))]),
            None => ("changed", words.say("quote-open"), words.say("quote-open-for-ever")),
        },
        Standing::Confirmed(word) => {
            let (time, _) = words.when(&word.at);
            said("unchanged", "confirmed", &[("name", word.name.clone()), ("time", time)])
        }
        Standing::NotAgreed => said("changed", "not-agreed", &[]),
        Standing::Replaced => said("mismatch", "replaced", &[]),
        Standing::Expired(until) => said("mismatch", "expired", &[("until", words.instant(*until))]),
        Standing::Over => said("mismatch", "over", &[]),
    }
}

fn proof(standing: &Standing<'_>) -> String {
    match standing {
        Standing::Confirmed(Confirmation { method: ConfirmationMethod::Link { proof, .. }, .. }) => proof.clone(),
        _ => String::new(),
    }
}

fn form(linked: &Linked, words: Words, typed: Option<Typed>) -> Form {
    let total = linked.quote().map(|quote| words.money(quote.total)).unwrap_or_default();
    let wrong = typed.as_ref().map(|_| words.say("quote-name-missing")).unwrap_or_default();
    Form {
        label: words.say("quote-name"),
        name: typed.map(|typed| typed.name).unwrap_or_default(),
        wrong,
        button: words.say_with("quote-confirm", &[("total", total)]),
        otherwise: words.say("quote-otherwise"),
    }
}

/// What is answered to a code that nobody gave out.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn unknown(language: Language) -> Result<String, askama::Error> {
    let words = Words { language, zone: Tz::UTC };
    QuotePage {
        lang: language.tag(),
        title: words.say("quote-title"),
        class: "mismatch",
        state: words.say("quote-unknown"),
        about: words.say("quote-unknown-about"),
        ..QuotePage::default()
    }
    .render()
}
