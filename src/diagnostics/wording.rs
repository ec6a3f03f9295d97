//! Small helpers that make messages read like sentences.

/// The candidate that is most like a misspelt name, when one is like it.
pub fn suggest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = name.to_lowercase();
    let allowed = (lower.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            // Words that were cut short or continued.
            let begins = lower.len().min(other.len()) >= 3
                && (other.starts_with(&lower) || lower.starts_with(&other));
            let distance = strsim::damerau_levenshtein(&lower, &other);
            (if begins { distance.min(allowed) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or else the list of what there is, when that is short.
pub fn did_you_mean(name: &str, candidates: &[&str], what: &str) -> Option<String> {
    const SHORT: usize = 12;
    if let Some(candidate) = suggest(name, candidates.iter().copied()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    match candidates {
        [] => None,
        list if list.len() <= SHORT => Some(format!("{what}: {}", and_list(list))),
        _ => None,
    }
}

/// "`a`, `b` or `c`".
pub fn or_list<S: AsRef<str>>(names: &[S]) -> String {
    quoted_list(names, "or")
}

/// "`a`, `b` and `c`".
pub fn and_list<S: AsRef<str>>(names: &[S]) -> String {
    quoted_list(names, "and")
}

fn quoted_list<S: AsRef<str>>(names: &[S], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    join(&quoted, word)
}

/// "a, b or c", without quotes.
pub fn join<S: AsRef<str>>(words: &[S], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., end] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", first.join(", "), end.as_ref())
        }
    }
}

/// "1 error", "2 errors".
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// "2 inserted, 1 kept": those that are not zero; `None` when all are.
pub fn counts(counts: &[(u64, &str)]) -> Option<String> {
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{count} {what}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// "a table", "an integer".
pub fn article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_alike_are_suggested() {
        let keys = ["source", "target", "batch"];
        assert_eq!(suggest("sorce", keys), Some("source"));
        assert_eq!(suggest("Batch", keys), Some("batch"));
        assert_eq!(suggest("btach", keys), Some("batch"), "swapped letters are one mistake");
        assert_eq!(suggest("fields", keys), None);
        assert_eq!(suggest("x", ["y"]), Some("y"));
        assert_eq!(
            did_you_mean("fields", &keys, "its keys are").unwrap(),
            "its keys are: `source`, `target` and `batch`"
        );
        assert_eq!(did_you_mean("fields", &[], "its keys are"), None);
    }

    #[test]
    fn lists_and_counts_read_like_sentences() {
        assert_eq!(or_list(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(and_list(&["a", "b"]), "`a` and `b`");
        assert_eq!(or_list(&["a"]), "`a`");
        assert_eq!(or_list::<&str>(&[]), "");
        assert_eq!((plural(1, "error"), plural(3, "error")), ("1 error".into(), "3 errors".into()));
        assert_eq!((article("integer"), article("table")), ("an integer".into(), "a table".into()));
    }
}
