//! JSON whose numbers every reader represents exactly, and that can be added and multiplied without overflow.
//! Not here: what they mean.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The largest whole number that all readers of JSON represent exactly (RFC 8259, section 6). In microseconds it is 285 years.
const LARGEST: u64 = 1 << 53;
/// The member that may be any number, since nothing is calculated with it.
const ANY: &str = "seed";

/// A JSON value without a larger number.
pub(super) struct Exact;

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Exact {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self, E> {
        if number > LARGEST { Err(E::custom(format!("{number} is too large for a time or count of a run"))) } else { Ok(self) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self, E> {
        self.visit_u64(number.unsigned_abs())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self, E> {
        self.visit_u64(number.abs() as u64)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            if key == ANY {
                members.next_value::<IgnoredAny>()?;
            } else {
                members.next_value::<Self>()?;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_numbers_are_told_with_their_place() {
        let said = |json: &str| serde_json::from_str::<Exact>(json).map(drop).map_err(|error| error.to_string());
        assert_eq!(said(r#"{"seed": 18446744073709551615, "a": [1, 9007199254740992, -3, 0.5, null, true, "x"]}"#), Ok(()));
        let told = said("{\"at\": [1,\n18446744073709551615]}").unwrap_err();
        assert_eq!(told, "18446744073709551615 is too large for a time or count of a run at line 2 column 20");
        assert!(said(r#"{"at": 1e300}"#).is_err());
    }
}
