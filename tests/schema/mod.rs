//! The JSON Schema: it is up to date, admits what the reader admits, and refuses what it refuses.

use std::path::{Path, PathBuf};

use mapper::diagnostics::render::{self, Style};
use mapper::document::Environment;
use mapper::spec::{FileSystem, load, reference, schema};
use serde_json::Value as Json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn samples(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/schema").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

/// A TOML file as editors hand it to a validator.
fn as_json(path: &Path) -> Json {
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    serde_json::to_value(table).unwrap()
}

/// Whether the reader has no complaint, and what it says else.
fn reader_admits(path: &Path) -> Result<(), String> {
    let environment = Environment::from([("MART_PASSWORD".to_owned(), "x".to_owned())]);
    let (_, sources, diagnostics) = load(&[path.to_path_buf()], &environment, &FileSystem);
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(render::text(&diagnostics, &sources, Style::PLAIN))
}

#[test]
fn the_schema_file_is_what_the_shapes_say() {
    let path = root().join("schemas/spec.schema.json");
    let generated = serde_json::to_string_pretty(&schema::json_schema()).unwrap() + "\n";
    if std::env::var_os("MAPPER_BLESS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == generated, "run the tests with MAPPER_BLESS=1 and look at the difference");
}

#[test]
fn valid_samples_pass_the_schema_and_the_reader() {
    let validator = jsonschema::draft7::new(&schema::json_schema()).unwrap();
    let samples = samples("valid");
    assert!(samples.len() >= 2);
    for path in samples {
        let json = as_json(&path);
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        reader_admits(&path).unwrap_or_else(|said| panic!("{said}"));
    }
}

#[test]
fn invalid_samples_fail_the_schema_and_the_reader() {
    let validator = jsonschema::draft7::new(&schema::json_schema()).unwrap();
    let samples = samples("invalid");
    assert!(samples.len() >= 20);
    for path in samples {
        assert!(!validator.is_valid(&as_json(&path)), "{} passes the schema", path.display());
        assert!(reader_admits(&path).is_err(), "{} passes the reader", path.display());
    }
}

#[test]
fn the_reference_has_every_table_and_key_of_the_schema() {
    let schema = schema::json_schema();
    let reference = reference::markdown();
    for (id, table) in schema["definitions"].as_object().unwrap() {
        let heading = format!("### {id}\n");
        let start = reference.find(&heading).unwrap_or_else(|| panic!("no section {id}"));
        let section = &reference[start + heading.len()..];
        let section = &section[..section.find("\n### ").unwrap_or(section.len())];
        for key in table["properties"].as_object().unwrap().keys() {
            assert!(section.contains(&format!("`{key}`")), "{id} has no {key}");
        }
        for key in table["required"].as_array().into_iter().flatten() {
            let row = format!("| **`{}`** |", key.as_str().unwrap());
            assert!(section.contains(&row), "{id} does not require {key}");
        }
    }
}
