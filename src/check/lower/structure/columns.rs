//! Columns: types and defaults.

use super::{Known, World, enum_task};
use crate::check::Checker;
use crate::check::connections::Handle;
use crate::diagnostics::{Diagnostic, codes, wording};
use crate::document::{Spanned, Text};
use crate::spec::{DeclaredColumn, DeclaredDefault, DeclaredType};
use crate::value::cast::fit;
use crate::value::declared::{data_type, type_text};
use crate::value::structure::{ColumnDefinition, ColumnType, DefaultValue, TableDefinition};
use crate::value::{DataType, Value, extended_json};

impl Checker<'_> {
    /// The columns of a table; constraints come when all columns of all tables are known.
    pub(super) fn table_columns(&mut self, world: &World<'_>, at: usize) -> TableDefinition {
        let Known { handle, declared, .. } = &world.tables[at];
        let mut columns = Vec::with_capacity(declared.columns.len());
        for column in &declared.columns {
            self.short_enough(&column.name);
            let Some(column_type) = self.column_type(world, handle, column) else { continue };
            let default = match &column.default {
                Some(default) => self.default(default, &column_type),
                None => None,
            };
            if handle.facts.documents {
                self.not_for_documents(column);
            }
            columns.push(ColumnDefinition {
                name: column.name.to_string(),
                column_type,
                nullable: column.null,
                default,
                generated: column.generated.as_ref().map(ToString::to_string),
                comment: column.comment.as_ref().map(ToString::to_string),
            });
        }
        TableDefinition {
            name: declared.name.to_string(),
            columns,
            comment: declared.comment.as_ref().map(ToString::to_string),
            ..TableDefinition::default()
        }
    }

    fn column_type(
        &mut self,
        world: &World<'_>,
        handle: &Handle,
        column: &DeclaredColumn,
    ) -> Option<ColumnType> {
        match column.column_type.as_ref()? {
            DeclaredType::Named(name) => self.named_type(world, handle, name),
            DeclaredType::PerStore { span, stores, otherwise } => {
                let own = stores.iter().find(|(store, _)| *store == handle.scheme);
                match (own, otherwise) {
                    (Some((_, text)), _) => Some(ColumnType::Native(text.to_string())),
                    (None, Some(name)) => self.named_type(world, handle, name),
                    (None, None) => {
                        self.report(
                            Diagnostic::new(
                                &codes::NOT_IN_THIS_STORE,
                                format!("no type is given for {}", handle.scheme),
                            )
                            .at(*span, format!("`{}` is {}", handle.name, handle.scheme))
                            .help("add it, or `otherwise` with a portable type"),
                        );
                        None
                    }
                }
            }
        }
    }

    fn named_type(
        &mut self,
        world: &World<'_>,
        handle: &Handle,
        name: &Text,
    ) -> Option<ColumnType> {
        if let Ok(portable) = name.parse::<DataType>() {
            return Some(ColumnType::Portable(portable));
        }
        if let Some(known) = world.enumeration(handle.store, name) {
            return Some(ColumnType::Enum(enum_task(known.declared).definition));
        }
        let enums: Vec<&str> = world
            .enums
            .iter()
            .filter(|known| known.handle.store == handle.store)
            .map(|known| known.declared.name.as_str())
            .collect();
        let base = name.split('(').next().unwrap_or_default();
        let help = match base.to_ascii_lowercase().as_str() {
            "varchar" | "char" | "string" => Some("text with a length is `text(20)`"),
            "int" | "int4" | "serial" => Some("numbers are `integer`, or `integer(16|32|64)`"),
            "bigint" | "int8" | "bigserial" => Some("this is `integer`, which has 64 bits"),
            "smallint" => Some("this is `integer(16)`"),
            "bool" => Some("this is `boolean`"),
            "jsonb" => Some("this is `json`"),
            "timestamptz" => Some("this is `timestamp`; one without a zone is `datetime`"),
            "numeric" | "money" => Some("this is `decimal(PRECISION, SCALE)`"),
            "double" | "real" => Some("this is `float`, or `float(32)`"),
            "bytea" | "blob" => Some("this is `bytes`"),
            _ => None,
        };
        let mut candidates = DataType::NAMES.to_vec();
        candidates.extend(&enums);
        let help = help.map_or_else(
            || match wording::suggest(name, candidates.iter().copied()) {
                Some(candidate) => format!("did you mean `{candidate}`?"),
                None => {
                    let enums = if enums.is_empty() {
                        "no enum is declared on this connection".to_owned()
                    } else {
                        format!("the enums of this connection are {}", wording::and_list(&enums))
                    };
                    format!("{}; {enums}", crate::value::ParseDataTypeError)
                }
            },
            str::to_owned,
        );
        self.report_unknown(
            Diagnostic::new(&codes::UNKNOWN_COLUMN_TYPE, format!("there is no type `{name}`"))
                .at(name.span(), "neither a portable type nor an enum")
                .help(help),
        );
        None
    }

    fn default(
        &mut self,
        default: &DeclaredDefault,
        column_type: &ColumnType,
    ) -> Option<DefaultValue> {
        let made = match default {
            DeclaredDefault::Expression(text) => {
                return Some(DefaultValue::Expression(text.to_string()));
            }
            DeclaredDefault::Value(Spanned { value: Value::Text(text), .. })
                if word(text, column_type).is_some() =>
            {
                return word(text, column_type);
            }
            DeclaredDefault::Value(value) | DeclaredDefault::Literal(value) => {
                literal(&value.value, column_type)
            }
        };
        match made {
            Ok(value) => Some(value),
            Err(why) => {
                let of = type_text(column_type);
                let code = &codes::BAD_DEFAULT;
                self.report(
                    Diagnostic::new(code, format!("the default does not fit a column of {of}"))
                        .at(default.span(), why)
                        .maybe_help(help(default, column_type)),
                );
                None
            }
        }
    }

    /// What a collection's validator can't say.
    fn not_for_documents(&mut self, column: &DeclaredColumn) {
        let spans = [
            column.default.as_ref().map(|default| (default.span(), "a default")),
            column.generated.as_ref().map(|text| (text.span(), "a generated field")),
            column.references.as_ref().map(|text| (text.span(), "a foreign key")),
            column.check.as_ref().map(|text| (text.span(), "a check")),
        ];
        for (span, what) in spans.into_iter().flatten() {
            self.report(
                Diagnostic::new(
                    &codes::NOT_IN_THIS_STORE,
                    "a store of documents has no such thing",
                )
                .at(span, format!("{what} is a table's"))
                .help("take it out; a `[[check]]` can look at references afterwards"),
            );
        }
    }
}

/// What a word means in a column of this type.
fn word(text: &str, column_type: &ColumnType) -> Option<DefaultValue> {
    let ColumnType::Portable(of) = column_type else { return None };
    match (text, of) {
        ("uuid", DataType::Uuid) => Some(DefaultValue::Uuid),
        ("now", DataType::Timestamp | DataType::DateTime | DataType::Date | DataType::Time) => {
            Some(DefaultValue::Now)
        }
        ("identity", DataType::Int { .. }) => Some(DefaultValue::Identity),
        _ => None,
    }
}

fn help(default: &DeclaredDefault, column_type: &ColumnType) -> Option<String> {
    let DeclaredDefault::Value(Spanned { value: Value::Text(text), .. }) = default else {
        return None;
    };
    match &**text {
        "uuid" => Some("`uuid` makes ids in columns of type uuid".to_owned()),
        "now" => Some("`now` is for timestamp, datetime, date and time".to_owned()),
        "identity" => Some("`identity` counts in columns of type integer".to_owned()),
        text => {
            let ColumnType::Enum(definition) = column_type else { return None };
            let values: Vec<&str> = definition.values.iter().map(String::as_str).collect();
            wording::did_you_mean(text, &values, "its values are")
        }
    }
}

fn literal(value: &Value, column_type: &ColumnType) -> Result<DefaultValue, String> {
    if value.is_absent() {
        return Err("a column without a default is null: leave `default` out".to_owned());
    }
    let of = data_type(column_type);
    if of == DataType::Json {
        return json(value);
    }
    if let (DataType::Bool, Value::Text(_)) = (&of, value) {
        return Err("expected true or false".to_owned());
    }
    let fitted = fit(value.clone(), &of).map_err(|problem| problem.message.clone())?;
    match &fitted {
        Value::Bool(truth) => Ok(DefaultValue::Boolean(*truth)),
        Value::Int(number) => Ok(DefaultValue::Number(number.to_string())),
        Value::Float(number) if number.is_finite() => Ok(DefaultValue::Number(number.to_string())),
        Value::Decimal(number) => Ok(DefaultValue::Number(number.to_string())),
        Value::Array(_) | Value::Object(_) => json(&fitted),
        Value::Bytes(_) => Err("bytes are written as the store does: { expr = \"…\" }".to_owned()),
        other => match other.canonical_text() {
            Some(text) => Ok(DefaultValue::Text(text.into_owned())),
            None => Err("can't be a default; write an expression: { expr = \"…\" }".to_owned()),
        },
    }
}

fn json(value: &Value) -> Result<DefaultValue, String> {
    extended_json::to_plain_text(value)
        .map(DefaultValue::Json)
        .map_err(|problem| problem.message.clone())
}
