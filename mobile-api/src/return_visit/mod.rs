//! The return visit (回访): after a job the customer is asked how it was, and a bad answer has consequences.
//!
//! [`ReturnVisit`] is made by the rule of whatever ends a job, with an id that follows from it, so that a replay makes one. Who is
//! called follows from [`ReturnVisitRules`]; when, from the customer's own hours. The survey by link stands on the same record, so
//! that a contradiction between what a customer wrote and what they said is seen by whoever comes second.

mod answer;
mod call;
mod complaint;
mod history;
mod hours;
mod overdue;
pub(crate) mod plan;
mod record;
mod rework;
mod rules;
mod survey;

pub use answer::{RecordVisit, Then};
pub use call::{AssignVisit, AttemptVisit, TakeVisit};
pub use history::CalledThere;
pub use hours::zone_of;
pub use overdue::{MissedCall, RaiseMissedCall};
pub use plan::id_of;
pub use record::{
    Answer, Attempt, Chosen, Opened, ReturnVisit, Satisfaction, Scores, Unreached, VisitState, VisitStatus, Way,
};
pub use rules::{Line, OldScript, ReturnVisitRules, Script, SetReturnVisitRules, TypeShare};
pub use survey::{AnswerSurvey, SendSurvey, Survey, SurveyAnswer, SurveySent};

#[cfg(test)]
mod tests;
