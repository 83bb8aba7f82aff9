//! The measurements: one line each of measure, label and value, separated by tabs.

use std::collections::BTreeMap;

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

    /// What was measured of this case: `time` in HMACs of the same run, `nanoseconds`, which differ from
    /// machine to machine, `instructions` without those of the harness, `allocations`, the bytes
    /// `allocated`, and the `bytes` of a record or a user.
    #[must_use]
    pub fn of(&self, measure: &str, label: &str) -> Option<f64> {
        self.0.get(&(measure.to_owned(), label.to_owned())).copied()
    }

    /// The time of the first divided by that of the second.
    #[must_use]
    pub fn times(&self, label: &str, floor: &str) -> Option<f64> {
        Some(self.of("time", label)? / self.of("time", floor)?)
    }
}
