//! Tables in plain text.

/// Lines of aligned columns: the heads first, numbers to the right.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(column, head)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
            cells.chain([*head]).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let is_number: Vec<bool> = (0..heads.len())
        .map(|column| {
            let mut cells = rows.iter().filter_map(|row| row.get(column)).peekable();
            cells.peek().is_some() && cells.all(|cell| is_number(cell))
        })
        .collect();
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (column, width) in widths.iter().enumerate() {
            let cell = row.get(column).map_or("", String::as_str);
            let gap = " ".repeat(width - cell.chars().count());
            let (before, after) =
                if is_number[column] { (gap, String::new()) } else { (String::new(), gap) };
            let between = if column > 0 { "  " } else { "" };
            line.extend([between, &before, cell, &after]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Whether a cell is a number, or stands for one that is not known.
fn is_number(cell: &str) -> bool {
    cell == "-" || cell.trim_end_matches(" %").parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["a", "7", "x"]), row(["long", "-", ""]), row(["b", "12", "y z"])];
        assert_eq!(
            table(&["name", "count", "why"], &rows),
            "name  count  why\na         7  x\nlong      -\nb        12  y z\n"
        );
    }
}
