//! What the typed spec holds.

use std::path::{Path, PathBuf};

use mapper::spec::{
    ArgumentValue, Arguments, CheckKind, Expect, IdKind, Input, LookupTarget, OnConflict,
    OnMissing, Operand, Origin, RejectLimit, TestLookup, WriteMode,
};
use mapper::value::Value;

use super::{Files, spec};

const HEAD: &str = "spec = 1\nname = \"a\"\n[connections.shop]\nurl = \"sqlite:shop.db\"\n";

/// A phase with these fields.
fn fields(fields: &str) -> Vec<mapper::spec::Field> {
    spec(&format!(
        "{HEAD}[phase.p]\nsource = {{ connection = 'shop', table = 't' }}\n\
         target = {{ connection = 'shop', table = 'u', key = 'id' }}\n[phase.p.fields]\n{fields}\n"
    ))
    .phases
    .remove(0)
    .fields
}

#[test]
fn urls_and_paths_know_what_they_are_relative_to() {
    let spec = spec(
        "spec = 1\nname = 'a'\n[connections.a]\nurl = 'sqlite:../a.db'\nfixtures = 'data'\n\
         [connections.b]\nurl = '${NONE:-sqlite:b.db}'\n[connections.c]\nurl = 'sqlite:${HERE}'\n\
         [connections.d]\nurl = '${HERE:-x}:y'\n\
         [connections.e]\nscheme = 'pg'\nhost = 'h'\nport = '${NUMBER}'\nuser = 'u'\npassword = '${SECRET}'\ndatabase = 'd'\n",
    );
    let url = |name: &str| {
        let url = spec.connection(name).unwrap().url.as_ref().unwrap();
        (url.text.as_str().to_owned(), url.base.clone())
    };
    assert_eq!(url("a"), ("sqlite:../a.db".into(), PathBuf::from("folder")));
    assert_eq!(url("b"), ("sqlite:b.db".into(), PathBuf::from("folder")), "the spec's default");
    assert_eq!(url("c"), ("sqlite:x.db".into(), PathBuf::from("folder")));
    assert_eq!(url("d"), ("x.db:y".into(), PathBuf::new()), "from a variable");
    assert_eq!(url("e").0, "pg://u:s%2Fcr%40t@h:7/d");
    let fixtures = spec.connection("a").unwrap().fixtures.as_ref().unwrap();
    assert_eq!(fixtures.resolve(), Path::new("folder/data"));
    assert!(!format!("{spec:?}").contains("s%2Fcr"), "a URL does not print itself");
}

#[test]
fn a_phase_holds_its_settings_and_their_defaults() {
    let spec = spec(&format!(
        "{HEAD}[phase.p]\nsource = {{ files = '*.csv', delimiter = ';' }}\n\
         target = {{ connection = 'shop', table = 'u', key = 'id' }}\nmax_rejects = '0.5%'\n\
         expected = '${{NUMBER}}'\nafter = 'q'\nfields = {{ id = 'id' }}\nignore = {{ 'a.b' = 'why' }}\n"
    ));
    let phase = spec.phase("p").unwrap();
    assert_eq!(phase.batch(), 1000);
    assert_eq!(phase.expected.unwrap().value, 7);
    assert_eq!(phase.max_rejects.unwrap().value, RejectLimit::Share(0.005));
    assert_eq!(phase.after[0].as_str(), "q");
    assert_eq!((phase.ignore[0].0.as_str(), phase.ignore[0].1.as_str()), ("a.b", "why"));
    let target = phase.target.as_ref().unwrap();
    assert_eq!((target.write(), target.on_conflict()), (WriteMode::Insert, OnConflict::Fail));
    let Input::Files(files) = &phase.source.as_ref().unwrap().input else { panic!() };
    assert_eq!(files.pattern.resolve(), Path::new("folder/*.csv"));
    assert_eq!(files.delimiter.unwrap().value, b';');
}

#[test]
fn fields_have_one_origin_and_their_steps() {
    let fields = fields(
        "a = 'x.y'\n'b.c' = { from = ['x', 'y'], lookup = 'q', on_missing = 'skip' }\n\
         d = { value = { '$null' = true }, default = 5 }\ne = { id = 'uuid', name = '{{ x }}' }\n\
         f = { first = ['x', { expr = 'y' }] }\n\
         g = { lookup = { connection = 'shop', table = 't', take = 'id' }, match = { k = 'x' }, stub = true }\n\
         h = { each = 'x[*]', object = { i = { template = '{{ i }}' } } }",
    );
    let rule = |index: usize| &fields[index].rule;
    assert!(matches!(&rule(0).origin, Origin::From(paths) if paths[0].as_str() == "x.y"));
    assert!(fields[1].target.quoted && fields[1].target.text.as_str() == "b.c");
    assert!(matches!(&rule(1).origin, Origin::From(paths) if paths.len() == 2));
    assert_eq!(rule(1).on_missing(), OnMissing::Skip);
    let LookupTarget::Phase(phase) = &rule(1).lookup.as_ref().unwrap().target else { panic!() };
    assert_eq!(phase.as_str(), "q");
    assert!(matches!(&rule(2).origin, Origin::Value(value) if value.value == Value::Null));
    assert_eq!(rule(2).default.as_ref().unwrap().value, Value::Int(5));
    assert!(matches!(&rule(3).origin, Origin::Id(id) if id.kind.value == IdKind::Uuid));
    let Origin::First(rules) = &rule(4).origin else { panic!() };
    assert!(matches!(rules[1].origin, Origin::Expr(_)));
    let Origin::Lookup(lookup) = &rule(5).origin else { panic!() };
    assert_eq!(lookup.matches.as_ref().unwrap()[0].target.text.as_str(), "k");
    assert!(lookup.stub.unwrap().value && rule(5).lookup.is_none());
    assert_eq!(rule(6).object.as_ref().unwrap()[0].target.text.as_str(), "i");
}

#[test]
fn transforms_take_no_one_or_named_arguments() {
    let fields = fields(
        "a = { from = 'x', apply = ['trim', { round = 2 }, { replace = { pattern = 'a', with = { path = 'y' } } }, { add = { path = 'z' } }, { add = { '$numberDecimal' = '1.10' } }] }\n\
         b = { from = 'x', apply = 'trim' }",
    );
    let apply = &fields[0].rule.apply;
    let names: Vec<&str> = apply.iter().map(|apply| apply.name.as_str()).collect();
    assert_eq!(names, ["trim", "round", "replace", "add", "add"]);
    assert!(matches!(apply[0].arguments, Arguments::None));
    assert!(
        matches!(&apply[1].arguments, Arguments::Single(ArgumentValue::Literal(value)) if value.value == Value::Int(2))
    );
    let Arguments::Named(by_name) = &apply[2].arguments else { panic!() };
    assert!(matches!(&by_name[1].1, ArgumentValue::Path(path) if path.as_str() == "y"));
    assert!(matches!(&apply[3].arguments, Arguments::Single(ArgumentValue::Path(_))));
    assert!(
        matches!(&apply[4].arguments, Arguments::Single(ArgumentValue::Literal(value)) if matches!(value.value, Value::Decimal(_)))
    );
    assert_eq!(fields[1].rule.apply.len(), 1);
}

#[test]
fn crosswalks_keep_their_codes_and_the_rest() {
    let spec =
        spec(&format!("{HEAD}[crosswalk.c]\nb = 'x'\n'a.1' = 2\n'*' = {{ '$null' = true }}\n"));
    let crosswalk = spec.crosswalk("c").unwrap();
    assert_eq!(crosswalk.entries.len(), 2);
    assert_eq!(crosswalk.get("a.1"), Some(&Value::Int(2)));
    assert_eq!(crosswalk.get("z"), Some(&Value::Null));
}

#[test]
fn checks_and_tests_hold_what_they_compare() {
    let spec = spec(&format!(
        "{HEAD}[[check]]\nname = 'a'\nconnection = 'shop'\ntable = 't'\nfilter = {{ x = {{ '$in' = [1] }} }}\n\
         expect = {{ rate = {{ max = '5%' }} }}\n\
         [[check]]\nname = 'b'\nsum = {{ connection = 'shop', table = 't', of = 'x' }}\n\
         expect = {{ equals = {{ '$numberDecimal' = '1.10' }} }}\n\
         [[test]]\nphase = 'p'\ngiven = [{{ a = 1 }}]\nlookups = {{ q = {{ '5' = 'x' }}, t = [{{ b = 1 }}] }}\nexpect = []\n"
    ));
    let CheckKind::Filter { filter, .. } = &spec.checks[0].kind else { panic!() };
    assert_eq!(filter.paths[0].as_str(), "x");
    let Some(Expect { rate: Some(rate), .. }) = &spec.checks[0].expect else { panic!() };
    assert_eq!(rate.max.unwrap().value.to_string(), "0.05");
    let Some(Expect { equals: Some(equals), .. }) = &spec.checks[1].expect else { panic!() };
    assert!(matches!(equals, Operand::Literal(value) if matches!(value.value, Value::Decimal(_))));
    let test = &spec.tests[0];
    assert!(test.given[0].as_object().is_some() && test.expect.as_ref().unwrap().is_empty());
    assert!(matches!(test.lookups[0].1, TestLookup::Ids(_)));
    assert!(matches!(test.lookups[1].1, TestLookup::Records(_)));
}

#[test]
fn places_inside_texts_lead_back_into_the_file() {
    let text = "spec = 1\nname = 'a'\n[phase.p]\nsource = { files = '*.csv' }\n\
                target = { connection = 'c', table = 't', key = 'id' }\n[phase.p.fields]\n\
                a = { expr = \"x \\u003E ${NUMBER} + oops\" }\n";
    let (set, sources, _) = Files::new([("a.toml", text)]).load(&["a.toml"]);
    let set = set.unwrap();
    let Origin::Expr(expression) = &set.specs[0].phases[0].fields[0].rule.origin else { panic!() };
    assert_eq!(expression.as_str(), "x > 7 + oops");
    let part = |part: &str| {
        let at = expression.find(part).unwrap();
        sources.slice(expression.locate(at..at + part.len())).to_owned()
    };
    assert_eq!(
        (part("oops"), part(">"), part("7")),
        ("oops".into(), "\\u003E".into(), "${NUMBER}".into())
    );
}
