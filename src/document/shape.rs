//! Shapes: what a document may hold, declared as constants.
//!
//! A declaration is said once and serves the reader, the JSON Schema and the language reference.

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// Text that is written by people: descriptions, names, expressions.
    Text(TextKind),
    /// A whole number within bounds.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A length of time: `"100ms"`.
    Duration,
    /// A share: `"1%"`.
    Percent,
    /// A bound of a share, such as `">= 99%"`.
    Bound,
    /// So many in a time: `"20/s"`.
    Rate,
    /// Any value, extended JSON included.
    Literal,
    /// A table of literals: one record.
    Record,
    /// A filter.
    Filter,
    /// One text, or a list of at least one.
    Names(TextKind),
    /// A list of any length.
    List(&'static Shape),
    /// A list of at least one.
    NonEmptyList(&'static Shape),
    /// A table with keys that the author chooses.
    MapOf(KeyKind, &'static Shape),
    /// A table with these keys.
    Table(&'static TableShape),
    /// One of several, told apart by their TOML types. A table whose first key begins with `$` is a
    /// literal.
    OneOf(&'static [&'static Shape]),
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// Text for people, or without a form of its own.
    Plain,
    /// A name that consists of letters, digits, `_` and `-`.
    Name,
    /// Text for people that must not be empty.
    Words,
    /// The name of something defined elsewhere.
    Reference,
    /// The name of a column, or a dotted path.
    Column,
    /// A JSONPath into a record.
    Path,
    /// A minijinja expression.
    Expression,
    /// A minijinja template.
    Template,
    /// A type (`decimal(10,2)`).
    Type,
    /// A strftime format.
    Format,
    /// A zone of the time zone database.
    Timezone,
    /// A label of the Encoding Standard.
    Encoding,
    /// A path or glob in the file system.
    File,
    /// A query in the store's language.
    Query,
    /// A connection URL.
    Url,
    /// A password, which only a variable may give.
    Secret,
    /// A single character.
    Character,
}

/// What the keys of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Names of what is defined.
    Name,
    /// Names of tables, phases or columns as they are called elsewhere.
    Reference,
    /// Fields or paths into a document.
    Target,
    /// Codes and other free text.
    Code,
    /// HTTP headers, of which some hold what must not be written in a spec.
    Header,
}

/// A table with fixed keys.
#[derive(Debug)]
pub struct TableShape {
    /// Its name in messages, with its article (`a phase`).
    pub name: &'static str,
    /// Its name in the JSON Schema and in the reference.
    pub id: &'static str,
    /// What it is: one sentence.
    pub summary: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [KeyShape],
    /// Keys that exclude each other.
    pub groups: &'static [Group],
}

/// A key of a table.
#[derive(Debug)]
pub struct KeyShape {
    /// The key.
    pub name: &'static str,
    /// What it takes.
    pub shape: &'static Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it does: one phrase.
    pub summary: &'static str,
}

/// Keys that depend on each other.
#[derive(Debug)]
pub struct Group {
    /// What they are together (`origin`).
    pub name: &'static str,
    /// The keys.
    pub keys: &'static [&'static str],
    /// How many of them may be there.
    pub rule: GroupRule,
}

/// How many keys of a group may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRule {
    /// One or none.
    AtMostOne,
    /// One.
    ExactlyOne,
    /// One or more.
    AtLeastOne,
}

impl KeyShape {
    /// A key that may be left out.
    pub const fn optional(
        name: &'static str,
        shape: &'static Shape,
        summary: &'static str,
    ) -> Self {
        Self { name, shape, required: false, summary }
    }

    /// A key that must be there.
    pub const fn required(
        name: &'static str,
        shape: &'static Shape,
        summary: &'static str,
    ) -> Self {
        Self { name, shape, required: true, summary }
    }
}

impl TableShape {
    /// The declaration of a key.
    pub fn key(&self, name: &str) -> Option<&'static KeyShape> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Shape {
    /// Text without a form of its own.
    pub const PLAIN: Self = Self::Text(TextKind::Plain);

    /// What is expected, with its article, for messages and the reference.
    pub fn describe(&self) -> String {
        use crate::diagnostics::wording;
        match self {
            Self::Text(kind) => kind.describe().to_owned(),
            Self::Integer { .. } => "an integer".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                wording::join(&words, "or")
            }
            Self::Duration => "a duration such as \"100ms\"".to_owned(),
            Self::Percent => "a share such as \"1%\"".to_owned(),
            Self::Bound => "a bound such as \">= 99%\"".to_owned(),
            Self::Rate => "a rate such as \"20/s\"".to_owned(),
            Self::Literal => "a literal".to_owned(),
            Self::Record => "a table of literals".to_owned(),
            Self::Filter => "a filter".to_owned(),
            Self::Names(kind) => format!("{} or a list of them", kind.describe()),
            Self::List(shape) | Self::NonEmptyList(shape) => match shape {
                Self::Text(kind) => format!("a list of {}", kind.plural()),
                Self::Table(_) | Self::Record => "a list of tables".to_owned(),
                _ => "a list".to_owned(),
            },
            Self::MapOf(..) => "a table".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::OneOf(shapes) => {
                let mut words: Vec<String> = Vec::new();
                for shape in *shapes {
                    let word = shape.describe();
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
                wording::join(&words, "or")
            }
        }
    }
}

impl TextKind {
    /// What is expected, with its article.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Plain | Self::Words => "text",
            Self::Name | Self::Reference => "a name",
            Self::Column => "a column or path",
            Self::Path => "a path",
            Self::Expression => "an expression",
            Self::Template => "a template",
            Self::Type => "a type",
            Self::Format => "a format",
            Self::Timezone => "a time zone",
            Self::Encoding => "an encoding",
            Self::File => "a file path",
            Self::Query => "a query",
            Self::Url => "a URL",
            Self::Secret => "a password",
            Self::Character => "a character",
        }
    }

    /// Several of them.
    fn plural(self) -> &'static str {
        match self {
            Self::Name | Self::Reference => "names",
            Self::Column => "columns or paths",
            Self::Path => "paths",
            Self::File => "file paths",
            _ => "texts",
        }
    }
}
