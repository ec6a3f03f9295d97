//! Which files a pattern means, and what is in them.

use std::path::{Path, PathBuf};

use crate::connectors::{FileFormat, FileSource, StoreError, StoreErrorKind};

/// One file of a source.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    /// Its path below the pattern's fixed part: what keys and messages call it.
    pub(super) name: String,
    pub(super) format: FileFormat,
    pub(super) compression: Compression,
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// The files that match, sorted by path.
///
/// # Errors
/// When none does, or one has an ending that says no format.
pub(super) fn files(source: &FileSource) -> Result<Vec<SourceFile>, StoreError> {
    let pattern = source.pattern.to_string_lossy();
    let error = |kind, what: String| StoreError::new(kind, format!("{pattern}: {what}"));
    let found = glob::glob(&pattern)
        .map_err(|e| error(StoreErrorKind::Query, format!("the pattern is wrong: {}", e.msg)))?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|e| {
            error(StoreErrorKind::Unavailable, format!("a folder can't be read: {}", e.error()))
        })?;
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(error(StoreErrorKind::NotFound, "no file matches".to_owned()));
    }
    let base = base(&source.pattern);
    paths.into_iter().map(|path| source_file(path, &base, source)).collect()
}

/// The part of a pattern before its first wildcard.
fn base(pattern: &Path) -> PathBuf {
    let fixed = |part: &std::path::Component<'_>| {
        !part.as_os_str().to_string_lossy().contains(['*', '?', '['])
    };
    let base: PathBuf = pattern.components().take_while(fixed).collect();
    if base == pattern { base.parent().map(Path::to_path_buf).unwrap_or_default() } else { base }
}

fn source_file(path: PathBuf, base: &Path, source: &FileSource) -> Result<SourceFile, StoreError> {
    let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().into_owned();
    let lower = name.to_ascii_lowercase();
    let (plain, compression) = if let Some(plain) = lower.strip_suffix(".gz") {
        (plain, Compression::Gzip)
    } else if let Some(plain) = lower.strip_suffix(".zst") {
        (plain, Compression::Zstd)
    } else {
        (lower.as_str(), Compression::None)
    };
    let ending = plain.rsplit('.').next().unwrap_or_default();
    let format = match (source.format, ending) {
        (Some(format), _) => format,
        (None, "jsonl" | "ndjson" | "json") => FileFormat::JsonLines,
        (None, "csv" | "tsv") => FileFormat::Csv,
        (None, _) => {
            let message = format!("{name}: the ending says no format; say `format`");
            return Err(StoreError::new(StoreErrorKind::Unsupported, message));
        }
    };
    Ok(SourceFile { path, name, format, compression })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_below_the_fixed_part() {
        assert_eq!(base(Path::new("/data/in/*.csv")), Path::new("/data/in"));
        assert_eq!(base(Path::new("/data/*/a.csv")), Path::new("/data"));
        assert_eq!(base(Path::new("/data/a.csv")), Path::new("/data"));
    }
}
