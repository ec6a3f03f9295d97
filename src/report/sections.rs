//! What is told below the summary of the phases, as rows of cells; text and Markdown show the same.

use super::{PhaseReport, Report};

/// Why records were skipped or rejected: phase, reason, records.
pub(super) fn reasons(report: &Report) -> Vec<[String; 3]> {
    rows(report, |phase| {
        let reasons = phase.reasons.iter();
        reasons.map(|(why, count)| [name(phase), why.clone(), count.to_string()]).collect()
    })
}

/// What was repaired: phase, field, how, records.
pub(super) fn repairs(report: &Report) -> Vec<[String; 4]> {
    rows(report, |phase| {
        let ways =
            phase.repairs.iter().flat_map(|(field, of)| of.iter().map(move |of| (field, of)));
        ways.map(|(field, (how, count))| {
            [name(phase), field.clone(), how.clone(), count.to_string()]
        })
        .collect()
    })
}

/// What records were taken apart into: phase, sentence.
pub(super) fn elements(report: &Report) -> Vec<[String; 2]> {
    rows(report, |phase| {
        phase.elements().map(|elements| [name(phase), elements]).into_iter().collect()
    })
}

/// What became of records that are no longer in the source: phase, sentence.
pub(super) fn gone(report: &Report) -> Vec<[String; 2]> {
    rows(report, |phase| {
        phase.gone(report.dry_run).into_iter().map(|gone| [name(phase), gone]).collect()
    })
}

/// What services were asked: phase, sentence.
pub(super) fn asked(report: &Report) -> Vec<[String; 2]> {
    rows(report, |phase| {
        phase.asked(report.dry_run).into_iter().map(|asked| [name(phase), asked]).collect()
    })
}

fn rows<R>(report: &Report, of: impl Fn(&PhaseReport) -> Vec<R>) -> Vec<R> {
    report.phases.iter().flat_map(of).collect()
}

fn name(phase: &PhaseReport) -> String {
    phase.phase.clone()
}
