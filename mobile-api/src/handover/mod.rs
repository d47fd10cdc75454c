//! The shift handover (交接班): what one shift leaves to the next, signed by both.
//!
//! [`Handover`] is fixed when it is made: the open orders, what was promised to whom, and the material that is out, as whoever hands
//! over saw them. [`draft`] proposes what belongs on it; remarks are added beside; both sign for the same content. It moves nothing by
//! itself: an order changes hands by `work_order.pass_on`, which can be recorded without signal as well, a piece by
//! `stock_move.record`.

mod draft;
mod record;
mod sign;

pub use draft::{HandoverDraft, Known, LeftOut, draft};
pub use record::{
    HandedMaterial, HandedOrder, HandedPiece, Handover, HandoverContent, HandoverOpen, HandoverRemark,
    HandoverWithdraw, Promise, Remark, Withdrawn,
};
pub use sign::{HandoverSign, Side, SignedSide};

#[cfg(test)]
mod tests;
