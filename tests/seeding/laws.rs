//! What holds for every recipe.

use std::collections::{BTreeMap, BTreeSet};

use mapper::connectors::{ScanRequest, ScanSource, Store as _};
use mapper::generate::{
    Dirt, Dirty, Distribution, Field, Generated, Generator, Kind, Pool, Recipe, Reference, Table,
    Taken, fakes, fixed_now,
};
use mapper::value::query::{Comparison, Filter};
use mapper::value::{FieldPath, Value};
use proptest::prelude::*;

fn of(kind: Kind) -> Generator {
    Generator { kind, null_rate: 0.0, unique: false, dirty: None }
}

fn table(name: &str, count: u64, fields: Vec<(&str, Generator)>) -> Table {
    let fields = fields
        .into_iter()
        .map(|(name, generator)| Field { path: FieldPath::field(name), generator })
        .collect();
    Table { name: name.into(), salt: name.into(), count, fields }
}

/// The rows of a recipe's table, without their numbers, read in batches of so many.
fn rows(seed: u64, tables: &[Table], name: &str, batch: usize) -> Vec<Vec<Value>> {
    let recipe = Recipe { seed, now: fixed_now(), tables: tables.to_vec() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let request = ScanRequest {
            source: ScanSource::Entity(name.into()),
            key: vec!["row".into()],
            columns: None,
            filter: Filter::All,
            batch,
            after: None,
        };
        let mut scan = Generated::new(recipe, Vec::new()).scan(request).await.unwrap();
        let mut rows = Vec::new();
        while let Some(batch) = scan.next().await.unwrap() {
            assert!(batch.broken.is_empty(), "{:?}", batch.broken);
            rows.extend(batch.rows.into_iter().map(|mut row| row.split_off(1)));
        }
        rows
    })
}

fn people(count: u64) -> Table {
    let name = fakes::find("name").unwrap();
    table(
        "people",
        count,
        vec![
            ("id", of(Kind::Uuid)),
            ("name", of(Kind::Fake(name))),
            ("grade", of(Kind::Integer { min: 1, max: 5 })),
        ],
    )
}

fn visits(count: u64, distribution: Distribution, filter: Filter) -> Table {
    let reference =
        Reference { pool: Pool::Table { table: 0, take: Taken::Field(0) }, distribution, filter };
    table("visits", count, vec![("person", of(Kind::Reference(reference)))])
}

/// How often each person is referred to, by the person's place.
fn frequencies(people: &[Vec<Value>], visits: &[Vec<Value>]) -> Vec<usize> {
    let places: BTreeMap<String, usize> =
        people.iter().enumerate().map(|(at, row)| (format!("{:?}", row[0]), at)).collect();
    let mut counts = vec![0; people.len()];
    for visit in visits {
        counts[places[&format!("{:?}", visit[0])]] += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_depend_on_nothing_but_their_number(seed in any::<u64>(), batch in 1_usize..50) {
        let few = rows(seed, &[people(30)], "people", batch);
        let many = rows(seed, &[people(90)], "people", 1000);
        prop_assert_eq!(&few[..], &many[..30]);
        let other = rows(seed.wrapping_add(1), &[people(30)], "people", batch);
        prop_assert!(few.iter().zip(&other).all(|(a, b)| a[0] != b[0]));
    }

    #[test]
    fn another_field_changes_no_value(seed in any::<u64>()) {
        let mut more = people(20);
        more.fields.insert(1, Field { path: FieldPath::field("new"), generator: of(Kind::Boolean(0.5)) });
        let before = rows(seed, &[people(20)], "people", 7);
        let after = rows(seed, &[more], "people", 7);
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!((&before[0], &before[1]), (&after[0], &after[2]));
        }
    }

    #[test]
    fn unique_values_are(seed in any::<u64>(), count in 1_u64..300, spare in 0_i64..40) {
        let max = i64::try_from(count).unwrap() + spare;
        let unique = |kind| Generator { unique: true, ..of(kind) };
        let email = fakes::find("email").unwrap();
        let of = table("t", count, vec![
            ("a", unique(Kind::Integer { min: 1, max })),
            ("b", unique(Kind::Decimal { min: -max, max: 0, scale: 2 })),
            ("c", unique(Kind::Fake(email))),
        ]);
        let rows = rows(seed, &[of], "t", 100);
        for column in 0..3 {
            let values: BTreeSet<String> =
                rows.iter().map(|row| row[column].canonical_text().unwrap().into_owned()).collect();
            prop_assert_eq!(values.len() as u64, count);
        }
        let in_range =
            rows.iter().all(|row| matches!(row[0], Value::Int(n) if (1..=max).contains(&n)));
        prop_assert!(in_range);
    }

    #[test]
    fn references_are_of_rows_that_are_there(seed in any::<u64>(), count in 1_u64..40) {
        let distributions = [Distribution::Uniform, Distribution::Zipf, Distribution::Each];
        for distribution in distributions {
            let tables = [people(count), visits(200, distribution, Filter::All)];
            let people = rows(seed, &tables, "people", 100);
            let counts = frequencies(&people, &rows(seed, &tables, "visits", 33));
            prop_assert_eq!(counts.iter().sum::<usize>(), 200);
            if distribution == Distribution::Each {
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                prop_assert!(most - least <= 1, "{:?}", counts);
            }
        }
    }

    #[test]
    fn rows_of_one_seed_refer_to_those_before(seed in any::<u64>()) {
        let mut people = people(50);
        let reference = Reference {
            pool: Pool::Table { table: 0, take: Taken::Field(0) },
            distribution: Distribution::Zipf,
            filter: Filter::All,
        };
        people.fields.push(Field {
            path: FieldPath::field("boss"),
            generator: of(Kind::Reference(reference)),
        });
        let rows = rows(seed, &[people], "people", 8);
        prop_assert_eq!(&rows[0][3], &Value::Null);
        for (at, row) in rows.iter().enumerate().skip(1) {
            prop_assert!(rows[..at].iter().any(|earlier| earlier[0] == row[3]));
        }
    }
}

#[test]
fn the_shares_are_what_was_asked_for() {
    const COUNT: u64 = 20_000;
    let near = |found: usize, share: f64| {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let found = found as f64 / COUNT as f64;
        assert!((found - share).abs() < 0.015, "{found} instead of {share}");
    };
    let pick = Kind::Pick {
        values: vec![Value::text("a"), Value::text("b"), Value::text("c")],
        weights: vec![7, 0, 3],
    };
    let dirty = Dirty { rate: 0.1, with: vec![Dirt::Blank, Dirt::Value(Value::Int(7))] };
    let fields = vec![
        ("pick", of(pick)),
        ("flag", of(Kind::Boolean(0.3))),
        ("gap", Generator { null_rate: 0.25, ..of(Kind::Integer { min: 0, max: 9 }) }),
        ("dirt", Generator { dirty: Some(dirty), ..of(Kind::Value(Value::text("ok"))) }),
    ];
    let rows = rows(11, &[table("t", COUNT, fields)], "t", 1000);
    let count =
        |column: usize, wanted: &Value| rows.iter().filter(|row| row[column] == *wanted).count();
    near(count(0, &Value::text("a")), 0.7);
    assert_eq!(count(0, &Value::text("b")), 0, "a weight of 0 never comes");
    near(count(1, &Value::Bool(true)), 0.3);
    near(count(2, &Value::Null), 0.25);
    near(count(2, &Value::Int(4)), 0.075);
    near(count(3, &Value::text("   ")), 0.05);
    near(count(3, &Value::Int(7)), 0.05);
    near(count(3, &Value::text("ok")), 0.9);
}

#[test]
fn the_first_rows_are_chosen_most_often_by_zipf_and_none_by_uniform() {
    let tables = |distribution| [people(10), visits(20_000, distribution, Filter::All)];
    let counts = |distribution| {
        let tables = tables(distribution);
        frequencies(&rows(3, &tables, "people", 10), &rows(3, &tables, "visits", 1000))
    };
    let zipf = counts(Distribution::Zipf);
    assert!(zipf.is_sorted_by(|a, b| a > b), "{zipf:?}");
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let ratio = zipf[0] as f64 / zipf[1] as f64;
    assert!((1.8..2.2).contains(&ratio), "{zipf:?}");
    let uniform = counts(Distribution::Uniform);
    assert!(uniform.iter().all(|count| (1_800..2_200).contains(count)), "{uniform:?}");
}

#[test]
fn a_reference_chooses_among_the_rows_that_its_filter_wants() {
    let filter = Filter::Compare {
        path: "grade".into(),
        operator: Comparison::GreaterOrEqual,
        value: Value::Int(4),
    };
    let tables = [people(60), visits(500, Distribution::Uniform, filter)];
    let people = rows(5, &tables, "people", 10);
    let counts = frequencies(&people, &rows(5, &tables, "visits", 100));
    for (person, count) in people.iter().zip(counts) {
        assert_eq!(count > 0, matches!(person[2], Value::Int(4 | 5)), "{person:?}: {count}");
    }
}
