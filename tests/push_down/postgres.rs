//! What PostgreSQL does by itself, and what becomes of the rest.

use mapper::expr::{IdKind, IdRule, Origin};
use mapper::plan::Transaction;
use mapper::run::Way;
use mapper::value::FieldPath;
use uuid::Uuid;

use super::generated::{Kind, try_cases};
use super::world::{Place, Result, both_ways};
use crate::engine::world::{expr, path};
use crate::servers;

pub const TABLES: &str = "
    CREATE TABLE source (
        id bigint PRIMARY KEY, n bigint, t text, s varchar(5), b boolean, r double precision,
        d date, at timestamp, m timestamptz, u uuid, raw bytea, x numeric(10,2), j jsonb,
        i integer, k numeric
    );
    CREATE TABLE target (
        id bigint PRIMARY KEY, n bigint, t text, s varchar(4), b boolean, r double precision,
        d date, at timestamp, m timestamptz, u uuid, raw bytea, x numeric(12,2), j jsonb,
        i smallint, k numeric, w text, must text NOT NULL DEFAULT '?', one text UNIQUE
    );
";

/// Values of a column, hard ones among them.
pub fn values(column: &str) -> &'static [&'static str] {
    match column {
        "n" => &["NULL", "0", "1", "7", "-1", "9223372036854775807", "-9223372036854775808"],
        "t" => &[
            "NULL",
            "''",
            "'a'",
            "'A'",
            "'open'",
            "' open '",
            "'it''s'",
            "U&'\\00A0x\\2003'",
            "U&'\\0009tab\\000A'",
            "U&'\\200Bx'",
            "'  '",
            "'ßé😀x'",
            "'\\'",
        ],
        "s" => &["NULL", "'a'", "'open'", "'abcde'", "'ßé😀xy'", "''", "'a '"],
        "b" => &["NULL", "true", "false"],
        "r" => &["NULL", "1.5", "-0.0", "'NaN'", "'Infinity'", "1e300", "5e-324", "0.1"],
        "d" => &[
            "NULL",
            "'2024-01-31'",
            "'0044-03-15 BC'",
            "'infinity'",
            "'12345-01-01'",
            "'1899-12-31'",
        ],
        "at" => &["NULL", "'2024-01-31 10:20:30.123456'", "'-infinity'", "'0001-01-01 BC'"],
        "m" => &["NULL", "'2024-01-31 10:20:30.123456+05:30'", "'infinity'", "'200000-01-01Z'"],
        "u" => &["NULL", "'1B4E28BA-2FA1-11D2-883F-0016D3CCA427'"],
        "raw" => &["NULL", "'\\x00ff'", "'\\x'"],
        "x" => &["NULL", "1.5", "-12345678.90", "'NaN'", "0"],
        "j" => &[
            "NULL",
            "'null'",
            r#"'{"b": [1, null, 1.10], "a": {"x": "é"}}'"#,
            "'123456789012345678901234567890.5'",
            r#"'"text"'"#,
            "'[]'",
            "'1e400'",
        ],
        "i" => &["NULL", "1", "-32768", "32768", "2147483647"],
        "k" => &["NULL", "1.50", "'NaN'", "123456789012345678901234567890.123456789", "1e-20"],
        other => panic!("no column {other}"),
    }
}

#[test]
fn both_ways_give_the_same() {
    let database = servers::postgres().database();
    try_cases(Kind::Postgres, Place::Postgres(&database.url()), 24);
}

#[test]
fn uuids_need_their_function() {
    let database = servers::postgres().database();
    let url = database.url();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for extension in [false, true] {
        if extension {
            database.execute("CREATE EXTENSION \"uuid-ossp\"");
        }
        let script = "
            CREATE TABLE source (id bigint PRIMARY KEY, t text);
            CREATE TABLE target (uid uuid PRIMARY KEY, id bigint NOT NULL UNIQUE, t text NOT NULL);
            INSERT INTO source SELECT i, 'title ' || i FROM generate_series(1, 25000) i;
            UPDATE source SET t = NULL WHERE id % 5000 = 0;
            INSERT INTO target SELECT md5(i::text)::uuid, i, 'old' FROM generate_series(3, 25000, 3) i;";
        let (way, result) = runtime.block_on(both_ways(Place::Postgres(&url), script, |world| {
            let phase = world.phase();
            phase.target.key = vec![FieldPath::field("id")];
            phase.batch = 1000;
            let id = IdRule {
                kind: IdKind::Uuid(Some(Uuid::NAMESPACE_DNS)),
                spec: "test".into(),
                phase: "copy".into(),
                name: Some("task:{{ id }}".into()),
            };
            phase.mapping.fields = vec![
                (FieldPath::field("uid"), expr(Origin::Id(id))),
                (FieldPath::field("id"), path("id")),
                (FieldPath::field("t"), expr(Origin::Template("Task: {{ t }}".into()))),
            ];
        }));
        assert_eq!(matches!(way, Way::PushedDown(_)), extension, "{way:?}");
        assert_eq!(result.counts.read, 25_000);
        assert_eq!(result.counts.reasons["skipped: exists"], 8_332);
        assert_eq!(result.counts.reasons["rejected: template"], 5);
    }
}

/// A copy of so many records, whose titles are an expression, in commits of 100, into a target with more
/// than what is written.
fn copied(url: &str, count: u32, title: &str, more: &str, before: &str) -> Result {
    let script = format!(
        "DROP SEQUENCE IF EXISTS numbers CASCADE; CREATE SEQUENCE numbers; {before}
         CREATE TABLE source (id bigint PRIMARY KEY, t text);
         CREATE TABLE target (id bigint PRIMARY KEY, t text {more});
         INSERT INTO source SELECT i, 'title ' || {title} FROM generate_series(1, {count}) i;"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (way, result) = runtime.block_on(both_ways(Place::Postgres(url), &script, |world| {
        let phase = world.phase();
        phase.target.key = vec![FieldPath::field("id")];
        phase.batch = 100;
        phase.transaction = Transaction::Batch;
        phase.mapping.fields =
            vec![(FieldPath::field("id"), path("id")), (FieldPath::field("t"), path("t"))];
    }));
    assert!(matches!(way, Way::PushedDown(_)), "{way:?}");
    assert_eq!(result.counts.read, u64::from(count));
    result
}

#[test]
fn what_the_server_fills_in_by_order_comes_in_order() {
    let database = servers::postgres().database();
    let domain = "DROP DOMAIN IF EXISTS counted;
        CREATE DOMAIN counted AS integer DEFAULT nextval('numbers');";
    for (number, before) in [
        (", number integer DEFAULT nextval('numbers')", ""),
        (", number integer GENERATED BY DEFAULT AS IDENTITY", ""),
        (", number counted", domain),
    ] {
        let result = copied(&database.url(), 1_000, "i", number, before);
        assert_eq!(result.counts.inserted, 1_000);
        for (place, row) in result.target.iter().enumerate() {
            assert!(row.ends_with(&format!(" '{}'", place + 1)), "{number}: {row}");
        }
    }
}

/// Of two records that only the database knows to be in each other's way the first arrives.
#[test]
fn the_first_of_two_arrives_whatever_keeps_the_other_out() {
    let database = servers::postgres().database();
    let reads =
        "CREATE OR REPLACE FUNCTION is_first(t text, id bigint) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN RETURN NOT EXISTS (SELECT FROM target o WHERE o.t = $1 AND o.id < $2); END $$;";
    for more in [
        ", EXCLUDE USING btree (t WITH =)",
        ", UNIQUE (t) DEFERRABLE INITIALLY IMMEDIATE",
        ", CHECK (is_first(t, id))",
    ] {
        // The first of each batch is in the way of the last of the batch before.
        let result = copied(&database.url(), 450, "i - (i % 100 = 1 AND i > 1)::int", more, reads);
        assert_eq!((result.counts.inserted, result.counts.rejected), (446, 4), "{more}");
    }
}

/// What PostgreSQL's own functions lock no catalog tells: a batch waits for what the one that ran ahead
/// of it holds, or each for the other.
#[test]
fn a_batch_that_waits_for_the_one_ahead_of_it_arrives() {
    let database = servers::postgres().database();
    let locks = ", CHECK (pg_advisory_xact_lock(hashtext(t)) IS NOT NULL)";
    for title in ["CASE i WHEN 101 THEN 100 ELSE i END", "abs(i - 101)"] {
        let result = copied(&database.url(), 250, title, locks, "");
        assert_eq!(result.counts.inserted, 250, "{title}");
    }
}

/// The server tells it behind the last row.
#[test]
fn what_refers_to_nothing_is_rejected() {
    let database = servers::postgres().database();
    let before = "CREATE TABLE IF NOT EXISTS parents (t text PRIMARY KEY);
        INSERT INTO parents SELECT 'title ' || i FROM generate_series(0, 59) i ON CONFLICT DO NOTHING;";
    let more = ", FOREIGN KEY (t) REFERENCES parents (t)";
    let result = copied(&database.url(), 300, "i % 100", more, before);
    assert_eq!((result.counts.inserted, result.counts.rejected), (180, 120));
}
