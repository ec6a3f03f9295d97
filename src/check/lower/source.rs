//! Sources.

use crate::check::Checker;
use crate::connectors::{FileFormat, FileSource, ScanSource};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::plan;
use crate::spec::{self, Input};
use crate::value::DataType;
use crate::value::query::Filter;

/// A source that is right.
pub(super) struct LoweredSource {
    pub(super) source: plan::Source,
    /// What is read, in the spec.
    pub(super) span: Span,
    /// The connection's name in the spec, or the files' pattern.
    pub(super) name: String,
    /// Declared types.
    pub(super) columns: Vec<(String, DataType)>,
    /// How files are read.
    pub(super) files: Option<FileSource>,
}

impl<'s> Checker<'s> {
    /// Lowers the source of a phase.
    pub(super) fn source(
        &mut self,
        phase: usize,
        source: &'s spec::Source,
    ) -> Option<LoweredSource> {
        let spec = self.phases[phase].spec;
        let columns = self.columns(source);
        let filter = source.filter.as_ref();
        if let Input::Files(files) = &source.input {
            return self.files(spec, source, files, columns);
        }
        let handle = source.connection.as_ref().and_then(|name| self.connection(spec, name))?;
        let readable = self.readable(source, &handle);
        let (read, span) = match &source.input {
            Input::Entity(entity) => {
                let name = self.entity(entity, &handle)?;
                self.facts[phase].reads = Some((handle.store, name.clone()));
                (ScanSource::Entity(name), entity.name.span())
            }
            // Where none can be asked, that was said.
            Input::Query(_) if !readable => return None,
            Input::Query(query) => {
                let text = self.query(query, &handle)?;
                (ScanSource::Query(text.to_string()), text.span())
            }
            Input::Pipeline { collection, stages } => {
                self.facts[phase].reads = Some((handle.store, collection.to_string()));
                let scan = ScanSource::Pipeline {
                    entity: collection.to_string(),
                    stages: stages.value.clone(),
                };
                (scan, collection.span())
            }
            Input::Files(_) | Input::Invalid => return None,
        };
        let columns = columns?;
        readable.then(|| LoweredSource {
            source: plan::Source {
                connection: handle.id,
                scan: read,
                key: source.key.iter().map(ToString::to_string).collect(),
                filter: filter.map_or(Filter::All, |filter| filter.filter.clone()),
                changes: source.changes.as_ref().and_then(changes),
            },
            span,
            name: handle.name,
            columns,
            files: None,
        })
    }

    /// Declared column types.
    fn columns(&mut self, source: &spec::Source) -> Option<Vec<(String, DataType)>> {
        let types: Vec<Option<(String, DataType)>> = source
            .columns
            .iter()
            .map(|(name, text)| Some((name.to_string(), self.data_type(text)?)))
            .collect();
        types.into_iter().collect()
    }

    fn files(
        &mut self,
        spec: usize,
        source: &'s spec::Source,
        files: &'s spec::Files,
        columns: Option<Vec<(String, DataType)>>,
    ) -> Option<LoweredSource> {
        if let Some(label) = &files.encoding {
            self.encoding(label);
        }
        let (by_ending, tabs) = format_of(&files.pattern.text);
        let format = match files.format.map(|format| format.value) {
            Some(spec::FileFormat::JsonLines) => Some(FileFormat::JsonLines),
            Some(spec::FileFormat::Csv) => Some(FileFormat::Csv),
            None => by_ending,
        };
        if format.is_none() {
            self.report(
                Diagnostic::new(&codes::UNKNOWN_FORMAT, "the files' ending tells no format")
                    .at(files.pattern.text.span(), "which format?")
                    .help("say it: `format = \"csv\"` or `format = \"jsonl\"`"),
            );
        }
        let pattern = self.options.working_directory.join(files.pattern.resolve());
        let read = FileSource {
            pattern,
            format: Some(format?),
            encoding: files.encoding.as_ref().map(ToString::to_string),
            delimiter: files
                .delimiter
                .map_or(if tabs { b'\t' } else { b',' }, |delimiter| delimiter.value),
            null_values: files.null_values.iter().map(ToString::to_string).collect(),
            columns: columns?,
        };
        let connection = self.files_connection(spec, &files.pattern.text, read.clone());
        Some(LoweredSource {
            source: plan::Source {
                connection,
                scan: ScanSource::Files,
                key: source.key.iter().map(ToString::to_string).collect(),
                filter: source.filter.as_ref().map_or(Filter::All, |filter| filter.filter.clone()),
                changes: source.changes.as_ref().and_then(changes),
            },
            span: files.pattern.text.span(),
            name: files.pattern.text.to_string(),
            columns: read.columns.clone(),
            files: Some(read),
        })
    }
}

/// How later runs find what changed.
fn changes(of: &spec::Changes) -> Option<plan::Changes> {
    let overlap = of.overlap.map(|overlap| match overlap.value {
        spec::Overlap::Time(time) => plan::Overlap::Time(time),
        spec::Overlap::Number(number) => plan::Overlap::Number(number),
    });
    Some(match of.by.value {
        spec::ChangesBy::Key => plan::Changes::Key { overlap },
        spec::ChangesBy::Column => {
            plan::Changes::Column { column: of.column.as_ref()?.to_string(), overlap }
        }
        spec::ChangesBy::Hash => plan::Changes::Hash,
    })
}

/// The format that an ending tells, and whether its fields are separated by tabs.
fn format_of(pattern: &str) -> (Option<FileFormat>, bool) {
    let name = pattern.to_ascii_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let format = if ends(&[".jsonl", ".ndjson", ".json"]) {
        Some(FileFormat::JsonLines)
    } else if ends(&[".csv", ".tsv"]) {
        Some(FileFormat::Csv)
    } else {
        None
    };
    (format, ends(&[".tsv"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_the_ending_whatever_compresses_the_file() {
        assert_eq!(format_of("data/*.CSV").0, Some(FileFormat::Csv));
        assert_eq!(format_of("a.tsv.gz"), (Some(FileFormat::Csv), true));
        assert_eq!(format_of("a.jsonl.zst"), (Some(FileFormat::JsonLines), false));
        assert_eq!(format_of("a.txt"), (None, false));
    }
}
