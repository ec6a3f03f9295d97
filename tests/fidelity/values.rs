//! The hard values.

use super::hard::{Hard, Policy, Sample, Side, Types, sample};

const fn types(sqlite: &'static str, postgres: &'static str, mariadb: &'static str) -> Types {
    Types { sqlite, postgres, mariadb, csv: "" }
}

const fn typed(
    sqlite: &'static str,
    postgres: &'static str,
    mariadb: &'static str,
    csv: &'static str,
) -> Types {
    Types { sqlite, postgres, mariadb, csv }
}

const TEXT: Types = types("TEXT", "text", "LONGTEXT");
const JSON: Types = typed("JSON", "json", "JSON", "json");

/// A value whose columns are of the same types on both sides.
fn hard(title: &'static str, columns: Types, samples: Vec<Sample>) -> Hard {
    Hard { title, note: "", policy: None, cast: "", from: columns, into: columns, samples }
}

impl Hard {
    fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
    fn into(self, into: Types) -> Self {
        Self { into, ..self }
    }
    fn cast(self, cast: &'static str) -> Self {
        Self { cast, ..self }
    }
    fn source_policy(self, line: &'static str) -> Self {
        Self { policy: Some(Policy { side: Side::Source, line }), ..self }
    }
    fn target_policy(self, line: &'static str) -> Self {
        Self { policy: Some(Policy { side: Side::Target, line }), ..self }
    }
}

/// All, in the order of the page.
pub(crate) fn all() -> Vec<Hard> {
    let mut all = numbers();
    all.extend(truths());
    all.extend(dates());
    all.extend(moments());
    all.extend(ids());
    all.extend(texts());
    all.extend(structures());
    all.extend(others());
    all
}

fn numbers() -> Vec<Hard> {
    let exact = |name, means, sql| sample(name, means).sql(sql);
    let wide = typed("DECIMAL_TEXT(38,10)", "numeric(38,10)", "DECIMAL(38,10)", "decimal(38,10)");
    let digits38 = || {
        exact(
            "38 digits",
            "1234567890123456789012345678.0123456789",
            "'1234567890123456789012345678.0123456789'",
        )
        .csv("1234567890123456789012345678.0123456789")
        .jsonl("1234567890123456789012345678.0123456789")
    };
    let digits30 = || {
        exact("30 digits", "-12345678901234567890.0123456789", "'-12345678901234567890.0123456789'")
            .csv("-12345678901234567890.0123456789")
            .jsonl("-12345678901234567890.0123456789")
            .documents(r#"{"$numberDecimal":"-12345678901234567890.0123456789"}"#)
    };
    let free = typed("DECIMAL_TEXT", "numeric", "DECIMAL(65,30)", "decimal");
    let float = typed("REAL", "double precision", "DOUBLE", "float");
    let unsigned = typed("DECIMAL_TEXT(20,0)", "numeric(20,0)", "BIGINT UNSIGNED", "decimal(20,0)");
    let greatest = || {
        exact("2^64-1", "18446744073709551615", "'18446744073709551615'")
            .csv("18446744073709551615")
            .jsonl("18446744073709551615")
            .documents(r#"{"$numberDecimal":"18446744073709551615"}"#)
    };
    vec![
        hard("numeric(38,10)", wide, vec![digits38(), digits30()])
            .note("In SQLite `DECIMAL_TEXT` holds all digits; a Decimal128 holds 34."),
        hard("numeric(38,10) as text", wide, vec![digits38(), digits30()])
            .cast(r#"cast = "text""#)
            .into(TEXT),
        hard("numeric(38,10) into numbers of SQLite", wide, vec![digits30()])
            .into(types("NUMERIC(38,10)", "", ""))
            .note("SQLite makes a binary float of what goes into such a column."),
        hard(
            "numeric without scale",
            free,
            vec![
                sample("1.10", "1.1")
                    .sqlite("'1.10'")
                    .postgres("1.10")
                    .mariadb("1.10")
                    .csv("1.10")
                    .jsonl("1.10")
                    .documents(r#"{"$numberDecimal":"1.10"}"#),
                sample("0.1 and 33 digits more", "0.1000000000000000055511151231257827")
                    .sqlite("'0.1000000000000000055511151231257827'")
                    .postgres("'0.1000000000000000055511151231257827'")
                    .csv("0.1000000000000000055511151231257827")
                    .jsonl("0.1000000000000000055511151231257827")
                    .documents(r#"{"$numberDecimal":"0.1000000000000000055511151231257827"}"#),
                sample("10^40", "10000000000000000000000000000000000000000")
                    .sqlite("'10000000000000000000000000000000000000000'")
                    .postgres("1e40")
                    .csv("1e40")
                    .jsonl("1e40")
                    .documents(r#"{"$numberDecimal":"1E+40"}"#),
                sample("51 digits", "12345678901234567890123456789012345678901234567890.5")
                    .sqlite("'12345678901234567890123456789012345678901234567890.5'")
                    .postgres("'12345678901234567890123456789012345678901234567890.5'")
                    .csv("12345678901234567890123456789012345678901234567890.5")
                    .jsonl("12345678901234567890123456789012345678901234567890.5"),
            ],
        ),
        hard(
            "NaN and infinity, as floats",
            float,
            vec![
                sample("NaN", "NaN").postgres("'NaN'").json(r#"{"$numberDouble":"NaN"}"#),
                sample("Infinity", "Infinity")
                    .sqlite("9e999")
                    .postgres("'Infinity'")
                    .json(r#"{"$numberDouble":"Infinity"}"#),
                sample("0.1", "0.1").sql("0.1").json("0.1").csv("0.1"),
            ],
        ),
        hard(
            "NaN, as numeric",
            free,
            vec![sample("NaN", "NaN").postgres("'NaN'").json(r#"{"$numberDecimal":"NaN"}"#)],
        ),
        hard(
            "Decimal128",
            free,
            vec![
                sample("34 digits", "1234567890123456789012345678901.234")
                    .documents(r#"{"$numberDecimal":"1234567890123456789012345678901.234"}"#)
                    .jsonl(r#"{"$numberDecimal":"1234567890123456789012345678901.234"}"#),
                sample("1E-6176", TINY)
                    .documents(r#"{"$numberDecimal":"1E-6176"}"#)
                    .jsonl(r#"{"$numberDecimal":"1E-6176"}"#),
                sample("9E+6144", HUGE)
                    .documents(r#"{"$numberDecimal":"9E+6144"}"#)
                    .jsonl(r#"{"$numberDecimal":"9E+6144"}"#),
            ],
        ),
        hard("BIGINT UNSIGNED above 2^63", unsigned, vec![greatest()]),
        hard("BIGINT UNSIGNED above 2^63 into signed 64 bits", unsigned, vec![greatest()])
            .into(types("INTEGER", "bigint", "BIGINT")),
    ]
}

/// Written out in full where it is compared.
const TINY: &str = "1E-6176";
const HUGE: &str = "9E+6144";

fn truths() -> Vec<Hard> {
    let tiny = typed("TINYINT(1)", "smallint", "TINYINT(1)", "integer");
    let bools = typed("BOOLEAN", "boolean", "BIT(1)", "boolean");
    let number = |name, means, sql| sample(name, means).sqlite(sql).mariadb(sql);
    let tinies = || {
        vec![
            sample("null", "null").sql("NULL"),
            number("2", "2", "2"),
            number("-1", "-1", "-1"),
            number("1", "1", "1"),
        ]
    };
    let spelt = |text: &'static str, name: &'static str, means| sample(name, means).sql(text);
    vec![
        hard("tinyint(1) with null, 2 and -1", tiny, tinies())
            .note("Never taken for a boolean by its width."),
        hard("tinyint(1) into booleans", tiny, tinies())
            .into(bools)
            .note("A number is no boolean until somebody says which numbers are."),
        hard(
            "tinyint(1) into booleans, by policy",
            types("", "", "TINYINT(1)"),
            vec![
                sample("null", "null").mariadb("NULL").untouched(),
                sample("1", "true").mariadb("1"),
                sample("0", "false").mariadb("0"),
                sample("2", "2").mariadb("2").untouched(),
                sample("-1", "-1").mariadb("-1").untouched(),
            ],
        )
        .into(bools)
        .source_policy(r#"booleans = { true = ["1"], false = ["0"] }"#),
        hard(
            "booleans",
            bools,
            vec![
                sample("true", "true")
                    .sqlite("1")
                    .postgres("true")
                    .mariadb("1")
                    .json("true")
                    .csv("TRUE"),
                sample("false", "false")
                    .sqlite("0")
                    .postgres("'off'")
                    .mariadb("0")
                    .json("false")
                    .csv("n"),
            ],
        ),
        hard(
            "boolean spellings in text, by cast",
            TEXT,
            vec![
                spelt("'Yes'", "Yes", "true").json(r#""Yes""#).csv("Yes"),
                spelt("'0'", "0", "false").json(r#""0""#).csv("0"),
                spelt("'ja'", "ja", "\"ja\"").json(r#""ja""#).csv("ja"),
            ],
        )
        .into(bools)
        .cast(r#"cast = "boolean""#),
        hard(
            "boolean spellings in boolean columns, by policy",
            types("BOOLEAN", "", ""),
            vec![
                sample("'ja'", "true").sqlite("'ja'"),
                sample("'nein'", "false").sqlite("'nein'"),
                sample("'vielleicht'", "\"vielleicht\"").sqlite("'vielleicht'").untouched(),
            ],
        )
        .into(bools)
        .source_policy(r#"booleans = { true = ["ja"], false = ["nein"] }"#),
    ]
}

fn dates() -> Vec<Hard> {
    let date = typed("DATE", "date", "DATE", "date");
    let zero = types("", "", "DATE");
    let zeros = |means| {
        vec![
            sample("0000-00-00", means).mariadb("'0000-00-00'"),
            sample("2024-00-15", means).mariadb("'2024-00-15'"),
        ]
    };
    let zero_time = types("", "", "DATETIME(6)");
    let time = types("TIMESTAMP", "timestamp", "DATETIME(6)");
    let time_zeros =
        |means| vec![sample("0000-00-00 00:00:00", means).mariadb("'0000-00-00 00:00:00'")];
    let old = |name, means, text, bson| sample(name, means).sql(text).documents(bson);
    vec![
        hard("MySQL zero dates", zero, zeros("\"0000-00-00\"")).into(date),
        hard("MySQL zero dates as null", zero, zeros("null"))
            .into(date)
            .source_policy(r#"zero_date = "null""#),
        hard("MySQL zero dates replaced", zero, zeros("date:1970-01-01"))
            .into(date)
            .source_policy(r#"zero_date = { replace = "1970-01-01" }"#),
        hard("MySQL zero datetimes", zero_time, time_zeros("\"0000-00-00\"")).into(time),
        hard("MySQL zero datetimes as null", zero_time, time_zeros("null"))
            .into(time)
            .source_policy(r#"zero_date = "null""#),
        hard(
            "MySQL zero datetimes replaced, as moments",
            zero_time,
            time_zeros("moment:1970-01-01T00:00:00Z"),
        )
        .into(types("TIMESTAMPTZ", "timestamptz", "DATETIME(6)"))
        .cast(r#"cast = "timestamp", timezone = "UTC""#)
        .source_policy(r#"zero_date = { replace = "1970-01-01" }"#),
        hard(
            "dates before 1900 and BC",
            date,
            vec![
                old(
                    "1899-12-31",
                    "date:1899-12-31",
                    "'1899-12-31'",
                    r#"{"$date":{"$numberLong":"-2209075200000"}}"#,
                )
                .jsonl(r#""1899-12-31""#)
                .csv("1899-12-31"),
                old(
                    "1752-09-14",
                    "date:1752-09-14",
                    "'1752-09-14'",
                    r#"{"$date":{"$numberLong":"-6857222400000"}}"#,
                )
                .jsonl(r#""1752-09-14""#)
                .csv("1752-09-14"),
                sample("0001-01-01", "date:0001-01-01")
                    .sqlite("'0001-01-01'")
                    .postgres("'0001-01-01'")
                    .documents(r#"{"$date":{"$numberLong":"-62135596800000"}}"#)
                    .jsonl(r#""0001-01-01""#)
                    .csv("0001-01-01"),
                sample("44 BC, 15 March", "date:-0043-03-15")
                    .postgres("'0044-03-15 BC'")
                    .documents(r#"{"$date":{"$numberLong":"-63517824000000"}}"#),
            ],
        )
        .cast(r#"cast = "date", timezone = "UTC""#)
        .note("A document has moments only: a date is midnight UTC, and is cast back."),
    ]
}

fn moments() -> Vec<Hard> {
    let moment = typed("TIMESTAMPTZ", "timestamptz", "TIMESTAMP(6)", "timestamp");
    let local = typed("DATETIME", "timestamp", "DATETIME(6)", "datetime");
    let time = typed("TIME", "time", "TIME(6)", "time");
    let micros = || {
        sample("microseconds", "moment:2024-01-31T12:30:00.123456Z")
            .sqlite("'2024-01-31 12:30:00.123456Z'")
            .postgres("'2024-01-31 14:30:00.123456+02'")
            .mariadb("'2024-01-31 12:30:00.123456'")
            .jsonl(r#""2024-01-31T12:30:00.123456Z""#)
            .csv("2024-01-31T12:30:00.123456Z")
    };
    vec![
        hard("timestamps with a zone", moment, vec![
            micros(),
            sample("milliseconds", "moment:2024-01-31T12:30:00.123Z")
                .sqlite("'2024-01-31 12:30:00.123Z'")
                .postgres("'2024-01-31 14:30:00.123+02'")
                .mariadb("'2024-01-31 12:30:00.123'")
                .documents(r#"{"$date":{"$numberLong":"1706704200123"}}"#)
                .jsonl(r#"{"$date":"2024-01-31T14:30:00.123+02:00"}"#)
                .csv("2024-01-31T14:30:00.123+02:00"),
            sample("1899, milliseconds", "moment:1899-12-31T23:59:59.999Z")
                .sqlite("'1899-12-31 23:59:59.999Z'")
                .postgres("'1899-12-31 23:59:59.999+00'")
                .documents(r#"{"$date":{"$numberLong":"-2208988800001"}}"#)
                .jsonl(r#"{"$date":"1899-12-31T23:59:59.999Z"}"#)
                .csv("1899-12-31T23:59:59.999Z"),
        ])
            .note("A moment is kept; with which offset it was written is not. Documents keep milliseconds."),
        hard("timestamps with a zone, as text", moment, vec![micros()])
            .into(TEXT).cast(r#"cast = "text""#),
        hard("timestamps without a zone", local, vec![
            sample("microseconds", "datetime:2024-03-31T02:30:00.123456")
                .sqlite("'2024-03-31 02:30:00.123456'").postgres("'2024-03-31 02:30:00.123456'")
                .mariadb("'2024-03-31 02:30:00.123456'")
                .jsonl(r#""2024-03-31T02:30:00.123456""#).csv("2024-03-31T02:30:00.123456"),
        ])
            .note("02:30 on this day is skipped in Berlin: without a zone it is only what the clock shows."),
        hard("timestamps without a zone, as moments of a zone", local, vec![
            sample("14:30 in Lagos", "moment:2024-01-31T13:30:00.123Z")
                .sqlite("'2024-01-31 14:30:00.123'").postgres("'2024-01-31 14:30:00.123'")
                .mariadb("'2024-01-31 14:30:00.123'")
                .jsonl(r#""2024-01-31T14:30:00.123""#).csv("2024-01-31T14:30:00.123"),
        ])
            .into(types("TIMESTAMPTZ", "timestamptz", "TIMESTAMP(6)"))
            .cast(r#"cast = "timestamp", timezone = "Africa/Lagos""#),
        hard("time of day, and 24:00", time, vec![
            sample("14:30:00.123456", "time:14:30:00.123456").sql("'14:30:00.123456'")
                .jsonl(r#""14:30:00.123456""#).csv("14:30:00.123456"),
            sample("24:00", "time:24:00:00").postgres("'24:00:00'").mariadb("'24:00:00'").also("\"24:00:00.000000\"", "text, as a `TIME` of 24 hours and more is").also("\"24:00:00\"", "text"),
        ]),
        hard("time of day, and 24:00, as text", time, vec![
            sample("14:30:00.123456", "time:14:30:00.123456").sql("'14:30:00.123456'")
                .jsonl(r#""14:30:00.123456""#).csv("14:30:00.123456"),
            sample("24:00", "time:24:00:00").postgres("'24:00:00'").mariadb("'24:00:00'").also("\"24:00:00.000000\"", "text, as a `TIME` of 24 hours and more is").also("\"24:00:00\"", "text"),
        ])
            .into(TEXT).cast(r#"cast = "text""#),
        hard("intervals", types("TEXT", "interval", "TIME"), vec![
            sample("1 year 2 mons 3 days 04:05:06.789", r#""1 year 2 mons 3 days 04:05:06.789""#)
                .sqlite("'1 year 2 mons 3 days 04:05:06.789'")
                .postgres("'1 year 2 mons 3 days 04:05:06.789'")
                .json(r#""1 year 2 mons 3 days 04:05:06.789""#).also("\"P1Y2M3DT4H5M6.789S\"", "ISO 8601")
                .csv("1 year 2 mons 3 days 04:05:06.789"),
            sample("-101:02:03", r#""-101:02:03""#).also("\"PT-101H-2M-3S\"", "ISO 8601").sql("'-101:02:03'")
                .json(r#""-101:02:03""#).csv("-101:02:03"),
        ])
            .into(types("TEXT", "interval", "LONGTEXT"))
            .note("An interval is text: that of PostgreSQL in ISO 8601, which it reads again."),
        hard("intervals into TIME", types("TEXT", "interval", "TIME"), vec![
            sample("1 year 2 mons", r#""1 year 2 mons""#).sqlite("'1 year 2 mons'")
                .postgres("'1 year 2 mons'"),
            sample("-101:02:03", r#""-101:02:03""#).also("\"PT-101H-2M-3S\"", "ISO 8601").sql("'-101:02:03'").csv("-101:02:03"),
        ])
            .into(types("", "", "TIME")),
    ]
}

fn ids() -> Vec<Hard> {
    let oid = typed("OBJECTID_TEXT", "varchar(24)", "CHAR(24)", "objectid");
    let oids = || {
        vec![
            sample("ObjectId", "oid:0123456789abcdef01234567")
                .sql("'0123456789abcdef01234567'")
                .json(r#"{"$oid":"0123456789abcdef01234567"}"#)
                .csv("0123456789abcdef01234567"),
        ]
    };
    let uuid = typed("UUID", "uuid", "UUID", "uuid");
    // The bytes 00 11 22 … ff, as three drivers mean them.
    let old = r#"{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"03"}}"#;
    let third = |means| vec![sample("00112233445566778899aabbccddeeff", means).mongodb(old)];
    vec![
        hard("ObjectId", oid, oids())
            .note("In PostgreSQL and MariaDB its 24 digits as text; to make one of text again, cast it."),
        hard("ObjectId, by cast", oid, oids()).cast(r#"cast = "objectid""#),
        hard("UUID, BinData subtype 4", uuid, vec![
            sample("UUID", "uuid:00112233-4455-6677-8899-aabbccddeeff")
                .sql("'00112233-4455-6677-8899-aabbccddeeff'")
                .documents(r#"{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"04"}}"#)
                .jsonl(r#"{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}"#)
                .csv("00112233-4455-6677-8899-aabbccddeeff"),
        ]),
        hard("UUID, BinData subtype 3", uuid, vec![
            sample("00112233445566778899aabbccddeeff", "uuid:?").mongodb(old).jsonl(old),
        ])
            .note("Which driver wrote it decides its byte order, which is not in the data. Files need another export."),
        hard("UUID, BinData subtype 3, standard order", uuid,
            third("uuid:00112233-4455-6677-8899-aabbccddeeff"))
            .source_policy(r#"uuid_order = "standard""#),
        hard("UUID, BinData subtype 3, order of old Java drivers", uuid,
            third("uuid:77665544-3322-1100-ffee-ddccbbaa9988"))
            .source_policy(r#"uuid_order = "java""#),
        hard("UUID, BinData subtype 3, order of old C# drivers", uuid,
            third("uuid:33221100-5544-7766-8899-aabbccddeeff"))
            .source_policy(r#"uuid_order = "csharp""#),
    ]
}

fn texts() -> Vec<Hard> {
    let nul = || {
        sample("a NUL b", "\"a\\u0000b\"")
            .sqlite("CAST(x'610062' AS TEXT)")
            .mariadb("'a\\0b'")
            .json(r#""a\u0000b""#)
            .csv("a\0b")
    };
    let with = |means| Sample { means, ..nul() }.also("\"a\\u0000b\"", "");
    let json_nul = |means| {
        sample("{\"k\":\"a\\u0000b\"}", means)
            .sqlite(r#"'{"k":"a\u0000b"}'"#)
            .mariadb(r#"'{"k":"a\\u0000b"}'"#)
            .postgres(r#"'{"k":"a\u0000b"}'"#)
            .json(r#"{"k":"a\u0000b"}"#)
    };
    let jsonb = types("JSON", "jsonb", "JSON");
    let json_columns = types("JSON", "json", "JSON");
    vec![
        hard("NUL in text", TEXT, vec![nul()]),
        hard("NUL in text, left out", TEXT, vec![with("\"ab\"")])
            .target_policy(r#"nul = "strip""#),
        hard("NUL in text, replaced", TEXT, vec![with("\"a\u{2400}b\"")])
            .target_policy("nul = { replace = \"\u{2400}\" }"),
        hard("NUL in JSON", json_columns, vec![json_nul(r#"{"k":"a\u0000b"}"#)])
            .note("`json` keeps the escape as it is written."),
        hard("NUL in JSON into jsonb", json_columns, vec![json_nul(r#"{"k":"a\u0000b"}"#)])
            .into(jsonb),
        hard("NUL in JSON into jsonb, left out", json_columns,
            vec![json_nul(r#"{"k":"ab"}"#).also(r#"{"k":"a\u0000b"}"#, "")])
            .into(jsonb)
            .target_policy(r#"nul = "strip""#),
        hard("NUL in JSON into jsonb, replaced", json_columns,
            vec![json_nul("{\"k\":\"a\u{2400}b\"}").also(r#"{"k":"a\u0000b"}"#, "")])
            .into(jsonb)
            .target_policy("nul = { replace = \"\u{2400}\" }"),
        hard("4-byte UTF-8", TEXT, vec![
            sample("\u{1f600}\u{1d11e}", "\"\u{1f600}\u{1d11e}\"").sql("'\u{1f600}\u{1d11e}'")
                .json("\"\u{1f600}\u{1d11e}\"").csv("\u{1f600}\u{1d11e}"),
        ]),
        hard("4-byte UTF-8 into utf8mb3", TEXT, vec![
            sample("\u{1f600}", "\"\u{1f600}\"").sql("'\u{1f600}'")
                .json("\"\u{1f600}\"").csv("\u{1f600}"),
        ])
            .into(types("", "", "VARCHAR(20) CHARACTER SET utf8mb3")),
        hard("text that is not in its encoding", TEXT, vec![
            sample("caf, and the byte E9", "\"caf\u{e9}\"").sqlite("CAST(x'636166E9' AS TEXT)")
                .jsonl_bytes(b"\"caf\xe9\"").csv_bytes(b"caf\xe9"),
        ])
            .note("Bytes of latin1 where UTF-8 is declared. PostgreSQL and MariaDB 10.11 refuse such bytes,\nso how they would be read there is not shown here."),
        hard("latin1 files, by encoding", TEXT, vec![
            sample("caf, and the byte E9", "\"caf\u{e9}\"")
                .jsonl_bytes(b"\"caf\xe9\"").csv_bytes(b"caf\xe9"),
        ])
            .source_policy(r#"encoding = "windows-1252""#),
        hard("text of a latin1 column", types("", "", "VARCHAR(20) CHARACTER SET latin1"), vec![
            sample("caf\u{e9}", "\"caf\u{e9}\"").mariadb("'caf\u{e9}'"),
        ])
            .into(TEXT),
        hard("UTF-8 in a latin1 column, by encoding", types("", "", "VARCHAR(20) CHARACTER SET latin1"), vec![
            sample("caf, and the bytes C3 A9", "\"caf\u{e9}\"")
                .mariadb("CAST(x'636166C3A9' AS BINARY)"),
        ])
            .into(TEXT)
            .note("Without the policy it is read as declared: as two characters.")
            .source_policy(r#"encoding = "utf-8""#),
        hard("empty, null and missing", TEXT, vec![
            sample("empty", "\"\"").sql("''").json("\"\"").csv(""),
            sample("null", "null").sql("NULL").json("null").csv("\\N"),
            sample("missing", "missing").documents("missing").jsonl("missing")
                .also("null", "null, as a table has no missing"),
        ])
            .note("In CSV an empty field is empty text; `null_values` says what is null (here `\\N`)."),
    ]
}

fn structures() -> Vec<Hard> {
    let lists = typed("JSON", "text[]", "JSON", "json");
    let numbers = typed("JSON", "integer[]", "JSON", "json");
    let order = |name| {
        sample(name, r#"{"b":1,"aa":2,"a":{"z":3,"y":4}}"#)
            .sql(r#"'{"b":1,"aa":2,"a":{"z":3,"y":4}}'"#)
            .json(r#"{"b":1,"aa":2,"a":{"z":3,"y":4}}"#)
            .csv(r#"{"b":1,"aa":2,"a":{"z":3,"y":4}}"#)
    };
    vec![
        hard(
            "arrays with nulls",
            lists,
            vec![
                sample("[\"a\",null,\"\"]", r#"["a",null,""]"#)
                    .sqlite(r#"'["a",null,""]'"#)
                    .postgres(r#"'{a,NULL,""}'"#)
                    .mariadb(r#"'["a",null,""]'"#)
                    .json(r#"["a",null,""]"#)
                    .csv(r#"["a",null,""]"#),
                sample("[]", "[]")
                    .sqlite("'[]'")
                    .postgres("'{}'")
                    .mariadb("'[]'")
                    .json("[]")
                    .csv("[]"),
            ],
        ),
        hard(
            "arrays in arrays",
            numbers,
            vec![
                sample("[[1,null],[3,4]]", "[[1,null],[3,4]]")
                    .sqlite("'[[1,null],[3,4]]'")
                    .postgres("'{{1,NULL},{3,4}}'")
                    .mariadb("'[[1,null],[3,4]]'")
                    .json("[[1,null],[3,4]]")
                    .csv("[[1,null],[3,4]]"),
                sample("[[1],[2,3]]", "[[1],[2,3]]")
                    .sqlite("'[[1],[2,3]]'")
                    .mariadb("'[[1],[2,3]]'")
                    .json("[[1],[2,3]]")
                    .csv("[[1],[2,3]]"),
            ],
        )
        .note("An array of PostgreSQL is a rectangle."),
        hard(
            "nested documents",
            typed("JSON", "jsonb", "JSON", "json"),
            vec![
                sample("nested", r#"{"a":{"b":[{"c":null,"d":[]},true]},"e":{}}"#)
                    .sql(r#"'{"a":{"b":[{"c":null,"d":[]},true]},"e":{}}'"#)
                    .json(r#"{"a":{"b":[{"c":null,"d":[]},true]},"e":{}}"#)
                    .csv(r#"{"a":{"b":[{"c":null,"d":[]},true]},"e":{}}"#),
            ],
        ),
        hard(
            "JSON numbers of 30 digits",
            typed("JSON", "jsonb", "JSON", "json"),
            vec![
                sample("30 digits", LONG_NUMBERS)
                    .sql(LONG_SQL)
                    .csv(LONG_NUMBERS)
                    .jsonl(LONG_NUMBERS)
                    .documents(concat!(
                        r#"{"d":{"$numberDecimal":"0.123456789012345678901234567891"},"#,
                        r#""n":{"$numberDecimal":"123456789012345678901234567891"}}"#
                    )),
            ],
        ),
        hard("key order in objects", JSON, vec![order("b, aa, a")]),
        hard(
            "key order in objects, into jsonb",
            JSON,
            vec![order("b, aa, a").also(
                r#"{"a":{"y":4,"z":3},"b":1,"aa":2}"#,
                "exact; `jsonb` keeps no key order: use `json`",
            )],
        )
        .into(types("", "jsonb", "")),
    ]
}

const LONG_NUMBERS: &str =
    r#"{"d":0.123456789012345678901234567891,"n":123456789012345678901234567891}"#;
const LONG_SQL: &str =
    r#"'{"d":0.123456789012345678901234567891,"n":123456789012345678901234567891}'"#;

fn others() -> Vec<Hard> {
    let enums = types("TEXT", "mood", "ENUM('sad','it''s ok')");
    let named = |name: &'static str, means, sql, json| sample(name, means).sqlite(sql).json(json);
    vec![
        hard(
            "bytes",
            typed("BLOB", "bytea", "LONGBLOB", "bytes"),
            vec![
                sample("00 ff 10", "bytes:00ff10")
                    .sqlite("x'00ff10'")
                    .postgres(r"'\x00ff10'")
                    .mariadb("x'00ff10'")
                    .json(r#"{"$binary":{"base64":"AP8Q","subType":"00"}}"#)
                    .csv("AP8Q"),
                sample("none", "bytes:")
                    .sqlite("x''")
                    .postgres("''")
                    .mariadb("''")
                    .json(r#"{"$binary":{"base64":"","subType":"00"}}"#)
                    .csv(""),
            ],
        ),
        hard(
            "enums",
            enums,
            vec![
                named("it's ok", "\"it's ok\"", "'it''s ok'", "\"it's ok\"")
                    .postgres("'it''s ok'")
                    .mariadb("'it''s ok'")
                    .csv("it's ok"),
                named("glad, which is none of them", "\"glad\"", "'glad'", "\"glad\"").csv("glad"),
            ],
        ),
        hard(
            "citext",
            types("TEXT", "citext", "LONGTEXT"),
            vec![sample("MiXeD", "\"MiXeD\"").sql("'MiXeD'").json("\"MiXeD\"").csv("MiXeD")],
        ),
        hard(
            "domains",
            types("TEXT", "code", "LONGTEXT"),
            vec![
                sample("A1", "\"A1\"").sql("'A1'").json("\"A1\"").csv("A1"),
                sample("a1, which its check refuses", "\"a1\"")
                    .sqlite("'a1'")
                    .mariadb("'a1'")
                    .json("\"a1\"")
                    .csv("a1"),
            ],
        )
        .note("`CREATE DOMAIN code AS varchar(4) CHECK (VALUE ~ '^[A-Z]')`"),
    ]
}
