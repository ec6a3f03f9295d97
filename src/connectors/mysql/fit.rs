//! What a column of a MySQL or MariaDB table holds exactly.

use chrono::{Datelike as _, Timelike as _};

use super::codec::is_duration;
use super::config::Server;
use super::types::Declared;
use crate::value::cast::fit as cast_fit;
use crate::value::extended_json::{parse_plain, to_plain_text};
use crate::value::{Column, DataType, Decimal, Object, Problem, Value, time};

/// What is asked of a value, made once per column.
#[derive(Clone)]
pub(super) struct Fit {
    data_type: DataType,
    /// The least and the greatest whole number.
    range: Option<(i128, i128)>,
    /// Digits of a second.
    digits: u32,
    /// Digits after the point of a float that the server rounds.
    float_scale: Option<u32>,
    /// Bytes, where text or bytes have a bound of those.
    bytes: Option<usize>,
    /// The character set, where it does not hold all characters.
    charset: Option<&'static str>,
    /// Members of a set.
    set: Option<Vec<String>>,
    /// Whether numbers in JSON are floats and fields are sorted, as MySQL keeps them.
    native_json: bool,
    binary: Option<usize>,
}

impl Fit {
    /// What is asked of values for a column.
    pub(super) fn of(column: &Column, server: Server) -> Self {
        let lower = column.declared.to_ascii_lowercase();
        let Declared { name, first, second, unsigned } = Declared::of(&lower);
        let bits = |bits: u32| {
            let whole = 1i128 << bits;
            if unsigned { (0, whole - 1) } else { (-whole / 2, whole / 2 - 1) }
        };
        let range = match name {
            "tinyint" => Some(bits(8)),
            "mediumint" => Some(bits(24)),
            "year" => Some((1901, 2155)),
            "bit" => Some((0, (1i128 << first.unwrap_or(1).min(64)) - 1)),
            _ => None,
        };
        let bytes = match name {
            "tinytext" | "tinyblob" => Some(255),
            "text" | "blob" => Some(65_535),
            "mediumtext" | "mediumblob" => Some(16_777_215),
            "varbinary" => first.and_then(|length| usize::try_from(length).ok()),
            _ => None,
        };
        let charset = ["utf8mb3", "latin1", "ascii"]
            .into_iter()
            .find(|name| lower.ends_with(&format!(" character set {name}")));
        let data_type = match &column.data_type {
            // Ids have no type of their own here; they are text.
            DataType::ObjectId => DataType::Text { length: Some(24) },
            DataType::Uuid if !server.has_uuid() => DataType::Text { length: Some(36) },
            DataType::Decimal { precision: None, .. } => {
                DataType::Decimal { precision: Some(65), scale: Some(30) }
            }
            other => other.clone(),
        };
        Self {
            data_type,
            range,
            digits: first
                .filter(|_| ["datetime", "timestamp", "time"].contains(&name))
                .unwrap_or(6),
            float_scale: second.filter(|_| ["float", "double"].contains(&name)),
            bytes,
            charset,
            set: (name == "set").then(|| super::types::members(&column.declared)),
            native_json: !server.mariadb,
            binary: (name == "binary").then(|| usize::try_from(first.unwrap_or(1)).unwrap_or(1)),
        }
    }

    /// Makes a value one that the column holds, in the form in which it comes back.
    pub(super) fn fit(&self, value: Value) -> Result<Value, Problem> {
        if value.is_absent() {
            return Ok(value);
        }
        if let (DataType::Time, Value::Text(text)) = (&self.data_type, &value)
            && time::parse_time(text).is_none()
            && is_duration(text)
        {
            return self.duration(text);
        }
        let value = cast_fit(value, &self.data_type)?;
        match (&value, &self.data_type) {
            (_, DataType::Json | DataType::Array(_)) => self.json(&value),
            (Value::Int(_) | Value::Decimal(_), DataType::Int { .. }) => self.whole(value),
            (Value::Float(number), DataType::Float { .. }) => {
                if !number.is_finite() {
                    return Err(Problem::new("value", "MySQL holds no NaN and no infinity"));
                }
                let scale = Decimal::from_value(&value).map_or(0, |number| number.scale());
                match self.float_scale {
                    Some(most) if scale > i64::from(most) => {
                        Err(precision("digits after the point"))
                    }
                    _ => Ok(value),
                }
            }
            (Value::Text(text), _) => self.text(text).map(|()| value),
            (Value::Bytes(bytes), _) => match (self.bytes, self.binary) {
                (Some(most), _) if bytes.len() > most => Err(length(most)),
                (_, Some(exactly)) if bytes.len() != exactly => {
                    Err(Problem::new("length", format!("the column holds exactly {exactly} bytes")))
                }
                _ => Ok(value),
            },
            (Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) | Value::Time(_), _) => {
                self.moment(&value).map(|()| value)
            }
            (_, DataType::Any) => Err(Problem::new("type", "the column is of an unknown type")),
            _ => Ok(value),
        }
    }

    fn whole(&self, value: Value) -> Result<Value, Problem> {
        let number = match &value {
            Value::Int(number) => Some(i128::from(*number)),
            Value::Decimal(number) => number.to_string().parse().ok(),
            _ => None,
        };
        match (self.range, number) {
            (Some((least, most)), Some(number)) if !(least..=most).contains(&number) => {
                Err(Problem::new("range", format!("the column holds {least} to {most}")))
            }
            (Some(_), None) => Err(Problem::new("range", "the number is too large")),
            _ => Ok(value),
        }
    }

    fn text(&self, text: &str) -> Result<(), Problem> {
        if self.bytes.is_some_and(|most| text.len() > most) {
            return Err(length(self.bytes.unwrap_or_default()));
        }
        let holds = |character: char| match self.charset {
            Some("utf8mb3") => character <= '\u{ffff}',
            Some("latin1") => {
                let (_, _, wrong) =
                    encoding_rs::WINDOWS_1252.encode(character.encode_utf8(&mut [0; 4]));
                !wrong
            }
            Some("ascii") => character.is_ascii(),
            _ => true,
        };
        if self.charset.is_some() && !text.chars().all(holds) {
            let charset = self.charset.unwrap_or_default();
            let message = format!("the text has characters that {charset} does not have");
            return Err(Problem::new("encoding", message));
        }
        if let Some(members) = &self.set {
            let mut last = None;
            for part in text.split(',').filter(|_| !text.is_empty()) {
                let place = members.iter().position(|member| member == part);
                if place.is_none() || place <= last {
                    let message = "the text is no list of the set's names in their order";
                    return Err(Problem::new("enum", message));
                }
                last = place;
            }
        }
        Ok(())
    }

    fn moment(&self, value: &Value) -> Result<(), Problem> {
        let (year, nanoseconds) = match value {
            Value::Date(date) => (date.year(), 0),
            Value::DateTime(at) => (at.year(), at.nanosecond()),
            Value::Timestamp(at) => (at.year(), at.nanosecond()),
            Value::Time(at) => (2000, at.nanosecond()),
            _ => return Ok(()),
        };
        if let (Value::Timestamp(at), DataType::Timestamp) = (value, &self.data_type) {
            // From the second after the epoch to the end of 32 bits.
            if at.timestamp() < 1 || at.timestamp() > i64::from(i32::MAX) {
                return Err(Problem::new(
                    "range",
                    "a TIMESTAMP holds 1970-01-01T00:00:01Z to 2038-01-19T03:14:07Z",
                ));
            }
        } else if !(1000..=9999).contains(&year) {
            return Err(Problem::new("range", "the column holds the years 1000 to 9999"));
        }
        if nanoseconds >= 1_000_000_000 {
            return Err(Problem::new("range", "MySQL holds no leap seconds"));
        }
        if nanoseconds % 10u32.pow(9 - self.digits.min(6)) != 0 {
            return Err(precision("digits of a second"));
        }
        Ok(())
    }

    fn duration(&self, text: &str) -> Result<Value, Problem> {
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.trim_end_matches('0').len();
        if digits > usize::try_from(self.digits).unwrap_or(6) {
            return Err(precision("digits of a second"));
        }
        // As the server spells it: all digits that the column has.
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        if self.digits == 0 {
            return Ok(Value::text(whole));
        }
        let width = usize::try_from(self.digits).unwrap_or(6);
        Ok(Value::from(format!("{whole}.{:0<width$}", fraction.trim_end_matches('0'))))
    }

    fn json(&self, value: &Value) -> Result<Value, Problem> {
        let value = parse_plain(&to_plain_text(value)?)
            .map_err(|_| Problem::new("value", "the value has no counterpart in JSON"))?;
        if self.native_json { native(&value) } else { Ok(value) }
    }
}

/// JSON as MySQL keeps it: fields sorted by length and bytes, numbers of 64 bits or floats.
fn native(value: &Value) -> Result<Value, Problem> {
    Ok(match value {
        Value::Decimal(number) => {
            let whole = number.to_string().parse::<u64>().is_ok();
            let float = number.to_f64().map(Value::Float);
            let same = float.as_ref().is_some_and(|float| float.same_content(value));
            if !whole && !same {
                return Err(precision("digits of a number in JSON"));
            }
            value.clone()
        }
        Value::Array(values) => Value::array(values.iter().map(native).collect::<Result<_, _>>()?),
        Value::Object(object) => {
            let mut fields: Vec<(&str, Value)> = object
                .iter()
                .map(|(name, value)| Ok((name, native(value)?)))
                .collect::<Result<_, Problem>>()?;
            fields.sort_by_key(|(name, _)| (name.len(), (*name).to_owned()));
            Value::object(fields.into_iter().collect::<Object>())
        }
        other => other.clone(),
    })
}

fn precision(what: &str) -> Problem {
    Problem::new("precision", format!("the value has more {what} than the column keeps"))
}

fn length(most: usize) -> Problem {
    Problem::new("length", format!("the column holds {most} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::mysql::types::{Charset, ColumnType};

    const MARIADB: Server = Server { mariadb: true, version: (10, 11), packet: 1 << 24 };

    fn fit(declared: &str, value: impl Into<Value>) -> Result<Value, String> {
        let data_type = ColumnType::of(declared, Charset::Utf8mb4, None, false).data_type;
        let column = Column { declared: declared.into(), ..Column::of(data_type) };
        Fit::of(&column, MARIADB).fit(value.into()).map_err(|problem| problem.reason.into_owned())
    }

    #[test]
    fn ranges_and_lengths() {
        assert_eq!(fit("tinyint(4)", 127), Ok(127.into()));
        assert_eq!(fit("tinyint(4)", 128), Err("range".into()));
        assert_eq!(fit("tinyint(3) unsigned", 255), Ok(255.into()));
        assert_eq!(fit("mediumint(8)", -8_388_609), Err("range".into()));
        assert_eq!(fit("int(10) unsigned", -1), Err("range".into()));
        assert_eq!(fit("bit(3)", 8), Err("range".into()));
        assert_eq!(fit("varchar(2)", "äöü"), Err("length".into()));
        assert_eq!(fit("varchar(3) character set utf8mb3", "a😀"), Err("encoding".into()));
        assert_eq!(fit("varchar(3) character set latin1", "ß"), Ok("ß".into()));
        assert_eq!(fit("varchar(3) character set latin1", "Ж"), Err("encoding".into()));
        assert_eq!(fit("set('a','b','c')", "a,c"), Ok("a,c".into()));
        assert_eq!(fit("set('a','b','c')", "c,a"), Err("enum".into()));
        assert_eq!(fit("enum('a','b')", "A"), Err("enum".into()));
        assert_eq!(fit("text", "a\0b"), Ok("a\0b".into()));
        assert_eq!(fit("binary(2)", Value::bytes([1])), Err("length".into()));
    }

    #[test]
    fn moments() {
        let wall = |text: &str| Value::DateTime(time::parse_date_time(text).unwrap());
        assert_eq!(fit("datetime(0)", wall("2024-01-31T10:00:00.5")), Err("precision".into()));
        assert!(fit("datetime(3)", wall("2024-01-31T10:00:00.125")).is_ok());
        assert_eq!(fit("datetime(6)", wall("0999-01-31T10:00:00")), Err("range".into()));
        let late = Value::Timestamp(time::parse_timestamp("2038-01-19T03:14:08Z").unwrap());
        assert_eq!(fit("timestamp(6)", late), Err("range".into()));
        assert_eq!(fit("time(0)", "-120:30:00"), Ok("-120:30:00".into()));
        assert_eq!(fit("time(2)", "30:00:00.5"), Ok("30:00:00.50".into()));
        assert_eq!(fit("time(0)", "30:00:00.5"), Err("precision".into()));
        assert_eq!(fit("time(0)", "tomorrow"), Err("type".into()));
    }

    #[test]
    fn json_as_mysql_keeps_it() {
        let value = parse_plain(r#"{"bb": 1.5, "a": {"c": 1, "b": 2}}"#).unwrap();
        assert_eq!(
            to_plain_text(&native(&value).unwrap()).unwrap(),
            r#"{"a":{"b":2,"c":1},"bb":1.5}"#
        );
        assert!(native(&parse_plain("123456789012345678901234567890").unwrap()).is_err());
    }
}
