//! Schemas of other projects, out of Debian packages.

use std::path::Path;
use std::process::Command;

use crate::servers;

/// A schema as its project ships it; `scripts/schemas` fetches it when it is not there yet.
pub(super) fn sql(name: &str) -> String {
    let path = servers::cache().join("schemas").join(name);
    if !path.exists() {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/schemas");
        let output = Command::new("bash").arg(script).output().unwrap();
        assert!(
            output.status.success(),
            "the schema {name} can't be had: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
