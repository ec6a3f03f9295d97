//! What a connection says for all that is read and written through it: its password's file, and its
//! policies for values without a counterpart.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Checker;
use super::capabilities::Kind;
use crate::connectors::{self, Policies};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::spec;

/// The longest password file that is read.
const LONGEST_PASSWORD: u64 = 4096;

impl Checker<'_> {
    /// The URL with the password of the connection's file in it.
    pub(super) fn with_password(
        &mut self,
        url: String,
        connection: &spec::Connection,
    ) -> Option<String> {
        let Some(file) = &connection.password_file else { return Some(url) };
        let span = file.text.span();
        let path_of_file = self.options.working_directory.join(file.resolve());
        let mut refuse = |message: &str, help: &str| {
            self.report(
                Diagnostic::new(&codes::BAD_URL, message).at(span, "for this file").help(help),
            );
            None
        };
        let Some((scheme, rest)) = url.split_once("://") else { return Some(url) };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let Some((user, host)) = authority.rsplit_once('@') else {
            return refuse(
                "a password needs a user",
                "name the user in the URL (`postgres://app@db/shop`), or with `user`",
            );
        };
        if user.contains(':') {
            return refuse(
                "the connection has a password already",
                "leave one of the two out: the URL's password or `password_file`",
            );
        }
        let password = match read_password(&path_of_file) {
            Ok(password) => password,
            Err(why) => {
                return refuse(
                    &format!("the password file can't be used: {why}"),
                    "it holds the password and nothing else; a line's end after it does no harm",
                );
            }
        };
        let password = utf8_percent_encode(&password, NON_ALPHANUMERIC);
        Some(format!("{scheme}://{user}:{password}@{host}{path}"))
    }

    /// The connection's policies. One that its store has no use for is reported.
    pub(super) fn policies(
        &mut self,
        connection: &spec::Connection,
        kind: &'static Kind,
    ) -> Policies {
        let zero_date = connection.zero_date.as_ref();
        let uuid_order = connection.uuid_order.as_ref();
        let encoding = connection.encoding.as_ref();
        self.only_for(kind, "zero_date", "mysql", zero_date.map(|policy| policy.span));
        self.only_for(kind, "encoding", "mysql", encoding.map(crate::document::Text::span));
        self.only_for(kind, "uuid_order", "mongodb", uuid_order.map(|order| order.span));
        if let Some(label) = encoding {
            self.encoding(label);
        }
        Policies {
            nul: connection.nul.as_ref().and_then(|policy| match &policy.value {
                spec::NulPolicy::Reject => None,
                spec::NulPolicy::Strip => Some(connectors::NulPolicy::Strip),
                spec::NulPolicy::Replace(text) => {
                    Some(connectors::NulPolicy::Replace(text.clone()))
                }
            }),
            booleans: connection.booleans.as_ref().map(|booleans| booleans.value.clone()),
            encoding: encoding.map(ToString::to_string),
            zero_date: zero_date.and_then(|policy| match &policy.value {
                spec::ZeroDate::Reject => None,
                spec::ZeroDate::Null => Some(connectors::ZeroDatePolicy::Null),
                spec::ZeroDate::Replace(day) => {
                    let Ok(day) = day.parse() else {
                        self.report(
                            Diagnostic::new(&codes::BAD_VALUE, "this is no day")
                                .at(day.span(), "expected a day such as `1970-01-01`"),
                        );
                        return None;
                    };
                    Some(connectors::ZeroDatePolicy::Replace(day))
                }
            }),
            uuid_order: uuid_order.map(|order| match order.value {
                spec::UuidOrder::Standard => connectors::UuidOrder::Standard,
                spec::UuidOrder::Java => connectors::UuidOrder::Java,
                spec::UuidOrder::CSharp => connectors::UuidOrder::CSharp,
            }),
        }
    }

    fn only_for(&mut self, kind: &Kind, key: &str, scheme: &str, span: Option<Span>) {
        if let Some(span) = span
            && !kind.schemes.contains(&scheme)
        {
            self.report(
                Diagnostic::new(&codes::MISPLACED_KEY, format!("`{key}` has no meaning here"))
                    .at(span, format!("only `{scheme}` connections have use for it")),
            );
        }
    }
}

/// The password in a file, or why there is none.
fn read_password(path: &std::path::Path) -> Result<String, String> {
    let why = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        kind => kind.to_string(),
    };
    let metadata = std::fs::metadata(path).map_err(why)?;
    if metadata.len() > LONGEST_PASSWORD {
        return Err("it is too long".to_owned());
    }
    let text = std::fs::read_to_string(path).map_err(why)?;
    let password = text.trim_end_matches(['\n', '\r']);
    match password {
        "" => Err("it is empty".to_owned()),
        _ if password.contains('\n') => Err("it has several lines".to_owned()),
        password => Ok(password.to_owned()),
    }
}
