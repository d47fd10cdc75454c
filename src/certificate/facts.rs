//! What a certificate states, put together from the signature and the order.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use mobile_api::{
    evidence::When,
    photo::{Finding, Photo, PhotoRole},
    signing::Stroke,
    work_order::{Channel, Charge, Diagnosis, Quote, SignOff, SignedContent, TimelineEntry, WorkOrder},
};

use crate::{directory::premises::Premises, link_code::LinkCode};

/// Everything on a certificate, in no language yet.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The firm that did the work.
    pub firm: String,
    /// Its time zone: times are printed as the customer's wall clock shows them.
    pub time_zone: Tz,
    /// Where, by the directory.
    pub premises: Premises,
    /// The order's number.
    pub number: Option<String>,
    /// What the customer saw and signed.
    pub content: SignedContent,
    /// The signature that counts.
    pub sign_off: SignOff,
    /// The name, as drawn.
    pub strokes: Vec<Stroke>,
    /// When each step happened.
    pub times: Times,
    /// The cause, and what was explained about it.
    pub diagnosis: Option<Diagnosis>,
    /// What was done, in the technician's words.
    pub done: Vec<String>,
    /// Every revision of the quote.
    pub quotes: Vec<Quote>,
    /// What is charged, if it was decided.
    pub charge: Option<Charge>,
    /// Photos, in the order in which they are printed.
    pub photos: Vec<CertificatePhoto>,
    /// The code of the check.
    pub code: LinkCode,
    /// The address of the check, with the code.
    pub address: String,
}

/// The steps of the repair. One that was never recorded, or only after the order had moved on, has no time.
#[derive(Clone, Debug)]
pub struct Times {
    /// The customer called, as whoever wrote it down says.
    pub called: DateTime<Utc>,
    /// How the call came.
    pub channel: Channel,
    /// Somebody was at the door.
    pub arrived: Option<When>,
    /// Work began.
    pub started: Option<When>,
    /// Work ended, for the last time.
    pub finished: Option<When>,
    /// The customer signed.
    pub signed: When,
}

/// A photo for the certificate.
#[derive(Clone, Debug)]
pub struct CertificatePhoto {
    /// What it shows.
    pub role: PhotoRole,
    /// What the technician wrote below it.
    pub caption: Option<String>,
    /// JPEG, upright, without particulars of camera and place.
    pub jpeg: Bytes,
}

/// Most photos on a certificate; an order can have many more, and paper cannot.
const MOST_PHOTOS: usize = 12;

/// The photos that belong on a certificate: how it was found and how it was left, in the order in which they were taken.
pub fn shown(photos: &[Photo]) -> Vec<Photo> {
    let wanted = |photo: &&Photo| {
        let ready = photo.arrival.as_ref().is_some_and(|arrival| matches!(arrival.finding, Finding::Ready { .. }));
        ready && photo.void.is_none() && matches!(photo.role, PhotoRole::Before | PhotoRole::After)
    };
    photos.iter().filter(wanted).take(MOST_PHOTOS).cloned().collect()
}

impl Times {
    /// The times of the steps on which the order moved.
    pub fn of(order: &WorkOrder, signed: When) -> Self {
        let step = |verb: &'static str| move |entry: &&TimelineEntry| entry.what == verb && entry.overtaken.is_none();
        let first = |verb| order.timeline.iter().find(step(verb)).map(|entry| entry.at.clone());
        let last = |verb| order.timeline.iter().rev().find(step(verb)).map(|entry| entry.at.clone());
        Self {
            called: order.called_at,
            channel: order.channel,
            arrived: first("arrive"),
            started: first("start"),
            finished: last("finish"),
            signed,
        }
    }
}

/// What was done: the words with which work was declared finished, as far as they were not taken back.
pub fn done(order: &WorkOrder) -> Vec<String> {
    let finishing = |op| order.timeline.iter().any(|entry| entry.op == op && entry.what == "finish");
    let notes = order.notes.iter().filter(|note| note.void.is_none() && finishing(note.op));
    notes.map(|note| note.text.clone()).collect()
}
