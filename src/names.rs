//! The names and texts of refusals, events, errors and secrets.

/// Generates `name()` and `NAMES` of an enum from one table, and `text()` if it has texts. A missing
/// variant does not compile.
macro_rules! named {
    ($type:ident { $($variant:ident: $name:literal;)* }) => {
        impl $type {
            /// Every [`name`](Self::name), in the order of the variants, to register metrics at start.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// A stable label in `snake_case`, for metrics and logs.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name),*
                }
            }
        }
    };
    ($type:ident { $($variant:ident: $name:literal, $text:literal;)* }) => {
        named!($type { $($variant: $name;)* });

        impl $type {
            const fn text(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $text),*
                }
            }
        }
    };
}

/// Implements `Display` and `Error` for an error with one text, and the fields that it shows.
macro_rules! error_text {
    ($type:ident, $text:literal $(, $field:ident)*) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, $text $(, self.$field)*)
            }
        }

        impl core::error::Error for $type {}
    };
}

/// Rule 14: a `Debug` that shows nothing of a secret.
macro_rules! redacted {
    ($type:ident) => {
        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($type), "(redacted)"))
            }
        }
    };
}

/// As [`redacted`], and overwrites the field when the secret is dropped.
macro_rules! secret {
    ($type:ident, $field:tt) => {
        crate::names::redacted!($type);

        impl Drop for $type {
            fn drop(&mut self) {
                zeroize::Zeroize::zeroize(&mut self.$field);
            }
        }
    };
}

pub(crate) use {error_text, named, redacted, secret};
