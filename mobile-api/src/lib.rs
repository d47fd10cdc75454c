//! What phones and the Doorstep server agree on.

pub mod evidence;
pub mod ids;
pub mod signing;
pub mod time;
