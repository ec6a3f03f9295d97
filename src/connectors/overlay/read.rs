//! Reads that merge memory with the store below.

use std::sync::Arc;

use super::layer::{Layer, Layers};
use super::shape::Shape;
use super::{Shared, layers, locked};
use crate::connectors::{Layout, Rows, StoreError, compare_rows, matches, value_at};
use crate::value::Row;
use crate::value::query::{Filter, Select};

/// The changed rows that a filter wants.
pub(super) fn changed(layers: &mut Layers<'_>, shape: &Shape, filter: &Filter) -> Vec<Arc<Row>> {
    let wanted = |row: &&Arc<Row>| matches(filter, &shape.layout, row);
    if let Filter::Tuples { paths, tuples } = filter {
        let ids = layers.find(&shape.name, &shape.layout, paths, tuples);
        let rows = ids.iter().filter_map(|id| layers.row(&shape.name, id)?.row.as_ref());
        return rows.filter(wanted).cloned().collect();
    }
    let rows = layers.rows(&shape.name);
    rows.values().filter_map(|changed| changed.row.as_ref()).filter(wanted).cloned().collect()
}

impl Shared {
    /// The rows below that a filter wants, whole.
    pub(super) async fn rows_below(
        &self,
        shape: &Shape,
        filter: &Filter,
    ) -> Result<Vec<Row>, StoreError> {
        if !shape.below {
            return Ok(Vec::new());
        }
        let columns = match &shape.layout {
            Layout::Columns(names) => Some(names.to_vec()),
            Layout::Document => None,
        };
        let select = Select {
            entity: shape.name.clone(),
            columns,
            filter: filter.clone(),
            ..Select::default()
        };
        Ok(self.inner.select(&select).await?.rows)
    }

    /// Reads what a statement asks for.
    pub(super) async fn select(
        &self,
        select: &Select,
        own: &mut [Layer],
    ) -> Result<Rows, StoreError> {
        let shape = self.readable(&select.entity, own).await?;
        let touched = layers(&mut locked(&self.committed), own).touch(&select.entity);
        match &shape {
            // An entity that only the layers know is not there for the store below.
            Some(shape) if !touched && shape.below => return self.inner.select(select).await,
            Some(shape) => {
                let mut paths = filter_paths(&select.filter);
                paths.extend(select.order.iter().map(|key| key.path.clone()));
                paths.extend(select.columns.iter().flatten().cloned());
                shape.check(paths)?;
            }
            None => {}
        }
        let mut rows = Vec::new();
        let mut layout = Layout::Document;
        if let Some(shape) = &shape {
            layout = shape.layout.clone();
            rows = self.merged(shape, &select.filter, own).await?;
        }
        if select.order.is_empty() {
            if let Some(key) = shape.as_ref().map(Shape::primary_key) {
                rows.sort_by(|a, b| compare_rows(&layout, a, b, &ascending(key)));
            }
        } else {
            rows.sort_by(|a, b| compare_rows(&layout, a, b, &select.order));
        }
        if let Some(limit) = select.limit {
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        let Some(columns) = &select.columns else { return Ok(Rows { layout, rows }) };
        let values =
            |row: &Row| columns.iter().map(|path| value_at(&layout, row, path).clone()).collect();
        let rows = rows.iter().map(values).collect();
        Ok(Rows { layout: Layout::Columns(columns.iter().cloned().collect()), rows })
    }

    /// The rows that a filter wants, from below and from memory.
    pub(super) async fn merged(
        &self,
        shape: &Shape,
        filter: &Filter,
        own: &mut [Layer],
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.rows_below(shape, filter).await?;
        let mut committed = locked(&self.committed);
        let mut layers = layers(&mut committed, own);
        rows.retain(|row| layers.row(&shape.name, &shape.id_below(row)).is_none());
        rows.extend(changed(&mut layers, shape, filter).iter().map(|row| Row::clone(row)));
        Ok(rows)
    }

    /// Counts records.
    pub(super) async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        let Some(shape) = self.readable(entity, &mut []).await? else { return Ok(0) };
        shape.check(filter_paths(filter))?;
        let below = if shape.below { self.inner.count(entity, filter).await? } else { 0 };
        let mut committed = locked(&self.committed);
        let layers = layers(&mut committed, &mut []);
        let (mut more, mut fewer) = (0, 0);
        let wanted = |row: &Option<Arc<Row>>| {
            row.as_ref().is_some_and(|row| matches(filter, &shape.layout, row))
        };
        for changed in layers.rows(entity).values() {
            more += u64::from(wanted(&changed.row));
            fewer += u64::from(shape.below && wanted(&changed.below));
        }
        Ok((below + more).saturating_sub(fewer))
    }
}

pub(super) fn ascending(key: &[String]) -> Vec<crate::value::IndexKey> {
    let key =
        key.iter().map(|path| crate::value::IndexKey { path: path.clone(), descending: false });
    key.collect()
}

fn filter_paths(filter: &Filter) -> Vec<String> {
    let mut paths = Vec::new();
    crate::connectors::matching::paths_of(filter, &mut paths);
    paths.into_iter().map(str::to_owned).collect()
}
