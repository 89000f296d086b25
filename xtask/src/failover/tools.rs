//! The programs that a cluster consists of: found on this machine, or fetched from where the
//! distribution and Python keep theirs. What is fetched stays in target/failover for the next run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};
use cluster::Installation;

use crate::process;

/// The release of Patroni that the rehearsal is written for.
const PATRONI: &str = "4.1.5";

/// Python as the distribution has it: one that is installed for root alone cannot be started by
/// the user `postgres`.
const PYTHON: &str = "/usr/bin/python3";

/// Where each program is.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    /// The folder with `postgres`, `psql` and their like.
    pub(super) postgres: PathBuf,
    pub(super) etcd: PathBuf,
    pub(super) patroni: PathBuf,
    pub(super) kassa: PathBuf,
    /// `PostgreSQL` refuses to run as root; then it runs as the user `postgres`.
    is_root: bool,
}

impl Tools {
    /// Finds all programs, and fetches Patroni and etcd where they are missing.
    pub(super) fn find() -> anyhow::Result<Tools> {
        let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
        let home = process::root().join("target").join("failover");
        fs::create_dir_all(&home)?;
        let installation = Installation::find().context(Installation::ADVICE)?;
        let tools = Tools {
            postgres: installation.programs().to_owned(),
            etcd: etcd(&home)?,
            patroni: patroni(&home)?,
            kassa: kassa()?,
            is_root,
        };
        for program in [&tools.patroni, &tools.etcd] {
            output(tools.command(program).arg("--version")).with_context(|| {
                format!("the user postgres must be able to start {}", program.display())
            })?;
        }
        Ok(tools)
    }

    /// A command that runs as a user whom `PostgreSQL` accepts.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        if !self.is_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command
    }

    /// Gives a file or folder to the user who runs the cluster.
    pub(super) fn hand_over(&self, path: &Path) -> anyhow::Result<()> {
        if self.is_root {
            output(Command::new("chown").arg("postgres:").arg(path))?;
        }
        Ok(())
    }

    /// What runs in which version, for the report.
    pub(super) fn versions(&self) -> anyhow::Result<String> {
        let postgres = output(Command::new(self.postgres.join("postgres")).arg("--version"))?;
        let etcd = output(Command::new(&self.etcd).arg("--version"))?;
        let kassa = output(Command::new(&self.kassa).arg("--version"))?;
        let etcd = etcd.lines().next().unwrap_or_default().replace(" Version:", "");
        Ok(format!("{}; patroni {PATRONI}; {etcd}; {}", postgres.trim(), kassa.trim()))
    }
}

/// An etcd that is new enough, from the system or from Debian 13. Its package is taken apart
/// instead of installed, since its installation starts a service; the lists of packages are of
/// their own, so that the system's stay as they are.
fn etcd(home: &Path) -> anyhow::Result<PathBuf> {
    let own = home.join("etcd").join("usr/bin/etcd");
    for known in [PathBuf::from("/usr/bin/etcd"), own.clone()] {
        let version = output(Command::new(&known).arg("--version")).unwrap_or_default();
        if is_new_enough(&version) {
            return Ok(known);
        }
    }
    let downloads = home.join("downloads");
    fs::create_dir_all(downloads.join("lists").join("partial"))?;
    fs::write(downloads.join("sources.list"), DEBIAN_13)?;
    for action in [["update"].as_slice(), &["download", "etcd-server"]] {
        output(Command::new("apt-get").args(APT).args(action).current_dir(&downloads))
            .with_context(|| format!("cannot fetch etcd; put one at /usr/bin/etcd: {ETCD_FLAW}"))?;
    }
    let packages = fs::read_dir(&downloads)?.flatten().map(|file| file.path());
    for package in packages.filter(|file| file.extension().is_some_and(|found| found == "deb")) {
        output(Command::new("dpkg-deb").arg("-x").arg(package).arg(home.join("etcd")))?;
    }
    let version = output(Command::new(&own).arg("--version"))?;
    ensure!(is_new_enough(&version), "{} is too old: {ETCD_FLAW}", own.display());
    Ok(own)
}

/// Lists of packages and nothing of the system's.
const APT: [&str; 5] = [
    "-oDir::Etc::sourcelist=./sources.list",
    "-oDir::Etc::sourceparts=/dev/null",
    "-oDir::State::lists=./lists",
    "-oDir::Cache::pkgcache=",
    "-oDir::Cache::srcpkgcache=",
];

const DEBIAN_13: &str = "deb http://deb.debian.org/debian trixie main\n";

/// What older ones do: etcd issues 12528 and 15247, mended in 3.5.13.
const ETCD_FLAW: &str = "before 3.5.13 a leader of etcd that was frozen revokes leases when it \
                         wakes, and PostgreSQL has two leaders for some seconds";

fn is_new_enough(version: &str) -> bool {
    let number = version.lines().next().and_then(|line| line.strip_prefix("etcd Version: "));
    let parts = number.map(|number| number.trim().split('.').map(str::parse::<u32>));
    let parts: Vec<u32> = parts.into_iter().flatten().map_while(Result::ok).collect();
    parts >= vec![3, 5, 13]
}

fn patroni(home: &Path) -> anyhow::Result<PathBuf> {
    let venv = home.join("venv");
    let patroni = venv.join("bin").join("patroni");
    let version = output(Command::new(&patroni).arg("--version")).unwrap_or_default();
    if version.trim().ends_with(PATRONI) {
        return Ok(patroni);
    }
    output(Command::new(PYTHON).args(["-m", "venv", "--clear"]).arg(&venv))
        .context("cannot make a Python environment; on Debian: apt-get install python3-venv")?;
    let packages = [&format!("patroni[etcd3]=={PATRONI}"), "psycopg[binary]"];
    output(Command::new(venv.join("bin").join("pip")).args(["install", "--quiet"]).args(packages))?;
    Ok(patroni)
}

/// The program as it was built last, be it for release or for debugging.
fn kassa() -> anyhow::Result<PathBuf> {
    let target = process::root().join("target");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("kassa"));
    let ages =
        built.into_iter().filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    let Some((_, kassa)) = ages.max() else { bail!("build it first: cargo build --release") };
    let help = output(Command::new(&kassa).args(["serve", "--help"]))?;
    ensure!(
        help.contains("--database-url"),
        "{} knows no --database-url; build it again: cargo build --release",
        kassa.display()
    );
    Ok(kassa)
}

/// Runs a command to its end and gives what it printed; an error with what it complained of.
pub(super) fn output(command: &mut Command) -> anyhow::Result<String> {
    let text = process::describe(command);
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("cannot start `{text}`"))?;
    ensure!(
        status.success(),
        "`{text}` failed ({status}): {}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).with_context(|| format!("`{text}` printed no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_what_was_printed() {
        assert_eq!(output(Command::new("echo").arg("a")).unwrap(), "a\n");
        let error = output(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("(exit status: 3): why\n"), "{error}");
    }
}
