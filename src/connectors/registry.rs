//! The connectors there are, and which one a connection gets.

use std::sync::Arc;

use super::{
    Capabilities, ConnectionConfig, Model, Store, StoreError, StoreErrorKind, documents, files,
    mongodb as mongo, mysql, postgres, sqlite,
};

/// What each connector can do, by name.
static ALL: &[&Capabilities] = &[
    &sqlite::CAPABILITIES,
    &documents::CAPABILITIES,
    &postgres::CAPABILITIES,
    &mysql::CAPABILITIES,
    &mongo::CAPABILITIES,
    &files::CAPABILITIES,
];

/// What each connector can do, for `mapper list connectors` and the checker.
pub fn capabilities() -> &'static [&'static Capabilities] {
    ALL
}

/// What the connector of a URL can do, without opening it.
///
/// # Errors
/// When no connector is for the URL's scheme; the message names those that are.
pub fn capabilities_of(config: &ConnectionConfig) -> Result<&'static Capabilities, StoreError> {
    if config.files.is_some() {
        return Ok(&files::CAPABILITIES);
    }
    let scheme = scheme_of(&config.url);
    let documents = config.model == Model::Documents;
    let found = ALL.iter().filter(|known| known.schemes.contains(&scheme));
    let mut found: Vec<_> = found.collect();
    if found.len() > 1 {
        found.retain(|known| known.documents == documents);
    }
    found.first().map(|known| **known).ok_or_else(|| unknown(scheme))
}

/// Opens a connection with the connector of its URL's scheme.
///
/// # Errors
/// When no connector is for the scheme, or the store can't be opened.
pub async fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    let capabilities = capabilities_of(config)?;
    match capabilities.connector {
        "sqlite" => sqlite::open(config).await,
        "sqlite-documents" => documents::open(config).await,
        "postgres" => postgres::open(config).await,
        "mysql" => mysql::open(config).await,
        "mongodb" => mongo::open(config).await,
        "files" => files::open(config),
        name => Err(StoreError::new(
            StoreErrorKind::Internal,
            format!("the connector `{name}` can't be opened"),
        )),
    }
}

/// Whether a connection leads to a database in a file, rather than to a server.
pub fn is_embedded(config: &ConnectionConfig) -> bool {
    scheme_of(&config.url) == "sqlite"
}

/// A URL without user, password and options, for messages.
pub fn location_of(url: &str) -> String {
    match url.split_once("://") {
        // What stands before an `@` that comes later than the host's place is a secret that is not
        // percent-encoded as it should be.
        Some((scheme, rest)) if is_unclear(rest) => format!("{scheme}://…"),
        Some((scheme, rest)) => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}

fn is_unclear(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    !authority.contains('@') && rest.contains('@')
}

fn scheme_of(url: &str) -> &str {
    url.split_once(':').map_or("", |(scheme, _)| scheme)
}

fn unknown(scheme: &str) -> StoreError {
    let mut known: Vec<&str> = ALL.iter().flat_map(|known| known.schemes).copied().collect();
    known.dedup();
    let known = known.join(", ");
    let message = if scheme.is_empty() {
        format!("the URL has no scheme; supported are {known}")
    } else {
        format!("`{scheme}` is not a scheme that a connector is for; supported are {known}")
    };
    StoreError::new(StoreErrorKind::Unsupported, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_have_no_secrets() {
        assert_eq!(
            location_of("postgres://me:p%40ss@db.example:5432/shop?password=x"),
            "postgres://db.example:5432/shop"
        );
        assert_eq!(location_of("mongodb://a:b@c@host/db"), "mongodb://host/db");
        assert_eq!(location_of("sqlite:a/b.db"), "sqlite:a/b.db");
        for secret in ["p?ss", "p/ss", "p#ss", "5432/ss"] {
            let url = format!("postgres://me:{secret}@db.example/shop");
            assert_eq!(location_of(&url), "postgres://…");
        }
    }

    #[test]
    fn an_unknown_scheme_names_those_that_are_known() {
        assert!(unknown("oracle").message.contains("sqlite"));
    }
}
