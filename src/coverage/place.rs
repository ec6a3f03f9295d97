//! Places inside records: how they are written, and which of them a read covers.

use crate::expr::Part;

/// A place as a path is written.
pub(super) fn text(place: &[Part]) -> String {
    let mut text = String::new();
    for part in place {
        match part {
            Part::Name(name) if name.contains(['.', '[', '\'']) => {
                text.push_str(&format!("['{}']", name.replace('\'', "\\'")));
            }
            Part::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Part::Each => text.push_str("[*]"),
            Part::Deep => text.push_str("[..]"),
        }
    }
    text
}

/// The place that a dotted path of a filter, a key or a spec means.
pub(super) fn parse(path: &str) -> Vec<Part> {
    let names = path.split(['.', '[']).map(|name| name.trim_end_matches(']'));
    names
        .filter(|name| !name.is_empty())
        .map(|name| if name == "*" { Part::Each } else { Part::Name(name.to_owned()) })
        .collect()
}

/// Whether all that stands at `leaf` is read with `read`: it is the same place, inside of it, or a
/// place inside of the leaf's own value. Elements count as their list.
pub(super) fn covers(read: &[Part], leaf: &[Part]) -> bool {
    touches(read, leaf, true)
}

/// Whether `leaf` is `read` or stands in it.
pub(super) fn is_in(read: &[Part], leaf: &[Part]) -> bool {
    touches(read, leaf, false)
}

fn touches(read: &[Part], leaf: &[Part], inside: bool) -> bool {
    let (Some(step), Some(part)) = (read.first(), leaf.first()) else {
        return read.is_empty() || inside || read.iter().all(|step| *step == Part::Each);
    };
    let (after, below) = (&read[1..], &leaf[1..]);
    match (step, part) {
        (Part::Deep, _) => (0..leaf.len()).any(|skip| touches(after, &leaf[skip..], inside)),
        (Part::Each, _) => touches(after, leaf, inside) || touches(after, below, inside),
        (Part::Name(_), Part::Each) => touches(read, below, inside),
        (Part::Name(name), Part::Name(other)) => name == other && touches(after, below, inside),
        (Part::Name(_), Part::Deep) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Path;

    fn read(path: &str) -> Vec<Part> {
        Path::parse(path, false, None).unwrap().places().taken.remove(0)
    }

    #[test]
    fn a_read_covers_what_is_in_it_and_the_value_that_it_is_in() {
        let covered = |path: &str, leaf: &str| covers(&read(path), &parse(leaf));
        assert!(covered("a", "a"));
        assert!(covered("a", "a.b"));
        assert!(covered("a.b", "a"));
        assert!(!covered("a.b", "a.c"));
        assert!(covered("items[0].sku", "items[*].sku"));
        assert!(covered("items[*].sku", "items[*].sku"));
        assert!(!covered("items[*].sku", "items[*].price"));
        assert!(covered("$", "anything.at[*].all"));
        assert!(covered("$..sku", "items[*].sku"));
        assert!(!covered("$..sku", "items[*].price"));
        assert!(!covered("$..sku", "name"));
        assert!(covered("tags[*]", "tags"));
        assert!(covered("by_day.*.total", "by_day.monday.total"));
        assert!(!is_in(&read("a.b"), &parse("a")));
        assert!(is_in(&read("tags[*]"), &parse("tags")));
    }

    #[test]
    fn places_are_written_as_paths() {
        for path in ["a", "items[*].sku", "a.b"] {
            assert_eq!(text(&parse(path)), path);
        }
        assert_eq!(text(&[Part::Name("a.b".into()), Part::Each]), "['a.b'][*]");
    }
}
