//! The register of codes: one file per stage, one list of all.

mod enrich;
mod expression;
mod file;
mod live;
mod name;
mod secret;
mod seed;
mod shape;
mod store;
mod structure;
mod warning;

pub use enrich::{BAD_BODY, SENT_AGAIN, UNKNOWN_BODY_NAME, UNKNOWN_INPUT};
pub use expression::{
    BAD_ARGUMENT, BAD_ID, BAD_PATH, BAD_SYNTAX, BAD_TIME_PATTERN, EACH_LOOKUP, LET_CYCLE,
    MISSING_TIMEZONE, NAME_OUT_OF_PLACE, RESERVED_NAME, UNKNOWN_FUNCTION, UNKNOWN_LET,
    UNKNOWN_TIMEZONE, UNKNOWN_TRANSFORM, UNKNOWN_TYPE,
};
pub use file::{
    EMPTY_SPEC, INCLUDE_CYCLE, INCLUDE_UNREADABLE, NEWER_TOML, NO_SPECS, NOT_UTF8,
    NUMBER_TOO_LARGE, SYNTAX, TOO_DEEP, TOO_LARGE, UNREADABLE_FILE,
};
pub use live::{
    ARITHMETIC, COLUMN_NOT_FILLED, GENERATED_COLUMN, NO_SOURCE_KEY, NO_SUCH_COLUMN, NO_SUCH_ENTITY,
    NO_SUCH_TARGET_COLUMN, PATH_INTO_COLUMN, STORE_FAILED, TYPE_MISMATCH,
};
pub use name::{
    CYCLE, KEY_NOT_MAPPED, NOT_LOOKED_UP, OVERLAPPING_FIELDS, UNKNOWN_CONNECTION,
    UNKNOWN_CROSSWALK, UNKNOWN_PHASE,
};
pub use secret::{BAD_PLACEHOLDER, BAD_URL, PASSWORD_IN_SPEC, UNSET_VARIABLE};
pub use seed::{BAD_GENERATOR, NOT_UNIQUE, UNKNOWN_FAKE, UNKNOWN_SEED, UNKNOWN_SEED_FIELD};
pub use shape::{
    BAD_CHOICE, BAD_FILTER, BAD_LITERAL, BAD_NAME, BAD_VALUE, DOTTED_KEY, DUPLICATE, EMPTY,
    MARK_FIELD, MARK_READS, MISPLACED_KEY, MISSING_KEY, NONE_OF, SEVERAL_OF, SPEC_VERSION,
    UNKNOWN_KEY, WRONG_TYPE,
};
pub use store::{
    EXPECTATION, IMPOSSIBLE_MODEL, IMPOSSIBLE_READ, IMPOSSIBLE_WRITE, NO_TRANSACTION, NOT_SWITCHED,
    UNKNOWN_ENCODING, UNKNOWN_FORMAT, UNKNOWN_SCHEME, WRONG_ENTITY_KIND,
};
pub use structure::{
    BAD_DEFAULT, BAD_RENAME, IMPOSSIBLE_ACTION, NAME_TOO_LONG, NOT_IN_THIS_STORE, NULL_IN_KEY,
    REFERENCE_NOT_UNIQUE, REFERENCE_TYPE, UNKNOWN_COLUMN, UNKNOWN_COLUMN_TYPE, UNKNOWN_TABLE,
};
pub use warning::{
    ENTITY_NOT_THERE, NO_UNIQUE_INDEX, PATH_NOT_FOUND, REPLACE_FORGETS, SIMILAR_COLUMN,
    UNCERTAIN_TYPE, UNUSED_CONNECTION, UNUSED_CROSSWALK, UNUSED_LET,
};

use super::Code;

/// Every code, in order.
pub static ALL: &[&[&Code]] = &[
    file::CODES,
    shape::CODES,
    name::CODES,
    expression::CODES,
    store::CODES,
    live::CODES,
    secret::CODES,
    structure::CODES,
    seed::CODES,
    enrich::CODES,
    warning::CODES,
];

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
