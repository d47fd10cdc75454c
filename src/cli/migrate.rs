//! `doorstep migrate`
