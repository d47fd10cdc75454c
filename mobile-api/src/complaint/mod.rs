//! Complaints (投诉): a closed loop, which ends when the complainant says so.
//!
//! Written down → judged (founded, or explained and understood) → a department is told → looked into, on site by an inspection that
//! belongs to the complaint → measures are proposed, one is approved, carried out → the complainant accepts and signs, or refuses and
//! it goes round again → called back → summed up with its class and cause, closed. Every deadline on the way is a
//! [`Clock`](crate::work_order::Clock), watched as those of orders are. [`Complaint::received`] is how a rule of another subject makes one.

mod class;
mod clocks;
mod close;
mod content;
mod follow;
mod history;
mod intake;
mod investigate;
mod judge;
mod link;
mod merge;
mod notes;
mod orders;
mod propose;
mod record;
mod rules;
mod scope;
mod standing;
mod state;
mod survey;
mod word;

pub use class::{ComplaintClass, ComplaintClassSave};
pub use clocks::{ComplaintAlarm, ComplaintClock, ComplaintClocks, NextComplaintAlarm, PastClock, RaiseComplaintAlarm};
pub use close::{CloseComplaint, ReopenComplaint, Summarise};
pub use content::ResolutionContent;
pub use follow::{CallBack, CallHow, FollowUp};
pub use history::{ClosedThere, ImportComplaint};
pub use intake::{EditComplaint, Intake};
pub use investigate::{RecordFindings, ReportTask, SetTask};
pub use judge::{JudgeComplaint, RecordUnderstanding, ReferComplaint, RespondToComplaint};
pub use link::LinkComplaint;
pub use merge::MergeComplaint;
pub use notes::{AddComplaintNote, AddComplaintPhoto, SettleComplaintPhotos};
pub use orders::{OpenOrder, orders_open};
pub use propose::{ApproveProposal, CarryOut, Propose};
pub use record::{
    About, Approved, CarriedOut, Complainant, Complaint, ComplaintChannel, ComplaintNote, ComplaintTask, CustomersWord,
    Department, Escalated, FollowedUp, Found, How, Judgement, Mark, MergedComplaint, OpenedOrder, Proposal, ReturnCall,
    Round, Severity, Step, Summary, Survey, SurveyResult, TaskResult, Understanding,
};
pub use rules::{ComplaintRules, SetComplaintRules};
pub use state::{ComplaintState, ComplaintStatus};
pub use survey::PlanSurvey;
pub use word::{AcceptResolution, RefuseResolution, Said};

pub(crate) use survey::{bring, link as link_survey, over as survey_over};

#[cfg(test)]
mod tests;
