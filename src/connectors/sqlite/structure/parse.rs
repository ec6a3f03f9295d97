//! Definitions as SQLite keeps them, which is as they were written: taken apart, and put together
//! again with a part changed. What no catalog tells (names of constraints, conditions, expressions)
//! is only there.

use std::ops::Range;

/// A piece of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A keyword or plain name.
    Word(String),
    /// A quoted name.
    Name(String),
    /// A text.
    Literal(String),
    /// Anything else.
    Sign(char),
}

/// The definition of a table in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableText {
    pub(super) columns: Vec<ColumnText>,
    pub(super) constraints: Vec<Clause>,
    /// What follows the parenthesis (`STRICT`, `WITHOUT ROWID`).
    pub(super) tail: String,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnText {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) clauses: Vec<Clause>,
}

/// A constraint of a column or table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// Its name, where it has one.
    pub(super) name: Option<String>,
    pub(super) kind: Kind,
    /// As it is written, with its name.
    pub(super) text: String,
}

/// What a constraint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The columns; none where it stands in a column. Whether numbers are never used again.
    PrimaryKey {
        columns: Vec<String>,
        autoincrement: bool,
    },
    NotNull,
    Null,
    Unique {
        columns: Vec<String>,
    },
    Check {
        expression: String,
    },
    /// What follows `DEFAULT`.
    Default {
        text: String,
    },
    Collate {
        name: String,
    },
    Generated {
        expression: String,
    },
    References(References),
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct References {
    pub(super) columns: Vec<String>,
    pub(super) table: String,
    /// The columns of that table; none stands for its primary key.
    pub(super) others: Vec<String>,
    /// `CASCADE`, `SET NULL`, …
    pub(super) on_delete: String,
    pub(super) on_update: String,
}

/// The definition of an index in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexText {
    /// Column or expression in parentheses, and whether it is descending.
    pub(super) keys: Vec<(String, bool)>,
    pub(super) condition: Option<String>,
}

impl TableText {
    /// Takes a definition apart; `None` when it is not understood.
    pub(super) fn parse(sql: &str) -> Option<Self> {
        let tokens = tokens(sql)?;
        let open = tokens.iter().position(|(token, _)| *token == Token::Sign('('))?;
        let close = closing(&tokens, open)?;
        let mut table = Self {
            columns: Vec::new(),
            constraints: Vec::new(),
            tail: sql[tokens[close].1.end..].trim().to_owned(),
        };
        for part in split(&tokens[open + 1..close]) {
            let mut cursor = Cursor { sql, tokens: part, at: 0 };
            if cursor.is_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]) {
                while !cursor.is_end() {
                    table.constraints.push(cursor.clause()?);
                }
            } else {
                table.columns.push(cursor.column()?);
            }
        }
        Some(table)
    }

    /// The statement that makes it under a name.
    pub(super) fn create(&self, quoted_name: &str) -> String {
        let columns = self.columns.iter().map(ColumnText::text);
        let constraints = self.constraints.iter().map(|clause| clause.text.clone());
        let parts: Vec<String> = columns.chain(constraints).collect();
        let tail = if self.tail.is_empty() { String::new() } else { format!(" {}", self.tail) };
        format!("CREATE TABLE {quoted_name} (\n  {}\n){tail}", parts.join(",\n  "))
    }
}

impl ColumnText {
    fn text(&self) -> String {
        let mut text = super::super::catalog::quote(&self.name);
        if !self.declared.is_empty() {
            text.push_str(&format!(" {}", self.declared));
        }
        for clause in &self.clauses {
            text.push_str(&format!(" {}", clause.text));
        }
        text
    }
}

impl IndexText {
    /// Takes a definition apart; `None` when it is not understood.
    pub(super) fn parse(sql: &str) -> Option<Self> {
        let tokens = tokens(sql)?;
        let open = tokens.iter().position(|(token, _)| *token == Token::Sign('('))?;
        let close = closing(&tokens, open)?;
        let mut keys = Vec::new();
        for part in split(&tokens[open + 1..close]) {
            let (mut part, mut descending) = (part, false);
            if let Some((Token::Word(word), _)) = part.last()
                && (word.eq_ignore_ascii_case("DESC") || word.eq_ignore_ascii_case("ASC"))
            {
                descending = word.eq_ignore_ascii_case("DESC");
                part = &part[..part.len() - 1];
            }
            let path = match part {
                [(Token::Word(name) | Token::Name(name), _)] => name.clone(),
                [(_, first), .., (_, last)] => {
                    let text = &sql[first.start..last.end];
                    let whole = part.first()?.0 == Token::Sign('(')
                        && closing(part, 0) == Some(part.len() - 1);
                    if whole { text.to_owned() } else { format!("({text})") }
                }
                _ => return None,
            };
            keys.push((path, descending));
        }
        let condition = tokens.get(close + 1).and_then(|(token, _)| match token {
            Token::Word(word) if word.eq_ignore_ascii_case("WHERE") => {
                let start = tokens.get(close + 2)?.1.start;
                Some(sql[start..tokens.last()?.1.end].to_owned())
            }
            _ => None,
        });
        Some(Self { keys, condition })
    }
}

/// The members of `"column" IN ('a', 'b')`; `None` for any other condition.
pub(super) fn members(expression: &str, column: &str) -> Option<Vec<String>> {
    let tokens = tokens(expression)?;
    let mut rest = tokens.iter().map(|(token, _)| token);
    match rest.next()? {
        Token::Name(name) | Token::Word(name) if name == column => {}
        _ => return None,
    }
    if !matches!(rest.next()?, Token::Word(word) if word.eq_ignore_ascii_case("IN")) {
        return None;
    }
    if *rest.next()? != Token::Sign('(') {
        return None;
    }
    let mut values = Vec::new();
    loop {
        match rest.next()? {
            Token::Literal(value) => values.push(value.clone()),
            _ => return None,
        }
        match rest.next()? {
            Token::Sign(',') => {}
            Token::Sign(')') => break,
            _ => return None,
        }
    }
    rest.next().is_none().then_some(values)
}

/// What a text literal says; `None` when it is none.
pub(super) fn text_of(literal: &str) -> Option<String> {
    match tokens(literal)?.as_slice() {
        [(Token::Literal(text), _)] => Some(text.clone()),
        _ => None,
    }
}

type Placed = (Token, Range<usize>);

/// Where the parenthesis at `open` ends.
fn closing(tokens: &[Placed], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, (token, _)) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts between commas that stand in no parenthesis.
fn split(tokens: &[Placed]) -> Vec<&[Placed]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, (token, _)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}

fn tokens(sql: &str) -> Option<Vec<Placed>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let start = at;
        match character {
            _ if character.is_whitespace() => at += character.len_utf8(),
            '-' if rest.starts_with("--") => at += rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            }
            '\'' | '"' | '`' | '[' => {
                let end = if character == '[' { ']' } else { character };
                let (text, length) = quoted(rest, end)?;
                at += length;
                let token =
                    if character == '\'' { Token::Literal(text) } else { Token::Name(text) };
                tokens.push((token, start..at));
            }
            _ if is_of_word(character) => {
                let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
                at += length;
                tokens.push((Token::Word(rest[..length].to_owned()), start..at));
            }
            _ => {
                at += character.len_utf8();
                tokens.push((Token::Sign(character), start..at));
            }
        }
    }
    Some(tokens)
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$' || !character.is_ascii()
}

/// What stands in quotes at the beginning, and how many bytes that takes.
fn quoted(rest: &str, end: char) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != end {
            text.push(character);
        } else if end != ']' && characters.next_if(|(_, next)| *next == end).is_some() {
            text.push(end);
        } else {
            return Some((text, at + end.len_utf8()));
        }
    }
    None
}

struct Cursor<'t> {
    sql: &'t str,
    tokens: &'t [Placed],
    at: usize,
}

/// The words that end the type of a column.
const CLAUSES: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
];

impl Cursor<'_> {
    fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn is_any(&self, words: &[&str]) -> bool {
        matches!(self.peek(), Some(Token::Word(word))
            if words.iter().any(|known| word.eq_ignore_ascii_case(known)))
    }

    /// Passes a word, if it is there.
    fn takes(&mut self, word: &str) -> bool {
        let is = self.is_any(&[word]);
        self.at += usize::from(is);
        is
    }

    fn name(&mut self) -> Option<String> {
        let name = match self.peek()? {
            Token::Word(name) | Token::Name(name) | Token::Literal(name) => name.clone(),
            Token::Sign(_) => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// What stands between parentheses, as written.
    fn parenthesis(&mut self) -> Option<String> {
        if self.peek() != Some(&Token::Sign('(')) {
            return None;
        }
        let close = closing(self.tokens, self.at)?;
        let text = &self.sql[self.tokens[self.at].1.end..self.tokens[close].1.start];
        self.at = close + 1;
        Some(text.trim().to_owned())
    }

    /// Names between parentheses; how they are sorted or compared is left out.
    fn names(&mut self) -> Option<Vec<String>> {
        if self.peek() != Some(&Token::Sign('(')) {
            return None;
        }
        let close = closing(self.tokens, self.at)?;
        let parts = split(&self.tokens[self.at + 1..close]);
        self.at = close + 1;
        let name = |part: &[Placed]| match part.first()? {
            (Token::Word(name) | Token::Name(name) | Token::Literal(name), _) => Some(name.clone()),
            _ => None,
        };
        parts.into_iter().map(name).collect()
    }

    fn column(&mut self) -> Option<ColumnText> {
        let name = self.name()?;
        let start = self.at;
        while !self.is_end() && !self.is_any(&CLAUSES) {
            if self.peek() == Some(&Token::Sign('(')) {
                self.at = closing(self.tokens, self.at)?;
            }
            self.at += 1;
        }
        let declared = self.text_from(start);
        let mut clauses = Vec::new();
        while !self.is_end() {
            clauses.push(self.clause()?);
        }
        Some(ColumnText { name, declared, clauses })
    }

    fn text_from(&self, start: usize) -> String {
        match (self.tokens.get(start), self.tokens.get(self.at.wrapping_sub(1))) {
            (Some((_, first)), Some((_, last))) if self.at > start => {
                self.sql[first.start..last.end].to_owned()
            }
            _ => String::new(),
        }
    }

    fn clause(&mut self) -> Option<Clause> {
        let start = self.at;
        let name = if self.takes("CONSTRAINT") { Some(self.name()?) } else { None };
        let kind = self.kind()?;
        Some(Clause { name, kind, text: self.text_from(start) })
    }

    fn kind(&mut self) -> Option<Kind> {
        if self.takes("PRIMARY") {
            self.takes("KEY");
            let columns = self.names().unwrap_or_default();
            let _ = self.takes("ASC") || self.takes("DESC");
            self.conflict();
            let autoincrement = self.takes("AUTOINCREMENT");
            return Some(Kind::PrimaryKey { columns, autoincrement });
        }
        if self.takes("NOT") {
            self.takes("NULL");
            self.conflict();
            return Some(Kind::NotNull);
        }
        if self.takes("NULL") {
            return Some(Kind::Null);
        }
        if self.takes("UNIQUE") {
            let columns = self.names().unwrap_or_default();
            self.conflict();
            return Some(Kind::Unique { columns });
        }
        if self.takes("CHECK") {
            let expression = self.parenthesis()?;
            self.conflict();
            return Some(Kind::Check { expression });
        }
        if self.takes("DEFAULT") {
            return Some(Kind::Default { text: self.default()? });
        }
        if self.takes("COLLATE") {
            return Some(Kind::Collate { name: self.name()? });
        }
        if self.takes("FOREIGN") {
            self.takes("KEY");
            let columns = self.names()?;
            let _ = self.takes("REFERENCES");
            return Some(Kind::References(self.references(columns)?));
        }
        if self.takes("REFERENCES") {
            return Some(Kind::References(self.references(Vec::new())?));
        }
        if self.takes("GENERATED") {
            self.takes("ALWAYS");
        }
        if self.takes("AS") {
            let expression = self.parenthesis()?;
            let _ = self.takes("STORED") || self.takes("VIRTUAL");
            return Some(Kind::Generated { expression });
        }
        None
    }

    fn conflict(&mut self) {
        if self.takes("ON") {
            self.takes("CONFLICT");
            self.at += 1;
        }
    }

    fn default(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() == Some(&Token::Sign('(')) {
            self.at = closing(self.tokens, self.at)? + 1;
            return Some(self.text_from(start));
        }
        while matches!(self.peek(), Some(Token::Sign('+' | '-'))) {
            self.at += 1;
        }
        self.at += 1;
        // `1.5` is three pieces.
        while matches!(self.peek(), Some(Token::Sign('.'))) {
            self.at += 2;
        }
        Some(self.text_from(start))
    }

    fn references(&mut self, columns: Vec<String>) -> Option<References> {
        let table = self.name()?;
        let others = self.names().unwrap_or_default();
        let mut key = References { columns, table, others, ..References::default() };
        loop {
            if self.takes("ON") {
                let deleted = self.takes("DELETE");
                if !deleted && !self.takes("UPDATE") {
                    return None;
                }
                let mut action = self.name()?.to_ascii_uppercase();
                if action == "SET" || action == "NO" {
                    action = format!("{action} {}", self.name()?.to_ascii_uppercase());
                }
                *(if deleted { &mut key.on_delete } else { &mut key.on_update }) = action;
            } else if self.takes("MATCH") {
                self.at += 1;
            } else {
                break;
            }
        }
        let start = self.at;
        let not = self.takes("NOT");
        if self.takes("DEFERRABLE") {
            if self.takes("INITIALLY") {
                self.at += 1;
            }
        } else if not {
            // It is NOT NULL.
            self.at = start;
        }
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = r#"CREATE TABLE "items" (
  id INTEGER NOT NULL CONSTRAINT pk PRIMARY KEY AUTOINCREMENT, -- a comment, with a comma
  "full name" VARCHAR(20) COLLATE NOCASE DEFAULT 'it''s (not) over',
  price DECIMAL(10, 2) NOT NULL DEFAULT -1.5 CHECK (price > (0 - 2)),
  kind TEXT CONSTRAINT mood CHECK ("kind" IN ('a', 'it''s')) NOT NULL,
  owner INT REFERENCES people (id) ON DELETE SET NULL NOT DEFERRABLE UNIQUE,
  twice AS (price * 2) STORED,
  at TEXT DEFAULT (datetime('now')),
  untyped,
  UNIQUE ([kind], price DESC) ON CONFLICT IGNORE,
  CONSTRAINT "two" FOREIGN KEY (a, b) REFERENCES "other" ON UPDATE CASCADE
) STRICT"#;

    #[test]
    fn a_table_in_its_parts() {
        let table = TableText::parse(SQL).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["id", "full name", "price", "kind", "owner", "twice", "at", "untyped"]);
        assert_eq!(table.tail, "STRICT");
        assert_eq!(table.columns[1].declared, "VARCHAR(20)");
        assert_eq!(table.columns[2].declared, "DECIMAL(10, 2)");
        assert_eq!(table.columns[2].clauses[1].kind, Kind::Default { text: "-1.5".into() });
        assert_eq!(
            table.columns[2].clauses[2].kind,
            Kind::Check { expression: "price > (0 - 2)".into() }
        );
        assert_eq!(table.columns[3].clauses[0].name.as_deref(), Some("mood"));
        assert_eq!(table.columns[4].clauses.len(), 2);
        assert_eq!(
            table.columns[0].clauses[1].kind,
            Kind::PrimaryKey { columns: vec![], autoincrement: true }
        );
        let Kind::References(key) = &table.constraints[1].kind else { panic!() };
        assert_eq!((&*key.table, &*key.on_update, key.columns.len()), ("other", "CASCADE", 2));
        // Once more, after it was put together.
        let again = TableText::parse(&table.create("\"items\"")).unwrap();
        assert_eq!(again, table);
    }

    #[test]
    fn an_index_in_its_parts() {
        let sql = "CREATE UNIQUE INDEX i ON t (a, \"b\" DESC, lower(c), (d + 1) DESC) WHERE a > 0";
        let index = IndexText::parse(sql).unwrap();
        assert_eq!(
            index.keys,
            [
                ("a".to_owned(), false),
                ("b".to_owned(), true),
                ("(lower(c))".to_owned(), false),
                ("(d + 1)".to_owned(), true)
            ]
        );
        assert_eq!(index.condition.as_deref(), Some("a > 0"));
    }

    #[test]
    fn lists_of_texts() {
        assert_eq!(members("\"k\" IN ('a', 'it''s')", "k").unwrap(), ["a", "it's"]);
        for other in ["k IN ('a') OR 1", "k IN (1)", "j IN ('a')", "k > 'a'", "k IN ()"] {
            assert_eq!(members(other, "k"), None, "{other}");
        }
    }
}
