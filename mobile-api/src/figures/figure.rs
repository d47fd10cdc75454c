//! The figures, and which order counts for which.

use serde::{Deserialize, Serialize};

use super::{Facts, Material, Satisfied, Targets};
use crate::{evidence::Verdict, time::Timestamp};

/// A figure. Its definition, in words, is in `locales/*/figures.ftl` under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Deadlines kept (维修及时率).
    OnTime,
    /// Work that was accepted at once and not done again (维修合格率).
    Pass,
    /// Return visits made of those that were due (回访率).
    ReturnVisits,
    /// Customers who are satisfied, of those asked (满意度).
    Satisfaction,
    /// How long until somebody was there (首次响应).
    FirstResponse,
    /// How long until it was settled (解决时长).
    Resolution,
    /// Work that did earlier work again (返修率).
    Rework,
    /// Time worked (工时).
    Hours,
    /// What the material used is worth (材料).
    Material,
    /// Complaints (投诉量).
    Complaints,
    /// Complaints of which the department was told in time (转办及时率).
    ComplaintTold,
    /// Complaints to which the firm responded in time (响应及时率).
    ComplaintResponded,
    /// Complaints settled in time (处理及时率).
    ComplaintResolved,
    /// Complainants called back in time (投诉回访率).
    ComplaintCalled,
    /// Complaints that were founded (有效投诉率).
    ComplaintFounded,
    /// Settlements accepted the first time (一次处理满意率).
    ComplaintAccepted,
    /// Complaints taken up again, or repeated (重复投诉率).
    ComplaintAgain,
}

/// Of what a figure is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CountedOf {
    /// Of orders, in the period in which their work was settled.
    Orders,
    /// Of complaints, in the period in which they were written down.
    Complaints,
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A share, in parts per ten thousand.
    Rate,
    /// A mean, in seconds.
    Seconds,
    /// A sum, in minutes.
    Minutes,
    /// A sum, in minor units of the organisation's currency.
    Money,
    /// How many there are.
    Number,
}

/// What an order or a complaint is for a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It says nothing about it.
    Not,
    /// It would count, but nobody can prove what it counts for; told apart.
    Unprovable,
    /// It is one of those that count, and whether it is one of those that are counted.
    Share(bool),
    /// It adds so much.
    Amount(i64),
}

impl Figure {
    /// All of them.
    pub const ALL: [Figure; 17] = [
        Figure::OnTime,
        Figure::Pass,
        Figure::ReturnVisits,
        Figure::Satisfaction,
        Figure::FirstResponse,
        Figure::Resolution,
        Figure::Rework,
        Figure::Hours,
        Figure::Material,
        Figure::Complaints,
        Figure::ComplaintTold,
        Figure::ComplaintResponded,
        Figure::ComplaintResolved,
        Figure::ComplaintCalled,
        Figure::ComplaintFounded,
        Figure::ComplaintAccepted,
        Figure::ComplaintAgain,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Figure::OnTime => "on_time",
            Figure::Pass => "pass",
            Figure::ReturnVisits => "return_visits",
            Figure::Satisfaction => "satisfaction",
            Figure::FirstResponse => "first_response",
            Figure::Resolution => "resolution",
            Figure::Rework => "rework",
            Figure::Hours => "hours",
            Figure::Material => "material",
            Figure::Complaints => "complaints",
            Figure::ComplaintTold => "complaint_told",
            Figure::ComplaintResponded => "complaint_responded",
            Figure::ComplaintResolved => "complaint_resolved",
            Figure::ComplaintCalled => "complaint_called",
            Figure::ComplaintFounded => "complaint_founded",
            Figure::ComplaintAccepted => "complaint_accepted",
            Figure::ComplaintAgain => "complaint_again",
        }
    }

    /// The figure of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.as_str() == text)
    }

    /// What it is.
    pub fn measure(self) -> Measure {
        match self {
            Figure::FirstResponse | Figure::Resolution => Measure::Seconds,
            Figure::Hours => Measure::Minutes,
            Figure::Material => Measure::Money,
            Figure::Complaints => Measure::Number,
            _ => Measure::Rate,
        }
    }

    /// Of what it is counted.
    pub fn counted_of(self) -> CountedOf {
        match self {
            Figure::Complaints
            | Figure::ComplaintTold
            | Figure::ComplaintResponded
            | Figure::ComplaintResolved
            | Figure::ComplaintCalled
            | Figure::ComplaintFounded
            | Figure::ComplaintAccepted
            | Figure::ComplaintAgain => CountedOf::Complaints,
            _ => CountedOf::Orders,
        }
    }

    /// What the organisation wants it to be at least, in parts per ten thousand.
    pub fn target(self, targets: &Targets) -> Option<u32> {
        match self {
            Figure::OnTime => Some(targets.on_time),
            Figure::Pass => Some(targets.pass),
            Figure::ReturnVisits => Some(targets.return_visits),
            Figure::Satisfaction => Some(targets.satisfaction),
            _ => None,
        }
    }

    /// What an order is for it, as of an instant. Figures of complaints say nothing of orders.
    pub fn count(self, facts: &Facts, as_of: Timestamp) -> Counted {
        match self {
            Figure::OnTime => match facts.deadline {
                None => Counted::Not,
                Some(Verdict::Unprovable) => Counted::Unprovable,
                Some(verdict) => Counted::Share(verdict == Verdict::OnTime),
            },
            Figure::Pass => facts.passed.map_or(Counted::Not, Counted::Share),
            Figure::Rework => Counted::Share(facts.rework),
            Figure::ReturnVisits => match facts.visit {
                Some(visit) if visit.satisfied.is_some() => Counted::Share(true),
                Some(visit) if visit.unreachable => Counted::Unprovable,
                Some(visit) if visit.due <= as_of => Counted::Share(false),
                _ => Counted::Not,
            },
            Figure::Satisfaction => match facts.visit.and_then(|visit| visit.satisfied) {
                None => Counted::Not,
                Some(said) => Counted::Share(said == Satisfied::Yes),
            },
            Figure::FirstResponse => facts.response_seconds.map_or(Counted::Not, Counted::Amount),
            Figure::Resolution => Counted::Amount(facts.resolution_seconds),
            Figure::Hours if facts.labour_minutes > 0 => Counted::Amount(facts.labour_minutes),
            Figure::Hours => Counted::Not,
            Figure::Material => match facts.material {
                None => Counted::Not,
                Some(Material { minor, unpriced: 0 }) => Counted::Amount(minor),
                Some(_) => Counted::Unprovable,
            },
            Figure::Complaints
            | Figure::ComplaintTold
            | Figure::ComplaintResponded
            | Figure::ComplaintResolved
            | Figure::ComplaintCalled
            | Figure::ComplaintFounded
            | Figure::ComplaintAccepted
            | Figure::ComplaintAgain => Counted::Not,
        }
    }
}
