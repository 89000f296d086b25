//! Medians, ratios and aligned tables, as all benchmarks print them.

use std::fmt;

/// `count` as a floating-point number, exact up to 2⁵³.
pub fn float(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high).mul_add(4_294_967_296.0, f64::from(low))
}

/// `part / whole`, or `None` where there is no whole.
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// The middle of `values` by size, or the mean of the two in the middle; `None` without a value.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The middle of `values` by size, the lower one of two in the middle; `None` without a value.
pub fn median_whole(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// `value` with `decimals`, or a dash where there is none.
pub fn cell(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Rows under headings; each column as wide as its widest cell, the first ones to the left.
#[derive(Clone, Debug, Default)]
pub struct Table {
    left_columns: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with `headings`, of which the first `left_columns` are aligned to the left.
    pub fn new(left_columns: usize, headings: &[&str]) -> Table {
        let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Table { left_columns, rows: vec![headings] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let padded = if column < self.left_columns {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                };
                line.push_str(&padded);
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn counts_become_floats() {
        for (count, expected) in [(0, 0.0), (3, 3.0), (1 << 40, 1_099_511_627_776.0)] {
            assert!((float(count) - expected).abs() < f64::EPSILON, "{count}");
        }
    }

    #[test]
    fn medians_and_ratios() {
        let check = |values: &[f64], expected| assert_eq!(median(values.to_vec()), expected);
        check(&[], None);
        check(&[3.0], Some(3.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[4.0, 1.0, 9.0, 2.0], Some(3.0));

        let check = |values: &[u64], expected| assert_eq!(median_whole(values.to_vec()), expected);
        check(&[], None);
        check(&[3], Some(3));
        check(&[9, 1, 2], Some(2));
        check(&[4, 1, 9, 2], Some(2));

        assert_eq!(ratio(1.0, 4.0), Some(0.25));
        assert_eq!(ratio(1.0, 0.0), None);
    }

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(1, &["phase", "req/s", "µs"]);
        table.row(vec!["ceiling".into(), cell(Some(123_456.7), 0), cell(None, 2)]);
        table.row(vec!["a".into(), cell(Some(0.0), 1), cell(Some(1.005), 2)]);
        expect![[r"
            phase     req/s    µs
            ceiling  123457     -
            a           0.0  1.00
        "]]
        .assert_eq(&table.to_string());
    }
}
