//! The kinds of made-up text.
//!
//! Names and words come from the `fake` crate. What could reach somebody (addresses of mail, hosts
//! and networks, telephone numbers) is of the ranges that are set aside for examples.

use std::fmt;

use fake::Fake as _;
use fake::faker::address::en as address;
use fake::faker::company::en as company;
use fake::faker::currency::en as currency;
use fake::faker::filesystem::en as filesystem;
use fake::faker::internet::en as internet;
use fake::faker::job::en as job;
use fake::faker::lorem::en as lorem;
use fake::faker::name::en as name;

use super::random::{Chance, below};

/// A kind of made-up text.
pub struct Fake {
    /// Its name in specs.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    make: fn(&mut Chance) -> String,
    unique: Unique,
}

/// How the number of the row goes into a text that no other row may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unique {
    /// There are only so many.
    Never,
    /// After it, with this between.
    After(&'static str),
    /// Before the `@`.
    BeforeAt,
    /// It is different already, being made of the number.
    Host,
}

/// Every kind, by name.
pub static ALL: &[Fake] = &[
    kind("city", "a city", |c| address::CityName().fake_with_rng(c), Unique::After(" ")),
    kind("colour", "a colour, as `#rrggbb`", colour, Unique::Never),
    kind("company", "a company", |c| company::CompanyName().fake_with_rng(c), Unique::After(" ")),
    kind("country", "a country", |c| address::CountryName().fake_with_rng(c), Unique::Never),
    kind(
        "country_code",
        "a country's code of two letters",
        |c| address::CountryCode().fake_with_rng(c),
        Unique::Never,
    ),
    kind(
        "currency_code",
        "a currency's code of three letters",
        |c| currency::CurrencyCode().fake_with_rng(c),
        Unique::Never,
    ),
    kind("domain", "a host below example.com, .net or .org", domain, Unique::Host),
    kind("email", "an address below example.com, .net or .org", email, Unique::BeforeAt),
    kind(
        "file_name",
        "a file's name with its ending",
        |c| filesystem::FileName().fake_with_rng(c),
        Unique::Host,
    ),
    kind("first_name", "a first name", |c| name::FirstName().fake_with_rng(c), Unique::After(" ")),
    kind("industry", "an industry", |c| company::Industry().fake_with_rng(c), Unique::After(" ")),
    kind("ip", "an address of version 4, of the ranges for documentation", ip, Unique::Never),
    kind("ipv6", "an address of version 6, of the range for documentation", ipv6, Unique::Never),
    kind("job_title", "a job's title", |c| job::Title().fake_with_rng(c), Unique::After(" ")),
    kind("last_name", "a last name", |c| name::LastName().fake_with_rng(c), Unique::After(" ")),
    kind("mac", "a hardware address that no maker has", mac, Unique::Never),
    kind("mime_type", "a media type", |c| filesystem::MimeType().fake_with_rng(c), Unique::Never),
    kind("name", "a first and a last name", full_name, Unique::After(" ")),
    kind(
        "paragraph",
        "a few sentences of Latin words",
        |c| lorem::Paragraph(3..6).fake_with_rng(c),
        Unique::After(" "),
    ),
    kind("phone", "a telephone number that nobody has (555-01…)", phone, Unique::After(" x")),
    kind("postcode", "a post code", |c| address::PostCode().fake_with_rng(c), Unique::Never),
    kind(
        "profession",
        "a profession",
        |c| company::Profession().fake_with_rng(c),
        Unique::After(" "),
    ),
    kind(
        "sentence",
        "a sentence of Latin words",
        |c| lorem::Sentence(4..10).fake_with_rng(c),
        Unique::After(" "),
    ),
    kind("state", "a state", |c| address::StateName().fake_with_rng(c), Unique::Never),
    kind(
        "state_code",
        "a state's code of two letters",
        |c| address::StateAbbr().fake_with_rng(c),
        Unique::Never,
    ),
    kind("street", "a house number and a street", street, Unique::After(" #")),
    kind("time_zone", "a time zone", |c| address::TimeZone().fake_with_rng(c), Unique::Never),
    kind("title", "a form of address", |c| name::Title().fake_with_rng(c), Unique::Never),
    kind("url", "a page below example.com, .net or .org", url, Unique::After("/")),
    kind(
        "user_agent",
        "a browser's name for itself",
        |c| internet::UserAgent().fake_with_rng(c),
        Unique::Never,
    ),
    kind("user_name", "a name to log in with", user_name, Unique::After("-")),
    kind("word", "a Latin word", word, Unique::After("-")),
    kind("words", "a few Latin words", words, Unique::After(" ")),
];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Fake> {
    ALL.iter().find(|fake| fake.name == name)
}

const fn kind(
    name: &'static str,
    summary: &'static str,
    make: fn(&mut Chance) -> String,
    unique: Unique,
) -> Fake {
    Fake { name, summary, make, unique }
}

impl Fake {
    /// Whether it can be different in every row.
    pub fn can_be_unique(&self) -> bool {
        self.unique != Unique::Never
    }

    /// A text; with the number of a row one that no other row has.
    pub(super) fn make(&self, chance: &mut Chance, row: Option<u64>) -> String {
        let text = (self.make)(chance);
        let Some(row) = row else { return text };
        match self.unique {
            Unique::Never => text,
            Unique::After(between) => format!("{text}{between}{row}"),
            Unique::BeforeAt => {
                let (user, host) = text.split_once('@').unwrap_or((&text, "example.com"));
                format!("{user}.{row}@{host}")
            }
            Unique::Host => match text.split_once('.') {
                Some((first, rest)) => format!("{first}-{row}.{rest}"),
                None => format!("{text}-{row}"),
            },
        }
    }
}

impl PartialEq for Fake {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fake").field(&self.name).finish()
    }
}

/// One of several.
fn one_of<'t>(chance: &mut Chance, texts: &[&'t str]) -> &'t str {
    let place = below(chance, texts.len() as u128);
    usize::try_from(place).ok().and_then(|place| texts.get(place)).copied().unwrap_or_default()
}

/// A whole number below an end.
fn number(chance: &mut Chance, end: u32) -> u32 {
    u32::try_from(below(chance, end.into())).unwrap_or_default()
}

/// A name in the letters of addresses.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn first(chance: &mut Chance) -> String {
    name::FirstName().fake_with_rng(chance)
}

fn last(chance: &mut Chance) -> String {
    name::LastName().fake_with_rng(chance)
}

fn full_name(chance: &mut Chance) -> String {
    format!("{} {}", first(chance), last(chance))
}

fn host(chance: &mut Chance) -> &'static str {
    one_of(chance, &["example.com", "example.net", "example.org"])
}

fn email(chance: &mut Chance) -> String {
    format!("{}.{}@{}", plain(&first(chance)), plain(&last(chance)), host(chance))
}

fn user_name(chance: &mut Chance) -> String {
    format!("{}.{}", plain(&first(chance)), plain(&last(chance)))
}

fn word(chance: &mut Chance) -> String {
    lorem::Word().fake_with_rng(chance)
}

fn words(chance: &mut Chance) -> String {
    let words: Vec<String> = lorem::Words(2..5).fake_with_rng(chance);
    words.join(" ")
}

fn domain(chance: &mut Chance) -> String {
    format!("{}.{}", plain(&word(chance)), host(chance))
}

fn url(chance: &mut Chance) -> String {
    format!("https://{}/{}/{}", host(chance), plain(&word(chance)), plain(&word(chance)))
}

fn street(chance: &mut Chance) -> String {
    let street: String = address::StreetName().fake_with_rng(chance);
    format!("{} {street}", 1 + number(chance, 999))
}

fn phone(chance: &mut Chance) -> String {
    format!("+1-{}-555-01{:02}", 200 + number(chance, 800), number(chance, 100))
}

fn ip(chance: &mut Chance) -> String {
    let net = one_of(chance, &["192.0.2", "198.51.100", "203.0.113"]);
    format!("{net}.{}", 1 + number(chance, 254))
}

fn ipv6(chance: &mut Chance) -> String {
    let mut part = || number(chance, 0x1_0000);
    format!("2001:db8::{:x}:{:x}:{:x}", part(), part(), part())
}

fn mac(chance: &mut Chance) -> String {
    let mut part = || number(chance, 256);
    let parts = [part(), part(), part(), part(), part()];
    parts.iter().fold("02".to_owned(), |text, part| format!("{text}:{part:02x}"))
}

fn colour(chance: &mut Chance) -> String {
    format!("#{:06x}", number(chance, 0x100_0000))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::random::Salt;
    use super::*;

    #[test]
    fn kinds_are_sorted_and_make_something() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name), "sorted, and each once");
        for fake in ALL {
            for row in 0..50 {
                let text = fake.make(&mut Salt::new(7, fake.name).chance(row), None);
                assert!(!text.trim().is_empty(), "{}", fake.name);
            }
        }
    }

    #[test]
    fn what_can_be_unique_is() {
        for fake in ALL.iter().filter(|fake| fake.can_be_unique()) {
            let make = |row| fake.make(&mut Salt::new(7, fake.name).chance(row), Some(row));
            let texts: HashSet<String> = (0..2000).map(make).collect();
            assert_eq!(texts.len(), 2000, "{}", fake.name);
        }
    }

    #[test]
    fn nobody_is_reached() {
        for row in 0..500 {
            let make = |name| {
                let fake = find(name).unwrap();
                fake.make(&mut Salt::new(3, name).chance(row), Some(row))
            };
            let hosts = ["example.com", "example.net", "example.org"];
            let email = make("email");
            assert!(hosts.contains(&email.split_once('@').unwrap().1), "{email}");
            assert!(email.is_ascii() && !email.contains(' '), "{email}");
            assert!(hosts.iter().any(|host| make("domain").ends_with(host)));
            let url = make("url");
            assert!(hosts.contains(&url.split('/').nth(2).unwrap()), "{url}");
            assert!(make("phone").contains("-555-01"));
        }
    }
}
