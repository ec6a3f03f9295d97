//! A service of the tests' own: it answers, throttles, fails and hangs as it is told.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value as Json, json};

/// What the service does about a request for a content, of which this is the n-th from 1.
pub type Rule = fn(content: &str, nth: usize) -> Act;

/// What the service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Answer,
    Status(u16),
    /// 429, with this `Retry-After`.
    Throttle(&'static str),
    Hang,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    pub headers: HashMap<String, String>,
    pub contents: Vec<String>,
    pub act: Act,
}

/// The service. It takes `{"inputText": "…"}` and `{"input": ["…", …]}`.
pub struct Service {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    rule: Arc<Mutex<Rule>>,
}

impl Service {
    pub fn start(rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let rule = Arc::new(Mutex::new(rule));
        let (all, acts) = (Arc::clone(&requests), Arc::clone(&rule));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (all, acts) = (Arc::clone(&all), Arc::clone(&acts));
                std::thread::spawn(move || serve(&stream, &all, &acts));
            }
        });
        Self { url, requests, rule }
    }

    /// From now on it does otherwise.
    pub fn becomes(&self, rule: Rule) {
        *self.rule.lock().unwrap() = rule;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Forgets what came so far.
    pub fn forget(&self) {
        self.requests.lock().unwrap().clear();
    }

    /// How often each content was answered.
    pub fn answered(&self) -> HashMap<String, usize> {
        let mut answered = HashMap::new();
        for request in self.requests() {
            if request.act == Act::Answer {
                for content in request.contents {
                    *answered.entry(content).or_default() += 1;
                }
            }
        }
        answered
    }
}

/// The vector of a content: eight numbers that JSON and a float hold exactly.
pub fn vector(content: &str) -> Vec<f64> {
    vector_of(content, 8)
}

fn vector_of(content: &str, dimensions: u32) -> Vec<f64> {
    let sum: u32 = content.bytes().map(u32::from).sum();
    (0..dimensions).map(|part| f64::from(sum.wrapping_mul(part + 3) % 512) / 256.0 - 1.0).collect()
}

/// Serves the requests of one connection, one after the other.
fn serve(stream: &TcpStream, all: &Mutex<Vec<Request>>, rule: &Mutex<Rule>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream.try_clone().ok()?;
    loop {
        let mut headers = HashMap::new();
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length: usize = headers.get("content-length")?.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: Json = serde_json::from_slice(&body).ok()?;
        let dimensions = body["dimensions"].as_u64().map_or(8, |number| number.try_into().unwrap());
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (contents, one) = match (&body["inputText"], &body["input"]) {
            (Json::String(content), _) => (vec![content.clone()], true),
            (_, Json::Array(contents)) => (contents.iter().map(text).collect(), false),
            _ => return None,
        };
        let act = {
            let mut all = all.lock().unwrap();
            let nth = |content: &String| {
                1 + all.iter().filter(|request| request.contents.contains(content)).count()
            };
            let rule = *rule.lock().unwrap();
            let acts = contents.iter().map(|content| rule(content, nth(content)));
            let act = acts.reduce(|one, other| if one == Act::Answer { other } else { one });
            let act = act.unwrap_or(Act::Answer);
            let contents = contents.clone();
            all.push(Request { at: Instant::now(), headers, contents, act });
            act
        };
        let (status, more, answer) = match act {
            Act::Hang => {
                std::thread::sleep(std::time::Duration::from_hours(1));
                return None;
            }
            Act::Answer if one => {
                let content = &contents[0];
                let answer = json!({
                    "embedding": vector_of(content, dimensions),
                    "inputTextTokenCount": content.split(' ').count(),
                });
                (200, String::new(), answer)
            }
            Act::Answer => {
                let data = contents
                    .iter()
                    .map(|content| json!({ "embedding": vector_of(content, dimensions) }));
                let data: Vec<Json> = data.collect();
                (200, String::new(), json!({ "data": data, "usage": { "total_tokens": 7 } }))
            }
            // As a service may, it repeats what it was sent.
            Act::Status(status) => (status, String::new(), json!({ "message": contents })),
            Act::Throttle(wait) => {
                (429, format!("Retry-After: {wait}\r\n"), json!({ "message": "slow down" }))
            }
        };
        let answer = answer.to_string();
        write!(
            writer,
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .ok()?;
        writer.flush().ok()?;
    }
}
