//! The tests of the checkout page in a browser want Node, Chromium, and two packages of npm, whose
//! versions and hashes are in `tests/browser/package-lock.json`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::packages::{installer, right};
use crate::process;

const ADVICE: &str = "the tests in a browser want Chromium: install it (Debian: the package \
                      `chromium`), or name one with the variable KASSA_CHROMIUM";

const NODE_ADVICE: &str = "the tests in a browser want Node 20 or newer, with npm: install it \
                           (Debian: the packages `nodejs` and `npm`)";

/// Installs Debian's package, and a font: without any, a page has no letters to look at. The lists
/// of packages may be missing.
const INSTALL: &str = "\
set -e
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; }
install || { apt-get update && install; }
";

/// The names of the programs that will do, as `tests/browser/stage.mjs` looks for them.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Makes sure that the tests find what they want; an error says what to install.
pub(crate) fn provide() -> anyhow::Result<()> {
    let version = "process.exit(Number(process.versions.node.split('.')[0]) < 20 ? 1 : 0)";
    if !process::answers("node", &["--eval", version]) || !process::answers("npm", &["--version"]) {
        bail!("{NODE_ADVICE}");
    }
    if !has_chromium() {
        let Some(mut command) = installer(right(), INSTALL) else { bail!("{ADVICE}") };
        println!("Chromium is missing, and tests open pages in it: installing `chromium`");
        process::run(&mut command).context(ADVICE)?;
        if !has_chromium() {
            bail!("{ADVICE}");
        }
    }
    if !are_packages_current() {
        process::run(&mut packages()).context("npm could not install the tests' two packages")?;
    }
    Ok(())
}

/// Builds the servers that the tests run against, with the features of the whole workspace, so that
/// nothing is built twice.
pub(crate) fn server() -> Command {
    let arguments =
        ["build", "--workspace", "--example", "checkout_page", "--bin", "kassa", "--locked"];
    process::command("cargo", &arguments)
}

/// The tests: of the page by itself, and as the program serves it. Node takes files by their names,
/// since its versions differ in how they take folders.
pub(crate) fn tests() -> Command {
    let files = ["tests/browser/checkout.test.mjs", "tests/browser/demo.test.mjs"];
    let mut command = process::command("node", &[&["--test"][..], &files].concat());
    let built = target().join("debug");
    command.env("KASSA_CHECKOUT_PAGE", built.join("examples").join("checkout_page"));
    command.env("KASSA_PROGRAM", built.join("kassa"));
    command
}

fn has_chromium() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the tests read the same variable")]
    let named = std::env::var("KASSA_CHROMIUM").is_ok();
    named || CHROMIUM.iter().any(|name| process::answers("which", &[name]))
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    process::root().join(named.unwrap_or_else(|| PathBuf::from("target")))
}

/// Whether npm has installed what the lock file says now. npm leaves a copy of it behind.
fn are_packages_current() -> bool {
    let folder = process::root().join("tests").join("browser");
    let changed = |path: &str| folder.join(path).metadata().and_then(|file| file.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    installed.is_some() && installed >= changed("package-lock.json")
}

/// Installs exactly what the lock file names, without running any script of a package.
fn packages() -> Command {
    let arguments =
        ["ci", "--prefix", "tests/browser", "--ignore-scripts", "--no-audit", "--no-fund"];
    process::command("npm", &arguments)
}

#[cfg(test)]
mod tests {
    use super::{INSTALL, packages, server};
    use crate::process::{answers, describe};

    #[test]
    fn the_script_is_one_that_a_shell_reads() {
        assert!(answers("sh", &["-n", "-c", INSTALL]));
    }

    #[test]
    fn only_what_is_locked_is_installed_and_built() {
        let npm = "npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund";
        assert_eq!(describe(&packages()), npm);
        let built = "--example checkout_page --bin kassa --locked";
        assert!(describe(&server()).ends_with(built));
    }
}
