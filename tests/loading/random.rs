//! No input panics, and every place is inside its file.

use mapper::diagnostics::render::{self, Style};
use proptest::prelude::*;

use super::Files;

/// Specs that are changed at random.
const SEEDS: [&str; 4] = [
    include_str!("../schema/valid/documents.toml"),
    include_str!("../schema/valid/tables.toml"),
    include_str!("../diagnostics/e0203_wrong_types.toml"),
    include_str!("../diagnostics/many_mistakes.toml"),
];

/// Bits of TOML and of the language that are put in.
const BITS: [&str; 32] = [
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\\",
    "\\u00e9",
    "é",
    "💥",
    "#",
    "${",
    "}",
    "${A:-",
    "$${",
    "\0",
    "\r\n",
    "[[check]]\n",
    "[phase.a]\n",
    "{ \"$oid\" = ",
    "1e999",
    "2024-02-30",
    "a.b.c = 1\n",
    "://u:p@",
    "\u{feff}",
    " ",
];

fn holds(bytes: &[u8]) {
    let mut files = Files::default();
    files.0.insert("a.toml".into(), bytes.to_vec());
    let (_, sources, diagnostics) = files.load(&["a.toml"]);
    assert!(diagnostics.spans_are_valid(&sources), "{:?}", diagnostics.sorted());
    render::text(&diagnostics, &sources, Style::PLAIN);
    render::json(&diagnostics, &sources);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_load(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&bytes);
    }

    #[test]
    fn any_bits_load(bits in prop::collection::vec(prop::sample::select(&BITS[..]), 0..60)) {
        holds(bits.concat().as_bytes());
    }

    #[test]
    fn changed_specs_load(
        seed in prop::sample::select(&SEEDS[..]),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..30usize, prop::sample::select(&BITS[..])),
            1..6,
        ),
    ) {
        let mut text = seed.as_bytes().to_vec();
        for (at, length, bit) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, bit.bytes());
        }
        holds(&text);
    }
}

fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn deep_and_endless_input_ends() {
    for text in [
        "[".repeat(200_000),
        "{a=".repeat(100_000),
        format!("a = {}", "[".repeat(200_000)),
        format!("a{} = 1", ".a".repeat(200_000)),
        format!("[a{}]", ".a".repeat(200_000)),
        format!("a = \"{}\"", "x".repeat(1_000_000)),
        "x = \n".repeat(100_000),
        "[a]\n".repeat(100_000),
        many(100_000, |index| format!("key{index} = 1\n")),
        many(20_000, |index| format!("[crosswalk.c{index}]\n")),
    ] {
        holds(text.as_bytes());
    }
}
