//! Why an operation could not be applied, and what was noticed when it was.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    check::FieldError, ids::AssetId, inspection::Gap, maintenance::ShutdownStatus, money::Currency,
    photo::RequiredPhotos, time::Timestamp, work_order::Status,
};

/// Why a rule did not apply an operation. An ordinary answer, not an error: a recorded operation is then kept
/// for a person, an online caller gets it as a problem document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something is wrong with the payload itself.
    #[error("the payload has {} invalid field(s)", errors.len())]
    Invalid {
        /// Every field that is wrong.
        errors: Vec<FieldError>,
    },
    /// There is no such record, or the actor may not see it.
    #[error("no such record")]
    NotFound,
    /// A record with this id exists already.
    #[error("a record with this id exists already")]
    AlreadyExists,
    /// The record was deleted; a late operation cannot bring it back (S11).
    #[error("the record was deleted")]
    Deleted,
    /// The actor's role may not do this.
    #[error("this role may not do this")]
    Forbidden,
    /// The operation does not fit the state that the actor had seen.
    #[error("`{operation}` is not possible while the order is {from}")]
    IllegalTransition {
        /// The state.
        from: Status,
        /// The verb that was tried.
        operation: &'static str,
    },
    /// The order was never this technician's.
    #[error("the order is not assigned to this technician")]
    NotAssigned,
    /// Work may not start: the customer has not confirmed the newest quote.
    #[error("the customer has not confirmed the quote")]
    QuoteNotConfirmed,
    /// The quote named is not on this order.
    #[error("the order has no such quote")]
    QuoteUnknown,
    /// The customer can confirm the quote no longer.
    #[error("the quote was valid until {until}")]
    QuoteExpired {
        /// When it ended.
        until: Timestamp,
    },
    /// Nobody has agreed to the quote, whose maker may not make it alone.
    #[error("somebody must agree to the quote first")]
    QuoteNotAgreed,
    /// No page showed a customer these digits.
    #[error("the digits are not those that the customer's page shows")]
    WrongProof,
    /// The entry named is not on this order.
    #[error("the order has no such entry")]
    EntryUnknown,
    /// The technician does not hold the certificate that the order type needs (持证上岗).
    #[error("the technician holds no valid certificate `{certificate}`")]
    NotQualified {
        /// The certificate's code.
        certificate: String,
    },
    /// Somebody named in the payload does not exist, is inactive, or has the wrong role.
    #[error("`{pointer}` names nothing that can be used here")]
    BadReference {
        /// JSON pointer to the field.
        pointer: String,
    },
    /// Two currencies in one sum.
    #[error("expected {expected}, found {found}")]
    CurrencyMismatch {
        /// The order's currency.
        expected: Currency,
        /// What was sent.
        found: Currency,
    },
    /// More than was signed would be charged.
    #[error("more than the customer signed for")]
    AmountExceedsSigned,
    /// More would be given back than was paid.
    #[error("more than was paid")]
    AmountExceedsPaid,
    /// A sum beyond the largest amount.
    #[error("the amount is too large")]
    Overflow,
    /// The record still has something open that must be ended first.
    #[error("{what}")]
    StillInUse {
        /// What holds it.
        what: String,
    },
    /// The order type requires photos that are not there.
    #[error("photos are missing: {}", in_words(missing))]
    PhotosMissing {
        /// What is missing.
        missing: Vec<RequiredPhotos>,
    },
    /// The warranty of the work had ended when the customer called, or there is none: whoever mends it for nothing all the
    /// same says why.
    #[error("the warranty is over: say why it is free all the same")]
    WarrantyOver,
    /// The clock stops for this reason only with the customer's recorded consent.
    #[error("the customer's consent is needed")]
    ConsentNeeded,
    /// The technician has as many open orders as the firm lets anybody take from the pool.
    #[error("{most} open orders are enough")]
    EnoughToDo {
        /// How many that are.
        most: u32,
    },
    /// The inspection is finished, or does not count.
    #[error("the inspection is {status}")]
    InspectionOver {
        /// Where it stands.
        status: &'static str,
    },
    /// The inspection is not complete.
    #[error("{} required part(s) are missing: {}", missing.len(), first(missing))]
    AnswersMissing {
        /// What is missing.
        missing: Vec<Gap>,
    },
    /// The operation does not fit where the record stands.
    #[error("`{operation}` is not possible while it is {status}")]
    IllegalStep {
        /// Where it stands.
        status: &'static str,
        /// The verb that was tried.
        operation: &'static str,
    },
    /// Something is still open, and nobody said why that is left so.
    #[error("a reason is needed: {}", what.join(", "))]
    ReasonNeeded {
        /// What is open.
        what: Vec<&'static str>,
    },
    /// The complaint was not summed up.
    #[error("the complaint has no summary with its class and cause")]
    SummaryMissing,
    /// It is not time for this: somebody was faster, or what it waited for has moved.
    #[error("not due")]
    NotDue,
    /// The asset is retired: nothing is to be done to it any more.
    #[error("the asset is retired")]
    AssetRetired,
    /// Another asset of this type and maker has the serial.
    #[error("asset {asset} has this serial already")]
    SerialTaken {
        /// The other.
        asset: AssetId,
    },
    /// The maintenance plan was withdrawn.
    #[error("the plan was withdrawn")]
    PlanWithdrawn,
    /// The step does not fit where the shutdown stands.
    #[error("this is not possible while the shutdown is {}", status.as_str())]
    ShutdownStep {
        /// Where it stands.
        status: ShutdownStatus,
    },
    /// No manager has approved the shutdown.
    #[error("no manager has approved the shutdown")]
    ShutdownNotApproved,
    /// Those affected have not been given notice of the shutdown.
    #[error("those affected have not been given notice of the shutdown")]
    ShutdownNotAnnounced,
    /// Not all that must be there is ready.
    #[error("not all measures of the shutdown are ready")]
    ShutdownNotReady,
    /// Those affected were told of a later time.
    #[error("the shutdown begins at {from}")]
    ShutdownTooEarly {
        /// When it is to begin.
        from: Timestamp,
    },
    /// Those affected would hear of it later than the organisation promises.
    #[error("notice must be given {hours} h before")]
    NoticeTooShort {
        /// How many hours before.
        hours: u32,
    },
    /// Nobody is to call any more: the customer said what they think, or could not be reached.
    #[error("the return visit is {status}")]
    VisitOver {
        /// Where it stands.
        status: &'static str,
    },
    /// A colleague has taken the call.
    #[error("a colleague is calling")]
    VisitTaken,
    /// The customer must not be called now.
    #[error("the customer rests until {until}")]
    CustomerRests {
        /// Until when.
        until: Timestamp,
    },
    /// Nobody asks how their own work was.
    #[error("this person did the work")]
    OwnWork,
    /// The survey was answered, or its time is over.
    #[error("the survey is over")]
    SurveyOver,
    /// The record is full: an order carries a bounded number of entries.
    #[error("the order has too many entries of this sort")]
    TooManyEntries,
}

fn in_words(missing: &[RequiredPhotos]) -> String {
    let each: Vec<_> = missing.iter().map(|of| format!("{} of `{}`", of.least, of.role.as_str())).collect();
    each.join(", ")
}

/// The first gaps, to be read by a person.
fn first(missing: &[Gap]) -> String {
    let each: Vec<_> = missing.iter().take(5).map(ToString::to_string).collect();
    each.join(", ")
}

impl Refusal {
    /// The same of a part of a payload, with pointers into the whole.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        match self {
            Refusal::Invalid { mut errors } => {
                for error in &mut errors {
                    error.pointer.insert_str(0, part);
                }
                Refusal::Invalid { errors }
            }
            Refusal::BadReference { pointer } => Refusal::BadReference { pointer: format!("{part}{pointer}") },
            other => other,
        }
    }

    /// The stable code on the wire, the same as in the server's table of problems.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Invalid { .. } => "invalid",
            Refusal::NotFound => "not_found",
            Refusal::AlreadyExists => "already_exists",
            Refusal::Deleted => "deleted",
            Refusal::Forbidden => "forbidden",
            Refusal::IllegalTransition { .. } => "illegal_transition",
            Refusal::NotAssigned => "not_assigned",
            Refusal::QuoteNotConfirmed => "quote_not_confirmed",
            Refusal::QuoteUnknown => "quote_unknown",
            Refusal::QuoteExpired { .. } => "quote_expired",
            Refusal::QuoteNotAgreed => "quote_not_agreed",
            Refusal::WrongProof => "wrong_proof",
            Refusal::EntryUnknown => "entry_unknown",
            Refusal::NotQualified { .. } => "not_qualified",
            Refusal::BadReference { .. } => "bad_reference",
            Refusal::CurrencyMismatch { .. } => "currency_mismatch",
            Refusal::AmountExceedsSigned => "amount_exceeds_signed",
            Refusal::AmountExceedsPaid => "amount_exceeds_paid",
            Refusal::Overflow => "overflow",
            Refusal::StillInUse { .. } => "still_in_use",
            Refusal::PhotosMissing { .. } => "photos_missing",
            Refusal::WarrantyOver => "warranty_over",
            Refusal::ConsentNeeded => "consent_needed",
            Refusal::EnoughToDo { .. } => "enough_to_do",
            Refusal::InspectionOver { .. } => "inspection_over",
            Refusal::AnswersMissing { .. } => "answers_missing",
            Refusal::NotDue => "not_due",
            Refusal::IllegalStep { .. } => "illegal_step",
            Refusal::ReasonNeeded { .. } => "reason_needed",
            Refusal::SummaryMissing => "summary_missing",
            Refusal::AssetRetired => "asset_retired",
            Refusal::SerialTaken { .. } => "serial_taken",
            Refusal::PlanWithdrawn => "plan_withdrawn",
            Refusal::ShutdownStep { .. } => "shutdown_step",
            Refusal::ShutdownNotApproved => "shutdown_not_approved",
            Refusal::ShutdownNotAnnounced => "shutdown_not_announced",
            Refusal::ShutdownNotReady => "shutdown_not_ready",
            Refusal::ShutdownTooEarly { .. } => "shutdown_too_early",
            Refusal::NoticeTooShort { .. } => "notice_too_short",
            Refusal::VisitOver { .. } => "visit_over",
            Refusal::VisitTaken => "visit_taken",
            Refusal::CustomerRests { .. } => "customer_rests",
            Refusal::OwnWork => "own_work",
            Refusal::SurveyOver => "survey_over",
            Refusal::TooManyEntries => "too_many_entries",
        }
    }

    /// As it travels in a verdict.
    pub fn problem(&self) -> Problem {
        let errors = match self {
            Refusal::Invalid { errors } => errors.clone(),
            _ => Vec::new(),
        };
        Problem { code: self.code().into(), detail: self.to_string(), errors }
    }
}

/// A problem as it travels in a verdict. The code is text, so that an old app can still read a new code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable code, from the same table as the problem documents.
    pub code: String,
    /// For a developer or a log, in English.
    pub detail: String,
    /// Fields that are wrong, if that is the problem.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem without field errors.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.into(), detail: detail.into(), errors: Vec::new() }
    }
}

/// What a person should look at although the operation was applied: the rows of the conflict table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The order had been cancelled; the work was done all the same and may be billable.
    CancelledMeanwhile,
    /// The order had been given to somebody else, or taken back.
    ReassignedMeanwhile,
    /// The order had been closed.
    ActivityAfterClose,
    /// Somebody had done this step already.
    AlreadyDone,
    /// The same field was changed by the office and on the phone.
    FieldConflict,
    /// The customer confirmed or signed a quote that the office had replaced.
    SignedOlderQuote,
    /// What was signed differs from what the server holds.
    SignedOtherContent,
    /// A further signature by somebody with another name.
    DifferentSigner,
    /// The office recorded a request for the same place at about the same time.
    PossibleDuplicate,
    /// The technician's working times overlap.
    OverlappingTimes,
    /// A quoted price differs from the price list.
    PriceDiffersFromList,
    /// The technician's certificate had expired or was missing when the work was recorded.
    CertificateMissing,
    /// The strokes are no signature: empty, a dot, or far too many points.
    SignatureAbsurd,
    /// An earlier operation of the device never arrived.
    EarlierMissing,
    /// A deadline was missed; the supervisor decides.
    DeadlineMissed,
    /// A deadline still is missed a while later; the manager decides.
    DeadlineStillMissed,
    /// Nobody called a customer in time to ask how it was.
    CallMissed,
    /// Somebody stopped the clock, or let work rest, while the phone went on with it.
    PausedMeanwhile,
    /// Work rests for a reason that stops no clock: nobody knows its code, or the customer's consent is missing.
    PauseNotCounted,
    /// The work goes on under a quote that the customer has not confirmed yet.
    QuoteChangedMeanwhile,
    /// More was taken from a place than anybody had recorded there.
    StockBelowZero,
    /// Material stands on the order, but could not be taken from stock.
    StockNotMoved,
    /// A numbered piece was not where the ledger had it.
    SerialElsewhere,
    /// Pieces of an article whose pieces have numbers moved without all of them.
    SerialMissing,
    /// Material moved before a count that did not know of it yet.
    MovedBeforeCount,
    /// Two people counted the same and differ.
    CountsDiffer,
    /// A line has the price of an older list: it was quoted before the phone heard of the new one.
    PriceChanged,
    /// The customer confirmed a quote whose time was over.
    QuoteExpired,
    /// The customer confirmed a quote to which somebody had to agree first.
    QuoteNotAgreed,
    /// Nothing proves that the customer confirmed a quote: digits that no page had shown them, a typed name without
    /// signature or witness, or a signature that does not say of what.
    ConfirmationUnproved,
    /// The customer had confirmed another revision of the quote on another phone.
    AnotherQuoteConfirmed,
    /// More was paid than is owed.
    Overpaid,
    /// Something was paid although nothing is charged, or not yet.
    PaymentWithoutCharge,
    /// The same amount was paid in the same way at about the same time: perhaps one payment, recorded twice.
    PossibleDuplicatePayment,
    /// The same sort of job was done at the same place within its warranty.
    PossibleRework,
    /// Two people who did not know of each other gave one item different answers; both are kept.
    AnsweredTwice,
    /// Required answers, photos or signatures of an inspection are not there.
    AnswersMissing,
    /// A round cannot be planned any more: its form was taken out of use.
    FormWithdrawn,
    /// The code that was scanned is not that of the point.
    OtherCode,
    /// A delegate signed, and there is no photo of their written authority.
    AuthorityMissing,
    /// The asset was retired meanwhile; what was done to it is true all the same.
    AssetRetired,
    /// The asset failed again within the days that the organisation set.
    RepeatFault,
    /// A reading lies beyond the meter's limits.
    ReadingBeyondLimits,
    /// A counter says less than it did.
    CounterBackwards,
    /// A maintenance plan makes no more orders: its asset is gone, or what it needs is not used any more.
    PlanStopped,
    /// The order of a maintenance plan could not be given to the plan's technician.
    PlanUnassigned,
    /// The plan, or the shutdown, had been withdrawn; the work was done all the same.
    PlanWithdrawnMeanwhile,
    /// The shutdown had been moved to other times, or sent back.
    ShutdownChangedMeanwhile,
    /// A shutdown began although it might not: an emergency. The manager looks at it.
    EmergencyShutdown,
    /// Work began although its shutdown might not.
    ShutdownNotAllowed,
    /// Those affected were told later than the organisation promises.
    ShortNotice,
    /// The certificate of an asset runs out soon.
    CertificateExpiring,
    /// A webhook's receiver has failed for days; nothing is sent any more.
    WebhookGivenUp,
    /// The complainant had said the opposite, on another phone.
    CustomerSaidOtherwise,
    /// A complaint was reported back unsolved so often that the manager is to know.
    StillUnsolved,
    /// What a customer wrote in the survey and what they said when called contradict each other.
    SurveyDisagrees,
    /// A customer was called in their hours of rest, or on a day on which they must not be called.
    CalledWhileResting,
}

impl Flag {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Flag::CancelledMeanwhile => "cancelled_meanwhile",
            Flag::ReassignedMeanwhile => "reassigned_meanwhile",
            Flag::ActivityAfterClose => "activity_after_close",
            Flag::AlreadyDone => "already_done",
            Flag::FieldConflict => "field_conflict",
            Flag::SignedOlderQuote => "signed_older_quote",
            Flag::SignedOtherContent => "signed_other_content",
            Flag::DifferentSigner => "different_signer",
            Flag::PossibleDuplicate => "possible_duplicate",
            Flag::OverlappingTimes => "overlapping_times",
            Flag::PriceDiffersFromList => "price_differs_from_list",
            Flag::CertificateMissing => "certificate_missing",
            Flag::SignatureAbsurd => "signature_absurd",
            Flag::EarlierMissing => "earlier_missing",
            Flag::DeadlineMissed => "deadline_missed",
            Flag::DeadlineStillMissed => "deadline_still_missed",
            Flag::CallMissed => "call_missed",
            Flag::PausedMeanwhile => "paused_meanwhile",
            Flag::PauseNotCounted => "pause_not_counted",
            Flag::QuoteChangedMeanwhile => "quote_changed_meanwhile",
            Flag::StockBelowZero => "stock_below_zero",
            Flag::StockNotMoved => "stock_not_moved",
            Flag::SerialElsewhere => "serial_elsewhere",
            Flag::SerialMissing => "serial_missing",
            Flag::MovedBeforeCount => "moved_before_count",
            Flag::CountsDiffer => "counts_differ",
            Flag::PriceChanged => "price_changed",
            Flag::QuoteExpired => "quote_expired",
            Flag::QuoteNotAgreed => "quote_not_agreed",
            Flag::ConfirmationUnproved => "confirmation_unproved",
            Flag::AnotherQuoteConfirmed => "another_quote_confirmed",
            Flag::Overpaid => "overpaid",
            Flag::PaymentWithoutCharge => "payment_without_charge",
            Flag::PossibleDuplicatePayment => "possible_duplicate_payment",
            Flag::PossibleRework => "possible_rework",
            Flag::AnsweredTwice => "answered_twice",
            Flag::AnswersMissing => "answers_missing",
            Flag::FormWithdrawn => "form_withdrawn",
            Flag::OtherCode => "other_code",
            Flag::AuthorityMissing => "authority_missing",
            Flag::AssetRetired => "asset_retired",
            Flag::RepeatFault => "repeat_fault",
            Flag::ReadingBeyondLimits => "reading_beyond_limits",
            Flag::CounterBackwards => "counter_backwards",
            Flag::PlanStopped => "plan_stopped",
            Flag::PlanUnassigned => "plan_unassigned",
            Flag::PlanWithdrawnMeanwhile => "plan_withdrawn_meanwhile",
            Flag::ShutdownChangedMeanwhile => "shutdown_changed_meanwhile",
            Flag::EmergencyShutdown => "emergency_shutdown",
            Flag::ShutdownNotAllowed => "shutdown_not_allowed",
            Flag::ShortNotice => "short_notice",
            Flag::CertificateExpiring => "certificate_expiring",
            Flag::WebhookGivenUp => "webhook_given_up",
            Flag::CustomerSaidOtherwise => "customer_said_otherwise",
            Flag::StillUnsolved => "still_unsolved",
            Flag::SurveyDisagrees => "survey_disagrees",
            Flag::CalledWhileResting => "called_while_resting",
        }
    }

    /// Whether it is about material: a question for who keeps the stock.
    pub fn is_about_stock(self) -> bool {
        matches!(
            self,
            Flag::StockBelowZero
                | Flag::StockNotMoved
                | Flag::SerialElsewhere
                | Flag::SerialMissing
                | Flag::MovedBeforeCount
                | Flag::CountsDiffer
        )
    }
}

/// A flag with what a dispatcher needs to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Flagged {
    /// What was noticed.
    pub flag: Flag,
    /// Both sides, or the ids concerned; shape by flag.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

impl From<Flag> for Flagged {
    fn from(flag: Flag) -> Self {
        Self { flag, detail: Value::Null }
    }
}

impl Flagged {
    /// A flag with its particulars.
    pub fn with(flag: Flag, detail: Value) -> Self {
        Self { flag, detail }
    }

    /// The same, said of an order that came with the record, not of the record itself.
    pub(crate) fn about(mut self, order: uuid::Uuid) -> Self {
        if let Value::Object(detail) = &mut self.detail {
            detail.entry("order").or_insert_with(|| Value::String(order.to_string()));
        }
        self
    }
}
