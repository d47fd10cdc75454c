//! Column types: how ids, instants, JSON and enums are stored. Nothing else knows how a database stores them.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{BigInt, Binary, SqlType, Text},
    sqlite::{Sqlite, SqliteValue},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// The SQL type of an id: 16 bytes in SQLite, `uuid` in PostgreSQL. On the Rust side it is a [`Uid`].
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(sqlite_type(name = "Binary"))]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
pub struct Id;

/// A UUID as a query takes and gives it; converts from and to [`Uuid`] and `mobile_api::ids::Id<T>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Uid(pub Uuid);

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Uuid> for Uid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<Uid> for Uuid {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

impl<T> From<mobile_api::ids::Id<T>> for Uid {
    fn from(id: mobile_api::ids::Id<T>) -> Self {
        Self(id.uuid())
    }
}

impl<T> From<Uid> for mobile_api::ids::Id<T> {
    fn from(uid: Uid) -> Self {
        Self::new(uid.0)
    }
}

// The wire form of PostgreSQL's uuid is the same 16 bytes that SQLite stores.
impl<DB> ToSql<Id, DB> for Uid
where
    DB: Backend,
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_bytes().as_slice().to_sql(out)
    }
}

impl FromSql<Id, Sqlite> for Uid {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl FromSql<Id, Pg> for Uid {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

/// An instant as microseconds since 1970-01-01T00:00:00Z, in a BIGINT. Finer parts are cut off, towards the past.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Micros(i64);

impl Micros {
    /// The instant.
    pub fn time(self) -> DateTime<Utc> {
        // Both ways to make a `Micros` have checked the range.
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl fmt::Debug for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time().fmt(f)
    }
}

impl From<DateTime<Utc>> for Micros {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl From<Micros> for DateTime<Utc> {
    fn from(micros: Micros) -> Self {
        micros.time()
    }
}

impl<DB> ToSql<BigInt, DB> for Micros
where
    DB: Backend,
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> FromSql<BigInt, DB> for Micros
where
    DB: Backend,
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_sql(value)?;
        DateTime::from_timestamp_micros(micros).ok_or_else(|| format!("{micros} µs is no instant of the calendar"))?;
        Ok(Self(micros))
    }
}

/// A value stored as its JSON text. The database never looks inside, so a plain text column serves both.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct JsonText<T>(pub T);

impl<T, DB> ToSql<Text, DB> for JsonText<T>
where
    T: Serialize + fmt::Debug,
    DB: OwnedText,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        DB::write(out, serde_json::to_string(&self.0)?)
    }
}

impl<T, DB> FromSql<Text, DB> for JsonText<T>
where
    T: DeserializeOwned,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&String::from_sql(value)?)?))
    }
}

/// A value stored as the name by which it is printed and parsed: an enum of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct TextEnum<T>(pub T);

impl<T, DB> ToSql<Text, DB> for TextEnum<T>
where
    T: fmt::Display + fmt::Debug,
    DB: OwnedText,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        DB::write(out, self.0.to_string())
    }
}

impl<T, DB> FromSql<Text, DB> for TextEnum<T>
where
    T: FromStr,
    T::Err: fmt::Display,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = String::from_sql(value)?;
        Ok(Self(text.parse().map_err(|error: T::Err| error.to_string())?))
    }
}

/// A database to which text can be given that was made on the spot. diesel has a way for each, but no common one.
pub trait OwnedText: Backend {
    /// Binds `text` as a value.
    fn write(out: &mut Output<'_, '_, Self>, text: String) -> serialize::Result;
}

impl OwnedText for Sqlite {
    fn write(out: &mut Output<'_, '_, Self>, text: String) -> serialize::Result {
        out.set_value(text);
        Ok(IsNull::No)
    }
}

impl OwnedText for Pg {
    fn write(out: &mut Output<'_, '_, Self>, text: String) -> serialize::Result {
        std::io::Write::write_all(out, text.as_bytes())?;
        Ok(IsNull::No)
    }
}
