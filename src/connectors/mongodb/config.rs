//! What a URL says of where the server is and how it is spoken to.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use mongodb::options::{Acknowledgment, ClientOptions};

use super::error::store_error;
use crate::connectors::{StoreError, StoreErrorKind};

/// How long a server is looked for, unless the URL says otherwise.
const SELECTION: Duration = Duration::from_secs(5);

/// What a URL says.
pub(super) struct Target {
    /// The driver's options.
    pub(super) options: ClientOptions,
    /// The database.
    pub(super) database: String,
    /// What a write waits for.
    pub(super) write_concern: Bson,
}

/// Reads a URL.
///
/// # Errors
/// When the driver does not understand it, its host's name can't be resolved, it names no database,
/// or its writes would not be confirmed.
pub(super) async fn parse(url: &str, location: &str) -> Result<Target, StoreError> {
    let parsed = ClientOptions::parse(url).await;
    let mut options = parsed.map_err(|error| store_error(&error, location))?;
    let refuse = |message: &str| {
        Err(StoreError::new(StoreErrorKind::Unsupported, format!("{location}: {message}")))
    };
    let Some(database) = options.default_database.clone().filter(|name| !name.is_empty()) else {
        return refuse("the URL names no database: mongodb://host:27017/database");
    };
    let concern = options.write_concern.clone().unwrap_or_default();
    if concern.w == Some(Acknowledgment::Nodes(0)) {
        return refuse("with `w=0` nobody knows whether a write arrived; leave it out");
    }
    let mut write_concern = match serialize_to_bson(&concern) {
        Ok(Bson::Document(concern)) => concern,
        _ => Document::new(),
    };
    if !write_concern.contains_key("w") {
        write_concern.extend(doc! { "w": "majority" });
    }
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.app_name.get_or_insert_with(|| "mapper".to_owned());
    Ok(Target { options, database, write_concern: Bson::Document(write_concern) })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(url: &str) -> Result<Target, StoreError> {
        parse(url, "mongodb://h/d").await
    }

    #[tokio::test]
    async fn a_write_waits_for_the_majority_unless_the_url_says_otherwise() {
        let target = read("mongodb://h/shop").await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(target.write_concern, Bson::Document(doc! { "w": "majority" }));
        assert_eq!(target.database, "shop");
        assert_eq!(target.options.server_selection_timeout, Some(SELECTION));
        let url = "mongodb://h/shop?w=1&journal=true&serverSelectionTimeoutMS=100";
        let target = read(url).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(target.write_concern, Bson::Document(doc! { "w": 1, "j": true }));
        assert_eq!(target.options.server_selection_timeout, Some(Duration::from_millis(100)));
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_url_is_told_without_its_secrets() {
        let wrong = [
            "mongodb://me:hunter2@h",
            "mongodb://me:hunter2@h/",
            "mongodb://me:hunter2@h/d?w=0",
            "mongodb://me:hunter2@h/d?tls=hunter2",
            "mongodb://me:hun@ter2:x@h/d",
        ];
        for url in wrong {
            let error = read(url).await.err().unwrap_or_else(|| panic!("{url}"));
            assert!(!error.message.contains("hun"), "{error}");
        }
    }
}
