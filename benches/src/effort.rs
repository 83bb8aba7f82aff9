//! How much is measured.

/// Whether to measure figures, or only check that everything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// `OOB_MFA_BENCHES=quick`: takes seconds; do not keep the figures.
    Quick,
    /// Takes minutes.
    Full,
}

impl Effort {
    /// The setting of the environment.
    ///
    /// # Panics
    ///
    /// If it has any other value.
    #[must_use]
    pub fn of_environment() -> Self {
        match std::env::var("OOB_MFA_BENCHES").as_deref() {
            Ok("quick") => Self::Quick,
            Err(std::env::VarError::NotPresent) | Ok("") => Self::Full,
            other => panic!("OOB_MFA_BENCHES is {other:?}, not \"quick\""),
        }
    }

    /// How often each case is timed.
    #[must_use]
    pub const fn rounds(self) -> usize {
        match self {
            Self::Quick => 11,
            Self::Full => 1_001,
        }
    }

    /// How many users there are.
    #[must_use]
    pub const fn users(self) -> &'static [u64] {
        match self {
            Self::Quick => &[1_000],
            Self::Full => &[1_000, 100_000, 1_000_000],
        }
    }

    /// How many turns each of several services has.
    #[must_use]
    pub const fn turns(self) -> usize {
        match self {
            Self::Quick => 2,
            Self::Full => 51,
        }
    }
}
