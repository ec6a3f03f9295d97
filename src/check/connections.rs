//! Connections: each URL becomes something that a connector can open.

use std::path::{Path, PathBuf};

use super::Checker;
use super::capabilities::{Facts, KINDS, Kind};
use crate::connectors::{self, ConnectionConfig, Policies};
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::Text;
use crate::plan::{self, ConnectionId};
use crate::spec::{self, Entity, EntityKind, Model, SpecSet};

/// A connection that a part of a spec uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    /// Its place in the plan.
    pub(super) id: ConnectionId,
    /// Which store it leads to; connections with different names may lead to the same one.
    pub(super) store: usize,
    /// What can be done there.
    pub(super) facts: Facts,
    /// The first scheme of its kind.
    pub(super) scheme: &'static str,
    /// Its name in the spec.
    pub(super) name: String,
}

/// The connections of all specs, and those of them that the plan uses.
pub(super) struct Connections<'s> {
    /// Per spec, per connection: whether something names it, and what it is when it is sound.
    slots: Vec<Vec<Slot<'s>>>,
    /// The stores by where they are.
    stores: Vec<String>,
    /// The plan's connections.
    pub(super) list: Vec<Planned>,
}

/// A connection of the plan.
pub(super) struct Planned {
    pub(super) connection: plan::Connection,
    /// Where its name stands.
    pub(super) span: Span,
    /// The spec that first used it.
    spec: usize,
}

struct Slot<'s> {
    connection: &'s spec::Connection,
    used: bool,
    prepared: Option<Prepared>,
}

#[derive(Clone)]
struct Prepared {
    connection: plan::Connection,
    store: usize,
    facts: Facts,
    scheme: &'static str,
    id: Option<ConnectionId>,
}

impl<'s> Connections<'s> {
    pub(super) fn new(set: &'s SpecSet) -> Self {
        let slots = set
            .specs
            .iter()
            .map(|spec| {
                spec.connections
                    .iter()
                    .map(|connection| Slot { connection, used: false, prepared: None })
                    .collect()
            })
            .collect();
        Self { slots, stores: Vec::new(), list: Vec::new() }
    }

    /// The connections of a spec that nothing names.
    pub(super) fn unused(&self, spec: usize) -> impl Iterator<Item = &'s spec::Connection> {
        self.slots[spec].iter().filter(|slot| !slot.used).map(|slot| slot.connection)
    }

    fn store(&mut self, location: String) -> usize {
        self.stores.iter().position(|other| *other == location).unwrap_or_else(|| {
            self.stores.push(location);
            self.stores.len() - 1
        })
    }

    /// Gives connections that share a name but not a store the name `spec.name`.
    pub(super) fn rename_homonyms(&mut self, spec_names: &[&str]) {
        let names: Vec<String> =
            self.list.iter().map(|planned| planned.connection.name.clone()).collect();
        for planned in &mut self.list {
            let connection = &mut planned.connection;
            let is_file = connection.config.files.is_some();
            if !is_file && names.iter().filter(|name| **name == connection.name).count() > 1 {
                connection.name = format!("{}.{}", spec_names[planned.spec], connection.name);
                connection.config.name.clone_from(&connection.name);
            }
        }
    }
}

impl<'s> Checker<'s> {
    /// Looks at every connection, used or not.
    pub(super) fn prepare_connections(&mut self) {
        for spec in 0..self.set.specs.len() {
            for at in 0..self.connections.slots[spec].len() {
                let prepared = self.prepare(self.connections.slots[spec][at].connection);
                self.connections.slots[spec][at].prepared = prepared;
            }
        }
    }

    fn prepare(&mut self, connection: &'s spec::Connection) -> Option<Prepared> {
        let url = connection.url.as_ref()?;
        let kind = self.kind(url)?;
        let model = connection.model.map(|model| model.value);
        let facts = match (model, kind.tables, kind.documents) {
            (Some(Model::Documents), _, Some(facts)) | (None, None, Some(facts)) => facts,
            (Some(Model::Tables) | None, Some(facts), _) => facts,
            _ => {
                let span = connection.model.map_or(url.text.span(), |model| model.span);
                let scheme = url.scheme();
                self.report(
                    Diagnostic::new(
                        &codes::IMPOSSIBLE_MODEL,
                        format!("`{scheme}` has one model only"),
                    )
                    .at(span, "not possible there")
                    .help("leave `model` out"),
                );
                return None;
            }
        };
        let text = if kind.schemes.contains(&"sqlite") {
            self.sqlite_url(url)?
        } else {
            self.with_password(url.text.to_string(), connection)?
        };
        let name = connection.name.to_string();
        let config = ConnectionConfig {
            name: name.clone(),
            url: text.clone(),
            model: if facts.documents {
                connectors::Model::Documents
            } else {
                connectors::Model::Tables
            },
            policies: self.policies(connection, kind),
            files: None,
            create: connection.fixtures.is_some(),
        };
        let location = if kind.schemes.contains(&"sqlite") { lexical(&text) } else { text };
        Some(Prepared {
            connection: plan::Connection {
                name,
                config,
                fixtures: connection
                    .fixtures
                    .as_ref()
                    .map(|located| self.options.working_directory.join(located.resolve())),
                production: connection.production,
                backup: connection.backup.as_ref().map(|when| match when.value {
                    spec::BackupWhen::Run => plan::BackupWhen::Run,
                    spec::BackupWhen::Phase => plan::BackupWhen::Phase,
                }),
                ignore: connection
                    .ignore
                    .iter()
                    .map(|(name, reason)| (name.to_string(), reason.to_string()))
                    .collect(),
            },
            store: self.connections.store(location),
            facts,
            scheme: kind.schemes[0],
            id: None,
        })
    }

    fn kind(&mut self, url: &spec::Url) -> Option<&'static Kind> {
        let scheme = url.scheme();
        let place = url.text.locate(0..scheme.len());
        // Without a colon there is no scheme: reported when the spec was read.
        if !url.text.contains(':') {
            return None;
        }
        let Some(kind) = KINDS.iter().find(|kind| kind.schemes.contains(&scheme.as_str())) else {
            let all: Vec<&str> = KINDS.iter().flat_map(|kind| kind.schemes).copied().collect();
            self.report(
                Diagnostic::new(
                    &codes::UNKNOWN_SCHEME,
                    "no connector has this URL's scheme".to_owned(),
                )
                .at(place, "unknown scheme")
                .help(match wording::suggest(&scheme, all.iter().copied()) {
                    Some(candidate) => format!("did you mean `{candidate}`?"),
                    None => format!("schemes are {}", wording::and_list(&all)),
                }),
            );
            return None;
        };
        Some(kind)
    }

    /// The URL with an absolute path.
    fn sqlite_url(&mut self, url: &spec::Url) -> Option<String> {
        let rest = &url.text[url.text.find(':').map_or(0, |at| at + 1)..];
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let refused = if rest.is_empty() {
            Some("the URL names no file")
        } else if rest.starts_with(":memory:") {
            Some("a database in memory would end with the command")
        } else if rest.contains('?') {
            Some("options in the URL are not supported")
        } else {
            None
        };
        if let Some(message) = refused {
            self.report(
                Diagnostic::new(&codes::BAD_URL, message)
                    .at(url.text.span(), "not a file")
                    .help("write the path of the file: `sqlite:data/shop.db`"),
            );
            return None;
        }
        if rest.starts_with('/') {
            return Some(format!("sqlite:{rest}"));
        }
        let base = self.options.working_directory.join(&url.base);
        // The base is a path, not part of a URL yet.
        let base = base.to_string_lossy().replace('%', "%25").replace('?', "%3F");
        Some(format!("sqlite:{}/{rest}", base.trim_end_matches('/')))
    }

    /// Reports an encoding label that nobody knows.
    pub(super) fn encoding(&mut self, label: &Text) {
        if encoding_rs::Encoding::for_label(label.as_bytes()).is_none() {
            self.report(
                Diagnostic::new(
                    &codes::UNKNOWN_ENCODING,
                    format!("there is no encoding `{label}`"),
                )
                .at(label.span(), "unknown encoding")
                .help("labels are those of the Encoding Standard: `utf-8`, `windows-1252`, …"),
            );
        }
    }

    /// The connection that a text of a spec names. An unknown one is reported; one with an error
    /// of its own gives `None` in silence.
    pub(super) fn connection(&mut self, spec: usize, name: &Text) -> Option<Handle> {
        let slots = &mut self.connections.slots[spec];
        let Some(at) = slots.iter().position(|slot| slot.connection.name == *name) else {
            let names: Vec<&str> = slots.iter().map(|slot| slot.connection.name.as_str()).collect();
            let help = wording::did_you_mean(name, &names, "there are")
                .unwrap_or_else(|| format!("define it: [connections.{name}]"));
            self.report_unknown(
                Diagnostic::new(
                    &codes::UNKNOWN_CONNECTION,
                    format!("there is no connection `{name}`"),
                )
                .at(name.span(), "not a connection")
                .help(help),
            );
            return None;
        };
        let slot = &mut slots[at];
        slot.used = true;
        let span = slot.connection.name.span();
        let prepared = slot.prepared.clone()?;
        let id = match prepared.id {
            Some(id) => id,
            None => self.plan_connection(spec, at, &prepared, span),
        };
        Some(Handle {
            id,
            store: prepared.store,
            facts: prepared.facts,
            scheme: prepared.scheme,
            name: name.to_string(),
        })
    }

    fn plan_connection(
        &mut self,
        spec: usize,
        at: usize,
        prepared: &Prepared,
        span: Span,
    ) -> ConnectionId {
        let connections = &mut self.connections;
        let known = connections.list.iter().position(|planned| {
            let (other, this) = (&planned.connection, &prepared.connection);
            other.name == this.name
                && other.config.url == this.config.url
                && other.config.model == this.config.model
                && other.config.policies == this.config.policies
                && other.fixtures == this.fixtures
        });
        let id = known.unwrap_or_else(|| {
            connections.list.push(Planned { connection: prepared.connection.clone(), span, spec });
            connections.list.len() - 1
        });
        if let Some(backup) = prepared.connection.backup {
            connections.list[id].connection.backup.get_or_insert(backup);
        }
        let ignore = &mut connections.list[id].connection.ignore;
        for entry in &prepared.connection.ignore {
            if !ignore.contains(entry) {
                ignore.push(entry.clone());
            }
        }
        if prepared.connection.production {
            connections.list[id].connection.production = true;
        }
        if let Some(prepared) = &mut connections.slots[spec][at].prepared {
            prepared.id = Some(id);
        }
        id
    }

    /// A connection of its own for the files that a source reads.
    pub(super) fn files_connection(
        &mut self,
        spec: usize,
        pattern: &Text,
        files: connectors::FileSource,
    ) -> ConnectionId {
        let model = match files.format {
            Some(connectors::FileFormat::JsonLines) => connectors::Model::Documents,
            _ => connectors::Model::Tables,
        };
        let config = ConnectionConfig {
            name: pattern.to_string(),
            url: format!("files:{}", files.pattern.display()),
            model,
            policies: Policies::default(),
            files: Some(files),
            create: false,
        };
        let connection = plan::Connection {
            name: pattern.to_string(),
            config,
            fixtures: None,
            production: false,
            backup: None,
            ignore: Vec::new(),
        };
        self.connections.list.push(Planned { connection, span: pattern.span(), spec });
        self.connections.list.len() - 1
    }

    /// The table or collection, when it is the one that the connection holds; reported otherwise.
    pub(super) fn entity(&mut self, entity: &Entity, handle: &Handle) -> Option<String> {
        let documents = entity.kind == EntityKind::Collection;
        if documents != handle.facts.documents {
            let (wrong, right, holds) = if documents {
                ("a collection", "table", "tables")
            } else {
                ("a table", "collection", "collections")
            };
            let name = &handle.name;
            self.report(
                Diagnostic::new(
                    &codes::WRONG_ENTITY_KIND,
                    format!("connection `{name}` holds {holds}"),
                )
                .at(entity.name.span(), format!("named as {wrong}"))
                .help(if documents {
                    format!(
                        "write `{right} = \"{}\"`, or set `model = \"documents\"` in \
                         [connections.{name}]",
                        entity.name
                    )
                } else {
                    format!("write `{right} = \"{}\"`", entity.name)
                }),
            );
            return None;
        }
        Some(entity.name.to_string())
    }
}

/// A path without `.` and `..`, to see whether two URLs mean the same file.
fn lexical(url: &str) -> String {
    let mut clean = PathBuf::new();
    for part in Path::new(url.trim_start_matches("sqlite:")).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::lexical;

    #[test]
    fn two_ways_to_the_same_file_are_one_store() {
        assert_eq!(lexical("sqlite:/a/specs/../target/./x.db"), lexical("sqlite:/a/target/x.db"));
        assert_ne!(lexical("sqlite:/a/x.db"), lexical("sqlite:/a/y.db"));
    }
}
