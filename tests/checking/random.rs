//! No spec that can be read makes the checker panic, and every place is inside its file.

use mapper::diagnostics::render::{self, Style};
use proptest::prelude::*;

use super::check_files;

/// Specs that are changed at random.
const SEEDS: [&str; 5] = [
    include_str!("../plans/shop.toml"),
    include_str!("../plans/documents.toml"),
    include_str!("../diagnostics/ten_mistakes.toml"),
    include_str!("../../examples/hello/hello.toml"),
    include_str!("../../specs/treatment_goals.toml"),
];

/// What is put in: bits of paths, expressions and names that mean something elsewhere.
const BITS: [&str; 28] = [
    "@",
    "$",
    ".",
    "..",
    "[*]",
    "[?@.a",
    "let.",
    "let",
    "record",
    "target",
    "now",
    "{{ ",
    " }}",
    "{% if ",
    " | trim",
    "é",
    "💥",
    "orders",
    "customers",
    "shop",
    "number",
    "%",
    "(",
    "1e999",
    "\\u00e9",
    " and ",
    "date",
    "sqlite:",
];

fn holds(text: &str) {
    let (_, sources, diagnostics) = check_files(&[("a.toml", text)]);
    assert!(diagnostics.spans_are_valid(&sources), "{:?}", diagnostics.sorted());
    render::text(&diagnostics, &sources, Style::PLAIN);
}

fn border(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_specs_are_checked(
        seed in prop::sample::select(&SEEDS[..]),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..12usize, prop::sample::select(&BITS[..])),
            1..5,
        ),
    ) {
        let mut text = seed.to_owned();
        for (place, length, bit) in changes {
            let start = border(&text, place.index(text.len()));
            let end = border(&text, start + length);
            text.replace_range(start..end.max(start), bit);
        }
        holds(&text);
    }

    #[test]
    fn exchanged_words_are_checked(
        seed in prop::sample::select(&SEEDS[..]),
        exchanges in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        // Texts in quotes change places, so that the shape stays right and the meaning does not.
        let mut parts: Vec<&str> = seed.split('"').collect();
        let texts: Vec<usize> = (1..parts.len()).step_by(2).collect();
        for (one, other) in exchanges {
            parts.swap(texts[one.index(texts.len())], texts[other.index(texts.len())]);
        }
        holds(&parts.join("\""));
    }
}
