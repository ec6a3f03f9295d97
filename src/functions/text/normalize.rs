//! `normalize`.

use unicode_normalization::UnicodeNormalization as _;

use crate::functions::arguments::{Arguments, text_transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::DataType;

/// Brings text into a Unicode normal form.
pub(in crate::functions) struct Normalize;

impl Function for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }
    fn summary(&self) -> &'static str {
        "Brings text into a Unicode normal form."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "form",
            summary: "NFC (the default), NFD, NFKC or NFKD",
            kind: ParameterKind::Text,
            required: false,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: r#""normalize""#, given: r#""e\u0301""#, gives: Ok(r#""é""#) },
            Example { apply: r#"{ normalize = "NFKC" }"#, given: r#""ﬁ""#, gives: Ok(r#""fi""#) },
            Example {
                apply: r#"{ normalize = "NFD" }"#,
                given: r#""é""#,
                gives: Ok(r#""e\u0301""#),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let form = arguments.word(0, FORMS)?;
        text_transform("normalize", move |text| match form {
            Form::Nfc => text.nfc().collect(),
            Form::Nfd => text.nfd().collect(),
            Form::Nfkc => text.nfkc().collect(),
            Form::Nfkd => text.nfkd().collect(),
        })
    }
}

#[derive(Clone, Copy)]
enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

const FORMS: &[(&str, Form)] =
    &[("NFC", Form::Nfc), ("NFD", Form::Nfd), ("NFKC", Form::Nfkc), ("NFKD", Form::Nfkd)];
