//! Tables for the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// Lays rows out in columns; those whose number is in `right` are aligned to the right.
pub fn columns(rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), 1));
        if right.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn numbers_are_aligned_to_the_right() {
        let rows = [["a", "1", "x"], ["bc", "23", "y"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(rows, &[1]), "a    1  x\nbc  23  y\n");
    }
}
