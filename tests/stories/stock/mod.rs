//! Material and tools: two technicians with their bags, a storekeeper, a manager.

/// What a person reads must be this. Each story is played twice, once on each database, and both must read the same.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}

mod bags;
mod counts;
mod figures;
pub mod kit;
mod refused;
mod tools;
