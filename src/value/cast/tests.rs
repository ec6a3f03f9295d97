use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::value::{Object, ObjectId};

fn to(text: &str) -> DataType {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn date(text: &str) -> Value {
    Value::Date(time::parse_date(text).unwrap())
}

fn at(text: &str) -> Value {
    moment(text).unwrap()
}

fn zone(zone: Tz) -> CastOptions {
    CastOptions { timezone: Some(zone), booleans: None }
}

fn plain(value: impl Into<Value>, target: &str) -> Result<Value, String> {
    cast(value.into(), &to(target), &CastOptions::default()).map_err(|p| p.reason.into_owned())
}

#[test]
fn text_becomes_numbers_exactly_or_not_at_all() {
    assert_eq!(plain(" 42 ", "integer"), Ok(Value::Int(42)));
    assert_eq!(plain("5.00", "integer"), Ok(Value::Int(5)));
    assert_eq!(plain("18446744073709551615", "unsigned(64)"), Ok(decimal("18446744073709551615")));
    assert_eq!(plain("0.1", "float"), Ok(Value::Float(0.1)));
    assert_eq!(plain("1.10", "decimal"), Ok(decimal("1.10")));
    assert_eq!(plain("1.1", "decimal(5,2)"), Ok(decimal("1.10")));
    for (text, target) in [
        ("1,000", "integer"),
        ("5.5", "integer"),
        ("32768", "integer(16)"),
        ("-1", "unsigned(64)"),
        ("0.12345678901234567890", "float"),
        ("1e400", "float"),
        ("0.1", "float(32)"),
        ("1.234", "decimal(5,2)"),
        ("1234.5", "decimal(5,2)"),
        ("", "integer"),
        ("NaN", "float"),
    ] {
        assert_eq!(plain(text, target), Err("cast".into()), "{text} to {target}");
    }
}

#[test]
fn booleans_come_from_named_words_only() {
    for text in ["true", "YES", "y", "T", "1"] {
        assert_eq!(plain(text, "boolean"), Ok(Value::Bool(true)), "{text}");
    }
    assert_eq!(plain(0, "boolean"), Ok(Value::Bool(false)));
    assert_eq!(plain(1.0, "boolean"), Ok(Value::Bool(true)));
    for value in [Value::Int(2), Value::Int(-1), Value::text("on"), Value::text("")] {
        assert_eq!(plain(value, "boolean"), Err("cast".into()));
    }
    let booleans = Some((vec!["J".to_owned(), "-1".to_owned()], vec!["N".to_owned()]));
    let options = CastOptions { timezone: None, booleans };
    assert_eq!(cast(Value::text("J"), &DataType::Bool, &options), Ok(Value::Bool(true)));
    assert_eq!(cast(Value::Int(-1), &DataType::Bool, &options), Ok(Value::Bool(true)));
    assert!(cast(Value::text("true"), &DataType::Bool, &options).is_err());
}

#[test]
fn everything_else_has_canonical_text() {
    assert_eq!(plain(1.5, "text"), Ok("1.5".into()));
    assert_eq!(plain(date("2024-01-31"), "text"), Ok("2024-01-31".into()));
    assert_eq!(plain(12345, "text(4)"), Err("cast".into()));
    assert_eq!(plain(Value::array(vec![]), "text"), Err("cast".into()));
}

#[test]
fn moments_and_local_time_need_a_zone() {
    let moment = at("2024-01-31T23:30:00Z");
    for target in ["date", "time", "datetime"] {
        assert_eq!(plain(moment.clone(), target), Err("timezone".into()));
    }
    assert_eq!(plain(at("2024-01-31T23:30:00"), "timestamp"), Err("timezone".into()));
    assert_eq!(plain("2024-01-31T23:30:00Z", "date"), Err("timezone".into()));
    let lagos = zone(Tz::Africa__Lagos);
    assert_eq!(cast(moment.clone(), &DataType::Date, &lagos), Ok(date("2024-02-01")));
    assert_eq!(cast(moment.clone(), &DataType::DateTime, &lagos), Ok(at("2024-02-01T00:30:00")));
    let midnight = cast(date("2024-02-01"), &DataType::Timestamp, &lagos);
    assert_eq!(midnight, Ok(at("2024-01-31T23:00:00Z")));
    assert_eq!(plain("2024-01-31T23:30:00+01:00", "timestamp"), Ok(at("2024-01-31T22:30:00Z")));
    assert_eq!(plain("2024-01-31 10:00", "date"), Ok(date("2024-01-31")));
    assert_eq!(plain(date("2024-01-31"), "datetime"), Ok(at("2024-01-31T00:00:00")));
    assert_eq!(plain(" 10:30 ", "time"), Ok(at("10:30:00")));
    assert_eq!(plain("2024-01-31T10:30:00", "time"), Ok(at("10:30:00")));
    assert_eq!(plain("10:30", "date"), Err("cast".into()));
}

#[test]
fn a_local_time_around_a_clock_change_is_loud() {
    let berlin = zone(Tz::Europe__Berlin);
    for text in ["2024-03-31T02:30:00", "2024-10-27T02:30:00"] {
        let problem = cast(at(text), &DataType::Timestamp, &berlin).unwrap_err();
        assert_eq!(problem.reason, "local_time", "{text}");
    }
    let before = cast(at("2024-03-31T01:59:59"), &DataType::Timestamp, &berlin);
    assert_eq!(before, Ok(at("2024-03-31T00:59:59Z")));
}

#[test]
fn ids_bytes_json_and_lists() {
    assert_eq!(plain("aGk=", "bytes"), Ok(Value::bytes("hi")));
    assert_eq!(plain(r#"{"$oid":1}"#, "json").unwrap().kind(), crate::value::Kind::Object);
    assert_eq!(plain("{", "json"), Err("cast".into()));
    let list = Value::array(vec!["1".into(), Value::Null]);
    let cast_list = Value::array(vec![Value::Int(1), Value::Null]);
    assert_eq!(plain(list, "array(integer)"), Ok(cast_list));
    assert_eq!(plain(Value::bytes([0; 16]), "uuid"), Err("cast".into()));
    assert_eq!(plain(Value::Missing, "integer"), Ok(Value::Missing));
}

#[test]
fn fitting_changes_the_form_and_never_the_content() {
    let fits = |value: Value, column: &str| fit(value, &to(column)).map_err(|p| p.reason);
    assert_eq!(fits(decimal("5.00"), "integer"), Ok(Value::Int(5)));
    assert_eq!(fits(Value::Float(5.0), "integer"), Ok(Value::Int(5)));
    assert_eq!(fits(decimal("1.5"), "decimal(4,2)"), Ok(decimal("1.50")));
    assert_eq!(fits(Value::Int(1 << 53), "float"), Ok(Value::Float(9_007_199_254_740_992.0)));
    assert_eq!(fits(Value::Int((1 << 53) + 1), "float"), Err("precision".into()));
    assert_eq!(fits(decimal("5.5"), "integer"), Err("precision".into()));
    assert_eq!(fits(Value::Int(70_000), "integer(16)"), Err("range".into()));
    assert_eq!(fits(decimal("100.5"), "decimal(4,2)"), Err("range".into()));
    assert_eq!(fits(decimal("1.555"), "decimal(4,2)"), Err("precision".into()));
    assert_eq!(fits("äöü".into(), "text(3)"), Ok("äöü".into()));
    assert_eq!(fits("äöüß".into(), "text(3)"), Err("length".into()));
    assert_eq!(fits("2024-01-31".into(), "date"), Ok(date("2024-01-31")));
    assert_eq!(fits("31.01.2024".into(), "date"), Err("type".into()));
    assert_eq!(fits("5".into(), "integer"), Err("type".into()));
    assert_eq!(fits(Value::Int(1), "boolean"), Err("type".into()));
    assert_eq!(fits(date("2024-01-31"), "datetime"), Err("type".into()));
    assert_eq!(fits(Value::Float(f64::NAN), "decimal"), Err("type".into()));
    let names = DataType::Enum(vec!["open".into(), "done".into()]);
    assert_eq!(fit("open".into(), &names), Ok("open".into()));
    assert_eq!(fit("Open".into(), &names).unwrap_err().reason, "enum");
}

#[test]
fn patterns_say_what_they_read() {
    let reads = |pattern: &str| TimePattern::new(pattern).unwrap().parses().ok().cloned();
    assert_eq!(reads("%d/%m/%Y"), Some(DataType::Date));
    assert_eq!(reads("%d %B %y"), Some(DataType::Date));
    assert_eq!(reads("%I:%M %p"), Some(DataType::Time));
    assert_eq!(reads("%d.%m.%Y %H:%M"), Some(DataType::DateTime));
    assert_eq!(reads("%Y-%m-%dT%H:%M:%S%.f%z"), Some(DataType::Timestamp));
    assert_eq!(reads("%s"), Some(DataType::Timestamp));
    for pattern in
        ["%m/%Y", "%H", "%Y-%m %H:%M", "%Y-%m-%d %H", "%A", "%Y-%m-%d %H:%M %Z", "%H:%M%z"]
    {
        assert_eq!(reads(pattern), None, "{pattern}");
    }
    for pattern in ["", "date", "%Q", "%"] {
        assert!(TimePattern::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn text_is_read_and_written_by_patterns() {
    let pattern = |text: &str| TimePattern::new(text).unwrap();
    let read = |text: &str, by: &str, zone| {
        parse_time(&text.into(), &pattern(by), zone).map_err(|p| p.reason)
    };
    assert_eq!(read(" 31/01/2024 ", "%d/%m/%Y", None), Ok(date("2024-01-31")));
    assert_eq!(read("31/02/2024", "%d/%m/%Y", None), Err("parse".into()));
    assert_eq!(read("31/01/2024 x", "%d/%m/%Y", None), Err("parse".into()));
    assert_eq!(read("23:59:60", "%H:%M:%S", None), Err("parse".into()));
    let lagos = Some(Tz::Africa__Lagos);
    let local = "31.01.2024 10:00";
    assert_eq!(read(local, "%d.%m.%Y %H:%M", None), Ok(at("2024-01-31T10:00:00")));
    assert_eq!(read(local, "%d.%m.%Y %H:%M", lagos), Ok(at("2024-01-31T09:00:00Z")));
    assert_eq!(read("2024", "%Y", None), Err("parse".into()));

    let written = |value: &Value, by: &str, zone| {
        format_time(value, &pattern(by), zone).map_err(|p| p.reason)
    };
    let moment = at("2024-01-31T09:05:00Z");
    assert_eq!(written(&moment, "%H:%M %Z", lagos), Ok("10:05 WAT".into()));
    assert_eq!(written(&moment, "%H:%M", None), Err("timezone".into()));
    assert_eq!(written(&date("2024-01-31"), "%b %Y", None), Ok("Jan 2024".into()));
    assert_eq!(written(&date("2024-01-31"), "%H", None), Err("format".into()));
    assert_eq!(written(&"2024".into(), "%Y", None), Err("format".into()));
}

/// A type, and a value that a column of it may hold.
fn typed() -> impl Strategy<Value = (DataType, Value)> {
    let type_of = |text: &'static str| to(text);
    prop_oneof![
        any::<bool>().prop_map(move |v| (DataType::Bool, Value::Bool(v))),
        any::<i64>().prop_map(move |v| (DataType::INT64, Value::Int(v))),
        any::<i16>().prop_map(move |v| (type_of("integer(16)"), Value::Int(v.into()))),
        any::<u32>().prop_map(move |v| (type_of("unsigned(32)"), Value::Int(v.into()))),
        any::<f64>().prop_map(move |v| (DataType::FLOAT64, Value::Float(v))),
        any::<f32>().prop_map(move |v| (type_of("float(32)"), Value::Float(v.into()))),
        "-?[0-9]{1,3}\\.[0-9]{2}".prop_map(move |v| (type_of("decimal(5,2)"), decimal(&v))),
        "-?[0-9]{1,30}".prop_map(move |v| (DataType::DECIMAL, decimal(&v))),
        "[a-z0-9é:-]{0,12}".prop_map(move |v| (type_of("text(12)"), v.into())),
        "(open|done)".prop_map(|v| (DataType::Enum(vec!["open".into(), "done".into()]), v.into())),
        (0..20_000_i32).prop_map(|day| {
            let date = chrono::NaiveDate::from_num_days_from_ce_opt(730_000 + day).unwrap();
            (DataType::Date, Value::Date(date))
        }),
        (0..2_000_000_000_i64).prop_map(|s| {
            let at = chrono::DateTime::from_timestamp(s, 0).unwrap();
            (DataType::Timestamp, Value::Timestamp(at))
        }),
        any::<u128>().prop_map(|v| (DataType::Uuid, Value::Uuid(uuid::Uuid::from_u128(v)))),
        any::<[u8; 12]>().prop_map(|v| (DataType::ObjectId, Value::ObjectId(ObjectId(v)))),
        any::<Vec<u8>>().prop_map(|v| (DataType::Bytes, Value::bytes(v))),
        prop::collection::vec(any::<i16>(), 0..3).prop_map(move |v| {
            let values = v.into_iter().map(|v| Value::Int(v.into())).collect();
            (type_of("array(integer(16))"), Value::array(values))
        }),
        Just((DataType::Json, Value::object(Object::new()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_the_checker_says_of_fitting_is_true((from, value) in typed(), (column, _) in typed()) {
        let fitted = fit(value.clone(), &column);
        if let Ok(fitted) = &fitted {
            let ids_as_text = value.canonical_text() == fitted.canonical_text();
            prop_assert!(ids_as_text || value.same_content(fitted) || value.as_text().is_some());
        }
        match can_fit(&from, &column) {
            Fit::Always => prop_assert!(fitted.is_ok(), "{} to {}: {:?}", from, column, fitted),
            Fit::Never => prop_assert!(fitted.is_err(), "{} to {}: {:?}", from, column, fitted),
            Fit::Maybe(_) => {}
        }
        let options = zone(Tz::UTC);
        if !can_cast(&from, &column) {
            prop_assert!(cast(value, &column, &options).is_err(), "{} to {}", from, column);
        }
    }
}
