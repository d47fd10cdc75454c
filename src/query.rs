//! The extractor for what stands behind the question mark.

use std::{fmt, marker::PhantomData, str::FromStr};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::{Ready, ready};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};

use crate::error::{Code, Error};

/// The parameters of a request. Unlike actix's own it takes a parameter that is repeated, for [`Several`].
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    serde_html_form::from_str(query).map_err(|reason| Error::new(Code::InvalidQuery).arg("reason", reason))
}

/// Any of several values: `status=assigned,en_route` or `status=assigned&status=en_route`. None given means no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Several<T>(pub Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Several<T> {
    /// The values, if any were given.
    pub fn given(&self) -> Option<&[T]> {
        (!self.0.is_empty()).then_some(&self.0)
    }

    /// Each value once, or nothing once if none was given: so that an index in whose order a list comes serves each value, which it does
    /// not for several at a time.
    pub fn each(&self) -> Vec<Option<T>>
    where
        T: Copy + PartialEq,
    {
        let mut each: Vec<Option<T>> = Vec::new();
        for value in &self.0 {
            if !each.contains(&Some(*value)) {
                each.push(Some(*value));
            }
        }
        if each.is_empty() {
            each.push(None);
        }
        each
    }
}

impl<'de, T> Deserialize<'de> for Several<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Values(PhantomData)).map(Self)
    }
}

struct Values<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for Values<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values with commas between them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut given: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(text) = given.next_element::<String>()? {
            for value in text.split(',').filter(|value| !value.is_empty()) {
                values.push(value.parse().map_err(A::Error::custom)?);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[serde(default)]
        number: Several<u8>,
        limit: Option<u32>,
    }

    #[test]
    fn parameters_are_repeated_or_have_commas() {
        let wanted: Wanted = parse("number=1&number=2,3&limit=7").unwrap();
        assert_eq!((wanted.number.0, wanted.limit), (vec![1, 2, 3], Some(7)));
        let wanted: Wanted = parse("").unwrap();
        assert_eq!((wanted.number.given(), wanted.limit), (None, None));
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_of_the_query() {
        for query in ["number=1,x", "limit=-1", "limti=5", "limit=1&limit=2"] {
            assert_eq!(parse::<Wanted>(query).unwrap_err().code(), Code::InvalidQuery, "{query}");
        }
    }
}
