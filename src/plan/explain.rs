//! What a plan will do, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{
    Changes, CheckKind, ConnectionId, Deed, Deleted, Enrich, LookupKind, Node, OnConflict,
    OnDuplicate, Operand, Overlap, Per, Phase, Plan, RejectLimit, StructureTask, Transaction, Work,
    WriteMode,
};
use crate::connectors::ScanSource;
use crate::diagnostics::wording::{join, plural};

/// What is known of a node's work already (`completed`, `changed: …`), by its place in the graph.
/// A list that is too short says nothing of the rest.
pub type NodeStatus = Option<String>;

/// How a phase gets its rows into its target, where there is a choice (`pushed down`,
/// `streams: …`), by its place in the plan. A list that is too short says nothing of the rest.
pub type PhaseWay = Option<String>;

/// What is to be done about a structure task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StructureView {
    /// The changes, in order.
    pub changes: Vec<PlannedChange>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
    /// What stands in the way; nothing is done while it does.
    pub blocked: Vec<String>,
}

/// A change as the store will do it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedChange {
    /// In words.
    pub change: String,
    /// The statements.
    pub statements: Vec<String>,
    /// What is locked meanwhile.
    pub locks: String,
    /// What data it loses.
    pub loses: Option<String>,
    /// What takes the place of what the store does not have.
    pub differences: Vec<String>,
}

/// The order as text: a line for what each node is, a line for how it is done, and a line for what
/// it waits for.
pub fn explain_text(
    plan: &Plan,
    status: &[NodeStatus],
    ways: &[PhaseWay],
    views: &[StructureView],
) -> String {
    let mut text = String::new();
    let width = plan.graph.nodes.len().to_string().len();
    for (at, node) in plan.graph.nodes.iter().enumerate() {
        let state = state(status, at).map(|state| format!("  [{state}]")).unwrap_or_default();
        let indent = " ".repeat(width + 2);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:>width$}. {}{state}", at + 1, title(node));
        let _ = writeln!(text, "{indent}{}", how(plan, node));
        if let Some(way) = way(ways, node) {
            let _ = writeln!(text, "{indent}{way}");
        }
        if !node.after.is_empty() {
            let _ = writeln!(text, "{indent}after {}", waits(node));
        }
        if let Some(view) = view(views, node) {
            view_text(view, &indent, &mut text);
        }
    }
    text
}

/// The order as a Mermaid flowchart.
pub fn explain_mermaid(plan: &Plan, status: &[NodeStatus], ways: &[PhaseWay]) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for (at, node) in plan.graph.nodes.iter().enumerate() {
        let mut label = escaped(&title(node));
        if let Some(state) = state(status, at) {
            let _ = write!(label, "<br/>{}", escaped(state));
        }
        if let Some(way) = way(ways, node) {
            let _ = write!(label, "<br/>{}", escaped(way));
        }
        let (open, close) = match node.work {
            Work::Phase(_) => ("[", "]"),
            Work::Structure(_) => ("[(", ")]"),
            Work::Index(_) => ("[/", "/]"),
            Work::Check(_) => ("{{", "}}"),
        };
        let _ = writeln!(text, "  n{at}{open}\"{label}\"{close}");
    }
    for (at, node) in plan.graph.nodes.iter().enumerate() {
        for edge in &node.after {
            let _ = writeln!(text, "  n{} -->|{}| n{at}", edge.node, edge.reason.name());
        }
    }
    text
}

/// The order as JSON: `{specs, connections, nodes: [{id, kind, name, how, way, state, after}]}`.
pub fn explain_json(
    plan: &Plan,
    status: &[NodeStatus],
    ways: &[PhaseWay],
    views: &[StructureView],
) -> Json {
    let nodes: Vec<Json> = plan
        .graph
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| {
            let after: Vec<Json> = node
                .after
                .iter()
                .map(|edge| json!({ "node": edge.node, "reason": edge.reason.name() }))
                .collect();
            json!({
                "id": at,
                "kind": kind(node.work),
                "name": node.name,
                "how": how(plan, node),
                "way": way(ways, node),
                "state": state(status, at),
                "checksum": match node.work {
                    Work::Phase(phase) => Some(&plan.phases[phase].checksum),
                    Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
                },
                "structure": view(views, node).map(view_json),
                "after": after,
            })
        })
        .collect();
    json!({
        "specs": plan
            .specs
            .iter()
            .map(|spec| json!({
                "name": spec.name,
                "description": spec.description,
                "checksum": spec.checksum,
            }))
            .collect::<Vec<_>>(),
        "connections": plan.connections.iter().map(|known| &known.name).collect::<Vec<_>>(),
        "nodes": nodes,
    })
}

fn state(status: &[NodeStatus], node: usize) -> Option<&str> {
    status.get(node).and_then(Option::as_deref)
}

fn kind(work: Work) -> &'static str {
    match work {
        Work::Phase(_) => "phase",
        Work::Structure(_) => "structure",
        Work::Index(_) => "index",
        Work::Check(_) => "check",
    }
}

fn way<'w>(ways: &'w [PhaseWay], node: &Node) -> Option<&'w str> {
    match node.work {
        Work::Phase(phase) => ways.get(phase)?.as_deref(),
        Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
    }
}

/// `3 (after, lookup), 7 (index)`.
fn waits(node: &Node) -> String {
    let mut others: Vec<(usize, Vec<&str>)> = Vec::new();
    for edge in &node.after {
        match others.iter_mut().find(|(other, _)| *other == edge.node) {
            Some((_, reasons)) => reasons.push(edge.reason.name()),
            None => others.push((edge.node, vec![edge.reason.name()])),
        }
    }
    let shown: Vec<String> = others
        .iter()
        .map(|(other, reasons)| format!("{} ({})", other + 1, reasons.join(", ")))
        .collect();
    shown.join(", ")
}

/// The names of indexes and checks say what they are already.
fn title(node: &Node) -> String {
    match node.work {
        Work::Phase(_) => format!("phase {}", node.name),
        Work::Structure(_) | Work::Index(_) | Work::Check(_) => node.name.clone(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}

/// How a node's work is done, in one line.
fn how(plan: &Plan, node: &Node) -> String {
    match node.work {
        Work::Phase(at) => phase(plan, &plan.phases[at]),
        Work::Structure(at) => structure(plan, &plan.structures[at]),
        Work::Index(at) => {
            let task = &plan.indexes[at];
            format!(
                "creates {}index {} on {}, {} the data",
                if task.index.unique { "unique " } else { "" },
                task.index.name,
                place(plan, task.connection, &task.entity),
                if task.before { "before" } else { "after" },
            )
        }
        Work::Check(at) => {
            let check = &plan.checks[at];
            format!("{} ({})", check_line(plan, &check.kind), check.severity.name())
        }
    }
}

fn phase(plan: &Plan, phase: &Phase) -> String {
    let source = match &phase.source.scan {
        ScanSource::Entity(entity) => place(plan, phase.source.connection, entity),
        ScanSource::Query(_) => format!("a query of {}", connection(plan, phase.source.connection)),
        ScanSource::Pipeline { entity, .. } => {
            format!("a pipeline of {}", place(plan, phase.source.connection, entity))
        }
        ScanSource::Files => connection(plan, phase.source.connection).to_owned(),
    };
    let mut parts =
        vec![format!("{source} → {}", place(plan, phase.target.connection, &phase.target.entity))];
    if let Some(path) = &phase.mapping.explode {
        parts.push(format!("each of {}", path.text()));
    }
    let key: Vec<String> = phase.target.key.iter().map(ToString::to_string).collect();
    let by = if key.is_empty() { String::new() } else { format!(" by {}", key.join(", ")) };
    parts.push(format!("{}{by}", write_mode(phase.target.write)));
    match phase.on_duplicate {
        OnDuplicate::Reject => {}
        OnDuplicate::First => parts.push("the first of duplicates".to_owned()),
        OnDuplicate::Last => parts.push("the last of duplicates".to_owned()),
    }
    parts.push(match phase.transaction {
        Transaction::Auto => format!("batches of {}", phase.batch),
        Transaction::Record => format!("batches of {}, records whole or not at all", phase.batch),
        Transaction::Batch => format!("batches of {}, each committed", phase.batch),
        Transaction::Phase => format!("batches of {}, committed at the end", phase.batch),
    });
    let lookups: Vec<String> = phase
        .lookups
        .iter()
        .map(|lookup| {
            let stub = if lookup.stub { " (second pass)" } else { "" };
            match &lookup.kind {
                LookupKind::Phase { phase } => format!("{phase}{stub}"),
                LookupKind::Entity { connection, entity, .. } => {
                    format!("{}{stub}", place(plan, *connection, entity))
                }
            }
        })
        .collect();
    if !lookups.is_empty() {
        parts.push(format!("looks up {}", lookups.join(" and ")));
    }
    parts.extend(phase.source.changes.as_ref().map(changes));
    parts.extend(phase.deleted.as_ref().map(deleted));
    parts.extend(phase.backup.map(|backup| backup_of(backup).to_owned()));
    parts.extend(phase.enrich.iter().map(enrich));
    if phase.off.triggers {
        parts.push("triggers of the target are off meanwhile".to_owned());
    }
    if phase.off.foreign_keys {
        parts.push("foreign keys are checked when all is written".to_owned());
    }
    if !phase.enabled {
        parts.push("not enabled: it is not run".to_owned());
    }
    parts.join("; ")
}

fn enrich(enrich: &Enrich) -> String {
    let field = &enrich.field;
    if !enrich.enabled {
        return format!("{field} of a service is not enabled: it is left out");
    }
    let service = &enrich.service;
    // A path or query may hold more than should be shown.
    let host = url::Url::parse(&service.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let carries = match enrich.per {
        Per::Record => "a record",
        Per::Batch => "a batch",
    };
    let rate = service
        .rate
        .map(|(count, time)| format!(", at most {count} in {}", humantime::format_duration(time)))
        .unwrap_or_default();
    let tried = plural(service.attempts, "attempt");
    format!(
        "asks {host} for {field}, {carries} a request, {} at a time{rate}, {tried}",
        service.concurrency
    )
}

/// How a later run finds what changed.
fn changes(of: &Changes) -> String {
    let before = |overlap: &Option<Overlap>| match overlap {
        None => String::new(),
        Some(Overlap::Time(time)) => {
            format!(", and {} before it", humantime::format_duration(*time))
        }
        Some(Overlap::Number(number)) => format!(", and {number} before it"),
    };
    match of {
        Changes::Key { overlap } => {
            format!("later runs read keys after the highest one{}", before(overlap))
        }
        Changes::Column { column, overlap } => {
            format!("later runs read from the highest {column} on{}", before(overlap))
        }
        Changes::Hash => "later runs write what differs from what was written".to_owned(),
    }
}

/// What becomes of records that the source no longer has.
fn deleted(of: &Deleted) -> String {
    let most = match of.most {
        RejectLimit::Count(most) => most.to_string(),
        RejectLimit::Share(most) => format!("{}%", (most * 1e4).round() / 1e2),
    };
    let what = match &of.deed {
        Deed::Delete => "deletes what the source no longer has".to_owned(),
        Deed::Mark(fields) => {
            let names: Vec<String> = fields.iter().map(|(path, _)| path.to_string()).collect();
            format!("marks what the source no longer has in {}", names.join(", "))
        }
    };
    format!("{what}, at most {most}")
}

fn backup_of(backup: bool) -> &'static str {
    if backup { "its target is exported before" } else { "its target is not exported before" }
}

fn structure(plan: &Plan, task: &StructureTask) -> String {
    let on = connection(plan, task.connection);
    if task.closes {
        return format!("adds foreign keys between tables that refer to each other in {on}");
    }
    let count = |count: usize, noun| (count > 0).then(|| plural(count, noun));
    let parts: Vec<String> = [
        count(task.extensions.len(), "extension"),
        count(task.enums.len(), "enum"),
        count(task.tables.len(), "table"),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("{} in {on}", join(&parts, "and"))
}

fn view<'v>(views: &'v [StructureView], node: &Node) -> Option<&'v StructureView> {
    match node.work {
        Work::Structure(at) => views.get(at),
        Work::Phase(_) | Work::Index(_) | Work::Check(_) => None,
    }
}

fn view_text(view: &StructureView, indent: &str, text: &mut String) {
    for note in &view.notes {
        let _ = writeln!(text, "{indent}note: {note}");
    }
    for blocked in &view.blocked {
        let _ = writeln!(text, "{indent}refused: {blocked}");
    }
    for change in &view.changes {
        let _ = writeln!(text, "{indent}{}", change.change);
        for statement in &change.statements {
            for line in statement.lines() {
                let _ = writeln!(text, "{indent}    {line}");
            }
        }
        if !change.locks.is_empty() && !change.statements.is_empty() {
            let _ = writeln!(text, "{indent}  locks: {}", change.locks);
        }
        if let Some(loses) = &change.loses {
            let _ = writeln!(text, "{indent}  loses {loses}");
        }
        for difference in &change.differences {
            let _ = writeln!(text, "{indent}  differs: {difference}");
        }
    }
}

fn view_json(view: &StructureView) -> Json {
    let changes: Vec<Json> = view
        .changes
        .iter()
        .map(|change| {
            json!({
                "change": change.change,
                "statements": change.statements,
                "locks": change.locks,
                "loses": change.loses,
                "differences": change.differences,
            })
        })
        .collect();
    json!({ "changes": changes, "notes": view.notes, "refused": view.blocked })
}

fn write_mode(mode: WriteMode) -> &'static str {
    match mode {
        WriteMode::Insert(OnConflict::Skip) => "insert, skip what is there",
        WriteMode::Insert(OnConflict::Update) => "insert, update what is there",
        WriteMode::Insert(OnConflict::Replace) => "insert, replace what is there",
        WriteMode::Insert(OnConflict::Fail) => "insert, reject what is there",
        WriteMode::Patch => "patch what is there",
        WriteMode::Fill { null_is_missing: false } => "fill what is missing",
        WriteMode::Fill { null_is_missing: true } => "fill what is missing or null",
        WriteMode::Append => "append",
    }
}

fn check_line(plan: &Plan, kind: &CheckKind) -> String {
    match kind {
        CheckKind::Query { connection: on, expect, .. } => {
            let elsewhere = matches!(expect.equals, Some(Operand::Query { .. }));
            let with = if elsewhere { ", against another one" } else { "" };
            format!("asks a query of {}{with}", connection(plan, *on))
        }
        CheckKind::Filter { connection, entity, .. } => {
            format!("counts in {}", place(plan, *connection, entity))
        }
        CheckKind::References { connection, from, path, to, key, back } => format!(
            "{}.{path} finds {to}.{key}{}",
            place(plan, *connection, from),
            back.as_ref().map(|back| format!(", and {back} finds back")).unwrap_or_default(),
        ),
        CheckKind::Compare { connection, left, right, equal, .. } => {
            format!("{} and {right} agree on {}", place(plan, *connection, left), equal.join(", "))
        }
        CheckKind::Latency { connection, entity, repeat, p95, .. } => format!(
            "reads {} {repeat} times, 95 % within {p95:?}",
            place(plan, *connection, entity)
        ),
        CheckKind::Stats { connection, entity, .. } => {
            format!("measures {}", place(plan, *connection, entity))
        }
        CheckKind::Unique { connection, entity, keys } => {
            format!("no two of {} share {}", place(plan, *connection, entity), keys.join(", "))
        }
        CheckKind::Sum { sum, .. } => {
            format!("adds up {} of {}", sum.of, place(plan, sum.connection, &sum.entity))
        }
        CheckKind::Phase { phase, .. } => {
            let name = plan.phases.get(*phase).map(Phase::full_name).unwrap_or_default();
            format!("looks how many records {name} did not reject")
        }
    }
}

fn connection(plan: &Plan, id: ConnectionId) -> &str {
    plan.connections.get(id).map_or("", |known| &known.name)
}

fn place(plan: &Plan, id: ConnectionId, entity: &str) -> String {
    format!("{}.{entity}", connection(plan, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Check, Edge, EdgeReason, Graph, Severity};

    fn plan() -> Plan {
        let unique = |entity: &str| Check {
            spec: 0,
            name: format!("no \"twins\" in {entity}"),
            severity: Severity::Warning,
            advice: None,
            kind: CheckKind::Unique {
                connection: 0,
                entity: entity.to_owned(),
                keys: vec!["id".to_owned()],
            },
        };
        let node = |at: usize, after: Vec<Edge>| Node {
            work: Work::Check(at),
            name: format!("check s: no \"twins\" {at}"),
            after,
        };
        Plan {
            checks: vec![unique("orders"), unique("items")],
            graph: Graph {
                nodes: vec![
                    node(0, vec![]),
                    node(1, vec![Edge { node: 0, reason: EdgeReason::After }]),
                ],
            },
            ..Plan::default()
        }
    }

    #[test]
    fn each_form_shows_nodes_edges_and_states() {
        let status = [Some("completed".to_owned())];
        let text = explain_text(&plan(), &status, &[], &[]);
        assert!(text.starts_with("1. check s: no \"twins\" 0  [completed]\n"), "{text}");
        assert!(text.contains("   no two of .items share id (warning)\n   after 1 (after)\n"));
        let mermaid = explain_mermaid(&plan(), &status, &[]);
        assert!(mermaid.contains("n0{{\"check s: no #quot;twins#quot; 0<br/>completed\"}}"));
        assert!(mermaid.ends_with("  n0 -->|after| n1\n"));
        let json = explain_json(&plan(), &status, &[], &[]);
        assert_eq!(json["nodes"][0]["state"], "completed");
        assert_eq!(json["nodes"][1]["after"][0]["reason"], "after");
        assert_eq!(json["nodes"][1]["state"], Json::Null);
    }
}
