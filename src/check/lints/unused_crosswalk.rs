//! A crosswalk that no field of its spec uses. One that came by `include` is shared.

use crate::check::Checker;
use crate::diagnostics::{Diagnostic, codes};

pub(super) fn run(checker: &mut Checker<'_>) {
    let set = checker.set;
    for (at, spec) in set.specs.iter().enumerate() {
        for crosswalk in &spec.crosswalks {
            let name = &crosswalk.name;
            let used = checker.used_crosswalks.contains(&(at, name.as_str()));
            if !used && name.span().source == spec.source {
                checker.report(
                    Diagnostic::new(
                        &codes::UNUSED_CROSSWALK,
                        format!("crosswalk `{name}` is not used"),
                    )
                    .at(name.span(), "nothing uses it"),
                );
            }
        }
    }
}
