//! The orders behind a figure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use mobile_api::{
    figures::{Counted, Facts, Figure},
    ids::WorkOrderId,
    time::Timestamp,
    work_order::{Clock, WorkOrder},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    behind::{self, Countable, Question},
    store,
};
use crate::{
    db::{Conn, DbError},
    operations::{DoorError, reading::named},
    paging::Place,
};

/// Which of a figure's orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Those that count.
    #[default]
    Denominator,
    /// Those of them that are counted; of means and sums, all that count.
    Numerator,
    /// Those that would count but prove nothing.
    Unprovable,
}

impl Part {
    pub(super) fn holds(self, counted: Counted) -> bool {
        match (self, counted) {
            (_, Counted::Not) => false,
            (Part::Unprovable, counted) => counted == Counted::Unprovable,
            (_, Counted::Unprovable) => false,
            (Part::Denominator, _) => true,
            (Part::Numerator, counted) => counted != Counted::Share(false),
        }
    }
}

/// One order behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FigureOrder {
    /// The order.
    pub order: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// When its work was settled.
    pub settled_at: DateTime<Utc>,
    /// Whether it is counted, of shares; none if that cannot be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<bool>,
    /// What it adds: of means in seconds, of sums in minutes or minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The clock by which it was judged, with everything that moved its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// Which groups are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Groups {
    pub(super) technician: Option<Uuid>,
    pub(super) team: Option<Uuid>,
    pub(super) order_type: Option<Uuid>,
}

impl Groups {
    fn hold(&self, facts: &Facts) -> bool {
        let fits = |asked: Option<Uuid>, is: Option<Uuid>| asked.is_none() || asked == is;
        fits(self.technician, facts.technician.map(|id| id.uuid()))
            && fits(self.team, facts.team.map(|id| id.uuid()))
            && fits(self.order_type, Some(facts.order_type.uuid()))
    }
}

impl Countable for Facts {
    type Groups = Groups;

    fn read(
        conn: &mut Conn,
        org: Uuid,
        span: (Timestamp, Timestamp),
        sites: Option<&[Uuid]>,
    ) -> Result<Vec<Self>, DbError> {
        store::settled(conn, org, span, sites)
    }

    fn is_in(&self, groups: &Groups) -> bool {
        groups.hold(self)
    }

    fn place(&self) -> Place<Timestamp> {
        (self.settled_at, self.order.uuid())
    }

    fn count(&self, figure: Figure, now: Timestamp) -> Counted {
        figure.count(self, now)
    }
}

/// A page of the orders behind a figure, in the order in which they were settled, and whether there are more. The same function
/// judges them that counted them.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn orders(
    conn: &mut Conn,
    org: Uuid,
    question: &Question<Groups>,
) -> Result<(Vec<FigureOrder>, bool), DoorError> {
    let (found, more) = behind::page::<Facts>(conn, org, question)?;
    let records: HashMap<Uuid, WorkOrder> = named(conn, org, found.iter().map(|(facts, _)| facts.order.uuid()))?;
    let page = found
        .into_iter()
        .map(|(facts, counted)| entry(question.figure, &facts, counted, records.get(&facts.order.uuid())));
    Ok((page.collect(), more))
}

fn entry(figure: Figure, facts: &Facts, counted: Counted, order: Option<&WorkOrder>) -> FigureOrder {
    let clock = order.and_then(|order| match figure {
        Figure::OnTime => order.clocks.headline().cloned(),
        Figure::FirstResponse => order.clocks.respond.clone().or_else(|| order.clocks.arrive.clone()),
        Figure::Resolution => order.clocks.resolve.clone(),
        _ => None,
    });
    FigureOrder {
        order: facts.order,
        number: order.and_then(|order| order.number.clone()),
        settled_at: facts.settled_at,
        counted: if let Counted::Share(met) = counted { Some(met) } else { None },
        amount: if let Counted::Amount(amount) = counted { Some(amount) } else { None },
        clock,
    }
}
