//! A connection that nothing in its spec names. One that came by `include` is shared, and may be
//! used by another spec.

use crate::check::Checker;
use crate::diagnostics::{Diagnostic, codes};

pub(super) fn run(checker: &mut Checker<'_>) {
    let set = checker.set;
    for (at, spec) in set.specs.iter().enumerate() {
        let unused: Vec<_> = checker.connections.unused(at).collect();
        for connection in unused {
            let name = &connection.name;
            if name.span().source == spec.source {
                checker.report(
                    Diagnostic::new(
                        &codes::UNUSED_CONNECTION,
                        format!("connection `{name}` is not used"),
                    )
                    .at(name.span(), "nothing uses it"),
                );
            }
        }
    }
}
