//! Files and folders that nobody but their owner may read, on disk before they are relied on.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a folder, and those above it, for the owner alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates a file for the owner alone. It must not be there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Sees that what a folder holds stays there when the power fails.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    // Elsewhere folders can't be opened; there the system orders it by itself.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// A name as part of a file's name, on every system.
pub(super) fn file_name(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
    let name = utf8_percent_encode(name, KEPT).to_string();
    // `.` and `..` are folders, and a leading dot hides.
    match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_folder() {
        for (name, file) in
            [("users", "users"), ("a.b", "a.b"), ("../x", "%2E.%2Fx"), ("ä", "%C3%A4")]
        {
            assert_eq!(file_name(name), file);
        }
    }
}
