//! `[phase.NAME.enrich.FIELD]`: a target field that an HTTP service fills.

use std::num::NonZeroU32;
use std::time::Duration;

use super::TargetKey;
use super::read;
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyKind, KeyShape, Node, Shape, Spanned, Table, TableShape, Text, TextKind,
    parse_rate,
};

/// The shape of an enrichment.
pub(super) static SHAPE: TableShape = TableShape {
    name: "an enrichment",
    id: "enrich",
    summary: "A target field that an HTTP service fills: what is sent, and what of the answer is taken.",
    keys: &[
        KeyShape::optional(
            "enabled",
            &Shape::Boolean,
            "whether anything is sent; without it the field is left out (default: true)",
        ),
        KeyShape::required("url", &Shape::Text(TextKind::Url), "where requests go"),
        KeyShape::optional(
            "method",
            &Shape::Choice(&read::words(&Method::CHOICES)),
            "the method (default: POST)",
        ),
        KeyShape::optional(
            "headers",
            &Shape::MapOf(KeyKind::Header, &Shape::PLAIN),
            "headers of each request; `Content-Type` is JSON unless one says otherwise",
        ),
        KeyShape::optional(
            "bearer",
            &Shape::Text(TextKind::Secret),
            "the token of an `Authorization: Bearer` header",
        ),
        KeyShape::optional("aws", &Shape::Table(&AWS), "who signs requests to AWS"),
        KeyShape::required(
            "input",
            &Shape::Text(TextKind::Path),
            "what is sent of a record: a field of the phase, or a named value (`let.name`)",
        ),
        KeyShape::optional(
            "per",
            &Shape::Choice(&read::words(&Per::CHOICES)),
            "what one request carries (default: batch)",
        ),
        KeyShape::required(
            "body",
            &Shape::Text(TextKind::Template),
            "the body of a request; it sees `input`, or `inputs` where a request carries a batch",
        ),
        KeyShape::required(
            "take",
            &Shape::Text(TextKind::Path),
            "what is taken of the answer; for a batch, a path that gives one value for each input",
        ),
        KeyShape::optional(
            "batch",
            &Shape::Integer { min: 1, max: 10_000 },
            "records that are asked for and committed together (default: 100)",
        ),
        KeyShape::optional(
            "concurrency",
            &Shape::Integer { min: 1, max: 256 },
            "requests at the same time (default: 4)",
        ),
        KeyShape::optional("rate", &Shape::Rate, "how many requests may start in a time"),
        KeyShape::optional(
            "timeout",
            &Shape::Duration,
            "how long one request may take (default: 30s)",
        ),
        KeyShape::optional(
            "retry",
            &Shape::Table(&RETRY),
            "what happens after a failure that may pass",
        ),
        KeyShape::optional("cost", &Shape::Table(&COST), "what requests cost, for the report"),
    ],
    groups: &[Group {
        name: "way to say who asks",
        keys: &["bearer", "aws"],
        rule: GroupRule::AtMostOne,
    }],
};

static AWS: TableShape = TableShape {
    name: "a signature",
    id: "aws",
    summary: "Who signs requests to AWS (Signature Version 4).",
    keys: &[
        KeyShape::required(
            "service",
            &Shape::Text(TextKind::Words),
            "the service's signing name, such as `bedrock`",
        ),
        KeyShape::required("region", &Shape::Text(TextKind::Words), "the region"),
        KeyShape::required("access_key", &Shape::Text(TextKind::Secret), "the access key id"),
        KeyShape::required("secret_key", &Shape::Text(TextKind::Secret), "the secret access key"),
        KeyShape::optional(
            "session_token",
            &Shape::Text(TextKind::Secret),
            "the token of temporary credentials; an empty one is none",
        ),
    ],
    groups: &[],
};

static RETRY: TableShape = TableShape {
    name: "a retry",
    id: "retry",
    summary: "What happens after an answer 429 or 5xx, or none in time.",
    keys: &[
        KeyShape::optional(
            "attempts",
            &Shape::Integer { min: 1, max: 100 },
            "how often a request is tried in all; answers 429 do not count (default: 5)",
        ),
        KeyShape::optional(
            "backoff",
            &Shape::Duration,
            "the first wait, which then doubles; `Retry-After` is kept to (default: 200ms)",
        ),
    ],
    groups: &[],
};

static COST: TableShape = TableShape {
    name: "a cost",
    id: "cost",
    summary: "What requests cost: so much for so many units, or for so many requests.",
    keys: &[
        KeyShape::required("price", &Shape::PLAIN, "the price, as text: \"0.02\""),
        KeyShape::optional(
            "for",
            &Shape::Integer { min: 1, max: i64::MAX },
            "of how many units, or requests (default: 1)",
        ),
        KeyShape::optional(
            "units",
            &Shape::Text(TextKind::Path),
            "where an answer tells its units; without it requests are counted",
        ),
        KeyShape::optional("currency", &Shape::PLAIN, "in what (default: USD)"),
    ],
    groups: &[],
};

/// An enrichment.
#[derive(Clone, Debug)]
pub struct Enrich {
    /// The target field that it fills.
    pub target: TargetKey,
    /// Its table.
    pub span: Span,
    /// Whether anything is sent.
    pub enabled: Option<Spanned<bool>>,
    /// Where requests go. `None` only after an error, as all that is required.
    pub url: Option<Text>,
    /// The method.
    pub method: Method,
    /// Headers.
    pub headers: Vec<(Text, Text)>,
    /// The token.
    pub bearer: Option<Text>,
    /// Who signs.
    pub aws: Option<Aws>,
    /// What is sent of a record.
    pub input: Option<Text>,
    /// What one request carries.
    pub per: Per,
    /// The body.
    pub body: Option<Text>,
    /// What is taken of the answer.
    pub take: Option<Text>,
    /// Records that are asked for together.
    pub batch: Option<Spanned<u64>>,
    /// Requests at the same time.
    pub concurrency: Option<Spanned<u64>>,
    /// How many requests may start in a time.
    pub rate: Option<(NonZeroU32, Duration)>,
    /// How long a request may take.
    pub timeout: Option<Duration>,
    /// What happens after a failure.
    pub retry: Retry,
    /// What requests cost.
    pub cost: Option<Cost>,
}

/// Who signs requests to AWS.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The service. `None` only after an error, as all that is required.
    pub service: Option<Text>,
    /// The region.
    pub region: Option<Text>,
    /// The access key id.
    pub access_key: Option<Text>,
    /// The secret access key.
    pub secret_key: Option<Text>,
    /// The token of temporary credentials.
    pub session_token: Option<Text>,
}

/// What happens after a failure that may pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retry {
    /// How often a request is tried in all.
    pub attempts: Option<u64>,
    /// The first wait.
    pub backoff: Option<Duration>,
}

/// What requests cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The price. `None` only after an error.
    pub price: Option<Text>,
    /// Of how many.
    pub of: Option<u64>,
    /// Where an answer tells its units.
    pub units: Option<Text>,
    /// In what.
    pub currency: Option<Text>,
}

/// The method of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `POST`
    #[default]
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

/// What one request carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// One record.
    Record,
    /// All records of a batch that have something to ask.
    #[default]
    Batch,
}

impl Method {
    const CHOICES: [(&str, Self); 3] =
        [("POST", Self::Post), ("PUT", Self::Put), ("PATCH", Self::Patch)];
}

impl Per {
    const CHOICES: [(&str, Self); 2] = [("record", Self::Record), ("batch", Self::Batch)];
}

impl Enrich {
    /// Records that are asked for together when the enrichment does not say.
    pub const DEFAULT_BATCH: u64 = 100;

    /// Records that are asked for and committed together.
    pub fn batch(&self) -> u64 {
        self.batch.map_or(Self::DEFAULT_BATCH, |batch| batch.value)
    }

    pub(super) fn read_all(table: &Table) -> Vec<Self> {
        read::entries(table, "enrich")
            .iter()
            .filter_map(|entry| {
                let target = TargetKey { text: entry.key.clone(), quoted: entry.quoted };
                Some(Self::read(target, entry.value.as_table()?, entry.value.span))
            })
            .collect()
    }

    fn read(target: TargetKey, table: &Table, span: Span) -> Self {
        Self {
            target,
            span,
            enabled: read::boolean(table, "enabled"),
            url: read::text(table, "url"),
            method: read::choice(table, "method", &Method::CHOICES)
                .map_or_else(Method::default, |method| method.value),
            headers: read::text_map(table, "headers"),
            bearer: read::text(table, "bearer"),
            aws: table.get("aws").and_then(Node::as_table).map(|table| Aws {
                service: read::text(table, "service"),
                region: read::text(table, "region"),
                access_key: read::text(table, "access_key"),
                secret_key: read::text(table, "secret_key"),
                session_token: read::text(table, "session_token"),
            }),
            input: read::text(table, "input"),
            per: read::choice(table, "per", &Per::CHOICES)
                .map_or_else(Per::default, |per| per.value),
            body: read::text(table, "body"),
            take: read::text(table, "take"),
            batch: read::integer(table, "batch"),
            concurrency: read::integer(table, "concurrency"),
            rate: read::text(table, "rate").and_then(|text| parse_rate(&text)),
            timeout: read::duration(table, "timeout").map(|timeout| timeout.value),
            retry: table.get("retry").and_then(Node::as_table).map_or_else(
                Retry::default,
                |table| Retry {
                    attempts: read::integer(table, "attempts").map(|attempts| attempts.value),
                    backoff: read::duration(table, "backoff").map(|backoff| backoff.value),
                },
            ),
            cost: table.get("cost").and_then(Node::as_table).map(|table| Cost {
                price: read::text(table, "price"),
                of: read::integer(table, "for").map(|of| of.value),
                units: read::text(table, "units"),
                currency: read::text(table, "currency"),
            }),
        }
    }
}
