//! A day of the calendar, as `[[ignore]]` says until when it holds.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// A day such as `2027-01-31`; later days compare as greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct Day(String);

impl Day {
    /// The day that a time is in, in UTC.
    #[must_use]
    pub fn of(time: std::time::SystemTime) -> Self {
        Self(crate::report::stamp::day(time))
    }

    /// The day as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a day such as 2027-01-31";
        // TOML knows the calendar.
        let date: toml::value::Datetime = text.parse().map_err(|_| EXPECTED)?;
        match (date.date, date.time, date.offset) {
            (Some(date), None, None) => Ok(Self(date.to_string())),
            _ => Err(EXPECTED),
        }
    }
}

/// Both `expires = 2027-01-31` and `expires = "2027-01-31"` are what people write.
impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day such as 2027-01-31")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Day, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
                let date = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                date.to_string().parse().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_and_nothing_else() {
        #[derive(Deserialize)]
        struct Table {
            expires: Day,
        }
        let read = |text: &str| toml::from_str::<Table>(text).map(|t| t.expires.0).map_err(|e| e.to_string());
        assert_eq!(read("expires = 2028-02-29"), Ok("2028-02-29".to_owned()));
        assert_eq!(read("expires = '2027-01-31'"), Ok("2027-01-31".to_owned()));
        for bad in ["2027-02-29", "2027-13-01", "2027-01-31T10:00:00Z", "10:00:00", "'soon'", "'2027-1-3'"] {
            let error = read(&format!("expires = {bad}")).unwrap_err();
            assert!(!error.is_empty(), "{bad}");
        }
        assert!("2026-12-31".parse::<Day>().unwrap() < "2027-01-01".parse().unwrap());
    }
}
