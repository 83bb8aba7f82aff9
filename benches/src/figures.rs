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

    fn of(&self, measure: &str, label: &str) -> Option<f64> {
        self.0.get(&(measure.to_owned(), label.to_owned())).copied()
    }

    /// Time, in HMACs of the same run.
    #[must_use]
    pub fn time(&self, label: &str) -> Option<f64> {
        self.of("time", label)
    }

    /// Nanoseconds, which differ from machine to machine.
    #[must_use]
    pub fn nanoseconds(&self, label: &str) -> Option<f64> {
        self.of("nanoseconds", label)
    }

    /// The time of the first divided by that of the second.
    #[must_use]
    pub fn times(&self, label: &str, floor: &str) -> Option<f64> {
        Some(self.time(label)? / self.time(floor)?)
    }

    /// Instructions, without those of the harness.
    #[must_use]
    pub fn instructions(&self, label: &str) -> Option<f64> {
        self.of("instructions", label)
    }

    /// Allocations.
    #[must_use]
    pub fn allocations(&self, label: &str) -> Option<f64> {
        self.of("allocations", label)
    }

    /// Bytes that were allocated.
    #[must_use]
    pub fn allocated(&self, label: &str) -> Option<f64> {
        self.of("allocated", label)
    }

    /// Sizes in bytes.
    #[must_use]
    pub fn bytes(&self, label: &str) -> Option<f64> {
        self.of("bytes", label)
    }
}
