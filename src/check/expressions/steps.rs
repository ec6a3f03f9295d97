//! What is done to a value on its way: transforms, conversions, objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::{Mapper, Scope};
use crate::diagnostics::{Diagnostic, codes, wording};
use crate::document::Text;
use crate::expr::{ArgumentExpr, Crosswalk, Step};
use crate::functions::{self, Argument};
use crate::spec::{Apply, ArgumentValue, Arguments, Field, OnMissing, Rule};
use crate::value::cast::TimePattern;
use crate::value::{DataType, FieldPath};

impl<'s> Mapper<'_, 's> {
    /// `apply`, then `parse`, then `cast`.
    pub(super) fn steps_before_translation(
        &mut self,
        rule: &'s Rule,
        inside: bool,
    ) -> Option<Vec<Step>> {
        let (timezone, mut right) = match &rule.timezone {
            Some(text) => {
                let zone = self.timezone(text);
                (zone, zone.is_some())
            }
            None => (None, true),
        };
        let mut steps = Vec::new();
        for apply in &rule.apply {
            match self.apply(apply, inside) {
                Some(step) => steps.push(step),
                None => right = false,
            }
        }
        if let Some(text) = &rule.parse {
            match self.pattern(text, true) {
                Some(pattern) => {
                    steps.push(Step::Parse { pattern, timezone });
                }
                None => right = false,
            }
        }
        if let Some(text) = &rule.cast {
            match self.checker.data_type(text) {
                Some(to) => steps.push(Step::Cast { to, timezone }),
                None => right = false,
            }
        }
        right.then_some(steps)
    }

    /// `crosswalk`.
    pub(super) fn crosswalk_step(&mut self, rule: &'s Rule) -> Option<Vec<Step>> {
        let Some(name) = &rule.crosswalk else { return Some(Vec::new()) };
        let crosswalk = self.checker.crosswalk(self.spec, name)?;
        let codes: BTreeMap<_, _> = crosswalk
            .entries
            .iter()
            .map(|(code, value)| (code.to_string(), value.value.clone()))
            .collect();
        Some(vec![Step::Crosswalk(Arc::new(Crosswalk {
            name: crosswalk.name.to_string(),
            codes,
            otherwise: crosswalk.otherwise.as_ref().map(|value| value.value.clone()),
        }))])
    }

    /// `object` or `extend`, then `format`.
    pub(super) fn steps_after_translation(
        &mut self,
        rule: &'s Rule,
        scope: Scope,
    ) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut right = true;
        if let Some(fields) = &rule.object {
            match self.nested(fields, scope) {
                Some(fields) => steps.push(Step::Object(fields)),
                None => right = false,
            }
        }
        if rule.extend.is_some() || !rule.without.is_empty() {
            match self.nested(rule.extend.as_deref().unwrap_or_default(), scope) {
                Some(fields) => steps.push(Step::Extend {
                    fields,
                    without: rule.without.iter().map(ToString::to_string).collect(),
                }),
                None => right = false,
            }
        }
        if let Some(text) = &rule.format {
            let timezone = rule.timezone.as_ref().and_then(|text| text.parse::<Tz>().ok());
            match self.pattern(text, false) {
                Some(pattern) => steps.push(Step::Format { pattern, timezone }),
                None => right = false,
            }
        }
        right.then_some(steps)
    }

    fn nested(
        &mut self,
        fields: &'s [Field],
        _outer: Scope,
    ) -> Option<Vec<(FieldPath, crate::expr::Expr)>> {
        let scope = Scope { inside: true, on_missing: OnMissing::Reject };
        let made = self.fields(fields, scope)?;
        Some(made.into_iter().map(|(_, path, expr)| (path, expr)).collect())
    }

    /// The zone of that name; an unknown one is reported.
    fn timezone(&mut self, text: &Text) -> Option<Tz> {
        if let Ok(zone) = text.parse::<Tz>() {
            return Some(zone);
        }
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let help = wording::suggest(text, names).map_or_else(
            || "zones are named as in `Europe/Berlin` or `UTC`".to_owned(),
            |candidate| format!("did you mean `{candidate}`?"),
        );
        self.report(
            Diagnostic::new(&codes::UNKNOWN_TIMEZONE, format!("there is no time zone `{text}`"))
                .at(text.span(), "unknown time zone")
                .help(help),
        );
        None
    }

    fn pattern(&mut self, text: &Text, parses: bool) -> Option<String> {
        let refused = match TimePattern::new(text) {
            Ok(pattern) if parses => pattern.parses().err().map(str::to_owned),
            Ok(_) => None,
            Err(message) => Some(message),
        };
        match refused {
            None => Some(text.to_string()),
            Some(message) => {
                self.report(
                    Diagnostic::new(&codes::BAD_TIME_PATTERN, message)
                        .at(text.span(), "not usable")
                        .help("patterns are those of strftime: `%Y-%m-%d`, `%d/%m/%Y %H:%M`"),
                );
                None
            }
        }
    }

    fn apply(&mut self, apply: &'s Apply, inside: bool) -> Option<Step> {
        let given: Vec<(Option<&'s Text>, &'s ArgumentValue)> = match &apply.arguments {
            Arguments::None => Vec::new(),
            Arguments::Single(value) => vec![(None, value)],
            Arguments::Named(values) => {
                values.iter().map(|(name, value)| (Some(name), value)).collect()
            }
        };
        let mut arguments = Vec::with_capacity(given.len());
        let mut right = true;
        for (name, value) in &given {
            let value = match value {
                ArgumentValue::Literal(value) => Some(ArgumentExpr::Value(value.value.clone())),
                ArgumentValue::Path(text) => self.path(text, inside).map(ArgumentExpr::Path),
            };
            match value {
                Some(value) => arguments.push((name.map(ToString::to_string), value)),
                None => right = false,
            }
        }
        let Some(function) = functions::find(&apply.name) else {
            self.unknown_transform(&apply.name);
            return None;
        };
        if !right {
            return None;
        }
        let bound = arguments
            .iter()
            .enumerate()
            .map(|(at, (name, argument))| {
                let argument = match argument {
                    ArgumentExpr::Value(value) => Argument::Constant(value.clone()),
                    ArgumentExpr::Path(_) => Argument::Dynamic(at),
                };
                (name.clone(), argument)
            })
            .collect();
        if let Err(error) = functions::bind(function, bound) {
            // The argument that is to blame, when the message names one that was given.
            let culprit = given
                .iter()
                .filter_map(|(name, _)| *name)
                .find(|name| error.to_string().contains(&format!("`{name}`")));
            self.report(
                Diagnostic::new(&codes::BAD_ARGUMENT, error.to_string())
                    .at(culprit.map_or(apply.span, Text::span), "not usable")
                    .help(format!("`mapper list transforms` shows `{}` with examples", apply.name)),
            );
            return None;
        }
        Some(Step::Apply { function: apply.name.to_string(), arguments })
    }

    fn unknown_transform(&mut self, name: &Text) {
        let names = functions::ALL.iter().map(|function| function.name());
        let help = wording::suggest(name, names).map_or_else(
            || "`mapper list transforms` shows all of them".to_owned(),
            |candidate| format!("did you mean `{candidate}`?"),
        );
        self.report(
            Diagnostic::new(&codes::UNKNOWN_TRANSFORM, format!("there is no transform `{name}`"))
                .at(name.span(), "unknown transform")
                .help(help),
        );
    }
}

impl crate::check::Checker<'_> {
    /// The type that a text names; an unknown one is reported.
    pub(in crate::check) fn data_type(&mut self, text: &Text) -> Option<DataType> {
        match text.parse() {
            Ok(data_type) => Some(data_type),
            Err(error) => {
                let name = text.split('(').next().unwrap_or_default().trim();
                let help = wording::suggest(name, DataType::NAMES.iter().copied())
                    .filter(|candidate| *candidate != name)
                    .map_or_else(
                        || error.to_string(),
                        |candidate| format!("did you mean `{candidate}`?"),
                    );
                self.report(
                    Diagnostic::new(&codes::UNKNOWN_TYPE, format!("there is no type `{text}`"))
                        .at(text.span(), "unknown type")
                        .help(help),
                );
                None
            }
        }
    }
}
