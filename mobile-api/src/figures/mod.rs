//! Figures that nobody can argue about (维修及时率, 维修合格率, 回访率, 满意度…): what an order, or a complaint, counts for, by written
//! definitions.
//!
//! [`Facts`] are what an order says once its work is settled, [`ComplaintFacts`] what a complaint says once it is written down. A [`Figure`] says of each whether it counts, and for what; a
//! [`Tally`] adds up. So a figure, the list of orders behind it, and the one order that somebody doubts are judged by the same
//! function of the same record.

mod complaints;
mod facts;
mod figure;
mod material;
mod tally;
mod targets;
#[cfg(test)]
mod tests;

pub use self::{
    complaints::{ComplaintFacts, Kept},
    facts::{Facts, Satisfied, Visit},
    figure::{Counted, CountedOf, Figure, Measure},
    material::Material,
    tally::{Tally, WHOLE},
    targets::{SetTargets, Targets},
};
