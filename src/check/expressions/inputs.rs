//! What services are asked about, a field of the phase or a named value; and the fields that they
//! fill.

use super::{Made, Mapper, target_path};
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::expr::{self, Expr};
use crate::spec;
use crate::value::FieldPath;

impl<'s> Mapper<'_, 's> {
    /// The inputs of a phase's enrichments, in order. `None` when one of them is wrong, or can't be
    /// told because a field is.
    pub(super) fn inputs(
        &mut self,
        written: &'s spec::Phase,
        fields: Option<&[Made<'s>]>,
    ) -> Option<Vec<Expr>> {
        let inputs: Vec<Option<Expr>> =
            written.enrich.iter().map(|enrich| self.input(written, enrich, fields)).collect();
        inputs.into_iter().collect()
    }

    /// The fields that services fill. `None` when one of them is filled otherwise too.
    pub(super) fn enriched(
        &mut self,
        written: &'s spec::Phase,
        fields: &[Made<'s>],
    ) -> Option<Vec<FieldPath>> {
        let mut places: Vec<(FieldPath, Span)> = fields
            .iter()
            .map(|(field, path, _)| (path.clone(), field.target.text.span()))
            .collect();
        let mut enriched = Vec::with_capacity(written.enrich.len());
        let errors = self.checker.diagnostics.sorted().len();
        for enrich in &written.enrich {
            let path = target_path(&enrich.target)?;
            let place = (path.clone(), enrich.target.text.span());
            for other in &places {
                self.checker.overlaps(&[other.clone(), place.clone()]);
            }
            places.push(place);
            enriched.push(path);
        }
        (self.checker.diagnostics.sorted().len() == errors).then_some(enriched)
    }

    fn input(
        &mut self,
        written: &'s spec::Phase,
        enrich: &'s spec::Enrich,
        fields: Option<&[Made<'s>]>,
    ) -> Option<Expr> {
        let text = enrich.input.as_ref()?;
        if text.as_str() == "let" || text.starts_with("let.") {
            return Some(Expr {
                origin: expr::Origin::Path(self.path(text, false)?),
                steps: Vec::new(),
                default: None,
                on_error: expr::OnError::Reject,
            });
        }
        if written.fields.iter().any(|field| field.target.text == *text) {
            let of =
                |(field, _, expr): &Made<'s>| (field.target.text == *text).then(|| expr.clone());
            return fields?.iter().find_map(of);
        }
        let names: Vec<String> = written
            .fields
            .iter()
            .map(|field| field.target.text.to_string())
            .chain(self.let_names.iter().map(|name| format!("let.{name}")))
            .collect();
        let help = match wording::suggest(text, names.iter().map(String::as_str)) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None => format!("there are {}", wording::and_list(&names)),
        };
        self.checker.report_unknown(
            Diagnostic::new(
                &codes::UNKNOWN_INPUT,
                format!("there is no field or named value `{text}`"),
            )
            .at(text.span(), "not a field of the phase, and not in `let`")
            .help(help),
        );
        None
    }
}
