//! Inspections (巡检): forms in versions, rounds, and what was found when they were carried out.
//!
//! A [`Template`] is a form in one version and never changes once it is published. A [`Round`] says which points are visited
//! how often and by whom. An [`Inspection`] is one carrying-out: which points were visited, what was answered, who signed. It is
//! judged by the version of the form that it was filled in with, by the pure function [`evaluate()`].

mod answer;
pub mod evaluate;
mod fault;
mod finish;
pub mod form;
mod history;
mod logic;
mod record;
mod round;
mod scope;
mod sign;
mod standing;
mod start;
mod template;
#[cfg(test)]
mod tests;

pub use self::{
    answer::{AddInspectionPhoto, AnswerItem, SettleInspectionPhotos, VisitPoint},
    evaluate::{Gap, Given, InspectionResult, Judged, Lack, evaluate},
    fault::{FoundBy, ReportFault},
    finish::{FinishInspection, NoteMissed, VoidInspection},
    form::{
        AnswerValue, Ask, ConditionIs, Form, FormCondition, FormItem, FormOption, FormSection, MOST_ITEMS, Meaning,
        PhotoWhen, RepairRule, SignerRole,
    },
    history::ImportInspection,
    record::{
        Assignee, FailedItem, GivenAnswer, Inspection, InspectionAssignment, InspectionSignature, InspectionState,
        InspectionStatus, ItemAnswers, LoggedStep, MOST_ANSWERS, MOST_POINTS, PhotoOf, PointVisit, Presence,
        RoundPoint, Spot,
    },
    round::{LastDone, PlanRound, PlannedTurn, Repeats, Round, RoundSave, WithdrawRound},
    sign::{SignInspection, SignedAnswer, SignedReport},
    start::{AssignInspection, PlanInspection, StartInspection},
    template::{PublishTemplate, Template, TemplateSave, TemplateState, WithdrawTemplate},
};

pub(crate) use self::start::Plan as PlannedInspection;
