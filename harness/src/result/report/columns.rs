//! Rows as columns of even width.
//! Not here: what is in them.

/// A line for each row; the first row has the names. The columns in `words` are left-aligned; the others are numbers and right-aligned.
pub(super) fn columns<const N: usize>(rows: &[[String; N]], words: &[usize]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let cell = |(column, (cell, width)): (usize, (&String, usize))| {
        if words.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    };
    let line = |row: &[String; N]| row.iter().zip(widths).enumerate().map(cell).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}
