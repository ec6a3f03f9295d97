//! As much of Markdown as the tests need: fenced blocks with the comments before them, headings,
//! links.

use std::collections::BTreeMap;

/// A fenced block.
pub struct Block {
    /// The first word after the fence.
    pub language: String,
    /// What stands in it.
    pub text: String,
    /// The line of its fence, from 1.
    pub line: usize,
    /// The comments `<!-- name: value -->` right before it.
    pub marks: BTreeMap<String, String>,
    /// Whether it stands between `<!-- generated: … -->` and `<!-- end -->`.
    pub generated: bool,
}

/// The fenced blocks of a document.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut marks = BTreeMap::new();
    let mut generated = false;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push(Block {
                language: language.trim().to_owned(),
                text: inside.join("\n") + "\n",
                line: number + 1,
                marks: std::mem::take(&mut marks),
                generated,
            });
        } else if let Some(comment) =
            line.strip_prefix("<!--").and_then(|line| line.strip_suffix("-->"))
        {
            match comment.trim().split_once(": ") {
                Some(("generated", _)) => generated = true,
                Some((name, value)) => {
                    marks.insert(name.to_owned(), value.to_owned());
                }
                None if comment.trim() == "end" => generated = false,
                None => {}
            }
        } else if !line.trim().is_empty() {
            marks.clear();
        }
    }
    blocks
}

/// The lines outside fences, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        if line.starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((number + 1, line))
    })
}

/// The links of a document with their lines; code is not looked at.
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // What stands between backticks has odd places.
        let line: String = line.split('`').step_by(2).collect();
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            if let Some(end) = rest.find(')') {
                links.push((number, rest[..end].to_owned()));
            }
        }
    }
    links
}

/// The anchors that headings get.
pub fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let slug: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = anchors.iter().filter(|known| **known == slug).count();
        anchors.push(if again == 0 { slug } else { format!("{slug}-{again}") });
    }
    anchors
}
