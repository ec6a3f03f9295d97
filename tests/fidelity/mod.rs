//! Hard values from every store into every other, by a run of mapper each. What is seen is the table
//! of `docs/fidelity.md`, which `MAPPER_BLESS=1` writes anew; a value that changes without a word
//! fails.
//!
//! Values are put into the sources and read from the targets by SQL and BSON, without mapper.

mod hard;
mod meaning;
mod page;
mod run;
mod stores;
mod values;

use std::collections::BTreeMap;

use hard::{Hard, Store};
use page::{Cell, Seen};
use stores::{Held, Place, block, row};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fidelity.md");

/// The values whose connections have the same policies, with their place in the list of all.
fn groups(all: &[Hard]) -> Vec<(Vec<usize>, Vec<Hard>)> {
    let mut groups: Vec<(Vec<usize>, Vec<Hard>)> = Vec::new();
    for (place, hard) in all.iter().enumerate() {
        match groups.iter_mut().find(|(_, group)| group[0].policy == hard.policy) {
            Some((places, group)) => {
                places.push(place);
                group.push(hard.clone());
            }
            None => groups.push((vec![place], vec![hard.clone()])),
        }
    }
    groups
}

fn declared(
    hards: &[Hard],
    places: &[usize],
    types: impl Fn(&Hard) -> &'static str,
) -> Vec<(usize, &'static str)> {
    places.iter().map(|place| (*place, types(&hards[*place]))).collect()
}

/// What one target holds after all runs into it: by group and source, with the rejects.
type Results = Vec<(usize, Store, Held, run::Rejects)>;

fn fill(
    into: &Place,
    sources: &[(Place, Vec<Vec<usize>>)],
    groups: &[(Vec<usize>, Vec<Hard>)],
) -> Results {
    let mut results = Vec::new();
    for (from, put) in sources {
        for (number, (_, hards)) in groups.iter().enumerate() {
            let places = run::pairs(hards, from.store, into.store);
            if put[number].is_empty() || places.is_empty() {
                continue;
            }
            let entity = format!("t{number}_{}", from.store.word());
            let columns = declared(hards, &places, |hard| hard.into.of(into.store));
            into.create(&entity, &columns);
            let rejects = block(run::transfer(from, into, number, hards, &put[number]));
            results.push((number, from.store, into.read(&entity, &columns), rejects));
        }
    }
    results
}

#[test]
fn no_value_changes_without_a_word() {
    let all = values::all();
    let groups = groups(&all);
    let sources: Vec<(Place, Vec<Vec<usize>>)> = Store::ALL
        .into_iter()
        .map(|store| {
            let place = Place::new(store);
            let rows = groups.iter().enumerate().map(|(number, (_, hards))| {
                let entity = format!("s{number}");
                let spelt = |hard: &Hard| hard.samples.iter().any(|s| s.spelt(store).is_some());
                let places: Vec<usize> =
                    (0..hards.len()).filter(|place| spelt(&hards[*place])).collect();
                if places.is_empty() {
                    return Vec::new();
                }
                place.create(&entity, &declared(hards, &places, |hard| hard.from.of(store)));
                place.put(&entity, hards)
            });
            let rows = rows.collect();
            (place, rows)
        })
        .collect();
    let targets: Vec<Place> = Store::TARGETS.into_iter().map(Place::new).collect();
    let results: Vec<Results> = std::thread::scope(|scope| {
        let tasks: Vec<_> =
            targets.iter().map(|into| scope.spawn(|| fill(into, &sources, &groups))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });

    let mut cells: BTreeMap<usize, page::Cells> = BTreeMap::new();
    for (into, results) in targets.iter().zip(&results) {
        for (number, from, held, rejects) in results {
            let (places, hards) = &groups[*number];
            let (_, put) = sources.iter().find(|(place, _)| place.store == *from).unwrap();
            for (place, hard) in hards.iter().enumerate().filter(|(_, h)| h.goes_into(into.store)) {
                for (s, sample) in hard.samples.iter().enumerate() {
                    let id = row(place, s);
                    if !put[*number].contains(&id) {
                        continue;
                    }
                    let cell = match (held.get(&id), rejects.get(&id)) {
                        (Some(held), None) => page::judge(hard, sample, *from, into.store, held),
                        (None, Some((reason, message))) => {
                            Cell::Rejected(reason.clone(), without_place(message))
                        }
                        (held, _) => Cell::Changed(sample.means.into(), format!("{held:?}")),
                    };
                    cells.entry(places[place]).or_default().insert((s, *from, into.store), cell);
                }
            }
        }
    }
    let seen: Vec<Seen<'_>> = all
        .iter()
        .enumerate()
        .map(|(place, hard)| Seen { hard, cells: cells.remove(&place).unwrap_or_default() })
        .collect();
    let versions: Vec<String> = targets
        .iter()
        .filter(|place| place.store != Store::SqliteDocuments)
        .map(Place::version)
        .collect();
    keep(&versions, &page::page(&seen));
    let mut changed = Vec::new();
    for seen in &seen {
        for ((sample, from, into), cell) in &seen.cells {
            if let Cell::Changed(put, found) = cell {
                let (title, sample) = (seen.hard.title, seen.hard.samples[*sample].name);
                changed.push(format!(
                    "{title}, {sample}, {} to {}: {put} became {found}",
                    from.name(),
                    into.name()
                ));
            }
        }
    }
    assert!(changed.is_empty(), "changed without a word:\n{}", changed.join("\n"));
}

/// A message without the name of a source and the line of a file.
fn without_place(message: &str) -> String {
    match message.split_once(" line ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, rest)) => rest.to_owned(),
        None => match message.split_once(": ") {
            Some((source, rest)) if source.starts_with('s') && source.len() < 4 => rest.to_owned(),
            _ => message.to_owned(),
        },
    }
}

/// Holds what was seen against the page.
fn keep(versions: &[String], content: &str) {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let bless = std::env::var_os("MAPPER_BLESS").is_some();
    let mut blessed = text.clone();
    for (name, wanted) in
        [("versions", versions.join(", ") + "."), ("fidelity", content.to_owned())]
    {
        let opening = format!("<!-- generated: {name} -->\n");
        let start = blessed.find(&opening).unwrap() + opening.len();
        let end = start + blessed[start..].find("<!-- end -->").unwrap();
        let wanted = format!("\n{}\n\n", wanted.trim());
        // Other servers than those of the bed may show other things: the page tells of these.
        assert!(
            bless || blessed[start..end] == wanted,
            "docs/fidelity.md is out of date: run this test with MAPPER_BLESS=1 and look at the difference"
        );
        blessed.replace_range(start..end, &wanted);
    }
    if blessed != text {
        std::fs::write(PAGE, blessed).unwrap();
    }
}
