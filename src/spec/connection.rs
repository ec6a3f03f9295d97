//! `[connections.NAME]`: a store and how to reach it.

use std::fmt;
use std::path::PathBuf;

use crate::document::{Spanned, Text};

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
    /// What to do with NUL characters in text.
    pub nul: Option<Spanned<NulPolicy>>,
    /// Texts that are read as true and as false.
    pub booleans: Option<Spanned<(Vec<String>, Vec<String>)>>,
    /// The encoding of text that is not declared (a label of the Encoding Standard).
    pub encoding: Option<Text>,
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
