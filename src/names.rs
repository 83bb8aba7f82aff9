//! What refusals, events and errors say of themselves.

/// Gives an enum `name()` and `NAMES` from one table, so that neither can miss a variant, and `text()`
/// where the table has texts.
macro_rules! named {
    ($type:ident { $($variant:ident: $name:literal;)* }) => {
        impl $type {
            /// Every [`name`](Self::name), in the order of the variants: what a metric registers at start.
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

/// Gives an error without data its text.
macro_rules! error_text {
    ($type:ident, $text:literal) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($text)
            }
        }

        impl core::error::Error for $type {}
    };
}

pub(crate) use {error_text, named};
