//! What a connection leaves behind on purpose: names with `*` for any characters.
//!
//! A name has as many parts between dots as what it means: `tmp_*` is tables, `people.fax` a column,
//! `audit.*` the tables of a schema.

/// Whether a name means this table or collection.
pub(super) fn is_entity(pattern: &str, entity: &str) -> bool {
    let (pattern, entity) = (parts(pattern), parts(entity));
    pattern.len() == entity.len() && all(&pattern, &entity)
}

/// Whether a name means this column of the table or collection, or a place that it is in.
pub(super) fn is_column(pattern: &str, entity: &str, column: &str) -> bool {
    let pattern = parts(pattern);
    let whole: Vec<&str> = parts(entity).into_iter().chain(parts(column)).collect();
    let own = parts(entity).len();
    pattern.len() > own && pattern.len() <= whole.len() && all(&pattern, &whole)
}

fn parts(name: &str) -> Vec<&str> {
    name.split('.').collect()
}

/// Whether the first parts match, one by one.
fn all(patterns: &[&str], names: &[&str]) -> bool {
    patterns.iter().zip(names).all(|(pattern, name)| matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = name.find(piece) else { return false };
        name = &name[at + piece.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name) in
            [("*", "x"), ("tmp_*", "tmp_"), ("*_log_*", "a_log_b"), ("a*b*c", "abxbc"), ("x", "x")]
        {
            assert!(is_entity(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("tmp_*", "temp_1"), ("a*a", "a"), ("*_log", "log"), ("*", "audit.x"), ("x", "xy")]
        {
            assert!(!is_entity(pattern, name), "{pattern} {name}");
        }
        assert!(is_entity("audit.*", "audit.x"));
    }

    #[test]
    fn a_name_of_tables_means_no_column() {
        assert!(!is_column("*", "people", "fax"));
        assert!(is_column("people.fax", "people", "fax"));
        assert!(is_column("*.created_*", "people", "created_by"));
        assert!(is_column("people.address", "people", "address.street"));
        assert!(!is_column("people.address.street", "people", "address"));
        assert!(!is_column("audit.*", "audit.x", "fax"));
    }
}
