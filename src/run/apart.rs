//! Which records of a phase's source can never meet in the target.

use crate::expr::{Expr, IdKind, Mapping, Origin, Root, Segment, TemplatePart, template_parts};
use crate::plan::{Phase, WriteMode};
use crate::value::{FieldPath, Schema};

/// Whether two source records can have the same target key. They can't where the target key holds
/// the whole source key as it is, or an id made from it.
pub(super) fn duplicates_possible(phase: &Phase, source_key: &[String]) -> bool {
    match phase.target.write {
        WriteMode::Insert(_) => {}
        WriteMode::Append => return false,
        // The same record edited twice by one phase: the second edit would undo the first.
        WriteMode::Patch | WriteMode::Fill { .. } => {}
    }
    let in_key = |path: &FieldPath| phase.target.key.contains(path);
    !tells_apart(&phase.mapping, source_key, in_key, is_copy)
}

/// Whether no two source records can have the same values in any unique index that the target's
/// catalog knows: each holds the source key, or what is made of it and of nothing else.
pub(super) fn keeps_apart(mapping: &Mapping, source_key: &[String], target: &Schema) -> bool {
    let unique = target.indexes.iter().filter(|index| index.unique);
    let unique = unique.map(|index| index.keys.iter().map(|key| &key.path).collect());
    let primary: Vec<&String> = target.primary_key.iter().collect();
    let mut all = unique.chain((!primary.is_empty()).then_some(primary));
    all.all(|columns: Vec<&String>| {
        let in_index = |path: &FieldPath| columns.contains(&&path.to_string());
        tells_apart(mapping, source_key, in_index, |expr, part| {
            is_copy(expr, part) || is_named_after(expr, part)
        })
    })
}

/// Whether some of a record's fields tell it from all others. `tells` says whether an expression has
/// another value for every value of a part of the source key.
fn tells_apart(
    mapping: &Mapping,
    source_key: &[String],
    chosen: impl Fn(&FieldPath) -> bool,
    tells: impl Fn(&Expr, &str) -> bool,
) -> bool {
    let fields = || {
        let chosen = mapping.fields.iter().filter(|(path, _)| chosen(path));
        chosen.map(|(_, expr)| expr).filter(|expr| expr.steps.is_empty())
    };
    let from_key =
        fields().any(|expr| matches!(&expr.origin, Origin::Id(rule) if rule.is_from_key()));
    from_key
        || mapping.explode.is_none()
            && !source_key.is_empty()
            && source_key.iter().all(|part| fields().any(|expr| tells(expr, part)))
}

fn is_copy(expr: &Expr, part: &str) -> bool {
    match &expr.origin {
        Origin::Path(path) => {
            path.root == Root::Record && path.segments() == Some(&[Segment::Name(part.to_owned())])
        }
        _ => false,
    }
}

/// Whether it is an id whose name holds nothing that varies but this part of the key.
fn is_named_after(expr: &Expr, part: &str) -> bool {
    let Origin::Id(rule) = &expr.origin else { return false };
    let Some(parts) = rule.name.as_deref().and_then(template_parts) else { return false };
    let mut names = parts.iter().filter_map(|part| match part {
        TemplatePart::Text(_) => None,
        TemplatePart::Name { path, trim } => Some((path, trim)),
    });
    rule.kind != IdKind::Keep
        && names.next().is_some_and(|(path, trim)| !trim && path[..] == [part.to_owned()])
        && names.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{IdRule, Path};
    use crate::value::{Index, IndexKey};

    fn apart(key: &[&str], fields: &[(&str, Origin)], unique: &[&[&str]]) -> bool {
        let key: Vec<String> = key.iter().map(ToString::to_string).collect();
        let field = |(name, origin): &(&str, Origin)| {
            (FieldPath::field(*name), Expr { origin: origin.clone(), ..Expr::missing() })
        };
        let mapping = Mapping { fields: fields.iter().map(field).collect(), ..Mapping::default() };
        let index = |columns: &&[&str]| Index {
            name: String::new(),
            keys: columns
                .iter()
                .map(|path| IndexKey { path: path.to_string(), descending: false })
                .collect(),
            unique: true,
        };
        let schema = Schema {
            primary_key: unique[0].iter().map(ToString::to_string).collect(),
            indexes: unique[1..].iter().map(index).collect(),
            ..Schema::default()
        };
        keeps_apart(&mapping, &key, &schema)
    }

    #[test]
    fn what_is_made_of_the_whole_key_keeps_records_apart() {
        let copy = |name: &str| Origin::Path(Path::field(name));
        let id = |name: Option<&str>| {
            Origin::Id(IdRule {
                kind: IdKind::Uuid(None),
                spec: "spec".into(),
                phase: "phase".into(),
                name: name.map(str::to_owned),
            })
        };
        let one = [("uid", id(Some("task:{{ id }}"))), ("id", copy("id")), ("name", copy("name"))];
        assert!(apart(&["id"], &one, &[&["uid"]]));
        assert!(apart(&["id"], &one, &[&["uid"], &["id"], &["name", "id"]]));
        assert!(!apart(&["id"], &one, &[&["uid"], &["name"]]));
        let two = [("uid", id(Some("{{ a }}{{ b }}"))), ("a", copy("a")), ("b", copy("b"))];
        assert!(apart(&["a", "b"], &two, &[&["b", "a"]]));
        assert!(!apart(&["a", "b"], &two, &[&["a"]]));
        // 1 and 11 are named as 11 and 1 are.
        assert!(!apart(&["a", "b"], &two, &[&["uid"]]));
        assert!(apart(&["a", "b"], &[("uid", id(None))], &[&["uid"]]));
        assert!(!apart(&["a"], &[("uid", id(Some("{{ a | trim }}")))], &[&["uid"]]));
        assert!(!apart(&["a"], &[("uid", id(Some("{{ b }}")))], &[&["uid"]]));
        // A file without a key.
        assert!(!apart(&[], &one, &[&["id"]]));
    }
}
