//! The programs that a cluster consists of: found on this machine, or fetched from where the
//! distribution and Python keep theirs. What is fetched stays in target/failover for the next run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};

use crate::process;

/// The release of Patroni that the rehearsal is written for.
const PATRONI: &str = "4.1.5";

/// Where Debian puts the programs of each version of `PostgreSQL`.
const POSTGRES: &str = "/usr/lib/postgresql";

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
        let tools = Tools {
            postgres: postgres()?,
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

/// The newest `PostgreSQL`.
fn postgres() -> anyhow::Result<PathBuf> {
    let folders = fs::read_dir(POSTGRES).ok().into_iter().flatten().flatten();
    let versions = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.max().with_context(|| {
        format!(
            "there is no PostgreSQL under {POSTGRES}; on Debian: apt-get install postgresql \
             (its own service is not needed)"
        )
    })?;
    Ok(Path::new(POSTGRES).join(newest.to_string()).join("bin"))
}

/// Takes the package apart instead of installing it, since its installation starts a service.
fn etcd(home: &Path) -> anyhow::Result<PathBuf> {
    let own = home.join("etcd").join("usr/bin/etcd");
    for known in [PathBuf::from("/usr/bin/etcd"), own.clone()] {
        if known.is_file() {
            return Ok(known);
        }
    }
    let downloads = home.join("downloads");
    fs::create_dir_all(&downloads)?;
    output(Command::new("apt-get").args(["download", "etcd-server"]).current_dir(&downloads))
        .context("cannot fetch etcd; put one at /usr/bin/etcd")?;
    for package in fs::read_dir(&downloads)?.flatten() {
        output(Command::new("dpkg-deb").arg("-x").arg(package.path()).arg(home.join("etcd")))?;
    }
    ensure!(own.is_file(), "the package etcd-server has no {}", own.display());
    Ok(own)
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
