use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::value::{Decimal, Object, ObjectId, Value};

fn reason(text: &str) -> &'static str {
    parse(text).unwrap_err().reason
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    Value::object(fields.into_iter().collect())
}

#[test]
fn numbers_lose_no_digit() {
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    for (text, value) in [
        ("7", Value::Int(7)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("9223372036854775808", decimal("9223372036854775808")),
        ("123456789012345678901234567890", decimal("123456789012345678901234567890")),
        ("1.5", Value::Float(1.5)),
        ("1.50", decimal("1.50")),
        ("1.0", Value::Float(1.0)),
        ("100", Value::Int(100)),
        ("0.1", Value::Float(0.1)),
        ("0.10000000000000001", decimal("0.10000000000000001")),
        ("12345678901234.567891", decimal("12345678901234.567891")),
        ("1e16", Value::Float(1e16)),
        ("1E400", Value::Decimal("1E400".parse().unwrap())),
        ("5e-324", Value::Float(5e-324)),
    ] {
        assert_eq!(parse(text), Ok(value), "{text}");
    }
    let Ok(Value::Float(zero)) = parse("-0") else { panic!("-0 is a float") };
    assert!(zero.is_sign_negative());
    assert_eq!(reason("1e999999999"), "number");
}

#[test]
fn wrappers_in_every_spelling() {
    let oid: ObjectId = "5f1d7f3a2b4c6d8e9f0a1b2c".parse().unwrap();
    let at = |ms| Value::Timestamp(DateTime::from_timestamp_millis(ms).unwrap());
    let id = uuid::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    for (text, value) in [
        (r#"{"$oid":"5F1D7F3A2B4C6D8E9F0A1B2C"}"#, Value::ObjectId(oid)),
        (r#"{"$date":"2020-09-13T12:26:40.123Z"}"#, at(1_600_000_000_123)),
        (r#"{"$date":"2020-09-13T13:26:40.123+0100"}"#, at(1_600_000_000_123)),
        (r#"{"$date":{"$numberLong":"-62135596800001"}}"#, at(-62_135_596_800_001)),
        (r#"{"$date":-1}"#, at(-1)),
        (r#"{"$numberInt":"-5"}"#, Value::Int(-5)),
        (r#"{"$numberLong":"9223372036854775807"}"#, Value::Int(i64::MAX)),
        (r#"{"$numberDouble":"1.50"}"#, Value::Float(1.5)),
        (r#"{"$numberDouble":"-Infinity"}"#, Value::Float(f64::NEG_INFINITY)),
        (r#"{"$numberDecimal":"1.10"}"#, Value::Decimal("1.10".parse().unwrap())),
        (r#"{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}"#, Value::Uuid(id)),
        (r#"{"$binary":{"subType":"04","base64":"ABEiM0RVZneImaq7zN3u/w=="}}"#, Value::Uuid(id)),
        (r#"{"$binary":{"base64":"AAE=","subType":"0"}}"#, Value::bytes([0, 1])),
        (r#"{"$binary":"AAE=","$type":"00"}"#, Value::bytes([0, 1])),
        (r#"{"$binary":"AAE="}"#, Value::bytes([0, 1])),
        (r#"{"$null":true}"#, Value::Null),
    ] {
        assert_eq!(parse(text), Ok(value), "{text}");
    }
    let Ok(Value::Float(nan)) = parse(r#"{"$numberDouble":"NaN"}"#) else { panic!("a float") };
    assert!(nan.is_nan());
}

#[test]
fn wrong_and_unknown_wrappers_are_loud() {
    for text in [
        r#"{"$oid":"12"}"#,
        r#"{"$oid":"5f1d7f3a2b4c6d8e9f0a1b2c","x":1}"#,
        r#"{"$date":"2020-09-13"}"#,
        r#"{"$date":1.5}"#,
        r#"{"$numberInt":"2147483648"}"#,
        r#"{"$numberLong":"+1"}"#,
        r#"{"$numberLong":5}"#,
        r#"{"$numberDouble":"inf"}"#,
        r#"{"$numberDecimal":"NaN"}"#,
        r#"{"$binary":{"base64":"*","subType":"00"}}"#,
        r#"{"$binary":{"base64":"AAE="}}"#,
        r#"{"$null":false}"#,
        r#"{"$regularExpression":{"pattern":"a","options":""}}"#,
        r#"{"$timestamp":{"t":1,"i":1}}"#,
        r#"{"a":[{"$minKey":1}]}"#,
    ] {
        assert_eq!(reason(text), "wrapper", "{text}");
    }
    assert!(parse(r#"{"$minKey":1}"#).unwrap_err().message.contains("`$minKey`"));
    let old = r#"{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"03"}}"#;
    assert_eq!(reason(old), "uuid_order");
}

#[test]
fn dollar_names_elsewhere_and_in_plain_json_are_ordinary() {
    let value = parse(r#"{"a":1,"$oid":"x"}"#).unwrap();
    assert_eq!(value, object(vec![("a", Value::Int(1)), ("$oid", Value::text("x"))]));
    assert!(parse(r#"{"$ref":"c","$id":1}"#).unwrap().as_object().is_some());
    let value = parse_plain(r#"{"$oid":"x"}"#).unwrap();
    assert_eq!(value, object(vec![("$oid", Value::text("x"))]));
}

#[test]
fn no_object_passes_itself_off_as_a_number() {
    let text = r#"{"$serde_json::private::Number":"5.0"}"#;
    assert!(parse_plain(text).unwrap().as_object().is_some());
    let escaped = r#"{"\u0024serde_json::private::Number":"5.0"}"#;
    assert!(parse_plain(escaped).unwrap().as_object().is_some());
    assert_eq!(reason(text), "wrapper");
}

#[test]
fn errors_say_where_and_never_what() {
    let error = parse("{\n  \"a\": 1,\n  \"secret\": tru }").unwrap_err();
    assert_eq!((error.reason, error.line), ("json", 3));
    assert!(!error.to_string().contains("secret"));
    let error = parse(r#"{"a":1,"a":2}"#).unwrap_err();
    assert_eq!((error.reason, error.line), ("duplicate_key", 1));
    let wide: Vec<String> = (0..60).map(|n| format!(r#""k{}":1"#, n % 59)).collect();
    assert_eq!(reason(&format!("{{{}}}", wide.join(","))), "duplicate_key");
    for text in ["", "{", "[1,]", "1 2", "nul", "\"\u{1}\"", "\"\\ud800\""] {
        assert_eq!(reason(text), "json", "{text}");
    }
    assert_eq!(parse(b"\"\xff\"").unwrap_err().reason, "json");
}

#[test]
fn what_is_written_is_not_deeper_than_what_is_read() {
    let nested =
        |levels: usize, inner: Value| (0..levels).fold(inner, |value, _| Value::array(vec![value]));
    let deepest = nested(127, Value::Null);
    assert_eq!(parse(to_text(&deepest).unwrap()), Ok(deepest));
    let wrapped = nested(126, Value::ObjectId(ObjectId([1; 12])));
    assert_eq!(parse(to_text(&wrapped).unwrap()), Ok(wrapped));
    for value in [nested(128, Value::Null), nested(126, Value::bytes([1]))] {
        assert_eq!(to_text(&value).unwrap_err().reason, "depth");
    }
    assert_eq!(reason(&"[".repeat(1_000_000)), "json");
}

#[test]
fn documents_have_one_spelling_that_sorts_as_time() {
    let day = NaiveDate::from_ymd_opt(2024, 1, 31).unwrap();
    let at = day.and_hms_milli_opt(14, 30, 0, 5).unwrap();
    let value = object(vec![
        ("date", Value::Date(day)),
        ("datetime", Value::DateTime(at)),
        ("time", Value::Time(at.time())),
        ("gone", Value::Missing),
        ("list", Value::array(vec![Value::Missing, Value::Float(1e10)])),
        ("id", Value::Uuid(uuid::Uuid::nil())),
        ("bytes", Value::bytes([255])),
        ("price", Value::Decimal("1.10".parse().unwrap())),
    ]);
    let text = concat!(
        r#"{"date":{"$date":"2024-01-31T00:00:00.000Z"},"#,
        r#""datetime":{"$date":"2024-01-31T14:30:00.005Z"},"time":"14:30:00.005","#,
        r#""list":[null,10000000000.0],"#,
        r#""id":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}},"#,
        r#""bytes":{"$binary":{"base64":"/w==","subType":"00"}},"#,
        r#""price":{"$numberDecimal":"1.10"}}"#
    );
    assert_eq!(to_text(&value).unwrap(), text);
    let mut bytes = b"before".to_vec();
    write(&mut bytes, &value).unwrap();
    assert_eq!(bytes, format!("before{text}").into_bytes());
}

#[test]
fn what_documents_cannot_hold_is_refused() {
    let fine = DateTime::from_timestamp(0, 1_000).unwrap();
    let value = Value::array(vec![Value::Int(1), Value::Timestamp(fine)]);
    assert_eq!(to_text(&value).unwrap_err().reason, "precision");
    let mut bytes = b"before".to_vec();
    assert!(write(&mut bytes, &value).is_err());
    assert_eq!(bytes, b"before");
    let lookalike = object(vec![("none", Value::Missing), ("$oid", Value::text("x"))]);
    assert_eq!(to_text(&lookalike).unwrap_err().reason, "wrapper");
    assert_eq!(to_plain_text(&Value::Float(f64::NAN)).unwrap_err().reason, "number");
}

#[test]
fn far_years_are_milliseconds() {
    let value = Value::Timestamp("+12345-01-01T00:00:00Z".parse().unwrap());
    let text = to_text(&value).unwrap();
    assert_eq!(text, r#"{"$date":{"$numberLong":"327403382400000"}}"#);
    assert_eq!(parse(text), Ok(value));
}

#[test]
fn plain_text_keeps_digits_and_iso_forms() {
    let value = object(vec![
        ("price", Value::Decimal("1234567890123456789.10".parse().unwrap())),
        ("id", Value::ObjectId(ObjectId([10; 12]))),
        ("at", Value::Timestamp(DateTime::from_timestamp(0, 1).unwrap())),
        ("bytes", Value::bytes("hi")),
        ("gone", Value::Missing),
    ]);
    let text = concat!(
        r#"{"price":1234567890123456789.10,"id":"0a0a0a0a0a0a0a0a0a0a0a0a","#,
        r#""at":"1970-01-01T00:00:00.000000001Z","bytes":"aGk="}"#
    );
    assert_eq!(to_plain_text(&value).unwrap(), text);
}

/// Values that documents hold as they are.
fn document() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("equal to itself", |f| !f.is_nan()).prop_map(Value::Float),
        "-?[1-9][0-9]{0,25}(\\.[0-9]{1,9})?"
            .prop_map(|text| Value::Decimal(text.parse::<Decimal>().unwrap())),
        "\\PC{0,8}".prop_map(Value::from),
        any::<Vec<u8>>().prop_map(Value::bytes),
        any::<u128>().prop_map(|id| Value::Uuid(uuid::Uuid::from_u128(id))),
        any::<[u8; 12]>().prop_map(|id| Value::ObjectId(ObjectId(id))),
        (-400_000_000_000_000_i64..400_000_000_000_000)
            .prop_map(|ms| Value::Timestamp(DateTime::from_timestamp_millis(ms).unwrap())),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::array),
            prop::collection::vec(("[a-z.$ ]{0,4}", inner), 0..5).prop_filter_map(
                "a first name without dollar",
                |fields| {
                    let object: Object = fields.into_iter().collect();
                    let first = object.iter().next().map(|(name, _)| name.starts_with('$'));
                    (first != Some(true)).then(|| Value::object(object))
                }
            ),
        ]
    })
}

proptest! {
    #[test]
    fn documents_are_read_back(value in document()) {
        prop_assert_eq!(parse(to_text(&value).unwrap()), Ok(value));
    }

    #[test]
    fn plain_json_is_appended_as_it_is_written(value in document()) {
        let mut bytes = b"before".to_vec();
        let text = to_plain_text(&value);
        prop_assert_eq!(write_plain(&mut bytes, &value).is_ok(), text.is_ok());
        let expected = format!("before{}", text.unwrap_or_default());
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn plain_numbers_keep_their_digits(text in "-?(0|[1-9][0-9]{0,25})\\.[0-9]{0,20}[1-9]") {
        let value = parse_plain(&text).unwrap();
        let written: Decimal = text.parse().unwrap();
        prop_assert!(Decimal::from_value(&value).unwrap().same_number(&written), "{:?}", value);
    }

    #[test]
    fn nothing_panics(text in "[\\[\\]{}:,\"$a-z0-9.eE+\\\\-]{0,40}") {
        let _ = parse(&text);
    }
}
