//! Checked scalars: a number that cannot hold what it must not.
//!
//! They check themselves while a pipeline file is read, so that the error carries line and column.

mod forms;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

pub use forms::{Auto, OneOrMany, Switch, section, word_or_map, words_or_maps};

macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $words:literal, $holds:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// The checked value, or `None` where it lies outside.
            #[must_use]
            pub fn new(value: f64) -> Option<Self> {
                let holds: fn(f64) -> bool = $holds;
                holds(value).then_some(Self(value))
            }

            /// A checked constant.
            ///
            /// # Panics
            /// If the value lies outside; in a constant this stops the build.
            #[must_use]
            pub const fn constant(value: f64) -> Self {
                assert!(value >= 0.0);
                Self(value)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }

            /// The number in the precision of the kernels.
            #[must_use]
            #[expect(clippy::cast_possible_truncation, reason = "kernels work in f32")]
            pub const fn single(self) -> f32 {
                self.0 as f32
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = f64::deserialize(deserializer)?;
                Self::new(value).ok_or_else(|| de::Error::custom(format_args!("expected {}, got {value}", $words)))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

scalar!(
    /// A finite number above 0.
    Positive, "a finite number above 0", |value| value.is_finite() && value > 0.0,
    { "type": "number", "exclusiveMinimum": 0 }
);
scalar!(
    /// A finite number of at least 0.
    NonNegative, "a finite number of at least 0", |value| value.is_finite() && value >= 0.0,
    { "type": "number", "minimum": 0 }
);
scalar!(
    /// A number between 0 and 1, both excluded.
    Fraction, "a number between 0 and 1, both excluded", |value| value > 0.0 && value < 1.0,
    { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }
);
scalar!(
    /// A number from 0 up to but not including 1.
    FractionOrZero, "a number from 0 up to but not including 1", |value| (0.0..1.0).contains(&value),
    { "type": "number", "minimum": 0, "exclusiveMaximum": 1 }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_refuse_what_lies_outside() {
        assert!(Fraction::new(0.0).is_none() && Fraction::new(f64::NAN).is_none());
        assert!(Positive::new(f64::INFINITY).is_none() && Positive::new(0.1).is_some());
        let error = serde_json::from_str::<Fraction>("1.5").unwrap_err().to_string();
        assert!(error.contains("between 0 and 1") && error.contains("1.5"), "{error}");
    }

    #[test]
    fn auto_of_a_checked_scalar_keeps_its_message() {
        let error = serde_json::from_str::<Auto<Positive>>("-1").unwrap_err().to_string();
        assert!(error.contains("above 0"), "{error}");
    }
}
