//! Every state and every operation: a new one of either does not compile until this page has decided about it.

use std::fmt::Write as _;

use super::kit::{
    DISPATCHER, Deed, MANAGER, Person, Story, WANG, assign, at, cancel, close, confirm, hand_back, number, pause,
    quote, request, request_by_phone, window, yuan,
};
use crate::{
    Id,
    catalogue::Action,
    money::Quantity,
    operation::{Mode, Payload as _},
    photo::NewPhoto,
    record::Record,
    stock::{
        Place,
        tests::{store_called, valve},
    },
    work_order::{
        ClockName, Status,
        agree::AgreeQuote,
        by_link::{ConfirmByLink, SendQuote},
        clocks::ExplainDelay,
        dispatch::{Accept, AgreeTime, Depart, PlanVisit},
        history::Import,
        material::ReserveMaterial,
        merge::Merge,
        pause::Resume,
        payment::{PaymentMethod, RecordPayment, RefundPayment},
        photos::AddPhoto,
        pool::{Grab, PassOn},
        request::Edit,
        result::RecordResult,
        rework::{LinkRework, UnlinkRework},
        sign_off::{RefuseAcceptance, SetCharge},
        visit::{AddNote, Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial, VoidEntry},
    },
};

/// The other order of the table, into which this one could be merged.
const OTHER: u128 = 5000;

/// The operation as somebody would record it on the order of `story`; `None` if it is about something else.
fn tried(example: &Action, story: &Story) -> Option<Action> {
    let order = &story.order;
    let newest = order.newest_quote().map_or(number(0), |quote| quote.id);
    let signed = order.sign_offs.first().map_or(number(0), |sign_off| sign_off.op);
    let noted = order.notes.first().map_or(number(0), |note| note.op);
    let text = || "As it was".to_owned();
    Some(match example {
        Action::WorkOrderRequest(_) => request_by_phone(order.order_type.uuid()).into(),
        Action::WorkOrderImport(_) => Import::example().into(),
        Action::WorkOrderEdit(_) => Edit { place: Some("7-1203, bathroom".into()), ..Edit::default() }.into(),
        Action::WorkOrderAssign(_) => assign(super::kit::LI).into(),
        Action::WorkOrderPlanVisit(_) => {
            PlanVisit { technician: super::kit::LI.user(), window: window(60, 120) }.into()
        }
        Action::WorkOrderGrab(_) => Grab {}.into(),
        Action::WorkOrderPassOn(_) => PassOn { to: super::kit::LI.user(), reason: text() }.into(),
        Action::WorkOrderAccept(_) => Accept {}.into(),
        Action::WorkOrderHandBack(_) => hand_back().into(),
        Action::WorkOrderDepart(_) => Depart {}.into(),
        Action::WorkOrderAgreeTime(_) => AgreeTime { window: window(60, 120), consented_by: "Mrs Chen".into() }.into(),
        Action::WorkOrderArrive(_) => Arrive {}.into(),
        Action::WorkOrderDiagnose(_) => Diagnose { findings: text(), cause: None, explained: None }.into(),
        Action::WorkOrderQuote(_) => quote(80).into(),
        Action::WorkOrderConfirmQuote(_) => confirm(newest).into(),
        Action::WorkOrderAgreeQuote(_) => AgreeQuote { quote: newest, note: None }.into(),
        Action::WorkOrderSendQuote(_) => SendQuote { quote: newest, to: text() }.into(),
        Action::WorkOrderConfirmByLink(_) => ConfirmByLink { quote: newest, name: text() }.into(),
        Action::WorkOrderStart(_) => Start {}.into(),
        Action::WorkOrderUseMaterial(_) => UseMaterial {
            item: None,
            name: "Seal".into(),
            quantity_milli: Quantity(1000),
            unit: "pc".into(),
            stock: None,
        }
        .into(),
        Action::WorkOrderReserveMaterial(_) => ReserveMaterial::example().into(),
        Action::WorkOrderRecordLabour(_) => RecordLabour { from: at(0), until: at(30), note: None }.into(),
        Action::WorkOrderNote(_) => AddNote { text: text() }.into(),
        Action::WorkOrderVoidEntry(_) => VoidEntry { entry: noted, reason: text() }.into(),
        Action::WorkOrderAddPhoto(_) => AddPhoto { photo: NewPhoto::example() }.into(),
        Action::WorkOrderPause(_) => pause().into(),
        Action::WorkOrderResume(_) => Resume {}.into(),
        Action::WorkOrderRecordResult(_) => RecordResult::example().into(),
        Action::WorkOrderFinish(_) => Finish { summary: None }.into(),
        Action::WorkOrderSignOff(_) => story.signature().into(),
        Action::WorkOrderRefuseAcceptance(_) => RefuseAcceptance { name: "Mrs Chen".into(), reason: text() }.into(),
        Action::WorkOrderSetCharge(_) => SetCharge { sign_off: signed, amount: yuan(100), reason: text() }.into(),
        Action::WorkOrderRecordPayment(_) => {
            RecordPayment { amount: yuan(120), method: PaymentMethod::Cash, reference: None }.into()
        }
        Action::WorkOrderRefundPayment(_) => {
            RefundPayment { payment: number(1), amount: yuan(1), reason: text() }.into()
        }
        Action::WorkOrderLinkRework(_) => LinkRework { origin: Id::new(number(OTHER)), goodwill: None }.into(),
        Action::WorkOrderUnlinkRework(_) => UnlinkRework { reason: text() }.into(),
        Action::WorkOrderCancel(_) => cancel().into(),
        Action::WorkOrderClose(_) => close().into(),
        Action::WorkOrderMerge(_) => Merge { into: Id::new(number(OTHER)) }.into(),
        Action::WorkOrderExplainDelay(_) => ExplainDelay { clock: ClockName::Arrive, reason: text() }.into(),
        // Of the server alone, whatever the state.
        Action::WorkOrderSettlePhotos(_)
        | Action::WorkOrderRaiseAlarm(_)
        | Action::CalendarSave(_)
        | Action::ArticleSave(_)
        | Action::StockPlaceSave(_)
        | Action::StockPlaceOpenMonthlyCount(_)
        | Action::StockMoveRecord(_)
        | Action::StockMoveScrap(_)
        | Action::StockMoveDecideScrap(_)
        | Action::StockMoveCounter(_)
        | Action::StockCountOpen(_)
        | Action::StockCountRecord(_)
        | Action::StockCountClose(_)
        | Action::AssetSave(_)
        | Action::AssetSetService(_)
        | Action::AssetRetire(_)
        | Action::AssetRecordReading(_)
        | Action::SetMaintenanceRules(_)
        | Action::SetTargets(_)
        | Action::ComplaintReceive(_)
        | Action::ComplaintImport(_)
        | Action::ComplaintEdit(_)
        | Action::ComplaintJudge(_)
        | Action::ComplaintRecordUnderstanding(_)
        | Action::ComplaintRefer(_)
        | Action::ComplaintRespond(_)
        | Action::ComplaintSetTask(_)
        | Action::ComplaintReportTask(_)
        | Action::ComplaintPlanSurvey(_)
        | Action::ComplaintRecordFindings(_)
        | Action::ComplaintOpenOrder(_)
        | Action::ComplaintPropose(_)
        | Action::ComplaintApprove(_)
        | Action::ComplaintCarryOut(_)
        | Action::ComplaintAccept(_)
        | Action::ComplaintRefuse(_)
        | Action::ComplaintFollowUp(_)
        | Action::ComplaintCallBack(_)
        | Action::ComplaintSummarise(_)
        | Action::ComplaintClose(_)
        | Action::ComplaintReopen(_)
        | Action::ComplaintLink(_)
        | Action::ComplaintMerge(_)
        | Action::ComplaintNote(_)
        | Action::ComplaintAddPhoto(_)
        | Action::ComplaintSettlePhotos(_)
        | Action::ComplaintRaiseAlarm(_)
        | Action::ComplaintClassSave(_)
        | Action::SetComplaintRules(_)
        | Action::HandoverOpen(_)
        | Action::HandoverSign(_)
        | Action::HandoverRemark(_)
        | Action::HandoverWithdraw(_)
        | Action::AssetNoteExpiring(_)
        | Action::MaintenancePlanSave(_)
        | Action::MaintenancePlanWithdraw(_)
        | Action::MaintenancePlanGenerate(_)
        | Action::ShutdownSave(_)
        | Action::ShutdownSetAffected(_)
        | Action::ShutdownApprove(_)
        | Action::ShutdownSendBack(_)
        | Action::ShutdownGiveNotice(_)
        | Action::ShutdownReschedule(_)
        | Action::ShutdownMeasureReady(_)
        | Action::ShutdownStart(_)
        | Action::ShutdownRestore(_)
        | Action::ShutdownAnnounce(_)
        | Action::ShutdownRecord(_)
        | Action::ShutdownWithdraw(_)
        | Action::ShutdownNoticeRead(_)
        | Action::SetReturnVisitRules(_)
        | Action::ReturnVisitTake(_)
        | Action::ReturnVisitAssign(_)
        | Action::ReturnVisitAttempt(_)
        | Action::ReturnVisitRecord(_)
        | Action::ReturnVisitSendSurvey(_)
        | Action::ReturnVisitAnswerSurvey(_)
        | Action::ReturnVisitRaiseAlarm(_)
        | Action::TemplateSave(_)
        | Action::TemplatePublish(_)
        | Action::TemplateWithdraw(_)
        | Action::RoundSave(_)
        | Action::RoundWithdraw(_)
        | Action::RoundPlan(_)
        | Action::InspectionPlan(_)
        | Action::InspectionStart(_)
        | Action::InspectionAssign(_)
        | Action::InspectionVisitPoint(_)
        | Action::InspectionAnswer(_)
        | Action::InspectionAddPhoto(_)
        | Action::InspectionSettlePhotos(_)
        | Action::InspectionReportFault(_)
        | Action::InspectionSign(_)
        | Action::InspectionFinish(_)
        | Action::InspectionVoid(_)
        | Action::InspectionNoteMissed(_)
        | Action::InspectionImport(_)
        | Action::OrganisationFound(_)
        | Action::OrganisationSave(_)
        | Action::SetMoneyRules(_)
        | Action::SiteSave(_)
        | Action::BuildingSave(_)
        | Action::UnitSave(_)
        | Action::UnitDelete(_)
        | Action::CustomerSave(_)
        | Action::CustomerAddContact(_)
        | Action::CustomerDelete(_)
        | Action::UserSave(_)
        | Action::RenewCalendarLink(_)
        | Action::TeamSave(_)
        | Action::OrderTypeSave(_)
        | Action::PriceItemSave(_)
        | Action::DeviceRegister(_)
        | Action::DeviceRevoke(_)
        | Action::WebhookSave(_)
        | Action::WebhookRotateKey(_)
        | Action::WebhookReplay(_)
        | Action::WebhookGiveUp(_)
        | Action::ReviewResolve(_) => return None,
    })
}

/// The order at this status, with a note of Wang's once it is his, beside another that is open.
fn story_at(status: Status) -> Story {
    let mut story = Story::reaching(status);
    let note = AddNote { text: "Dog in the flat".into() };
    story.by(if status == Status::Requested { DISPATCHER } else { WANG }, note).applied();
    let other = Story::requested(number(OTHER), DISPATCHER, request()).order;
    let wanted = ReserveMaterial::example();
    let Place::Store(store) = wanted.place else { panic!("a store") };
    for record in [other.into(), valve(wanted.article).into(), store_called(store).into()] {
        let record: Record = record;
        story.related.records.insert(record.address(), record);
    }
    story
}

fn outcome(story: &Story, deed: &Deed<'_>, action: Action) -> String {
    if !action.spec().allows(deed.who.role) {
        return String::new();
    }
    let before = story.order.status();
    let mut after = story.clone();
    match after.perform(deed, action) {
        super::kit::Did::Refused("illegal_transition") => "-".into(),
        super::kit::Did::Refused(code) => format!("- {code}"),
        super::kit::Did::Applied(flags) => {
            let now = after.order.status();
            let moved = if now == before { "yes".into() } else { format!("> {now}") };
            flags.iter().fold(moved, |text, flag| format!("{text} {}", flag.as_str()))
        }
    }
}

fn table(title: &str, who: Person, mode: Mode) -> String {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let header = std::iter::once(String::new()).chain(Status::ALL.iter().map(ToString::to_string));
    lines.push(header.collect());
    for example in Action::examples() {
        let verb = example.spec().verb;
        let mut line = vec![verb.to_owned()];
        for status in Status::ALL {
            let story = story_at(*status);
            let Some(action) = tried(&example, &story) else { continue };
            // A phone that last heard of the order when it was assigned.
            let base_rev = Some(story.rev.min(2));
            let deed = match mode {
                Mode::Online => Deed::online(who),
                Mode::Recorded => Deed::recorded(who, base_rev),
            };
            line.push(outcome(&story, &deed, action));
        }
        if line[1..].iter().any(|cell| !cell.is_empty()) {
            lines.push(line);
        }
    }
    format!("{title}\n{}", in_columns(&lines))
}

fn in_columns(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = padded.collect::<Vec<_>>().join(" | ");
        writeln!(text, "{}", line.trim_end()).expect("a text grows");
    }
    text
}

#[test]
fn every_state_and_operation_is_decided() {
    let legend = "yes: taken, the state stays · > state: moves there · a word behind: its flag · -: refused, as \
                  illegal_transition if nothing is said · empty: not for this role\n";
    let tables = [
        table("The technician, online", WANG, Mode::Online),
        table("The technician, recorded on a phone that knows no more than the assignment", WANG, Mode::Recorded),
        table("The dispatcher, online", DISPATCHER, Mode::Online),
        table("The dispatcher, recorded on a phone that knows no more than the assignment", DISPATCHER, Mode::Recorded),
        table("The manager, online", MANAGER, Mode::Online),
    ];
    insta::assert_snapshot!(format!("{legend}\n{}", tables.join("\n")));
}

#[test]
fn the_usual_way_leads_to_every_state() {
    for status in Status::ALL {
        assert_eq!(Story::reaching(*status).order.status(), *status);
        assert_eq!(Status::parse(status.as_str()), Some(*status));
    }
}

#[test]
fn the_state_says_whose_order_it_is() {
    for status in Status::ALL {
        let story = Story::reaching(*status);
        let his = !matches!(status, Status::Requested | Status::Closed | Status::Cancelled);
        assert_eq!(story.order.technician().is_some(), his, "{status}");
        assert_eq!(story.order.over_since().is_some(), status.is_over(), "{status}");
    }
}

#[test]
fn every_example_belongs_to_its_line() {
    for (example, spec) in Action::examples().iter().zip(crate::catalogue::OPERATIONS) {
        assert_eq!(example.spec().name, spec.name);
    }
    assert_eq!(Action::examples().len(), crate::catalogue::OPERATIONS.len());
}
