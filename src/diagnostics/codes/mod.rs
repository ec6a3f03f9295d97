//! The register of codes: one file per stage, one list of all.

mod file;
mod secret;
mod shape;

pub use file::*;
pub use secret::*;
pub use shape::*;

use super::Code;

/// Every code, in order.
pub static ALL: &[&[&Code]] = &[file::CODES, shape::CODES, secret::CODES];

/// Every code, in order.
pub fn all() -> impl Iterator<Item = &'static Code> {
    ALL.iter().copied().flatten().copied()
}

/// The code of that number, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    all().find(|code| code.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ordered_unique_and_well_formed() {
        let ids: Vec<&str> = all().map(|code| code.id).collect();
        assert!(ids.is_sorted(), "in order: {ids:?}");
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "unique: {ids:?}");
        for code in all() {
            let (letter, digits) = code.id.split_at(1);
            assert!(matches!(letter, "E" | "W"), "{code}");
            assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{code}");
            assert!(!code.title.ends_with('.') && code.page.meaning.ends_with('.'), "{code}");
            assert!(!code.page.mistake.trim().is_empty(), "{code}");
            assert!(!code.page.instead.trim().is_empty(), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_in_any_case_and_explains_itself() {
        let code = find("e0201").unwrap();
        let page = code.explanation();
        assert!(page.starts_with("E0201: unknown key\n\n"), "{page}");
        assert!(page.contains("\nInstead:\n\n    "), "{page}");
        assert!(find("E9999").is_none());
    }
}
