//! Counts of a phase, and the law that they obey.

use std::collections::BTreeMap;

use super::Fate;

/// What repairs are called among the reasons in the ledger.
const REPAIRED: &str = "repaired: ";

/// What became of a phase's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Source records read. The same as `read` unless the phase explodes.
    pub sources: u64,
    /// Source records without an element, when the phase explodes.
    pub empty_sources: u64,
    /// Records (or elements) read.
    pub read: u64,
    /// Records that are new in the target.
    pub inserted: u64,
    /// Records that were changed in the target.
    pub updated: u64,
    /// Records that the target held already with the same content.
    pub unchanged: u64,
    /// Records left out, with a reason.
    pub skipped: u64,
    /// Records refused, with a reason.
    pub rejected: u64,
    /// How many were skipped or rejected for each reason (`skipped: exists`).
    pub reasons: BTreeMap<String, u64>,
    /// How often something was done to bring a record in all the same, by field
    /// (`owner_id: link 2`).
    pub repairs: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one record of that fate, which was read.
    pub fn add(&mut self, fate: &Fate) {
        self.read += 1;
        self.count(fate);
    }

    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Inserted => self.inserted += 1,
            Fate::Updated => self.updated += 1,
            Fate::Unchanged => self.unchanged += 1,
            Fate::Skipped(reason) => {
                self.skipped += 1;
                *self.reasons.entry(format!("skipped: {reason}")).or_default() += 1;
            }
            Fate::Rejected(reason) => {
                self.rejected += 1;
                *self.reasons.entry(format!("rejected: {reason}")).or_default() += 1;
            }
        }
    }

    /// Takes back a reject that is tried again, so that its new fate can be counted. False when no
    /// such reject was counted.
    pub fn withdraw_reject(&mut self, reason: &str) -> bool {
        let name = format!("rejected: {reason}");
        match self.reasons.get_mut(&name) {
            Some(count) if *count > 0 && self.rejected > 0 && self.read > 0 => {
                *count -= 1;
                self.rejected -= 1;
                self.read -= 1;
            }
            _ => return false,
        }
        self.reasons.retain(|_, count| *count > 0);
        true
    }

    /// Adds other counts to these.
    pub fn merge(&mut self, other: &Self) {
        self.sources += other.sources;
        self.empty_sources += other.empty_sources;
        self.read += other.read;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
        for (repair, count) in &other.repairs {
            *self.repairs.entry(repair.clone()).or_default() += count;
        }
    }

    /// Reasons and repairs as the ledger stores them together.
    pub(super) fn notes(&self) -> BTreeMap<String, u64> {
        let repairs =
            self.repairs.iter().map(|(name, count)| (format!("{REPAIRED}{name}"), *count));
        self.reasons.clone().into_iter().chain(repairs).collect()
    }

    /// Takes them apart again.
    pub(super) fn set_notes(&mut self, notes: BTreeMap<String, u64>) {
        for (name, count) in notes {
            match name.strip_prefix(REPAIRED) {
                Some(repair) => self.repairs.insert(repair.to_owned(), count),
                None => self.reasons.insert(name, count),
            };
        }
    }

    /// Whether every record that was read has a fate:
    /// `read = inserted + updated + unchanged + skipped + rejected`, and every skip and reject a
    /// reason.
    pub fn is_conserved(&self) -> bool {
        let with_reason: u64 = self.reasons.values().sum();
        self.read == self.inserted + self.updated + self.unchanged + self.skipped + self.rejected
            && with_reason == self.skipped + self.rejected
    }

    /// Records that the target now holds because of the phase.
    pub fn arrived(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fate_keeps_the_law() {
        let mut counts = Counts::default();
        let fates = [
            Fate::Inserted,
            Fate::Updated,
            Fate::Unchanged,
            Fate::Skipped("exists".into()),
            Fate::Rejected("cast".into()),
        ];
        for fate in &fates {
            counts.add(fate);
        }
        assert!(counts.is_conserved());
        assert_eq!(counts.read, 5);
        assert_eq!(counts.reasons["skipped: exists"], 1);
        assert!(counts.withdraw_reject("cast"));
        assert!(!counts.withdraw_reject("cast"));
        assert!(counts.is_conserved());
        assert_eq!((counts.read, counts.rejected), (4, 0));
        counts.read += 1;
        assert!(!counts.is_conserved());
    }
}
