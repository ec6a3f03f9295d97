//! Names of phases and crosswalks: each reference finds what it names.

use super::Checker;
use crate::diagnostics::{Diagnostic, codes, wording};
use crate::document::Text;
use crate::spec;

impl<'s> Checker<'s> {
    /// The phase that a spec calls so: one of its own by its short name, or any by its full name.
    pub(super) fn find_phase(&self, spec: usize, name: &str) -> Option<usize> {
        let own = |at: &usize| {
            let phase = self.phases[*at];
            phase.spec == spec && phase.phase.name.as_str() == name
        };
        let full = |at: &usize| {
            let phase = self.phases[*at];
            name.strip_prefix(self.spec_name(phase.spec))
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest == phase.phase.name.as_str())
        };
        (0..self.phases.len()).find(own).or_else(|| (0..self.phases.len()).find(full))
    }

    /// The phase that a text of a spec names; an unknown one is reported.
    pub(super) fn phase(&mut self, spec: usize, name: &Text) -> Option<usize> {
        let found = self.find_phase(spec, name);
        if found.is_none() {
            let help = self.phase_help(spec, name);
            self.report_unknown(
                Diagnostic::new(&codes::UNKNOWN_PHASE, format!("there is no phase `{name}`"))
                    .at(name.span(), "not a phase")
                    .maybe_help(help),
            );
        }
        found
    }

    fn phase_help(&self, spec: usize, name: &str) -> Option<String> {
        if self.set.specs[spec]
            .checks
            .iter()
            .any(|check| check.name.as_ref().is_some_and(|check| check.as_str() == name))
        {
            return Some("this is the name of a check; only phases can be named here".to_owned());
        }
        let own: Vec<String> =
            self.set.specs[spec].phases.iter().map(|phase| phase.name.to_string()).collect();
        let others: Vec<String> = (0..self.phases.len())
            .filter(|at| self.phases[*at].spec != spec)
            .map(|at| self.full_name(at))
            .collect();
        let all: Vec<&str> = own.iter().chain(&others).map(String::as_str).collect();
        if let Some(candidate) = wording::suggest(name, all.iter().copied()) {
            return Some(format!("did you mean `{candidate}`?"));
        }
        if let Some(other) = others.iter().find(|full| full.rsplit('.').next() == Some(name)) {
            return Some(format!("a phase of another spec is named in full: `{other}`"));
        }
        wording::did_you_mean(name, &all, "there are")
    }

    /// The crosswalk that a text of a spec names; an unknown one is reported.
    pub(super) fn crosswalk(&mut self, spec: usize, name: &Text) -> Option<&'s spec::Crosswalk> {
        let set = self.set;
        let found = set.specs[spec].crosswalk(name);
        if let Some(crosswalk) = found {
            self.used_crosswalks.insert((spec, crosswalk.name.as_str()));
            return found;
        }
        let names: Vec<&str> =
            set.specs[spec].crosswalks.iter().map(|other| other.name.as_str()).collect();
        let help = wording::did_you_mean(name, &names, "there are")
            .unwrap_or_else(|| format!("define it: [crosswalk.{name}]"));
        self.report_unknown(
            Diagnostic::new(&codes::UNKNOWN_CROSSWALK, format!("there is no crosswalk `{name}`"))
                .at(name.span(), "not a crosswalk")
                .help(help),
        );
        None
    }
}
