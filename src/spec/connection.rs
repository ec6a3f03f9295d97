//! `[connections.NAME]`: a store and how to reach it.

use std::fmt;
use std::path::PathBuf;

use super::read::{self, Context};
use crate::diagnostics::wording::or_list;
use crate::diagnostics::{Diagnostic, codes};
use crate::document::{
    Entry, Group, GroupRule, KeyKind, KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape,
    Text, TextKind,
};

/// The shape of a connection.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a connection",
    id: "connection",
    summary: "A store and how to reach it: a `url`, or a `scheme` with `host` and the rest.",
    keys: &[
        KeyShape::optional(
            "url",
            &Shape::Text(TextKind::Url),
            "where it is; the scheme names the connector",
        ),
        KeyShape::optional("scheme", &Shape::Text(TextKind::Name), "the connector, without `url`"),
        KeyShape::optional("host", &Shape::PLAIN, "the server, without `url`"),
        KeyShape::optional(
            "port",
            &Shape::Integer { min: 1, max: 65535 },
            "the server's port, without `url`",
        ),
        KeyShape::optional("user", &Shape::PLAIN, "the user, without `url`"),
        KeyShape::optional(
            "password",
            &Shape::Text(TextKind::Secret),
            "the password, without `url`; only from a variable",
        ),
        KeyShape::optional(
            "password_file",
            &Shape::Text(TextKind::File),
            "a file that holds the password, and nothing else",
        ),
        KeyShape::optional("database", &Shape::PLAIN, "the database, without `url`"),
        KeyShape::optional(
            "options",
            &Shape::MapOf(KeyKind::Name, &Shape::PLAIN),
            "what else the connector takes in a URL (`sslmode`, `tls` …), without `url`",
        ),
        KeyShape::optional(
            "model",
            &Shape::Choice(&read::words(&Model::CHOICES)),
            "whether a store that can do both holds tables or collections",
        ),
        KeyShape::optional(
            "fixtures",
            &Shape::Text(TextKind::File),
            "a folder that fills a database that is absent or empty",
        ),
        KeyShape::optional("production", &Shape::Boolean, "whether destructive commands ask first"),
        KeyShape::optional(
            "ignore",
            &Shape::MapOf(KeyKind::Reference, &Shape::Text(TextKind::Words)),
            "tables or collections, and `table.column`, that are left behind on purpose, each with \
             the reason; `*` stands for any characters",
        ),
        KeyShape::optional(
            "backup",
            &Shape::Choice(&read::words(&BackupWhen::CHOICES)),
            "whether what will be touched is exported to `backups/` before each run, or before \
             each phase",
        ),
        KeyShape::optional(
            "nul",
            &Shape::OneOf(&[&Shape::Choice(&["reject", "strip"]), &Shape::Table(&NUL)]),
            "what to do with NUL characters in text (default: reject)",
        ),
        KeyShape::optional(
            "booleans",
            &Shape::Table(&BOOLEANS),
            "the texts that are read as true and as false",
        ),
        KeyShape::optional(
            "encoding",
            &Shape::PLAIN,
            "MySQL: what text columns really hold, where that is not what they declare (of files: \
             `source.encoding`)",
        ),
        KeyShape::optional(
            "zero_date",
            &Shape::OneOf(&[&Shape::Choice(&["reject", "null"]), &Shape::Table(&ZERO_DATE)]),
            "MySQL: what dates with a zero in year, month or day are read as (default: reject)",
        ),
        KeyShape::optional(
            "uuid_order",
            &Shape::Choice(&read::words(&UUID_ORDERS)),
            "MongoDB: the byte order of UUIDs that old drivers wrote (binary subtype 3)",
        ),
    ],
    groups: &[Group { name: "place", keys: &["url", "scheme"], rule: GroupRule::ExactlyOne }],
};

static NUL: TableShape = TableShape {
    name: "`nul`",
    id: "nul",
    summary: "What takes the place of NUL characters.",
    keys: &[KeyShape::required("replace", &Shape::PLAIN, "the text in their place")],
    groups: &[],
};

static ZERO_DATE: TableShape = TableShape {
    name: "`zero_date`",
    id: "zero_date",
    summary: "What takes the place of zero dates.",
    keys: &[KeyShape::required("replace", &Shape::PLAIN, "the day in their place, as YYYY-MM-DD")],
    groups: &[],
};

static BOOLEANS: TableShape = TableShape {
    name: "`booleans`",
    id: "booleans",
    summary: "Texts that are truth values.",
    keys: &[
        KeyShape::required("true", &Shape::Names(TextKind::Plain), "texts that mean true"),
        KeyShape::required("false", &Shape::Names(TextKind::Plain), "texts that mean false"),
    ],
    groups: &[],
};

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: Text,
    /// Where it is. `None` only after an error.
    pub url: Option<Url>,
    /// Tables or collections, when the store can do both.
    pub model: Option<Spanned<Model>>,
    /// A folder that fills a database that is absent or empty.
    pub fixtures: Option<Located>,
    /// Whether destructive commands ask first.
    pub production: bool,
    /// When what will be touched is exported first.
    pub backup: Option<Spanned<BackupWhen>>,
    /// What is left behind on purpose, with the reason.
    pub ignore: Vec<(Text, Text)>,
    /// What to do with NUL characters in text.
    pub nul: Option<Spanned<NulPolicy>>,
    /// Texts that are read as true and as false.
    pub booleans: Option<Spanned<(Vec<String>, Vec<String>)>>,
    /// A file with the password.
    pub password_file: Option<Located>,
    /// What text columns really hold.
    pub encoding: Option<Text>,
    /// What to do with zero dates.
    pub zero_date: Option<Spanned<ZeroDate>>,
    /// The byte order of old UUIDs.
    pub uuid_order: Option<Spanned<UuidOrder>>,
}

/// A connection URL, variables put in. It may hold a password, so it does not print itself.
#[derive(Clone)]
pub struct Url {
    /// The URL and its place: the `url` key, or the first of `host`, `port` ….
    pub text: Text,
    /// What a relative path in it is relative to; empty is the working directory.
    pub base: PathBuf,
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url").field("span", &self.text.span()).finish_non_exhaustive()
    }
}

impl Url {
    /// The scheme, in lower case: what stands before the first `:`.
    pub fn scheme(&self) -> String {
        self.text.split(':').next().unwrap_or_default().to_ascii_lowercase()
    }
}

/// A path or glob in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// As written.
    pub text: Text,
    /// What it is relative to: the spec's folder, or empty (the working directory) when the path
    /// comes from a variable.
    pub base: PathBuf,
}

impl Located {
    /// The path, relative to the working directory or absolute.
    pub fn resolve(&self) -> PathBuf {
        self.base.join(self.text.as_str())
    }
}

/// When what will be touched is exported first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupWhen {
    /// Before each run.
    Run,
    /// Before each phase.
    Phase,
}

/// Tables or collections, on a store that can do both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Tables with columns.
    Tables,
    /// Collections of documents.
    Documents,
}

/// What to do with NUL characters in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NulPolicy {
    /// The record is rejected.
    Reject,
    /// They are left out.
    Strip,
    /// This text takes their place.
    Replace(String),
}

/// What to do with dates with a zero in year, month or day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZeroDate {
    /// The record is rejected.
    Reject,
    /// They are null.
    Null,
    /// This day takes their place.
    Replace(Text),
}

/// The byte order of UUIDs in BSON binaries of subtype 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidOrder {
    /// As the standard has it (old Python drivers).
    Standard,
    /// That of old Java drivers.
    Java,
    /// That of old C# drivers.
    CSharp,
}

const UUID_ORDERS: [(&str, UuidOrder); 3] =
    [("standard", UuidOrder::Standard), ("java", UuidOrder::Java), ("csharp", UuidOrder::CSharp)];

impl Model {
    const CHOICES: [(&str, Self); 2] = [("tables", Self::Tables), ("documents", Self::Documents)];
}

impl BackupWhen {
    const CHOICES: [(&str, Self); 2] = [("run", Self::Run), ("phase", Self::Phase)];
}

/// The keys that a URL says by itself.
const PARTS: &[&str] = &["host", "port", "user", "password", "database", "options"];

impl Connection {
    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        let url = if table.get("url").is_some() {
            for part in PARTS {
                context.misplaced(table, part, "the URL says it already");
            }
            read::text(table, "url").map(|text| Url { base: context.located(&text).base, text })
        } else {
            Self::assemble(entry, table, context)
        };
        let booleans = table.get("booleans").and_then(|node| {
            let inner = node.as_table()?;
            let words = |key| read::texts(inner, key).iter().map(ToString::to_string).collect();
            Some(Spanned::new((words("true"), words("false")), node.span))
        });
        Some(Self {
            name: entry.key.clone(),
            url,
            model: read::choice(table, "model", &Model::CHOICES),
            fixtures: read::text(table, "fixtures").map(|text| context.located(&text)),
            production: read::boolean(table, "production").is_some_and(|value| value.value),
            backup: read::choice(table, "backup", &BackupWhen::CHOICES),
            ignore: read::text_map(table, "ignore"),
            nul: table.get("nul").and_then(NulPolicy::read),
            booleans,
            password_file: read::text(table, "password_file").map(|text| context.located(&text)),
            encoding: read::text(table, "encoding"),
            zero_date: table.get("zero_date").and_then(ZeroDate::read),
            uuid_order: read::choice(table, "uuid_order", &UUID_ORDERS),
        })
    }

    /// Makes a URL out of its parts.
    fn assemble(entry: &Entry, table: &Table, context: &mut Context<'_>) -> Option<Url> {
        use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
        const ENCODED: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        let scheme = read::text(table, "scheme")?;
        if table.get("host").is_none() {
            context.diagnostics.push(
                Diagnostic::new(&codes::MISSING_KEY, "a connection by `scheme` needs `host`")
                    .at(entry.value.span, "`host` is missing")
                    .help(format!("beside `scheme` stand {}", or_list(PARTS))),
            );
            return None;
        }
        let broken = PARTS.iter().any(|key| table.get(key).is_some_and(Node::is_invalid));
        if broken {
            return None;
        }
        let part = |key| {
            read::text(table, key)
                .map(|text| utf8_percent_encode(text.as_str(), ENCODED).to_string())
        };
        let mut url = format!("{scheme}://");
        if let Some(user) = part("user") {
            url.push_str(&user);
        }
        if let Some(password) = part("password") {
            url.push(':');
            url.push_str(&password);
        }
        if part("user").is_some() || part("password").is_some() {
            url.push('@');
        }
        // Not encoded, for the sake of `[::1]`.
        url.push_str(&read::text(table, "host")?);
        if let Some(port) = read::integer(table, "port") {
            url.extend([":", &port.value.to_string()]);
        }
        if let Some(database) = part("database") {
            url.push('/');
            url.push_str(&database);
        }
        let options = read::text_map(table, "options").into_iter().map(|(name, value)| {
            let value = utf8_percent_encode(value.as_str(), ENCODED);
            format!("{}={value}", name.as_str())
        });
        let options: Vec<String> = options.collect();
        if !options.is_empty() {
            if table.get("database").is_none() {
                url.push('/');
            }
            url.push('?');
            url.push_str(&options.join("&"));
        }
        Some(Url { text: Text::at(url, scheme.span()), base: PathBuf::new() })
    }
}

impl ZeroDate {
    fn read(node: &Node) -> Option<Spanned<Self>> {
        let policy = match &node.kind {
            NodeKind::Text(text) if text.as_str() == "reject" => Self::Reject,
            NodeKind::Text(_) => Self::Null,
            NodeKind::Table(table) => Self::Replace(read::text(table, "replace")?),
            _ => return None,
        };
        Some(Spanned::new(policy, node.span))
    }
}

impl NulPolicy {
    fn read(node: &Node) -> Option<Spanned<Self>> {
        let policy = match &node.kind {
            NodeKind::Text(text) if text.as_str() == "reject" => Self::Reject,
            NodeKind::Text(_) => Self::Strip,
            NodeKind::Table(table) => Self::Replace(read::text(table, "replace")?.to_string()),
            _ => return None,
        };
        Some(Spanned::new(policy, node.span))
    }
}
