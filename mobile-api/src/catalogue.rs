//! The catalogue: every operation there is, one line each.
//!
//! From this list come the type on the wire, the REST path (`POST /v1/work-orders/{id}/arrive`), the OpenAPI entry,
//! the permission matrix, and the contract that phones use. To add an operation: a payload with its rule in the
//! subject's folder, one line here, and its tests.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    actor::{Actor, Role},
    asset, calendar,
    check::{Check, pointer},
    complaint, device,
    directory::{self, DESK, SETUP},
    figures, handover, inspection, maintenance,
    operation::{Change, Context, Create, Decision, Need, On, Payload, Save, Spec},
    photo::NewPhoto,
    price_list,
    record::{Kind, Record},
    refusal::Refusal,
    return_visit, review,
    stock::{self, CARRIERS, KEEPERS},
    webhook,
    work_order::{
        agree, by_link, clocks, confirm, dispatch, history, material, merge, pause, payment, photos, pool, quote,
        request, result, rework, sign_off, visit,
    },
};

#[cfg(test)]
mod tests;

use Role::{Admin, Dispatcher, FrontDesk, Manager, Storekeeper, System, Technician};

/// Everybody with an account.
const EVERYBODY: &[Role] = &[Admin, Manager, Dispatcher, FrontDesk, Storekeeper, Technician];
/// Who runs the day.
const OFFICE: &[Role] = &[Admin, Manager, Dispatcher];
/// Who records requests.
const INTAKE: &[Role] = &[Admin, Manager, Dispatcher, FrontDesk, Technician];
/// Who speaks with customers for the firm.
const FRONT: &[Role] = &[Admin, Manager, Dispatcher, FrontDesk];
/// Who works at the door. The office may record for a technician whose phone is dead.
const DOOR: &[Role] = &[Admin, Manager, Dispatcher, Technician];
/// Who answers questions: those about material, who keeps it as well.
const ANSWERS: &[Role] = &[Admin, Manager, Dispatcher, Storekeeper];
/// Who takes entries of an order back.
const ENTRIES: &[Role] = &[Admin, Manager, Dispatcher, Storekeeper, Technician];
/// Who answers for an assignment.
const CREW: &[Role] = &[Technician];
/// Who decides about money.
const MONEY: &[Role] = &[Admin, Manager];
/// The server itself: founding, timers, what follows from what arrived.
const OPERATOR: &[Role] = &[System];
/// Who has orders of plans made: the timer, and the office before their time.
const PLANNERS: &[Role] = &[Admin, Manager, Dispatcher, System];
/// Who brings history in.
const IMPORT: &[Role] = &[Admin, System];

macro_rules! existing {
    (create) => {
        On::New
    };
    (change) => {
        On::Existing
    };
    (save) => {
        On::Any
    };
}

macro_rules! decide {
    (create, $payload:ident, $id:ident, $record:ident, $context:ident) => {
        match $record {
            None => Create::decide($payload, $id.into(), $context).map(Decision::erase),
            Some(_) => Err(Refusal::AlreadyExists),
        }
    };
    (change, $payload:ident, $id:ident, $record:ident, $context:ident) => {
        match $record.and_then(|record| record.try_into().ok()) {
            Some(record) => Change::decide($payload, record, $context).map(Decision::erase),
            None => Err(Refusal::NotFound),
        }
    };
    (save, $payload:ident, $id:ident, $record:ident, $context:ident) => {
        Save::decide($payload, $id.into(), $record.and_then(|record| record.try_into().ok()), $context)
            .map(Decision::erase)
    };
}

macro_rules! catalogue {
    ($( $mode:ident $variant:ident = $kind:ident . $verb:literal ($payload:ty), $where:ident, $roles:expr, $summary:literal; )+) => {
        /// An operation's payload, by its type.
        #[derive(Clone, Debug)]
        pub enum Action { $(
            #[doc = $summary]
            $variant($payload),
        )+ }

        /// The catalogue as data, in the order of the list.
        pub const OPERATIONS: &[Spec] = &[$(
            Spec {
                name: concat!(stringify!($kind), ".", $verb),
                kind: kind!($kind),
                verb: $verb,
                on: existing!($mode),
                roles: $roles,
                offline: offline!($where),
                summary: $summary,
            },
        )+];

        impl Action {
            /// Reads a payload of the type `name`.
            ///
            /// Unknown fields are passed over: an old server or app takes what it knows, the journal keeps the rest.
            pub fn parse(name: &str, payload: &RawValue) -> Result<Action, ParseError> {
                match name {
                    $( concat!(stringify!($kind), ".", $verb) => {
                        Ok(Action::$variant(object(payload.get())?))
                    } )+
                    _ => Err(ParseError::UnknownType),
                }
            }

            /// Its line of the catalogue.
            pub fn spec(&self) -> &'static Spec {
                let mut line = 0;
                $(
                    if matches!(self, Action::$variant(_)) { return &OPERATIONS[line]; }
                    line += 1;
                )+
                let _ = line;
                unreachable!("every variant has its line")
            }

            /// Whatever is wrong with the payload itself.
            pub fn check(&self) -> Result<(), Refusal> {
                let mut check = Check::default();
                match self { $(Action::$variant(payload) => Payload::check(payload, &mut check),)+ }
                check.finish()
            }

            /// The photo that it records, if it does.
            pub fn photo(&self) -> Option<&NewPhoto> {
                match self { $(Action::$variant(payload) => payload.photo(),)+ }
            }

            /// What the rule must know beside the record.
            pub fn needs(&self, record: Option<&Record>, actor: &Actor) -> Vec<Need> {
                match self { $(
                    Action::$variant(payload) => payload.needs(record.and_then(|r| r.try_into().ok()), actor),
                )+ }
            }

            /// Decides. `record` is the present state of the entity `id`, if there is one.
            pub fn decide(
                self,
                id: Uuid,
                record: Option<Record>,
                context: &Context<'_>,
            ) -> Result<Decision<Record>, Refusal> {
                match self { $(
                    Action::$variant(payload) => decide!($mode, payload, id, record, context),
                )+ }
            }

            /// The payload as JSON.
            pub fn payload(&self) -> Result<Box<RawValue>, serde_json::Error> {
                match self { $(Action::$variant(payload) => serde_json::value::to_raw_value(payload),)+ }
            }

            /// An example of each operation, in the order of the catalogue.
            pub fn examples() -> Vec<Action> {
                vec![$(Action::$variant(<$payload as Payload>::example()),)+]
            }
        }

        $(
            impl From<$payload> for Action {
                fn from(payload: $payload) -> Self { Action::$variant(payload) }
            }
        )+

        /// Name and JSON schema of each payload, and of what it refers to, in the order of the catalogue.
        #[cfg(feature = "openapi")]
        pub fn schemas() -> Vec<PayloadSchema> {
            vec![$({
                let mut refers = Vec::new();
                <$payload as utoipa::ToSchema>::schemas(&mut refers);
                PayloadSchema {
                    operation: concat!(stringify!($kind), ".", $verb),
                    name: stringify!($variant),
                    schema: <$payload as utoipa::PartialSchema>::schema(),
                    refers,
                }
            },)+]
        }
    };
}

/// The JSON schema of one payload.
#[cfg(feature = "openapi")]
pub struct PayloadSchema {
    /// The operation's type.
    pub operation: &'static str,
    /// The schema's name, unique among the payloads.
    pub name: &'static str,
    /// The schema.
    pub schema: utoipa::openapi::RefOr<utoipa::openapi::Schema>,
    /// The schemas that it refers to, by name.
    pub refers: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
}

macro_rules! kind {
    (organisation) => {
        Kind::Organisation
    };
    (site) => {
        Kind::Site
    };
    (building) => {
        Kind::Building
    };
    (unit) => {
        Kind::Unit
    };
    (customer) => {
        Kind::Customer
    };
    (user) => {
        Kind::User
    };
    (team) => {
        Kind::Team
    };
    (order_type) => {
        Kind::OrderType
    };
    (price_item) => {
        Kind::PriceItem
    };
    (calendar) => {
        Kind::Calendar
    };
    (device) => {
        Kind::Device
    };
    (review) => {
        Kind::Review
    };
    (work_order) => {
        Kind::WorkOrder
    };
    (article) => {
        Kind::Article
    };
    (stock_place) => {
        Kind::StockPlace
    };
    (stock_move) => {
        Kind::StockMove
    };
    (stock_count) => {
        Kind::StockCount
    };
    (template) => {
        Kind::Template
    };
    (round) => {
        Kind::Round
    };
    (inspection) => {
        Kind::Inspection
    };
    (asset) => {
        Kind::Asset
    };
    (webhook) => {
        Kind::Webhook
    };
    (handover) => {
        Kind::Handover
    };
    (maintenance_plan) => {
        Kind::MaintenancePlan
    };
    (shutdown) => {
        Kind::Shutdown
    };
    (shutdown_notice) => {
        Kind::ShutdownNotice
    };
    (complaint) => {
        Kind::Complaint
    };
    (complaint_class) => {
        Kind::ComplaintClass
    };
    (return_visit) => {
        Kind::ReturnVisit
    };
}

macro_rules! offline {
    (offline) => {
        true
    };
    (online) => {
        false
    };
}

/// Why an operation could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// This build knows no such type.
    #[error("unknown operation type")]
    UnknownType,
    /// The payload does not fit the type.
    #[error("at `{pointer}`: {cause}")]
    Payload {
        /// JSON pointer (RFC 6901) to what does not fit; empty for the payload as a whole.
        pointer: String,
        /// What was expected.
        cause: serde_json::Error,
    },
}

/// Reads an object. serde would take an array for a struct, field by field, which nobody means.
fn object<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    if !text.starts_with('{') {
        let cause = serde::de::Error::custom("invalid type: expected an object, `{}` if there is nothing to say");
        return Err(ParseError::Payload { pointer: String::new(), cause });
    }
    serde_json::from_str(text).map_err(|cause| {
        // Where it was is only asked when there is something to tell: keeping count costs time.
        let mut reader = serde_json::Deserializer::from_str(text);
        let again: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
        ParseError::Payload { pointer: again.err().map(|error| pointer(error.path())).unwrap_or_default(), cause }
    })
}

catalogue! {
    create OrganisationFound = organisation."found"(directory::Found), online, OPERATOR, "Found the organisation";
    change OrganisationSave = organisation."save"(directory::OrganisationSave), online, SETUP, "Change the organisation's defaults";
    change SetMoneyRules = organisation."set_money_rules"(price_list::SetMoneyRules), online, SETUP, "Change taxes, discounts and how long quotes are valid";
    change SetTargets = organisation."set_targets"(figures::SetTargets), online, SETUP, "Say what the figures are to be at least";
    change SetMaintenanceRules = organisation."set_maintenance_rules"(asset::SetMaintenanceRules), online, SETUP, "Change why things fail, and when a fault counts as one that comes back";
    change SetComplaintRules = organisation."set_complaint_rules"(complaint::SetComplaintRules), online, SETUP, "Change how fast complaints are dealt with";
    change SetReturnVisitRules = organisation."set_return_visit_rules"(return_visit::SetReturnVisitRules), online, SETUP, "Change whom to call after a repair, when, and what to ask";
    save SiteSave = site."save"(directory::SiteSave), online, DESK, "Make or change a site";
    save BuildingSave = building."save"(directory::BuildingSave), online, DESK, "Make or change a building";
    save UnitSave = unit."save"(directory::UnitSave), online, DESK, "Make or change a unit";
    change UnitDelete = unit."delete"(directory::UnitDelete), online, SETUP, "Delete a unit";
    save CustomerSave = customer."save"(directory::CustomerSave), online, DESK, "Make or change a customer";
    change CustomerAddContact = customer."add_contact"(directory::AddContact), offline, INTAKE, "Add a way to reach a customer";
    change CustomerDelete = customer."delete"(directory::CustomerDelete), online, SETUP, "Delete a customer";
    save UserSave = user."save"(directory::UserSave), online, SETUP, "Make or change an account";
    change RenewCalendarLink = user."renew_calendar_link"(directory::RenewCalendarLink), online, EVERYBODY, "Take back every link to a calendar";
    save TeamSave = team."save"(directory::TeamSave), online, SETUP, "Make or change a team";
    save OrderTypeSave = order_type."save"(directory::OrderTypeSave), online, SETUP, "Make or change an order type";
    save PriceItemSave = price_item."save"(directory::PriceItemSave), online, SETUP, "Make or change an item of the price list";
    save CalendarSave = calendar."save"(calendar::CalendarSave), online, SETUP, "Make or change a calendar";
    create DeviceRegister = device."register"(device::Register), online, EVERYBODY, "Register the device that speaks";
    change DeviceRevoke = device."revoke"(device::Revoke), online, SETUP, "Take a device out of use";
    change ReviewResolve = review."resolve"(review::Resolve), online, ANSWERS, "Close a review with a decision";
    create WorkOrderRequest = work_order."request"(request::Request), offline, INTAKE, "Write a request down";
    create WorkOrderImport = work_order."import"(history::Import), online, IMPORT, "Take an order over from another system";
    change WorkOrderEdit = work_order."edit"(request::Edit), offline, INTAKE, "Correct an order's particulars";
    change WorkOrderAssign = work_order."assign"(dispatch::Assign), online, OFFICE, "Send somebody";
    change WorkOrderPlanVisit = work_order."plan_visit"(dispatch::PlanVisit), online, OFFICE, "Send somebody at a time, as the plan of the day has it";
    change WorkOrderGrab = work_order."grab"(pool::Grab), online, CREW, "Take an order out of the pool";
    change WorkOrderPassOn = work_order."pass_on"(pool::PassOn), offline, CREW, "Give an order to a colleague";
    change WorkOrderAccept = work_order."accept"(dispatch::Accept), offline, CREW, "Say yes to an order";
    change WorkOrderHandBack = work_order."hand_back"(dispatch::HandBack), offline, DOOR, "Give an order back";
    change WorkOrderDepart = work_order."depart"(dispatch::Depart), offline, DOOR, "Set off";
    change WorkOrderAgreeTime = work_order."agree_time"(dispatch::AgreeTime), offline, INTAKE, "Agree with the customer on another time";
    change WorkOrderArrive = work_order."arrive"(visit::Arrive), offline, DOOR, "Arrive on site";
    change WorkOrderDiagnose = work_order."diagnose"(visit::Diagnose), offline, DOOR, "Record what was found";
    change WorkOrderQuote = work_order."quote"(quote::MakeQuote), offline, DOOR, "Price the work";
    change WorkOrderConfirmQuote = work_order."confirm_quote"(confirm::ConfirmQuote), offline, DOOR, "Record that the customer confirmed a quote";
    change WorkOrderAgreeQuote = work_order."agree_quote"(agree::AgreeQuote), online, OFFICE, "Agree to a quote that its maker may not make alone";
    change WorkOrderSendQuote = work_order."send_quote"(by_link::SendQuote), online, FRONT, "Send the customer a link to a quote";
    change WorkOrderConfirmByLink = work_order."confirm_by_link"(by_link::ConfirmByLink), online, OPERATOR, "Take the customer's confirmation from their page";
    change WorkOrderStart = work_order."start"(visit::Start), offline, DOOR, "Begin work";
    change WorkOrderUseMaterial = work_order."use_material"(visit::UseMaterial), offline, DOOR, "Record material used";
    change WorkOrderRecordLabour = work_order."record_labour"(visit::RecordLabour), offline, CREW, "Record a working time";
    change WorkOrderNote = work_order."note"(visit::AddNote), offline, INTAKE, "Add a note";
    change WorkOrderReserveMaterial = work_order."reserve_material"(material::ReserveMaterial), online, ANSWERS, "Keep material back for an order";
    change WorkOrderVoidEntry = work_order."void_entry"(visit::VoidEntry), offline, ENTRIES, "Take an entry back";
    change WorkOrderAddPhoto = work_order."add_photo"(photos::AddPhoto), offline, INTAKE, "Add a photo";
    change WorkOrderSettlePhotos = work_order."settle_photos"(photos::SettlePhotos), online, OPERATOR, "Note what became of a photo's bytes";
    change WorkOrderPause = work_order."pause"(pause::Pause), offline, DOOR, "Stop for today";
    change WorkOrderResume = work_order."resume"(pause::Resume), offline, DOOR, "Go on";
    change WorkOrderFinish = work_order."finish"(visit::Finish), offline, DOOR, "Finish work";
    change WorkOrderRecordResult = work_order."record_result"(result::RecordResult), offline, DOOR, "Record the main cause, and how it runs since";
    change WorkOrderSignOff = work_order."sign_off"(sign_off::Sign), offline, DOOR, "Record the customer's signature";
    change WorkOrderRefuseAcceptance = work_order."refuse_acceptance"(sign_off::RefuseAcceptance), offline, DOOR, "Record that the customer does not accept";
    change WorkOrderSetCharge = work_order."set_charge"(sign_off::SetCharge), online, MONEY, "Decide what is charged for a signature";
    change WorkOrderRecordPayment = work_order."record_payment"(payment::RecordPayment), offline, INTAKE, "Record a payment";
    change WorkOrderRefundPayment = work_order."refund_payment"(payment::RefundPayment), online, MONEY, "Give money back";
    change WorkOrderLinkRework = work_order."link_rework"(rework::LinkRework), online, OFFICE, "Link rework to the order that it mends";
    change WorkOrderUnlinkRework = work_order."unlink_rework"(rework::UnlinkRework), online, OFFICE, "Say that it mends nothing that another order did";
    change WorkOrderCancel = work_order."cancel"(dispatch::Cancel), online, FRONT, "Cancel an order";
    change WorkOrderClose = work_order."close"(dispatch::Close), online, OFFICE, "Close the file";
    change WorkOrderExplainDelay = work_order."explain_delay"(clocks::ExplainDelay), offline, INTAKE, "Say why it is late";
    change WorkOrderRaiseAlarm = work_order."raise_alarm"(clocks::RaiseAlarm), online, OPERATOR, "Tell somebody of a deadline";
    change WorkOrderMerge = work_order."merge"(merge::Merge), online, OFFICE, "Merge a duplicate into another order";
    save ArticleSave = article."save"(stock::ArticleSave), online, KEEPERS, "Make or change an article";
    save StockPlaceSave = stock_place."save"(stock::StockPlaceSave), online, KEEPERS, "Make or change a store or van";
    change StockPlaceOpenMonthlyCount = stock_place."open_monthly_count"(stock::OpenMonthlyCount), online, OPERATOR, "Open the count sheet of the month";
    create StockMoveRecord = stock_move."record"(stock::RecordMove), offline, CARRIERS, "Record what was carried from one place to another";
    create StockMoveScrap = stock_move."scrap"(stock::ScrapMove), offline, CARRIERS, "Put something aside to be scrapped";
    change StockMoveDecideScrap = stock_move."decide_scrap"(stock::DecideScrap), online, MONEY, "Decide whether something is scrapped";
    change StockMoveCounter = stock_move."counter"(stock::CounterMove), offline, CARRIERS, "Take a move back by a counter-entry";
    create StockCountOpen = stock_count."open"(stock::StockCountOpen), online, KEEPERS, "Open a count sheet";
    change StockCountRecord = stock_count."record_line"(stock::StockCountRecord), offline, CARRIERS, "Record what was counted";
    change StockCountClose = stock_count."close"(stock::StockCountClose), online, KEEPERS, "Close a count sheet and correct the books";
    save TemplateSave = template."save"(inspection::TemplateSave), online, SETUP, "Make or change the draft of a form";
    change TemplatePublish = template."publish"(inspection::PublishTemplate), online, SETUP, "Put a form into use";
    change TemplateWithdraw = template."withdraw"(inspection::WithdrawTemplate), online, SETUP, "Take a form out of use";
    save RoundSave = round."save"(inspection::RoundSave), online, OFFICE, "Make or change a round";
    change RoundWithdraw = round."withdraw"(inspection::WithdrawRound), online, OFFICE, "End a round";
    change RoundPlan = round."plan"(inspection::PlanRound), online, OPERATOR, "Plan the turns of the coming days";
    create InspectionPlan = inspection."plan"(inspection::PlanInspection), online, OFFICE, "Plan an inspection";
    create InspectionImport = inspection."import"(inspection::ImportInspection), online, IMPORT, "Take an inspection over from another system";
    save InspectionStart = inspection."start"(inspection::StartInspection), offline, DOOR, "Begin an inspection";
    change InspectionAssign = inspection."assign"(inspection::AssignInspection), online, OFFICE, "Give an inspection to somebody";
    change InspectionVisitPoint = inspection."visit_point"(inspection::VisitPoint), offline, DOOR, "Prove to be at a point";
    change InspectionAnswer = inspection."answer"(inspection::AnswerItem), offline, DOOR, "Answer an item";
    change InspectionAddPhoto = inspection."add_photo"(inspection::AddInspectionPhoto), offline, DOOR, "Add a photo";
    change InspectionSettlePhotos = inspection."settle_photos"(inspection::SettleInspectionPhotos), online, OPERATOR, "Note what became of a photo's bytes";
    change InspectionReportFault = inspection."report_fault"(inspection::ReportFault), offline, DOOR, "Make a repair order of a failed item";
    change InspectionSign = inspection."sign"(inspection::SignInspection), offline, DOOR, "Record a signature";
    change InspectionFinish = inspection."finish"(inspection::FinishInspection), offline, DOOR, "Finish an inspection";
    change InspectionVoid = inspection."void"(inspection::VoidInspection), offline, DOOR, "Take an inspection back";
    change InspectionNoteMissed = inspection."note_missed"(inspection::NoteMissed), online, OPERATOR, "Tell somebody that an inspection was missed";
    save AssetSave = asset."save"(asset::AssetSave), online, DESK, "Make or change an asset";
    change AssetSetService = asset."set_service"(asset::SetService), offline, DOOR, "Take an asset out of service or put it back";
    change AssetRecordReading = asset."record_reading"(asset::RecordReading), offline, DOOR, "Record what a meter says";
    change AssetRetire = asset."retire"(asset::Retire), online, OFFICE, "Retire an asset for good";
    change AssetNoteExpiring = asset."note_expiring"(asset::NoteExpiring), online, OPERATOR, "Tell somebody that the certificate of an asset runs out";
    save WebhookSave = webhook."save"(webhook::WebhookSave), online, SETUP, "Make or change a webhook";
    change WebhookRotateKey = webhook."rotate_key"(webhook::RotateWebhookKey), online, SETUP, "Sign a webhook's events with another key";
    change WebhookReplay = webhook."replay"(webhook::ReplayWebhook), online, SETUP, "Send a webhook's events again";
    change WebhookGiveUp = webhook."give_up"(webhook::GiveUpWebhook), online, OPERATOR, "Stop sending to a receiver that fails";
    create HandoverOpen = handover."open"(handover::HandoverOpen), offline, EVERYBODY, "Write down what the next shift takes over";
    change HandoverSign = handover."sign"(handover::HandoverSign), offline, EVERYBODY, "Sign for what is handed over";
    change HandoverRemark = handover."remark"(handover::HandoverRemark), offline, EVERYBODY, "Add a remark to a handover";
    change HandoverWithdraw = handover."withdraw"(handover::HandoverWithdraw), offline, EVERYBODY, "Withdraw a handover";
    save MaintenancePlanSave = maintenance_plan."save"(maintenance::PlanSave), online, OFFICE, "Make or change a maintenance plan";
    change MaintenancePlanWithdraw = maintenance_plan."withdraw"(maintenance::WithdrawPlan), online, OFFICE, "End a maintenance plan";
    change MaintenancePlanGenerate = maintenance_plan."generate"(maintenance::GeneratePlan), online, PLANNERS, "Make the next order of a maintenance plan";
    save ShutdownSave = shutdown."save"(maintenance::ShutdownSave), online, OFFICE, "Write a shutdown down";
    change ShutdownSetAffected = shutdown."set_affected"(maintenance::SetAffected), online, OFFICE, "Say whom a shutdown affects";
    change ShutdownApprove = shutdown."approve"(maintenance::ApproveShutdown), online, MONEY, "Approve a shutdown";
    change ShutdownSendBack = shutdown."send_back"(maintenance::SendBackShutdown), online, MONEY, "Send a shutdown back";
    change ShutdownGiveNotice = shutdown."give_notice"(maintenance::GiveNotice), online, OFFICE, "Give notice of a shutdown";
    change ShutdownReschedule = shutdown."reschedule"(maintenance::RescheduleShutdown), online, OFFICE, "Move a shutdown to other times";
    change ShutdownMeasureReady = shutdown."measure_ready"(maintenance::MeasureReady), offline, DOOR, "Say that a measure is ready";
    change ShutdownStart = shutdown."start"(maintenance::StartShutdown), offline, DOOR, "Begin a shutdown";
    change ShutdownRestore = shutdown."restore"(maintenance::RestoreShutdown), offline, DOOR, "Say that everything runs again";
    change ShutdownAnnounce = shutdown."announce"(maintenance::AnnounceResumption), online, FRONT, "Tell those affected that everything runs again";
    change ShutdownRecord = shutdown."record"(maintenance::RecordShutdown), offline, DOOR, "Record what came of a shutdown";
    change ShutdownWithdraw = shutdown."withdraw"(maintenance::WithdrawShutdown), online, OFFICE, "Withdraw a shutdown";
    change ShutdownNoticeRead = shutdown_notice."read"(maintenance::ReadNotice), online, OPERATOR, "Note that a notice was read";
    create ComplaintReceive = complaint."receive"(complaint::Intake), offline, INTAKE, "Write a complaint down";
    create ComplaintImport = complaint."import"(complaint::ImportComplaint), online, IMPORT, "Take a complaint over from another system";
    change ComplaintEdit = complaint."edit"(complaint::EditComplaint), online, FRONT, "Correct a complaint's particulars";
    change ComplaintJudge = complaint."judge"(complaint::JudgeComplaint), online, FRONT, "Judge whether a complaint is founded";
    change ComplaintRecordUnderstanding = complaint."record_understanding"(complaint::RecordUnderstanding), offline, INTAKE, "Record what the complainant says to an explanation";
    change ComplaintRefer = complaint."refer"(complaint::ReferComplaint), online, FRONT, "Tell a department that a complaint is theirs";
    change ComplaintRespond = complaint."respond"(complaint::RespondToComplaint), offline, INTAKE, "Record that the complainant has heard from the firm";
    change ComplaintSetTask = complaint."set_task"(complaint::SetTask), online, FRONT, "Give somebody something to find out";
    change ComplaintReportTask = complaint."report_task"(complaint::ReportTask), offline, EVERYBODY, "Say what came of a task";
    change ComplaintPlanSurvey = complaint."plan_survey"(complaint::PlanSurvey), online, OFFICE, "Plan a survey on site";
    change ComplaintRecordFindings = complaint."record_findings"(complaint::RecordFindings), offline, INTAKE, "Record what was found";
    change ComplaintOpenOrder = complaint."open_order"(complaint::OpenOrder), online, FRONT, "Make an order for a complaint";
    change ComplaintPropose = complaint."propose"(complaint::Propose), offline, INTAKE, "Propose a measure";
    change ComplaintApprove = complaint."approve"(complaint::ApproveProposal), online, MONEY, "Approve a measure";
    change ComplaintCarryOut = complaint."carry_out"(complaint::CarryOut), offline, INTAKE, "Record that a measure was carried out";
    change ComplaintAccept = complaint."accept"(complaint::AcceptResolution), offline, INTAKE, "Record that the complainant accepts";
    change ComplaintRefuse = complaint."refuse"(complaint::RefuseResolution), offline, INTAKE, "Record that the complainant does not accept";
    change ComplaintFollowUp = complaint."follow_up"(complaint::FollowUp), offline, INTAKE, "Record how a complaint stands";
    change ComplaintCallBack = complaint."call_back"(complaint::CallBack), offline, INTAKE, "Record a return call or visit";
    change ComplaintSummarise = complaint."summarise"(complaint::Summarise), online, FRONT, "Sum a complaint up";
    change ComplaintClose = complaint."close"(complaint::CloseComplaint), online, FRONT, "Close a complaint";
    change ComplaintReopen = complaint."reopen"(complaint::ReopenComplaint), online, FRONT, "Take a closed complaint up again";
    change ComplaintLink = complaint."link"(complaint::LinkComplaint), online, FRONT, "Link a complaint to the one that it repeats";
    change ComplaintMerge = complaint."merge"(complaint::MergeComplaint), online, FRONT, "Merge a duplicate into another complaint";
    change ComplaintNote = complaint."note"(complaint::AddComplaintNote), offline, INTAKE, "Add a note";
    change ComplaintAddPhoto = complaint."add_photo"(complaint::AddComplaintPhoto), offline, INTAKE, "Add a photo";
    change ComplaintSettlePhotos = complaint."settle_photos"(complaint::SettleComplaintPhotos), online, OPERATOR, "Note what became of a photo's bytes";
    change ComplaintRaiseAlarm = complaint."raise_alarm"(complaint::RaiseComplaintAlarm), online, OPERATOR, "Tell somebody of a deadline";
    save ComplaintClassSave = complaint_class."save"(complaint::ComplaintClassSave), online, SETUP, "Make or change a class of complaints";
    change ReturnVisitTake = return_visit."take"(return_visit::TakeVisit), online, FRONT, "Take a call for oneself";
    change ReturnVisitAssign = return_visit."assign"(return_visit::AssignVisit), online, FRONT, "Give a return visit to somebody";
    change ReturnVisitAttempt = return_visit."attempt"(return_visit::AttemptVisit), offline, INTAKE, "Record that a customer was not reached";
    change ReturnVisitRecord = return_visit."record"(return_visit::RecordVisit), offline, INTAKE, "Record what a customer said";
    change ReturnVisitSendSurvey = return_visit."send_survey"(return_visit::SendSurvey), online, FRONT, "Send the customer a link to the survey";
    change ReturnVisitRaiseAlarm = return_visit."raise_alarm"(return_visit::RaiseMissedCall), online, OPERATOR, "Tell somebody that a customer was not called in time";
    change ReturnVisitAnswerSurvey = return_visit."answer_survey"(return_visit::AnswerSurvey), online, OPERATOR, "Take the customer's answers from their page";
}

/// The line of the catalogue for a type on the wire.
pub fn spec(name: &str) -> Option<&'static Spec> {
    OPERATIONS.iter().find(|spec| spec.name == name)
}
