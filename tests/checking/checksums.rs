//! What counts in a checksum and what does not.

use super::checked;

const SPEC: &str = r#"
spec = 1
name = "a"

[connections.shop]
url = "sqlite:shop.db"

[crosswalk.status]
O = "open"
P = "paid"

[phase.orders]
source = { connection = "shop", table = "old", filter = { id = { "$gt" = 0 } } }
target = { connection = "shop", table = "orders", key = ["id"], on_conflict = "skip" }

[phase.orders.let]
total = { from = "total", apply = ["trim", { round = 2 }], cast = "decimal" }

[phase.orders.fields]
id = "id"
status = { from = "status", crosswalk = "status" }
total = "let.total"
address = { object = { city = "$.city", zip = "$.zip" }, from = "address" }

[[phase.orders.skip]]
when = "not id"
reason = "no id"
"#;

fn checksum(changes: &[(&str, &str)]) -> String {
    let mut text = SPEC.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    checked(&[("a.toml", &text)]).plan.phases.swap_remove(0).checksum
}

#[test]
fn layout_order_and_limits_do_not_count() {
    let same = checksum(&[]);
    for changes in [
        vec![("\nspec = 1", "# a comment\nspec = 1")],
        vec![("sqlite:shop.db", "sqlite:other.db")],
        vec![("O = \"open\"\nP = \"paid\"", "P = \"paid\"\nO = \"open\"")],
        vec![("city = \"$.city\", zip = \"$.zip\"", "zip = \"$.zip\", city = \"$.city\"")],
        vec![
            ("id = \"id\"\n", ""),
            ("total = \"let.total\"", "total = \"let.total\"\nid = \"id\""),
        ],
        vec![(
            "[phase.orders]\n",
            "[phase.orders]\nbatch = 7\nexpected = 3\nmax_rejects = 1\ntransaction = \"batch\"\n\
             description = \"x\"\nignore = { note = \"private\" }\n",
        )],
    ] {
        assert_eq!(checksum(&changes), same, "{changes:?}");
    }
}

#[test]
fn what_is_done_to_data_counts() {
    let same = checksum(&[]);
    for changes in [
        [("\"paid\"", "\"settled\"")],
        [("\"$gt\" = 0", "\"$gt\" = 1")],
        [("on_conflict = \"skip\"", "on_conflict = \"update\"")],
        [("[\"trim\", { round = 2 }]", "[{ round = 2 }, \"trim\"]")],
        [("reason = \"no id\"", "reason = \"none\"")],
        [("[phase.orders]\n", "[phase.orders]\non_duplicate = \"first\"\n")],
        [("address = {", "street = {")],
    ] {
        assert_ne!(checksum(&changes), same, "{changes:?}");
    }
}
