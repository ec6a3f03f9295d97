//! Fields that services fill.

use std::time::Duration;

use crate::check::Checker;
use crate::check::expressions::target_path;
use crate::diagnostics::{Diagnostic, codes};
use crate::document::Text;
use crate::expr::{self, Body, Path, Root, TextKind};
use crate::http::{self, Credentials, Secret, Service};
use crate::plan;
use crate::spec::{self, Enrich, Method, Per};
use crate::value::{Decimal, Value};

const CONCURRENCY: u64 = 4;
const TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPTS: u64 = 5;
const BACKOFF: Duration = Duration::from_millis(200);

/// What a body is tried with: it must come out as JSON.
const SAMPLE: &str = "a \"quoted\" \\ text\nof two lines";

impl<'s> Checker<'s> {
    /// The enrichments of a phase. `None` when something in them is wrong, all of which is reported.
    pub(super) fn enrichments(&mut self, phase: &'s spec::Phase) -> Option<Vec<plan::Enrich>> {
        if let Some(first) = phase.enrich.first() {
            self.sent_once(phase, first);
        }
        let made: Vec<Option<plan::Enrich>> =
            phase.enrich.iter().map(|enrich| self.enrichment(phase, enrich)).collect();
        made.into_iter().collect()
    }

    /// Refuses what would send the same content again and again.
    fn sent_once(&mut self, phase: &spec::Phase, enrich: &Enrich) {
        let place = enrich.target.text.span();
        let append = phase.target.as_ref().filter(|t| t.write() == spec::WriteMode::Append);
        if let Some(target) = append {
            let span = target.write.map_or(target.span, |write| write.span);
            self.report(
                Diagnostic::new(&codes::SENT_AGAIN, "every run would send everything again")
                    .at(span, "`append` does not look for what is there")
                    .and(place, "what is there needs no request")
                    .help("give the target a `key`, such as a hash of what is sent"),
            );
        }
        let whole = phase.transaction.filter(|choice| choice.value == spec::Transaction::Phase);
        if let Some(transaction) = whole {
            self.report(
                Diagnostic::new(&codes::SENT_AGAIN, "an interruption would lose all answers")
                    .at(transaction.span, "nothing is kept before the end")
                    .and(place, "answers are committed batch by batch")
                    .help("leave `transaction` out"),
            );
        }
    }

    fn enrichment(&mut self, phase: &spec::Phase, enrich: &'s Enrich) -> Option<plan::Enrich> {
        let service = self.service(enrich);
        let body = self.body(enrich);
        let take = enrich.take.as_ref().and_then(|take| self.answer_path(take));
        let cost = match &enrich.cost {
            None => Some(None),
            Some(cost) => self.cost(cost).map(Some),
        };
        let input = enrich.input.as_ref()?;
        let sent = phase.fields.iter().find(|field| field.target.text == *input);
        Some(plan::Enrich {
            field: target_path(&enrich.target)?,
            input: sent.and_then(|field| target_path(&field.target)),
            enabled: enrich.enabled.is_none_or(|enabled| enabled.value),
            service: service?,
            per: match enrich.per {
                Per::Record => plan::Per::Record,
                Per::Batch => plan::Per::Batch,
            },
            body: body?,
            take: take?,
            cost: cost?,
        })
    }

    fn service(&mut self, enrich: &Enrich) -> Option<Service> {
        let mut right = true;
        let url = enrich.url.as_ref()?;
        if let Some(wrong) = http::url_problem(url) {
            self.report(
                Diagnostic::new(&codes::BAD_URL, "requests can't go there")
                    .at(url.span(), wrong)
                    .help("write it whole, as in `https://api.example.com/v1/embeddings`"),
            );
            right = false;
        }
        for (name, value) in &enrich.headers {
            if let Some(wrong) = http::header_problem(name, value) {
                self.report(
                    Diagnostic::new(&codes::BAD_VALUE, format!("header `{name}` can't be sent"))
                        .at(name.span(), wrong),
                );
                right = false;
            }
        }
        let secret = |text: &Text| Secret(text.to_string());
        // An empty variable says that nobody asks: a service at hand needs no token.
        let told = |text: &Option<Text>| text.as_ref().is_none_or(|text| !text.is_empty());
        let credentials = match (&enrich.bearer, &enrich.aws) {
            (Some(token), _) if token.is_empty() => Credentials::None,
            (Some(token), _) => Credentials::Bearer(secret(token)),
            (None, Some(aws)) if !told(&aws.access_key) && !told(&aws.secret_key) => {
                Credentials::None
            }
            (None, Some(aws)) => Credentials::Aws {
                service: aws.service.as_ref()?.to_string(),
                region: aws.region.as_ref()?.to_string(),
                access_key: secret(aws.access_key.as_ref()?),
                secret_key: secret(aws.secret_key.as_ref()?),
                session_token: aws
                    .session_token
                    .as_ref()
                    .filter(|token| !token.is_empty())
                    .map(secret),
            },
            (None, None) => Credentials::None,
        };
        right.then(|| Service {
            url: url.to_string(),
            method: match enrich.method {
                Method::Post => http::Method::Post,
                Method::Put => http::Method::Put,
                Method::Patch => http::Method::Patch,
            },
            headers: enrich
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), secret(value)))
                .collect(),
            credentials,
            concurrency: size(enrich.concurrency.map_or(CONCURRENCY, |number| number.value)),
            rate: enrich.rate,
            timeout: enrich.timeout.unwrap_or(TIMEOUT),
            attempts: size(enrich.retry.attempts.unwrap_or(ATTEMPTS)),
            backoff: enrich.retry.backoff.unwrap_or(BACKOFF),
        })
    }

    /// The template of a body, which sees one name and gives JSON.
    fn body(&mut self, enrich: &Enrich) -> Option<String> {
        let text = enrich.body.as_ref()?;
        let analysis = match expr::analyse(text, TextKind::Template) {
            Ok(analysis) => analysis,
            Err(error) => {
                self.report(
                    Diagnostic::new(&codes::BAD_SYNTAX, "the template can't be read")
                        .at(text.locate(error.range), error.message),
                );
                return None;
            }
        };
        let mut right = analysis.unknown.is_empty();
        for (what, name, range) in &analysis.unknown {
            self.report(
                Diagnostic::new(&codes::UNKNOWN_FUNCTION, format!("there is no {what} `{name}`"))
                    .at(text.locate(range.clone()), format!("unknown {what}")),
            );
        }
        let (seen, per) = match enrich.per {
            Per::Record => ("input", "record"),
            Per::Batch => ("inputs", "batch"),
        };
        for name in analysis.names.iter().filter(|name| name.path[0] != seen) {
            let wrong = &name.path[0];
            let other = if wrong == "input" || wrong == "inputs" {
                format!("a request carries a {per} (`per`): its body sees `{seen}`")
            } else {
                format!("a body sees `{seen}`, which is what `input` names")
            };
            self.report(
                Diagnostic::new(
                    &codes::UNKNOWN_BODY_NAME,
                    format!("a body does not see `{wrong}`"),
                )
                .at(text.locate(name.range.clone()), "not there")
                .help(other),
            );
            right = false;
        }
        if !right {
            return None;
        }
        let json = enrich
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .all(|(_, value)| value.to_ascii_lowercase().contains("json"));
        if json && !gives_json(text, enrich.per) {
            self.report(
                Diagnostic::new(&codes::BAD_BODY, "the body is no JSON")
                    .at(text.span(), "once a text with quotes is put in")
                    .help(format!(
                        "put it in with `{{{{ {seen} | tojson }}}}`, without quotes around it"
                    )),
            );
            return None;
        }
        Some(text.to_string())
    }

    /// A path into an answer.
    fn answer_path(&mut self, text: &Text) -> Option<Path> {
        let (range, message) = match Path::parse(text, false, None) {
            Ok(path) if path.root == Root::Record => return Some(path),
            Ok(_) => (0..text.len(), "this is a path into the answer, which is `$`".to_owned()),
            Err(error) => (error.range, error.message),
        };
        self.report(Diagnostic::new(&codes::BAD_PATH, message).at(text.locate(range), "here"));
        None
    }

    fn cost(&mut self, cost: &spec::Cost) -> Option<plan::Cost> {
        let units = match &cost.units {
            None => Some(None),
            Some(path) => self.answer_path(path).map(Some),
        };
        let text = cost.price.as_ref()?;
        let price =
            text.parse::<Decimal>().ok().filter(|price| !price.to_string().starts_with('-'));
        if price.is_none() {
            self.report(
                Diagnostic::new(&codes::BAD_VALUE, "`price` must be a number such as \"0.02\"")
                    .at(text.span(), "can't be used"),
            );
        }
        Some(plan::Cost {
            price: price?,
            of: cost.of.unwrap_or(1),
            units: units?,
            currency: cost.currency.as_ref().map_or("USD", |currency| currency.as_str()).to_owned(),
        })
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Whether a body is JSON whatever is put in. One that does more with a value than to put it in may
/// refuse the sample; that is told when it is sent.
fn gives_json(text: &str, per: Per) -> bool {
    let Ok(body) = Body::compile(text) else { return true };
    let sample = Value::text(SAMPLE);
    let rendered = match per {
        Per::Record => body.of_one(&sample),
        Per::Batch => body.of_several(vec![sample.clone(), sample]),
    };
    rendered.map_or(true, |text| serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok())
}
