//! What is not seeded, and why.

use super::world::{On, SPEC, Shop};

#[tokio::test]
async fn production_is_never_seeded() {
    let spec = SPEC.replace("MODEL", "MODEL\nproduction = true");
    let shop = Shop::with(On::SqliteTables, &spec).await;
    for line in ["seed shop.toml", "seed shop.toml --count 5 --seed 2", "seed shop.toml --clean"] {
        let done = shop.ends(2, line);
        assert!(done.err.contains("`shop` is production"), "{line}: {}", done.err);
    }
    assert_eq!(shop.counts().await, [0; 3]);
    // Another name for the same database does not help.
    let twice = SPEC.replace(
        "[seed.orders]",
        "[connections.live]\nurl = \"${SHOP_URL}\"\nproduction = true\n[seed.orders]",
    ) + "[seed.more]\nconnection = \"live\"\ntable = \"makers\"\nfields = { name = { fake = \"company\" } }\n";
    let shop = Shop::with(On::SqliteTables, &twice).await;
    assert!(shop.ends(2, "seed shop.toml").err.contains("is production"));
}

#[tokio::test]
async fn a_spec_without_seeds_says_what_there_is_instead() {
    let spec = SPEC.split("[seed.orders]").next().unwrap();
    let shop = Shop::with(On::SqliteTables, spec).await;
    let done = shop.ends(2, "seed shop.toml");
    assert!(done.err.contains("no seeds") && done.err.contains("--fixtures"), "{}", done.err);
}

#[tokio::test]
async fn what_the_database_does_not_have_is_told_before_anything_is_written() {
    let spec = SPEC
        .replace("table = \"makers\"", "table = \"maker\"")
        .replace("KIND = \"makers\"", "table = \"maker\"")
        .replace("label =", "lable =");
    let shop = Shop::with(On::SqliteTables, &spec).await;
    for line in ["check shop.toml --connect", "seed shop.toml"] {
        let done = shop.ends(2, line);
        for part in ["E0602", "`makers`", "E0604", "`label`"] {
            assert!(done.err.contains(part), "{line}: no {part} in\n{}", done.err);
        }
    }
    assert_eq!(shop.counts().await, [0; 3]);
}

#[tokio::test]
async fn too_many_rows_for_what_is_unique_are_refused() {
    let spec = SPEC.replace(
        "fields = { name = { fake = \"company\" } }",
        "fields = { name = { pick = [\"a\", \"b\", \"c\", \"d\"], unique = true } }",
    );
    let shop = Shop::with(On::SqliteTables, &spec).await;
    shop.ends(0, "seed shop.toml --count 40");
    let done = shop.ends(2, "seed shop.toml --count 41");
    assert!(done.err.contains("4 different values for 5 rows"), "{}", done.err);
}

#[tokio::test]
async fn what_a_strict_column_refuses_is_a_reject_that_is_listed() {
    let spec = SPEC.replace(
        "fields = { name = { fake = \"company\" } }",
        "fields = { name = { fake = \"company\", dirty = { rate = \"100%\", with = [\"null\"] } } }",
    );
    let spec = spec.replace("maker_id = { reference = \"makers\", distribution = \"each\" }", "");
    let spec = spec.replace("maker_id", "items");
    let shop = Shop::with(On::SqliteTables, &spec).await;
    shop.script("ALTER TABLE orders DROP COLUMN maker_id;").await;
    let done = shop.ends(3, "seed shop.toml");
    assert!(done.err.contains("4  rejected: "), "{}", done.err);
    assert_eq!(shop.counts().await, [12, 0, 40]);
    assert!(shop.ends(3, "rejects shop.toml").err.contains("4 rejects stand"));
    shop.ends(0, "seed shop.toml --clean");
    shop.ends(0, "rejects shop.toml");
}

#[tokio::test]
async fn definitions_that_several_specs_include_are_made_once() {
    let shop = Shop::new(On::SqliteTables).await;
    let folder = shop.folder.path();
    let text = std::fs::read_to_string(folder.join("shop.toml")).unwrap();
    std::fs::remove_file(folder.join("shop.toml")).unwrap();
    std::fs::create_dir_all(folder.join("all/shared")).unwrap();
    let body = text.replace("spec = 1\nname = \"shop\"\n", "");
    std::fs::write(folder.join("all/shared/seeds.toml"), body).unwrap();
    for name in ["one", "two"] {
        let spec = format!("spec = 1\nname = \"{name}\"\ninclude = [\"shared/seeds.toml\"]\n");
        std::fs::write(folder.join(format!("all/{name}.toml")), spec).unwrap();
    }
    shop.ends(0, "seed all");
    assert_eq!(shop.counts().await, [12, 4, 40]);
    // Through any of the specs they are the same seeds.
    let again = shop.sums(0, "seed all/two.toml");
    assert_eq!(again[0], ("customers".to_owned(), [0, 12, 0, 0]));
    shop.ends(0, "seed all/one.toml --clean");
    assert_eq!(shop.counts().await, [0; 3]);
}
