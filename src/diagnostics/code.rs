//! What a code is. The codes themselves are in [`super::codes`].

use std::fmt;

use super::Severity;

/// One kind of mistake, with its number and its page. Numbers are never used again.
#[derive(Debug)]
pub struct Code {
    /// The number: `E` or `W`, two digits for the stage, two within it.
    pub id: &'static str,
    /// The mistake in a few words.
    pub title: &'static str,
    /// What `mapper explain` prints.
    pub page: Page,
}

/// The explanation of a code.
#[derive(Debug)]
pub struct Page {
    /// What it means, in sentences.
    pub meaning: &'static str,
    /// The mistake, in the spec language.
    pub mistake: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

impl Code {
    /// How serious it is: by its letter.
    pub fn severity(&self) -> Severity {
        if self.id.starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The page as text.
    pub fn explanation(&self) -> String {
        let indented = |text: &str| {
            text.trim_matches('\n')
                .lines()
                .map(|line| if line.is_empty() { String::new() } else { format!("    {line}") })
                .collect::<Vec<_>>()
                .join("\n")
        };
        format!(
            "{id}: {title}\n\n{meaning}\n\nThe mistake:\n\n{mistake}\n\nInstead:\n\n{instead}\n",
            id = self.id,
            title = self.title,
            meaning = self.page.meaning,
            mistake = indented(self.page.mistake),
            instead = indented(self.page.instead),
        )
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id)
    }
}
