//! Parts of documents that are made from the registers. `MAPPER_BLESS=1` writes them anew.

use std::fmt::Write as _;

use mapper::diagnostics::{Severity, codes};
use mapper::functions::{self, Category, Function};
use mapper::generate::fakes;
use mapper::spec::reference;

use super::root;

/// Holds what stands between `<!-- generated: name -->` and `<!-- end -->` against what it should
/// be.
fn keep(page: &str, name: &str, content: &str) {
    let path = root().join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let opening = format!("<!-- generated: {name} -->\n");
    let start = text.find(&opening).unwrap_or_else(|| panic!("{page} has no {opening}"));
    let start = start + opening.len();
    let end =
        start + text[start..].find("<!-- end -->").unwrap_or_else(|| panic!("{page}: no end"));
    let wanted = format!("\n{}\n\n", content.trim());
    if std::env::var_os("MAPPER_BLESS").is_some() {
        let blessed = format!("{}{wanted}{}", &text[..start], &text[end..]);
        std::fs::write(&path, blessed).unwrap();
        return;
    }
    assert!(
        text[start..end] == wanted,
        "{page} is out of date: run the tests with MAPPER_BLESS=1 and look at the difference"
    );
}

#[test]
fn the_keys_of_the_language() {
    keep("docs/language.md", "keys", &reference::markdown());
}

#[test]
fn the_transforms() {
    let mut text = String::new();
    let categories = [
        (Category::Text, "Text"),
        (Category::Number, "Numbers"),
        (Category::Date, "Dates and times"),
        (Category::Hash, "Hashes and codes"),
        (Category::Structure, "Lists, objects and JSON"),
        (Category::Null, "Null"),
    ];
    let of = |category| functions::ALL.iter().filter(move |f| f.category() == category);
    assert_eq!(
        categories.iter().map(|(category, _)| of(*category).count()).sum::<usize>(),
        functions::ALL.len(),
        "every category is a section"
    );
    for (category, title) in categories {
        let _ = writeln!(text, "## {title}\n");
        for function in of(category) {
            transform(&mut text, *function);
        }
    }
    keep("docs/transforms.md", "transforms", &text);
}

fn transform(text: &mut String, function: &dyn Function) {
    let _ = writeln!(text, "### {}\n\n{}", function.name(), function.summary());
    let _ = write!(text, "Gives {}.", function.returns());
    if function.takes_absent() {
        let _ = write!(text, " Also sees null and missing.");
    }
    let _ = writeln!(text, "\n");
    if !function.parameters().is_empty() {
        let _ = writeln!(text, "| parameter | takes | |\n|---|---|---|");
        for parameter in function.parameters() {
            let name = if parameter.required {
                format!("**`{}`**", parameter.name)
            } else {
                format!("`{}`", parameter.name)
            };
            let _ = writeln!(
                text,
                "| {name} | {} | {} |",
                parameter.kind.describe(),
                parameter.summary
            );
        }
        let _ = writeln!(text);
    }
    let _ = writeln!(text, "| `apply` | given | gives |\n|---|---|---|");
    for example in function.examples() {
        let gives = match example.gives {
            Ok(value) => code(value),
            Err(reason) => format!("reject, reason {}", code(reason)),
        };
        let _ = writeln!(text, "| {} | {} | {gives} |", code(example.apply), code(example.given));
    }
    let _ = writeln!(text);
}

/// Code in the cell of a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[test]
fn the_diagnostics() {
    let mut text = String::new();
    let titles = [
        ("E01", "E01: files"),
        ("E02", "E02: the shape of a spec"),
        ("E03", "E03: names and order"),
        ("E04", "E04: paths, expressions, transforms"),
        ("E05", "E05: what a store can do"),
        ("E06", "E06: against live stores"),
        ("E07", "E07: variables and URLs"),
        ("E08", "E08: tables and enums"),
        ("E09", "E09: test data"),
        ("E10", "E10: fields that services fill"),
        ("W", "W: warnings"),
    ];
    let of = |prefix: &'static str| codes::all().filter(move |code| code.id.starts_with(prefix));
    assert_eq!(
        titles.iter().map(|(prefix, _)| of(prefix).count()).sum::<usize>(),
        codes::all().count(),
        "every stage is a section"
    );
    for (prefix, title) in titles {
        let _ = writeln!(text, "## {title}\n");
        for known in of(prefix) {
            let word = match known.severity() {
                Severity::Error => "",
                Severity::Warning => " (warning)",
            };
            let said = format!("**{}**{word}. {}", known.title, known.page.meaning);
            let _ = writeln!(text, "### {}\n\n{}\n", known.id, wrapped(&said));
            for (label, example) in
                [("The mistake", known.page.mistake), ("Instead", known.page.instead)]
            {
                let _ =
                    writeln!(text, "{label}:\n\n```toml\n{}\n```\n", example.trim_matches('\n'));
            }
        }
    }
    keep("docs/diagnostics.md", "diagnostics", &text);
}

#[test]
fn the_list_of_fakes_is_that_of_the_register() {
    let mut text = "| fake | makes | can be unique |\n|---|---|---|\n".to_owned();
    for fake in fakes::ALL {
        let unique = if fake.can_be_unique() { "yes" } else { "no" };
        let _ = writeln!(text, "| `{}` | {} | {unique} |", fake.name, fake.summary);
    }
    keep("docs/language.md", "fakes", &text);
}

/// Text as a paragraph of short lines.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 118 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
