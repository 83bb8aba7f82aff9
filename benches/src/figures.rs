//! The measurements: one line each of measure, label and value, separated by tabs.

use std::collections::BTreeMap;

/// What a figure counts.
#[derive(Clone, Copy)]
pub enum Measure {
    /// In HMACs of the same run.
    Time,
    /// Differ from machine to machine.
    Nanoseconds,
    /// Without those of the harness.
    Instructions,
    Allocations,
    /// In bytes.
    Allocated,
    /// The size of a record or a user.
    Bytes,
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Nanoseconds => "nanoseconds",
            Self::Instructions => "instructions",
            Self::Allocations => "allocations",
            Self::Allocated => "allocated",
            Self::Bytes => "bytes",
        }
    }
}

/// Figures by measure and label.
pub struct Figures(BTreeMap<(String, String), f64>);

impl Figures {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// If it is not such a file.
    #[must_use]
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(path).expect("a file of figures");
        let figure = |line: &str| {
            let mut fields = line.split('\t').map(str::to_owned);
            let key = (fields.next()?, fields.next()?);
            Some((key, fields.next()?.parse().ok()?))
        };
        let figures = text
            .lines()
            .map(|line| figure(line).unwrap_or_else(|| panic!("no figure: {line}")));
        Self(figures.collect())
    }

    /// What was measured of this case.
    #[must_use]
    pub fn of(&self, measure: Measure, label: &str) -> Option<f64> {
        let key = (measure.name().to_owned(), label.to_owned());
        self.0.get(&key).copied()
    }

    /// The time of the first divided by that of the second.
    #[must_use]
    pub fn times(&self, label: &str, floor: &str) -> Option<f64> {
        Some(self.of(Measure::Time, label)? / self.of(Measure::Time, floor)?)
    }
}
