//! The rules of a work order, without server or phone: who may do what in which state, and what becomes of work
//! that was recorded while the office changed the order.

mod clocks;
mod conflicts;
mod edit;
mod kit;
mod material;
mod merge;
mod money;
mod pauses;
mod payments;
mod photos;
mod reckoning;
mod rework;
mod scope;
mod sequences;
mod signing;
mod table;
mod waiting;
