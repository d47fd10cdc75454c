//! What can go wrong in front of a caller: one table, one line per code.
//!
//! A code is a promise to clients: its text and status never change once released. Titles and explanations
//! live in `locales/`, one file per language; a test keeps both sides complete.

use std::{borrow::Cow, fmt, time::Duration};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use mobile_api::{check, inspection::Gap, refusal::Refusal};

use crate::{
    db::{DbError, Retry},
    problem,
};

/// What kind of trouble a code belongs to; groups the list of problems for readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The request itself: its form, size or address.
    Request,
    /// Who is asking, and whether they may.
    Access,
    /// Somebody else was faster, or the request was already made.
    Concurrency,
    /// A phone's cursor or version does not fit.
    Sync,
    /// A business rule said no.
    Rule,
    /// The server cannot answer now; nothing is wrong with the request.
    Server,
}

/// Expands the table into [`Code`]. The last column says whether somebody on call must look (`alert`) or the
/// occurrence is a normal part of the day (`quiet`).
macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $family:ident $alert:ident;)*) => {
        /// A stable problem code; see the table in this file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = concat!("`", $code, "`, HTTP ", $status)] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The HTTP status that a response with this code has.
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Code::$variant => $status,)* };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The kind of trouble.
            pub const fn family(self) -> Family {
                match self { $(Code::$variant => Family::$family,)* }
            }

            /// Whether somebody on call must look.
            pub const fn deserves_alert(self) -> bool {
                match self { $(Code::$variant => codes!(@ $alert),)* }
            }

            /// The code of this name, if the table has it.
            pub fn named(name: &str) -> Option<Code> {
                match name { $($code => Some(Code::$variant),)* _ => None }
            }
        }
    };
    (@ alert) => { true };
    (@ quiet) => { false };
}

codes! {
    // variant             code                          status family      on call?
    InvalidJson            "invalid_json"                400    Request     quiet;
    TooDeep                "too_deep"                    400    Request     quiet;
    InvalidQuery           "invalid_query"               400    Request     quiet;
    BadRequest             "bad_request"                 400    Request     quiet;
    NotFound               "not_found"                   404    Request     quiet;
    MethodNotAllowed       "method_not_allowed"          405    Request     quiet;
    NotAcceptable          "not_acceptable"              406    Request     quiet;
    BodyTooLarge           "body_too_large"              413    Request     quiet;
    UnsupportedMediaType   "unsupported_media_type"      415    Request     quiet;
    Invalid                "invalid"                     422    Request     quiet;
    UnknownOperation       "unknown_operation"           422    Request     quiet;
    InvalidHeader          "invalid_header"              400    Request     quiet;
    TusVersion             "tus_version"                 412    Request     quiet;
    UploadMediaType        "upload_media_type"           415    Request     quiet;
    UploadTooLarge         "upload_too_large"            413    Request     quiet;
    UploadExpired          "upload_expired"              410    Request     quiet;
    TooManyUploads         "too_many_uploads"            429    Request     quiet;
    ChecksumAlgorithm      "checksum_algorithm"          400    Request     quiet;
    ChunkMismatch          "chunk_mismatch"              460    Request     quiet;
    ChecksumMismatch       "checksum_mismatch"           460    Request     quiet;

    NotSignedIn            "not_signed_in"               401    Access      quiet;
    TokenExpired           "token_expired"               401    Access      quiet;
    TokenInvalid           "token_invalid"               401    Access      quiet;
    WrongCredentials       "wrong_credentials"           401    Access      quiet;
    RefreshInvalid         "refresh_invalid"             401    Access      quiet;
    RefreshReused          "refresh_reused"              401    Access      quiet;
    DeviceRevoked          "device_revoked"              403    Access      quiet;
    DeviceNotYours         "device_not_yours"            403    Access      quiet;
    AccountDisabled        "account_disabled"            403    Access      quiet;
    CalendarGone           "calendar_gone"               410    Access      quiet;
    Forbidden              "forbidden"                   403    Access      quiet;
    TooManyAttempts        "too_many_attempts"           429    Access      quiet;

    PreconditionFailed     "precondition_failed"         412    Concurrency quiet;
    PreconditionRequired   "precondition_required"       428    Concurrency quiet;
    IdempotencyKeyReused   "idempotency_key_reused"      422    Concurrency quiet;
    OffsetMismatch         "offset_mismatch"             409    Concurrency quiet;

    CursorInvalid          "cursor_invalid"              400    Sync        quiet;
    CursorTooOld           "cursor_too_old"              410    Sync        quiet;
    CursorOtherEpoch       "cursor_other_epoch"          410    Sync        quiet;
    CursorAhead            "cursor_ahead"                410    Sync        quiet;
    SchemaTooOld           "schema_too_old"              409    Sync        quiet;

    // Refusals of rules. One that has no line of its own is shown as `refused` with its own code and 409.
    Refused                "refused"                     409    Rule        quiet;
    AlreadyExists          "already_exists"              409    Rule        quiet;
    Deleted                "deleted"                     409    Rule        quiet;
    IllegalTransition      "illegal_transition"          409    Rule        quiet;
    NotAssigned            "not_assigned"                409    Rule        quiet;
    NotQualified           "not_qualified"               409    Rule        quiet;
    QuoteNotConfirmed      "quote_not_confirmed"         409    Rule        quiet;
    QuoteUnknown           "quote_unknown"               409    Rule        quiet;
    QuoteExpired           "quote_expired"               409    Rule        quiet;
    QuoteNotAgreed         "quote_not_agreed"            409    Rule        quiet;
    WrongProof             "wrong_proof"                 409    Rule        quiet;
    EntryUnknown           "entry_unknown"               409    Rule        quiet;
    WarrantyOver           "warranty_over"               409    Rule        quiet;
    ConsentNeeded          "consent_needed"              409    Rule        quiet;
    EnoughToDo             "enough_to_do"                409    Rule        quiet;
    InspectionOver         "inspection_over"             409    Rule        quiet;
    AnswersMissing         "answers_missing"             409    Rule        quiet;
    IllegalStep            "illegal_step"                409    Rule        quiet;
    ReasonNeeded           "reason_needed"               409    Rule        quiet;
    SummaryMissing         "summary_missing"             409    Rule        quiet;
    NotDue                 "not_due"                     409    Rule        quiet;
    AssetRetired           "asset_retired"               409    Rule        quiet;
    SerialTaken            "serial_taken"                409    Rule        quiet;
    PlanWithdrawn          "plan_withdrawn"              409    Rule        quiet;
    ShutdownStep           "shutdown_step"               409    Rule        quiet;
    ShutdownNotApproved    "shutdown_not_approved"       409    Rule        quiet;
    ShutdownNotAnnounced   "shutdown_not_announced"      409    Rule        quiet;
    ShutdownNotReady       "shutdown_not_ready"          409    Rule        quiet;
    ShutdownTooEarly       "shutdown_too_early"          409    Rule        quiet;
    NoticeTooShort         "notice_too_short"            409    Rule        quiet;
    VisitOver              "visit_over"                  409    Rule        quiet;
    VisitTaken             "visit_taken"                 409    Rule        quiet;
    CustomerRests          "customer_rests"              409    Rule        quiet;
    OwnWork                "own_work"                    409    Rule        quiet;
    SurveyOver             "survey_over"                 409    Rule        quiet;
    AmountExceedsSigned    "amount_exceeds_signed"       409    Rule        quiet;
    AmountExceedsPaid      "amount_exceeds_paid"         409    Rule        quiet;
    PhotosMissing          "photos_missing"              409    Rule        quiet;
    StillInUse             "still_in_use"                409    Rule        quiet;
    NotSigned              "not_signed"                  409    Rule        quiet;
    SignatureMismatch      "signature_mismatch"          409    Rule        alert;
    SignatureUndrawable    "signature_undrawable"        409    Rule        quiet;
    BadReference           "bad_reference"               422    Rule        quiet;
    CurrencyMismatch       "currency_mismatch"           422    Rule        quiet;
    Overflow               "overflow"                    422    Rule        quiet;
    TooManyEntries         "too_many_entries"            422    Rule        quiet;

    TooManyRequests        "too_many_requests"           429    Server      quiet;
    Internal               "internal"                    500    Server      alert;
    Unavailable            "unavailable"                 503    Server      alert;
    Timeout                "timeout"                     503    Server      quiet;
    StorageFull            "storage_full"                507    Server      alert;
}

impl Code {
    /// The code that describes a bare HTTP status best: for answers that libraries give without one of ours.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Code::NotSignedIn,
            StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Code::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            status if status.is_client_error() => Code::BadRequest,
            _ => Code::Internal,
        }
    }

    /// How long to wait when the raiser did not say; only codes that invite another try have one.
    fn default_retry_after(self) -> Option<Duration> {
        match self {
            Code::Unavailable | Code::Timeout => Some(Duration::from_secs(5)),
            Code::StorageFull | Code::TooManyUploads => Some(Duration::from_secs(600)),
            Code::TooManyRequests | Code::TooManyAttempts => Some(Duration::from_secs(30)),
            _ => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing wrong with one value of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the value in the body; empty means the body as a whole.
    pub pointer: String,
    /// What is wrong: `required`, `wrong_type`, … – the names are in [`FIELD_CODES`].
    pub code: Cow<'static, str>,
    /// What was expected, in English; the sentence in the reader's language quotes it.
    pub reason: String,
}

/// The codes that [`FieldError`] may carry; each has a sentence `field-…` per language.
pub const FIELD_CODES: &[&str] = &[
    "required",
    "wrong_type",
    "unknown_field",
    "not_allowed",
    "malformed",
    "out_of_range",
    "too_long",
    "too_short",
    "duplicate",
    "mismatch",
    "bad_reference",
    "unit_mismatch",
    "loop",
    "contradiction",
];

impl FieldError {
    /// Something wrong at `pointer`; `reason` says in English what was expected.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), reason: reason.into() }
    }
}

impl From<check::FieldError> for FieldError {
    fn from(error: check::FieldError) -> Self {
        Self::new(error.pointer, error.code, error.detail)
    }
}

/// Why something failed inside; goes to the log and nowhere else.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What every handler and extractor fails with; becomes a problem document (RFC 9457) at the edge.
///
/// Only the code, the arguments of its sentence and the field errors reach the caller. The cause is logged once,
/// together with the request id, when the response is made.
pub struct Error(Box<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) code: Code,
    /// A refusal's own code, where the table has no line for it.
    pub(crate) refusal: Option<String>,
    pub(crate) args: Vec<(&'static str, String)>,
    pub(crate) fields: Vec<FieldError>,
    pub(crate) retry_after: Option<Duration>,
    /// The methods that a 405 names.
    pub(crate) allow: Option<String>,
    /// The size that a 413 of the upload protocol names.
    pub(crate) max_size: Option<u64>,
    pub(crate) cause: Option<Cause>,
}

impl Error {
    /// An error with this code.
    pub fn new(code: Code) -> Self {
        let retry_after = code.default_retry_after();
        Self(Box::new(Inner {
            code,
            refusal: None,
            args: Vec::new(),
            fields: Vec::new(),
            retry_after,
            allow: None,
            max_size: None,
            cause: None,
        }))
    }

    /// A rule's refusal by its code. A code that the table does not have is answered as 409 under its own name.
    pub fn refusal(code: &str) -> Self {
        match Code::named(code) {
            Some(known) => Self::new(known),
            None => {
                let mut error = Self::new(Code::Refused);
                error.0.refusal = Some(code.to_owned());
                error
            }
        }
    }

    /// A request whose JSON could be read, but whose values cannot be accepted.
    pub fn invalid(fields: impl IntoIterator<Item = FieldError>) -> Self {
        let mut error = Self::new(Code::Invalid);
        error.0.fields.extend(fields);
        error
    }

    /// Something that should not have happened; answered as a bare `internal`.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::new(Code::Internal).because(cause)
    }

    /// Attaches the internal cause for the log.
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds a value that the explanation names. The caller sees it.
    pub fn arg(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.args.push((name, value.to_string()));
        self
    }

    /// Says when another try makes sense; sent as `Retry-After`, rounded up to whole seconds.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Names the methods that the address does answer to (`Allow` of a 405).
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.0.allow = Some(methods.into());
        self
    }

    /// Names the largest upload there can be, in bytes (`Tus-Max-Size`).
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.0.max_size = Some(bytes);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The fields that were wrong.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The internal cause, for the log.
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<FieldError> for Error {
    fn from(field: FieldError) -> Self {
        Self::invalid([field])
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::refusal(refusal.code());
        let reason = refusal.to_string();
        match refusal {
            Refusal::Invalid { errors } => error.0.fields.extend(errors.into_iter().map(FieldError::from)),
            Refusal::AnswersMissing { missing } => error.0.fields.extend(missing.iter().map(missing_answer)),
            Refusal::ReasonNeeded { what } => error.0.fields.extend(what.into_iter().map(open_end)),
            Refusal::BadReference { pointer } => error.0.fields.push(FieldError::new(pointer, "bad_reference", reason)),
            _ => {}
        }
        error
    }
}

/// What is missing in an inspection, by point and item: `/answers/pump-room/pressure`.
fn missing_answer(gap: &Gap) -> FieldError {
    let place = gap.point.iter().chain(&gap.item).map(|key| check::escape(key)).collect::<Vec<_>>().join("/");
    FieldError::new(format!("/answers/{place}"), "required", gap.to_string())
}

/// What is still open, for which nobody gave a reason.
fn open_end(what: &str) -> FieldError {
    FieldError::new("/reason", "required", what)
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let code = match &error {
            // Out of the door it means: lost every time. A moment later the crowd is gone.
            DbError::Conflict | DbError::Unavailable(_) => Code::Unavailable,
            DbError::Panicked(_) | DbError::Address(_) | DbError::Migration(_) | DbError::Query(_) => Code::Internal,
        };
        Self::new(code).because(error)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl Retry for Error {
    fn is_conflict(&self) -> bool {
        self.cause().and_then(|cause| cause.downcast_ref::<DbError>()).is_some_and(Retry::is_conflict)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.refusal.as_deref().unwrap_or(self.0.code.as_str()))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// The plain English document. The edge replaces it with one in the reader's language that carries the
    /// request id; this form is only seen where no request is at hand.
    fn error_response(&self) -> HttpResponse {
        problem::response(self, problem::Language::English, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back_to_their_code() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn a_refusal_without_a_line_keeps_its_own_name() {
        let error = Error::refusal("something_new");
        assert_eq!((error.code(), error.to_string()), (Code::Refused, "something_new".to_owned()));
        assert_eq!(error.status_code(), StatusCode::CONFLICT);
    }

    #[test]
    fn a_refusal_uses_its_line() {
        assert_eq!(Error::refusal("forbidden").status_code(), StatusCode::FORBIDDEN);
        assert_eq!(Error::refusal("deleted").code(), Code::Deleted);
    }

    #[test]
    fn every_refusal_has_a_line() {
        let refusals = [
            Refusal::Invalid { errors: Vec::new() },
            Refusal::NotFound,
            Refusal::AlreadyExists,
            Refusal::Deleted,
            Refusal::Forbidden,
            Refusal::NotAssigned,
            Refusal::QuoteNotConfirmed,
            Refusal::QuoteUnknown,
            Refusal::QuoteExpired { until: chrono::DateTime::UNIX_EPOCH },
            Refusal::QuoteNotAgreed,
            Refusal::WrongProof,
            Refusal::EntryUnknown,
            Refusal::NotQualified { certificate: "electrician".into() },
            Refusal::BadReference { pointer: "/technician".into() },
            Refusal::AmountExceedsSigned,
            Refusal::AmountExceedsPaid,
            Refusal::Overflow,
            Refusal::StillInUse { what: "orders".into() },
            Refusal::PhotosMissing { missing: Vec::new() },
            Refusal::WarrantyOver,
            Refusal::ConsentNeeded,
            Refusal::EnoughToDo { most: 5 },
            Refusal::InspectionOver { status: "finished" },
            Refusal::AnswersMissing { missing: Vec::new() },
            Refusal::IllegalStep { status: "closed", operation: "judge" },
            Refusal::ReasonNeeded { what: vec!["open_orders"] },
            Refusal::SummaryMissing,
            Refusal::NotDue,
            Refusal::AssetRetired,
            Refusal::SerialTaken { asset: uuid::Uuid::nil().into() },
            Refusal::PlanWithdrawn,
            Refusal::ShutdownStep { status: mobile_api::maintenance::ShutdownStatus::Draft },
            Refusal::ShutdownNotApproved,
            Refusal::ShutdownNotAnnounced,
            Refusal::ShutdownNotReady,
            Refusal::ShutdownTooEarly { from: chrono::DateTime::UNIX_EPOCH },
            Refusal::NoticeTooShort { hours: 24 },
            Refusal::VisitOver { status: "answered" },
            Refusal::VisitTaken,
            Refusal::CustomerRests { until: chrono::DateTime::UNIX_EPOCH },
            Refusal::OwnWork,
            Refusal::SurveyOver,
            Refusal::TooManyEntries,
        ];
        for refusal in refusals {
            let error = Error::from(refusal.clone());
            assert_eq!((error.code().as_str(), error.to_string().as_str()), (refusal.code(), refusal.code()));
        }
    }

    #[test]
    fn wrong_fields_of_a_payload_are_listed() {
        let error = check::FieldError { pointer: "/text".into(), code: "too_long".into(), detail: "at most 5".into() };
        let error = Error::from(Refusal::Invalid { errors: vec![error] });
        assert_eq!(error.fields(), [FieldError::new("/text", "too_long", "at most 5")]);
    }

    #[test]
    fn the_database_tells_later_from_never() {
        let conflict = Error::from(DbError::Conflict);
        assert!(conflict.is_conflict(), "the door must see it through our error");
        assert_eq!(conflict.code(), Code::Unavailable);
        let defect = Error::from(diesel::result::Error::NotFound);
        assert_eq!((defect.code(), defect.is_conflict()), (Code::Internal, false));
    }
}
