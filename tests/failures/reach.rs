//! Servers that can't be reached, or don't let in: told before anything is done, and once mended the
//! same command completes.

use std::path::Path;
use std::sync::Arc;

use super::shop::{Shop, tells};
use crate::servers::{self, Server, TlsServer};

fn with(url: &str, change: impl FnOnce(&mut url::Url)) -> String {
    let mut url = url::Url::parse(url).unwrap();
    change(&mut url);
    url.into()
}

fn unreachable(server: &Arc<Server>, name: &str) {
    let shop = Shop::new(server);
    let url = shop.database.url();
    // A port on which nobody listens: it was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = with(&url, |url| url.set_port(Some(free)).unwrap());
    tells!(format!("{name}_not_there"), shop.run(&nowhere));
    shop.look(&nowhere);
    let wrong = with(&url, |url| url.set_password(Some("s3cret%20wrong/")).unwrap());
    tells!(format!("{name}_wrong_password"), shop.run(&wrong));
    shop.look(&wrong);
    let elsewhere = with(&url, |url| url.set_path("no_such_database"));
    tells!(format!("{name}_no_database"), shop.run(&elsewhere));
    shop.look(&elsewhere);
    shop.completes(&url, name);
}

#[test]
fn postgresql() {
    unreachable(&servers::postgres(), "postgresql");
}

#[test]
fn mariadb() {
    unreachable(&servers::mariadb(), "mariadb");
}

#[test]
fn mongodb() {
    let shop = Shop::empty(&servers::ferretdb());
    let nowhere = with(&shop.database.url(), |url| url.set_port(Some(1)).unwrap());
    let nowhere = format!("{nowhere}?serverSelectionTimeoutMS=500");
    tells!("mongodb_not_there", shop.run(&nowhere));
    shop.look(&nowhere);
    let strict = servers::ferretdb_with_password();
    let address = strict.url("test");
    let none = shop.run(&address);
    tells!("mongodb_no_password", none);
    let wrong = with(&address, |url| {
        url.set_username("admin").unwrap();
        url.set_password(Some("s3cret-wrong")).unwrap();
    });
    tells!("mongodb_wrong_password", shop.run(&format!("{wrong}?authSource=admin")));
    let without = shop.database.url().replace(&format!("/{}", shop.database.name()), "/");
    let done = shop.run(&without);
    assert!(done.err.contains("names no database"), "{}", done.err);
    shop.completes(&shop.database.url(), "mongodb");
}

/// A password that is in a file is used, and told by nobody; neither is one that is not
/// percent-encoded as it should be.
#[test]
fn passwords_from_files_and_wrong_urls() {
    let shop = Shop::new(&servers::postgres());
    let url = shop.database.url();
    let bare = with(&url, |url| url.set_password(None).unwrap());
    let key = "url = \"${DB_URL}\"";
    shop.change("shop.toml", key, &format!("{key}\npassword_file = \"password\""));
    shop.write("password", "s3cret wrong\n");
    let done = shop.run(&bare);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains("the password is refused"), "{}", done.err);
    shop.write("password", &format!("{}\n", servers::USER.1));
    shop.completes(&bare, "a password from a file");

    let shop = Shop::new(&servers::postgres());
    for secret in ["s3cret?x", "s3cret/x", "s3cret#x", "s3cret@x", "s3cret%zz", "s3cret:x"] {
        for scheme in ["postgres", "mysql", "mongodb"] {
            let url = format!("{scheme}://me:{secret}@127.0.0.1:1/shop");
            let done = shop.run(&url);
            assert!(matches!(done.code, 1 | 2), "{scheme}, {secret}: {}", done.err);
        }
    }
}

fn tls_refused(shop: &Shop, tls: &TlsServer, name: &str, mode: [&str; 2]) {
    let [full, authority] = mode;
    let url = |database: &str, ca: &Path| {
        TlsServer::named(database, &format!("{full}&{authority}={}", ca.display()))
    };
    let inside = Shop::new(&tls.server);
    let address = inside.database.url();
    let other = url(&address, &tls.certificates.other_authority());
    tells!(format!("{name}_wrong_authority"), inside.run(&other));
    inside.look(&other);
    let missing = url(&address, Path::new("/nowhere/ca.pem"));
    tells!(format!("{name}_no_authority"), inside.run(&missing));
    inside.completes(&url(&address, &tls.certificates.authority()), name);
    let plain = shop.database.url();
    tells!(format!("{name}_no_tls"), shop.run(&format!("{plain}?{full}")));
    shop.completes(&plain, name);
}

#[test]
fn postgresql_without_tls() {
    let shop = Shop::new(&servers::postgres());
    let mode = ["sslmode=verify-full", "sslrootcert"];
    tls_refused(&shop, &servers::postgres_tls(), "postgresql_tls", mode);
}

#[test]
fn mariadb_without_tls() {
    let shop = Shop::new(&servers::mariadb());
    let mode = ["ssl-mode=VERIFY_IDENTITY", "ssl-ca"];
    tls_refused(&shop, &servers::mariadb_tls(), "mariadb_tls", mode);
}

#[test]
fn mongodb_without_tls() {
    let tls = servers::ferretdb_tls();
    let shop = Shop::empty(&servers::ferretdb());
    let quick = "serverSelectionTimeoutMS=1500";
    let other = tls.certificates.other_authority();
    let options = format!("tls=true&tlsCAFile={}&{quick}", other.display());
    tells!(
        "mongodb_tls_wrong_authority",
        shop.run(&TlsServer::named(&tls.server.url("shop"), &options))
    );
    let plain = shop.database.url();
    tells!("mongodb_tls_no_tls", shop.run(&format!("{plain}?tls=true&{quick}")));
    shop.completes(&plain, "mongodb_tls");
}
