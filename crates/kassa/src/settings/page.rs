//! The page docs/configuration.md, written from the table of settings.

use std::fmt::Write as _;
use std::path::Path;

use super::{CONFIG, SETTINGS};

const HEAD: &str = "\
# Configuration

This page is written from the table in `crates/kassa/src/settings.rs`; a test compares the two.
After a change of the table, write it again:

```sh
KASSA_WRITE_DOCS=1 cargo test --package kassa configuration_page
```

Each setting of `kassa serve` can be given in three places. A flag wins over an environment
variable, a variable over the configuration file, the file over the default. An empty variable
counts as one that is not set. The commands that work on the store itself (`verify`, `backup`,
`operator-key`, `credential`, `company`, `seller`, `customer`) know the settings marked with
*store*, in the same three places, so that they find the same store as the server.

The file is TOML, flat, and a key that is no setting is an error:

```toml
data_dir = \"/var/lib/kassa\"
listen = \"0.0.0.0:8443\"
tls_cert = \"/etc/kassa/tls.pem\"
tls_key = \"/etc/kassa/tls.key\"
log_format = \"json\"
```

`kassa bench` knows the settings of the database as flags only, so that it never happens to the
database that a server uses. `kassa store copy` names both of its stores by flags of its own.

";

const TAIL: &str = "
## The installation key

What the program issues as secrets, and what it keeps of card numbers, is derived from one key of
256 bits that is not in the database. It is made at the first start. Keep a copy of it apart from
the backups of the data: without it, tokens cannot be shown again to a client that repeats its
request, and a card number can no longer be recognized; with it and a copy of the database, card
numbers could be tried out. On Unix a key file that others may read is refused.

Servers that share a database share the key. The database keeps a keyed hash of it, and a server
with another key is refused at its start. So is a server without a key, once the database is in use:
make the key by starting one server, or by a command as `company add`, then copy the file to the
others. `kassa store copy` from a data directory with the key in it has the database remember that
one.

## Not settings

Limits of operation (queue, batch, body size, time-outs) are constants with their reasons in
`crates/engine/src/limits.rs`: their values are part of what is tested.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for setting in &SETTINGS {
        let file = match setting.flag {
            CONFIG => "–".to_owned(),
            _ => format!("`{}`", setting.key()),
        };
        let default = match setting.default {
            "" => "not set".to_owned(),
            default => format!("`{default}`"),
        };
        let store = if setting.is_of_store { " · *store*" } else { "" };
        let (flag, value, variable) = (setting.flag, setting.value, setting.variable);
        writeln!(
            page,
            "## {flag}\n\n`--{flag} {value}` · `{variable}` · in the file {file} · default \
             {default}{store}\n\n{}.\n",
            setting.meaning
        )
        .unwrap();
    }
    page.trim_end().to_owned() + "\n" + TAIL
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable asks to write the page again")]
fn configuration_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = page();
    if std::env::var("KASSA_WRITE_DOCS").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/configuration.md is stale; write it again with\n\
         KASSA_WRITE_DOCS=1 cargo test --package kassa configuration_page"
    );
}
