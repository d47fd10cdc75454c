//! History taken over from other systems.

pub mod ids;
