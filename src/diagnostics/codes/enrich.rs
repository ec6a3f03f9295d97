//! E10…: fields that services fill.

use crate::diagnostics::{Code, Page};

pub(super) static CODES: &[&Code] = &[&UNKNOWN_INPUT, &UNKNOWN_BODY_NAME, &BAD_BODY, &SENT_AGAIN];

/// An input that is no field and no named value.
pub static UNKNOWN_INPUT: Code = Code {
    id: "E1001",
    title: "unknown input of an enrichment",
    page: Page {
        meaning: "`input` names what is sent of a record: one of the phase's `fields`, or a value \
                  of its `let` table as `let.name`. A path into the source record gets such a \
                  name first.",
        mistake: "input = \"note.text\"",
        instead: "[phase.notes.let]\ntext = \"note.text\"\n[phase.notes.enrich.vector]\ninput = \"let.text\"",
    },
};

/// A name that the template of a body does not see.
pub static UNKNOWN_BODY_NAME: Code = Code {
    id: "E1002",
    title: "unknown name in a body",
    page: Page {
        meaning: "The template of a body sees one name: `input`, what `input` names of a record; \
                  or `inputs`, the list of them, where a request carries a batch (`per = \
                  \"batch\"`, which is the default).",
        mistake: "per = \"record\"\nbody = '{\"inputText\": {{ content | tojson }}}'",
        instead: "per = \"record\"\nbody = '{\"inputText\": {{ input | tojson }}}'",
    },
};

/// A body that is no JSON.
pub static BAD_BODY: Code = Code {
    id: "E1003",
    title: "the body of a request is no JSON",
    page: Page {
        meaning: "The template was tried with a text that holds quotes and a line break, and what \
                  came out is no JSON. A value is put in by `{{ input | tojson }}`, which writes \
                  its quotes and escapes what needs it. A service that takes something else gets \
                  its own `Content-Type` in `headers`, and the body is not looked at.",
        mistake: "body = '{\"inputText\": \"{{ input }}\"}'",
        instead: "body = '{\"inputText\": {{ input | tojson }}}'",
    },
};

/// An enrichment that would send the same again and again.
pub static SENT_AGAIN: Code = Code {
    id: "E1004",
    title: "what was sent would be sent again",
    page: Page {
        meaning: "What the target holds under its key is not sent, and what was answered is \
                  committed batch by batch, so that nothing is paid for twice. That takes a key, \
                  which `write = \"append\"` does without, and commits on the way, which \
                  `transaction = \"phase\"` does not make.",
        mistake: "target = { connection = \"app\", table = \"vectors\", write = \"append\" }",
        instead: "target = { connection = \"app\", table = \"vectors\", key = [\"sha256_hash\"], on_conflict = \"skip\" }",
    },
};
