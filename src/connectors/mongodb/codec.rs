//! BSON to values and back, straight from and to its bytes.
//!
//! A whole number is written in 32 bits where it fits and in 64 otherwise, as the shell and the
//! drivers of most languages do; when it is read, both are the same.

use chrono::{DateTime, NaiveTime};
use mongodb::bson::spec::{BinarySubtype, ElementType};
use mongodb::bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::types::{binary, decimal, decimal128, milliseconds};
use crate::connectors::UuidOrder;
use crate::value::names::Names;
use crate::value::{Object, ObjectId, Problem, Value, time};

/// Nesting that is read and written; servers allow less.
const DEPTH: usize = 120;

/// Reads documents of one shape.
#[derive(Debug)]
pub(super) struct Reader {
    names: Names,
    order: Option<UuidOrder>,
}

impl Reader {
    /// Reads UUIDs of the old binary subtype in this byte order.
    pub(super) fn new(order: Option<UuidOrder>) -> Self {
        Self { names: Names::new(), order }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it holds what has no counterpart; the problem names the path.
    pub(super) fn document(&self, document: &RawDocument) -> Result<Value, Problem> {
        self.object(document, 0)
    }

    /// Reads one value.
    ///
    /// # Errors
    /// As [`Reader::document`].
    pub(super) fn value(&self, value: RawBsonRef<'_>) -> Result<Value, Problem> {
        self.nested(value, 0)
    }

    fn object(&self, document: &RawDocument, depth: usize) -> Result<Value, Problem> {
        let mut fields = Vec::with_capacity(8);
        for element in document.iter_elements() {
            let element = element.map_err(|_| malformed())?;
            let name = element.key().as_str();
            let value = element.value().map_err(|_| malformed());
            let value = value.and_then(|value| self.nested(value, depth));
            fields.push((self.names.get(name), value.map_err(|problem| inside(problem, name))?));
        }
        let twice = || Problem::new("duplicate_key", "a document has a name twice");
        Object::from_fields(fields).map(Value::object).ok_or_else(twice)
    }

    fn nested(&self, value: RawBsonRef<'_>, depth: usize) -> Result<Value, Problem> {
        let none = |what: &str| {
            Err(Problem::new("type", format!("a BSON {what} has no counterpart in the data model")))
        };
        match value {
            RawBsonRef::Double(number) => Ok(Value::Float(number)),
            RawBsonRef::String(text) => Ok(Value::text(text)),
            RawBsonRef::Boolean(value) => Ok(Value::Bool(value)),
            RawBsonRef::Null => Ok(Value::Null),
            RawBsonRef::Int32(number) => Ok(Value::Int(number.into())),
            RawBsonRef::Int64(number) => Ok(Value::Int(number)),
            RawBsonRef::ObjectId(id) => Ok(Value::ObjectId(ObjectId(id.bytes()))),
            RawBsonRef::DateTime(at) => DateTime::from_timestamp_millis(at.timestamp_millis())
                .map(Value::Timestamp)
                .ok_or_else(|| Problem::new("range", "a date is beyond the years that are kept")),
            RawBsonRef::Decimal128(number) => decimal(number),
            RawBsonRef::Binary(data) => binary(data.bytes, data.subtype, self.order),
            RawBsonRef::Document(_) | RawBsonRef::Array(_) if depth >= DEPTH => Err(too_deep()),
            RawBsonRef::Document(document) => self.object(document, depth + 1),
            RawBsonRef::Array(list) => {
                let mut values = Vec::new();
                for (index, value) in list.into_iter().enumerate() {
                    let value = value.map_err(|_| malformed());
                    let value = value.and_then(|value| self.nested(value, depth + 1));
                    let at = |problem| inside(problem, &index.to_string());
                    values.push(value.map_err(at)?);
                }
                Ok(Value::array(values))
            }
            RawBsonRef::Timestamp(_) => none("timestamp (the internal kind, not a date)"),
            RawBsonRef::RegularExpression(_) => none("regular expression"),
            RawBsonRef::JavaScriptCode(_) | RawBsonRef::JavaScriptCodeWithScope(_) => {
                none("piece of JavaScript")
            }
            RawBsonRef::Symbol(_) => none("symbol"),
            RawBsonRef::Undefined => none("undefined"),
            RawBsonRef::MinKey => none("MinKey"),
            RawBsonRef::MaxKey => none("MaxKey"),
            RawBsonRef::DbPointer(_) => none("DBPointer"),
        }
    }
}

fn malformed() -> Problem {
    Problem::new("encoding", "the document is not valid BSON, or its text is not UTF-8")
}

fn too_deep() -> Problem {
    Problem::new("depth", format!("the document is nested deeper than {DEPTH}"))
}

/// Puts a name before the path of a problem.
fn inside(mut problem: Problem, name: &str) -> Problem {
    problem.field = Some(match problem.field.take() {
        Some(path) => format!("{name}.{path}"),
        None => name.to_owned(),
    });
    problem
}

/// The raw value at a dotted path, lists aside; `None` when there is none.
pub(super) fn raw_at<'d>(document: &'d RawDocument, path: &str) -> Option<RawBsonRef<'d>> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let value = document.get(first).ok().flatten()?;
    match (rest, value) {
        (None, value) => Some(value),
        (Some(rest), RawBsonRef::Document(inner)) => raw_at(inner, rest),
        _ => None,
    }
}

/// Appends a document, its `_id` first, as servers keep it.
///
/// # Errors
/// When BSON does not hold one of its values exactly.
pub(super) fn write_document(into: &mut Vec<u8>, document: &Object) -> Result<(), Problem> {
    fields(into, |into| {
        if let Some(id) = document.get("_id") {
            write_field(into, "_id", id, 0)?;
        }
        let rest = document.iter().filter(|(name, _)| *name != "_id");
        rest.into_iter().try_for_each(|(name, value)| write_field(into, name, value, 0))
    })
}

/// Appends a document that `content` fills with elements.
///
/// # Errors
/// Those of `content`, and when it becomes longer than a document can be.
pub(super) fn fields(
    into: &mut Vec<u8>,
    content: impl FnOnce(&mut Vec<u8>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let start = into.len();
    into.extend([0; 4]);
    content(into)?;
    into.push(0);
    let length = i32::try_from(into.len() - start)
        .map_err(|_| Problem::new("size", "the document is larger than 2 GiB"))?;
    into[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Appends an element's type and name.
///
/// # Errors
/// When the name holds a NUL character.
pub(super) fn write_name(
    into: &mut Vec<u8>,
    element: ElementType,
    name: &str,
) -> Result<(), Problem> {
    if name.contains('\0') {
        return Err(Problem::new("field_name", "a field's name holds a NUL character"));
    }
    into.push(element as u8);
    into.extend_from_slice(name.as_bytes());
    into.push(0);
    Ok(())
}

/// Appends a field of the outermost document; nothing when it is missing.
///
/// # Errors
/// When BSON does not hold the value exactly.
pub(super) fn write_value(into: &mut Vec<u8>, name: &str, value: &Value) -> Result<(), Problem> {
    write_field(into, name, value, 0)
}

/// Appends a field; nothing when it is missing.
fn write_field(into: &mut Vec<u8>, name: &str, value: &Value, depth: usize) -> Result<(), Problem> {
    if matches!(value, Value::Missing) {
        return Ok(());
    }
    write_name(into, element_type(value), name)?;
    write_content(into, value, depth).map_err(|problem| inside(problem, name))
}

fn element_type(value: &Value) -> ElementType {
    match value {
        Value::Missing | Value::Null => ElementType::Null,
        Value::Bool(_) => ElementType::Boolean,
        Value::Int(number) if i32::try_from(*number).is_ok() => ElementType::Int32,
        Value::Int(_) => ElementType::Int64,
        Value::Float(_) => ElementType::Double,
        Value::Decimal(_) => ElementType::Decimal128,
        Value::Text(_) | Value::Time(_) => ElementType::String,
        Value::Bytes(_) | Value::Uuid(_) => ElementType::Binary,
        Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => ElementType::DateTime,
        Value::ObjectId(_) => ElementType::ObjectId,
        Value::Array(_) => ElementType::Array,
        Value::Object(_) => ElementType::EmbeddedDocument,
    }
}

fn write_content(into: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), Problem> {
    match value {
        Value::Missing | Value::Null => {}
        Value::Bool(value) => into.push(u8::from(*value)),
        Value::Int(number) => match i32::try_from(*number) {
            Ok(number) => into.extend(number.to_le_bytes()),
            Err(_) => into.extend(number.to_le_bytes()),
        },
        Value::Float(number) => into.extend(number.to_le_bytes()),
        Value::Decimal(number) => into.extend(decimal128(number)?.bytes()),
        Value::Text(text) => write_text(into, text)?,
        Value::Time(at) => write_text(into, &time::time_text(*at))?,
        Value::Bytes(bytes) => write_binary(into, bytes, BinarySubtype::Generic)?,
        Value::Uuid(id) => write_binary(into, id.as_bytes(), BinarySubtype::Uuid)?,
        Value::Date(date) => {
            into.extend(milliseconds(date.and_time(NaiveTime::MIN).and_utc())?.to_le_bytes());
        }
        Value::DateTime(at) => into.extend(milliseconds(at.and_utc())?.to_le_bytes()),
        Value::Timestamp(at) => into.extend(milliseconds(*at)?.to_le_bytes()),
        Value::ObjectId(id) => into.extend(id.0),
        Value::Array(_) | Value::Object(_) if depth >= DEPTH => return Err(too_deep()),
        Value::Array(values) => fields(into, |into| {
            for (index, value) in values.iter().enumerate() {
                let value = if matches!(value, Value::Missing) { &Value::Null } else { value };
                write_field(into, &index.to_string(), value, depth + 1)?;
            }
            Ok(())
        })?,
        Value::Object(object) => fields(into, |into| {
            let mut fields = object.iter();
            fields.try_for_each(|(name, value)| write_field(into, name, value, depth + 1))
        })?,
    }
    Ok(())
}

fn length(bytes: usize) -> Result<[u8; 4], Problem> {
    i32::try_from(bytes)
        .map(i32::to_le_bytes)
        .map_err(|_| Problem::new("size", "a value is larger than 2 GiB"))
}

fn write_text(into: &mut Vec<u8>, text: &str) -> Result<(), Problem> {
    into.extend(length(text.len() + 1)?);
    into.extend_from_slice(text.as_bytes());
    into.push(0);
    Ok(())
}

fn write_binary(into: &mut Vec<u8>, bytes: &[u8], subtype: BinarySubtype) -> Result<(), Problem> {
    into.extend(length(bytes.len())?);
    into.push(subtype.into());
    into.extend_from_slice(bytes);
    Ok(())
}

/// A value as the driver's, for filters and pipelines.
///
/// # Errors
/// When BSON does not hold it exactly.
pub(super) fn to_bson(value: &Value) -> Result<Bson, Problem> {
    let mut bytes = Vec::with_capacity(32);
    fields(&mut bytes, |into| {
        let value = if matches!(value, Value::Missing) { &Value::Null } else { value };
        write_field(into, "v", value, 0)
    })?;
    let whole = RawDocumentBuf::from_bytes(bytes).map_err(|_| malformed())?;
    let found = whole.get("v").ok().flatten().ok_or_else(malformed)?;
    Bson::try_from(found).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::extended_json::parse;
    use mongodb::bson::{self, rawdoc};

    fn read(document: &RawDocument) -> Result<Value, Problem> {
        Reader::new(None).document(document)
    }

    #[test]
    fn documents_are_read_back_as_they_were() {
        let texts = [
            r#"{"_id": 1, "b": {"z": 1.5, "a": [1, "x", null, {"c": []}]}, "e": ""}"#,
            r#"{"_id": {"$oid": "0123456789abcdef01234567"}, "n": 9223372036854775807, "t": true}"#,
            r#"{"_id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}, "d": {"$numberDecimal": "1.10"}}"#,
            r#"{"_id": "x\u0000y", "at": {"$date": "1901-02-03T04:05:06.789Z"}, "bytes": {"$binary": "AAEC"}}"#,
            r#"{"_id": 5, "nan": {"$numberDouble": "Infinity"}, "zero": -0.0}"#,
        ];
        for text in texts {
            let value = parse(text).unwrap();
            let mut bytes = Vec::new();
            write_document(&mut bytes, value.as_object().unwrap()).unwrap();
            let raw = RawDocument::from_bytes(&bytes).unwrap();
            // The driver's own reader takes it for whole.
            bson::Document::try_from(raw).unwrap();
            assert_eq!(read(raw), Ok(value), "{text}");
        }
    }

    #[test]
    fn whole_numbers_take_the_least_room_and_the_id_comes_first() {
        let small = to_bson(&Value::Int(5)).unwrap();
        assert_eq!(small, Bson::Int32(5));
        assert_eq!(to_bson(&Value::Int(1 << 31)).unwrap(), Bson::Int64(1 << 31));
        let mut bytes = Vec::new();
        let document: Object = [("a", Value::Int(1)), ("_id", Value::Int(2))].into_iter().collect();
        write_document(&mut bytes, &document).unwrap();
        let raw = RawDocument::from_bytes(&bytes).unwrap();
        let first = raw.iter_elements().next().unwrap().unwrap();
        assert_eq!(first.key().as_str(), "_id");
    }

    #[test]
    fn what_has_no_counterpart_is_told_with_its_path() {
        let timestamp = bson::Timestamp { time: 1, increment: 1 };
        let inner = rawdoc! { "list": [1, { "at": timestamp }] };
        let problem = read(&rawdoc! { "_id": 1, "a": inner }).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("a.list.1.at"));
        assert_eq!(problem.reason, "type");
        let mut twice = rawdoc! { "_id": 1, "a": 1 };
        twice.append(bson::raw::cstr!("a"), 2);
        assert_eq!(read(&twice).unwrap_err().reason, "duplicate_key");
        let far = bson::DateTime::from_millis(i64::MAX);
        assert_eq!(read(&rawdoc! { "at": far }).unwrap_err().reason, "range");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let write = |value| to_bson(&value).unwrap_err().reason.into_owned();
        let fine = time::parse_timestamp("2024-01-31T00:00:00.000001Z").unwrap();
        assert_eq!(write(Value::Timestamp(fine)), "precision");
        let named = Value::object([("a\0", Value::Null)].into_iter().collect());
        assert_eq!(write(named), "field_name");
        let deep = (0..500).fold(Value::Null, |inner, _| Value::array(vec![inner]));
        assert_eq!(write(deep), "depth");
    }
}
