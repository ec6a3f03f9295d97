//! Pieces of TOML.

/// A text in quotes. What a spec would take for a variable stays what it is.
pub(super) fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|character| match character {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            other if other.is_control() => format!("\\u{:04X}", u32::from(other)),
            other => other.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// A text of the database, in which `${` is no variable.
pub(super) fn literal(text: &str) -> String {
    quoted(&text.replace("${", "$${"))
}

/// A key, in quotes where it must be.
pub(super) fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// `key = value`.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{name} = {value}")
}

/// Texts in brackets, on several lines where one would be long.
pub(super) fn list<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(|value| literal(value.as_ref())).collect();
    let one = format!("[{}]", values.join(", "));
    if one.len() <= 90 {
        return one;
    }
    format!("[\n    {},\n]", values.join(",\n    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quoted("a\"b\\c\n\u{7f}"), r#""a\"b\\c\n\u007F""#);
        assert_eq!(literal("${X}"), "\"$${X}\"");
        assert_eq!((key("a-b_1"), key("a b")), ("a-b_1".to_owned(), "\"a b\"".to_owned()));
        assert_eq!(list(&["a", "b"]), r#"["a", "b"]"#);
    }
}
