//! The element of a phase that explodes keeps its name inside `each`.

use chrono::DateTime;
use mapper::expr::{Element, Found, Lookups, Mapped, Program};
use mapper::value::{Key, Value, extended_json};

use super::checked;

const SPEC: &str = r#"
spec = 1
name = "a"

[connections.docs]
url = "sqlite:docs.db"
model = "documents"

[phase.lines]
source = { connection = "docs", collection = "orders", explode = "lines[*]", as = "line" }
target = { connection = "docs", collection = "lines", write = "append" }
fields = { parts = { each = "line.parts[*]", object = { sku = "line.sku", name = "name", own = "@.name", order = "$.number", text = { template = "{{ line.sku }}/{{ name }}" } } } }
"#;

struct Nothing;

impl Lookups for Nothing {
    fn find(&self, _: usize, _: &Key) -> Found {
        Found::Nothing
    }
}

#[test]
fn names_and_paths_mean_the_same_inside_each() {
    let plan = checked(&[("a.toml", SPEC)]).plan;
    let program = Program::compile(&plan.phases[0].mapping, None).unwrap();
    let order = extended_json::parse(
        r#"{"_id":1,"number":7,"lines":[{"sku":"a","parts":[{"name":"x"}]}]}"#,
    )
    .unwrap();
    let row = [order];
    let elements = program.elements(&row);
    let key = Key::new(&[Value::Int(1)]).unwrap();
    let now = DateTime::UNIX_EPOCH;
    let element = Element { row: &row, key: &key, exploded: Some(&elements[0]), now };
    let Mapped::Row(fields) = program.map(element, &Nothing) else { panic!("not mapped") };
    let expected =
        extended_json::parse(r#"[{"sku":"a","name":"x","own":"x","order":7,"text":"a/x"}]"#)
            .unwrap();
    assert!(fields[0].same_content(&expected), "{:?}", fields[0]);
}
