//! Return visits over HTTP: the list, above all of those to call now. The rules are in `mobile_api::return_visit`; the survey's
//! page is in `survey_link`.

pub mod api;
pub mod list;
pub mod store;
