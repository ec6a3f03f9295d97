//! Filters as SQL conditions.
//!
//! A condition is *exact* when SQL decides as the filter means; otherwise it lets through at least
//! every record that the filter wants, and the reader asks [`matches`](crate::connectors::matches).

use super::catalog::{Table, TableColumn, quote};
use super::codec::Reading;
use super::compare::{equality, is_ranged, listed, range};
use crate::connectors::StoreError;
use crate::connectors::tables::CatalogTable as _;
use crate::value::Value;
use crate::value::query::{Comparison, Filter};

/// What a filter is rendered for.
#[derive(Clone, Copy)]
pub(super) struct Renderer<'a> {
    pub(super) table: &'a Table,
    pub(super) reading: &'a Reading,
}

impl Renderer<'_> {
    /// Renders a filter. Gives whether it is exact.
    ///
    /// # Errors
    /// When it names a column that is not there.
    pub(super) fn condition(&self, sql: &mut String, filter: &Filter) -> Result<bool, StoreError> {
        Ok(match filter {
            Filter::All => {
                sql.push_str("TRUE");
                true
            }
            Filter::And(all) => self.join(sql, all, " AND ", "TRUE")?,
            Filter::Or(any) => self.join(sql, any, " OR ", "FALSE")?,
            Filter::Not(inner) => {
                let start = sql.len();
                sql.push_str("((");
                let exact = self.condition(sql, inner)?;
                sql.push_str(") IS NOT TRUE)");
                or_all(sql, start, exact)
            }
            Filter::Compare { path, operator, value } => {
                let column = self.table.required(path)?;
                self.compare(sql, column, *operator, value)
            }
            Filter::In { path, values } => {
                let column = self.table.required(path)?;
                self.one_of(sql, column, values)
            }
            Filter::Exists { path, exists } => {
                let column = self.table.required(path)?;
                self.is_null(sql, column, !*exists)
            }
            Filter::Tuples { paths, tuples } => self.tuples(sql, paths, tuples)?,
            Filter::After { paths, tuple } => self.page(sql, paths, tuple, true)?,
            Filter::UpTo { paths, tuple } => self.page(sql, paths, tuple, false)?,
        })
    }

    fn join(
        &self,
        sql: &mut String,
        filters: &[Filter],
        with: &str,
        empty: &str,
    ) -> Result<bool, StoreError> {
        if filters.is_empty() {
            sql.push_str(empty);
            return Ok(true);
        }
        let mut exact = true;
        for (index, filter) in filters.iter().enumerate() {
            sql.push_str(if index == 0 { "((" } else { with });
            if index > 0 {
                sql.push('(');
            }
            exact &= self.condition(sql, filter)?;
            sql.push(')');
        }
        sql.push(')');
        Ok(exact)
    }

    /// Whether a column is null, as it is read.
    fn is_null(&self, sql: &mut String, column: &TableColumn, null: bool) -> bool {
        if self.reading.changes(&column.column_type) {
            sql.push_str("TRUE");
            return false;
        }
        sql.push_str(&quote(&column.name));
        sql.push_str(if null { " IS NULL" } else { " IS NOT NULL" });
        true
    }

    fn compare(
        &self,
        sql: &mut String,
        column: &TableColumn,
        operator: Comparison,
        value: &Value,
    ) -> bool {
        let absent = value.is_absent();
        match operator {
            Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual if absent => {
                self.is_null(sql, column, true)
            }
            Comparison::NotEqual if absent => self.is_null(sql, column, false),
            Comparison::Less | Comparison::Greater if absent => {
                sql.push_str("FALSE");
                true
            }
            Comparison::Equal => equality(sql, column, value, self.reading),
            Comparison::NotEqual => {
                let start = sql.len();
                sql.push_str("((");
                let exact = equality(sql, column, value, self.reading);
                sql.push_str(") IS NOT TRUE)");
                or_all(sql, start, exact)
            }
            operator => range(sql, column, operator, value, self.reading),
        }
    }

    fn one_of(&self, sql: &mut String, column: &TableColumn, values: &[Value]) -> bool {
        let start = sql.len();
        let (absent, present): (Vec<&Value>, Vec<&Value>) =
            values.iter().partition(|value| value.is_absent());
        sql.push('(');
        let mut exact = true;
        if !absent.is_empty() {
            exact &= self.is_null(sql, column, true);
            sql.push_str(" OR ");
        }
        exact &= listed(sql, column, &present, self.reading);
        sql.push(')');
        or_all(sql, start, exact)
    }

    fn tuples(
        &self,
        sql: &mut String,
        paths: &[String],
        tuples: &[Vec<Value>],
    ) -> Result<bool, StoreError> {
        let columns = self.table.named(paths)?;
        if let [column] = columns.as_slice() {
            let values: Vec<Value> =
                tuples.iter().filter_map(|tuple| tuple.first().cloned()).collect();
            return Ok(self.one_of(sql, column, &values));
        }
        if tuples.is_empty() || columns.is_empty() {
            sql.push_str("FALSE");
            return Ok(true);
        }
        // A list of rows of constants is looked up in an index; alternatives of their own are not
        // when there are many.
        let start = sql.len();
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let mut rows = String::new();
        let mut exact = true;
        for tuple in tuples {
            let length = rows.len();
            rows.push_str(if length == 0 { "(" } else { ",(" });
            let mut held = true;
            for (index, (column, value)) in columns.iter().zip(tuple).enumerate() {
                rows.push_str(if index == 0 { "" } else { "," });
                match super::compare::operand(&mut rows, column, value, self.reading) {
                    super::compare::Operand::Exact => {}
                    super::compare::Operand::Wider => exact = false,
                    super::compare::Operand::Nothing => held = false,
                    super::compare::Operand::Unknown => {
                        sql.truncate(start);
                        sql.push_str("TRUE");
                        return Ok(false);
                    }
                }
            }
            rows.push(')');
            if !held {
                rows.truncate(length);
            }
        }
        if rows.is_empty() {
            sql.push_str("FALSE");
            return Ok(true);
        }
        sql.push_str(&format!("(({}) IN ({rows}))", names.join(",")));
        Ok(exact)
    }

    fn page(
        &self,
        sql: &mut String,
        paths: &[String],
        tuple: &[Value],
        after: bool,
    ) -> Result<bool, StoreError> {
        let columns = self.table.named(paths)?;
        let ranged = columns.iter().zip(tuple).all(|(column, value)| {
            is_ranged(column, value, self.reading)
                && column.column_type.by_bytes
                && !column.column_type.padded
        });
        if !ranged || columns.is_empty() {
            sql.push_str("TRUE");
            return Ok(false);
        }
        sql.push('(');
        for (index, (column, value)) in columns.iter().zip(tuple).enumerate() {
            sql.push_str(if index == 0 { "(" } else { " OR (" });
            for (column, value) in columns[..index].iter().zip(tuple) {
                equality(sql, column, value, self.reading);
                sql.push_str(" AND ");
            }
            range(sql, column, Comparison::Greater, value, self.reading);
            sql.push(')');
        }
        sql.push_str(if after { ") IS TRUE" } else { ") IS NOT TRUE" });
        Ok(true)
    }
}

/// Puts a condition that lets everything through in the place of one that is not exact.
fn or_all(sql: &mut String, start: usize, exact: bool) -> bool {
    if !exact {
        sql.truncate(start);
        sql.push_str("TRUE");
    }
    exact
}
