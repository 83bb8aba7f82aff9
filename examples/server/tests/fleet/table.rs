//! The printed tables.

use std::fmt::Display;

/// Printed when dropped: a failed attack still shows the rows before it.
pub struct Table(Vec<String>);

impl Table {
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        let mut table = Self(Vec::new());
        table.row(&head.each_ref().map(|name| name as &dyn Display));
        table.row(&[&"---" as &dyn Display; N]);
        table
    }

    pub fn row(&mut self, cells: &[&dyn Display]) {
        let cells: Vec<_> = cells.iter().map(ToString::to_string).collect();
        self.0.push(format!("| {} |", cells.join(" | ")));
    }

    /// The last row, as printed.
    pub fn last(&self) -> &str {
        self.0.last().unwrap()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        println!("\n{}\n", self.0.join("\n"));
    }
}
