//! try
use std::path::PathBuf;
use mapper::{spec, check, diagnostics::render, document::Environment};
fn main() {
    let paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let (set, sources, mut d) = spec::load(&paths, &Environment::new(), &spec::FileSystem);
    let checked = set.and_then(|set| check::check(&set, &sources, &check::Options { working_directory: std::env::current_dir().unwrap() }, &mut d));
    print!("{}", render::text(&d, &sources, render::Style::PLAIN));
    if let Some(c) = checked { print!("{}", mapper::plan::explain_text(&c.plan, &[])); }
}
