//! The rules by their numbers.

use std::fmt;

macro_rules! rules {
    ($($number:literal $rule:ident $name:literal)*) => {
        /// A rule of the crate; the README lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum Rule {
            $(#[doc = concat!("Rule ", $number, ": ", $name, ".")] $rule = $number,)*
        }

        impl Rule {
            /// Every rule, the first one first.
            pub const ALL: [Self; 17] = [$(Self::$rule),*];

            /// Its number, 1 to 17.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$rule => $number,)* }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }
        }
    };
}

rules! {
    1 Proof "proof"
    2 Once "once"
    3 ChargeBeforeReveal "charge before reveal"
    4 SendLimit "send limit"
    5 FailureLimit "failure limit"
    6 NoOracle "no oracle"
    7 BudgetsSurvive "budgets survive"
    8 ConfirmBeforeActive "confirm before active"
    9 SecondFactorGuards "second factor guards the factors"
    10 Expiry "expiry"
    11 OneLiveCode "one live code"
    12 Bounded "bounded"
    13 Clock "clock"
    14 Secrets "secrets"
    15 Uniform "uniform"
    16 Replay "replay"
    17 HostileInput "hostile input"
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} ({})", self.number(), self.name())
    }
}
