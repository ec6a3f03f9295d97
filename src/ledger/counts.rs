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
    /// Records that are no longer in the source and were deleted from the target.
    pub deleted: u64,
    /// Records that are no longer in the source and were marked in the target.
    pub marked: u64,
    /// Records that are no longer in the source and stay as they are, for each reason.
    pub kept: BTreeMap<String, u64>,
}

/// What the ledger calls the counts of records that are no longer in the source, among the reasons.
const DELETED: &str = "deleted";
const MARKED: &str = "marked";
const KEPT: &str = "kept: ";

impl Counts {
    /// Counts one record of that fate. It was read, unless its source no longer has it.
    pub fn add(&mut self, fate: &Fate) {
        if !matches!(fate, Fate::Deleted | Fate::Marked) {
            self.read += 1;
        }
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
            Fate::Deleted => self.deleted += 1,
            Fate::Marked => self.marked += 1,
        }
    }

    /// Records that are no longer in the source and stay as they are.
    pub fn deleted_kept(&self) -> u64 {
        self.kept.values().sum()
    }

    /// The reasons as the ledger stores them: what is no longer in the source is among them.
    pub(super) fn stored_reasons(&self) -> BTreeMap<String, u64> {
        let mut all = self.reasons.clone();
        for (name, count) in [(DELETED, self.deleted), (MARKED, self.marked)] {
            if count > 0 {
                all.insert(name.to_owned(), count);
            }
        }
        let repairs = self.repairs.iter();
        all.extend(repairs.map(|(name, count)| (format!("{REPAIRED}{name}"), *count)));
        all.extend(self.kept.iter().map(|(reason, count)| (format!("{KEPT}{reason}"), *count)));
        all
    }

    /// The same counts with the reasons that the ledger stores.
    pub(super) fn with_stored_reasons(mut self, stored: BTreeMap<String, u64>) -> Self {
        for (name, count) in stored {
            if name == DELETED {
                self.deleted = count;
            } else if name == MARKED {
                self.marked = count;
            } else if let Some(reason) = name.strip_prefix(KEPT) {
                self.kept.insert(reason.to_owned(), count);
            } else if let Some(repair) = name.strip_prefix(REPAIRED) {
                self.repairs.insert(repair.to_owned(), count);
            } else {
                self.reasons.insert(name, count);
            }
        }
        self
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
        self.deleted += other.deleted;
        self.marked += other.marked;
        for (own, others) in [(&mut self.reasons, &other.reasons), (&mut self.kept, &other.kept)] {
            for (reason, count) in others {
                *own.entry(reason.clone()).or_default() += count;
            }
        }
        for (repair, count) in &other.repairs {
            *self.repairs.entry(repair.clone()).or_default() += count;
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

    #[test]
    fn what_the_source_no_longer_has_was_not_read() {
        let mut counts = Counts::default();
        for fate in [Fate::Skipped("exists".into()), Fate::Deleted, Fate::Deleted, Fate::Marked] {
            counts.add(&fate);
        }
        counts.kept.insert("edited since".into(), 3);
        assert!(counts.is_conserved());
        assert_eq!((counts.read, counts.deleted, counts.marked), (1, 2, 1));
        assert_eq!(counts.deleted_kept(), 3);
        let stored = counts.stored_reasons();
        let again = Counts { reasons: BTreeMap::new(), kept: BTreeMap::new(), ..counts.clone() };
        assert_eq!(again.with_stored_reasons(stored), counts);
        let mut twice = counts.clone();
        twice.merge(&counts);
        assert_eq!((twice.deleted, twice.marked, twice.deleted_kept()), (4, 2, 6));
    }
}
