//! Statements that the database reads once and runs often.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    query_dsl::methods::LoadQuery,
};

/// A statement to be kept with its connection, prepared: `Prepared(update.returning(id)).rows(c)`.
///
/// diesel keeps what it is sure has few texts, and is not sure of any `UPDATE` or `ON CONFLICT DO UPDATE`, because the
/// columns that they set can vary. Reading such a text costs SQLite as much as running it, and PostgreSQL a round
/// trip. To be used where the text is always the same; each different text would be kept.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q>(pub Q);

impl<Q, DB> QueryFragment<DB> for Prepared<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// The text is the key, because one type can stand for several.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> Prepared<Q> {
    /// Runs the statement and answers what it returns, a row each. Statements that would return nothing are asked for a
    /// column: diesel's `execute` passes a reference on, and of that it is not sure again.
    ///
    /// # Errors
    /// The database's.
    pub fn rows<'q, U, C>(self, conn: &mut C) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'q, C, U>,
    {
        self.get_results(conn)
    }
}

/// Only for [`Prepared::rows`].
impl<Q, C> RunQueryDsl<C> for Prepared<Q> {}
