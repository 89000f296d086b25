//! Where `PostgreSQL`'s programs are, and as whom they run.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian and Ubuntu put the programs, in a folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// What a new cluster is like. It is made without syncing: every start is from a copy.
const INITDB: [&str; 7] = [
    "--auth=trust",
    "--username=kassa",
    "--no-locale",
    "--encoding=UTF8",
    "--no-sync",
    "--no-instructions",
    "--pgdata",
];

/// The programs of a `PostgreSQL` server on this machine.
#[derive(Debug)]
pub struct Installation {
    programs: PathBuf,
    /// The user and the group that the programs run as, where that is not the caller's own.
    owner: Option<(u32, u32)>,
}

impl Installation {
    /// What to tell a person when [`Installation::find`] finds nothing.
    pub const ADVICE: &str = "PostgreSQL is missing: there is no `initdb` on the PATH and none \
        under /usr/lib/postgresql; install the server (Debian and Ubuntu: \
        `apt-get install postgresql`, which `cargo xtask test` does where it may)";

    /// The installation whose `initdb` is on the PATH, else the newest that Debian keeps.
    pub fn find() -> Option<Installation> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Behind a link are the rest of the programs; Debian's own `psql` on the PATH is a script.
        let on_path = std::env::split_paths(&path)
            .filter_map(|folder| folder.join("initdb").canonicalize().ok())
            .find_map(|initdb| initdb.parent().map(Path::to_owned));
        let programs = on_path.or_else(|| newest(Path::new(DEBIAN)))?;
        Some(Installation { programs, owner: owner() })
    }

    /// The folder with `postgres`, `psql` and their like.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The file of `PostgreSQL`'s program `name`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// `PostgreSQL`'s program `name`, to be run in `folder`.
    pub(crate) fn command(&self, name: &str, folder: &Path) -> Command {
        self.as_owner(&self.program(name), folder)
    }

    /// Any program in `folder`, as the user who may run the server.
    pub(crate) fn as_owner(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
        // They would point the programs to another cluster: a folder, a port, a database.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// A new folder with a new cluster in its `data`.
    ///
    /// `initdb` takes most of a second, unpacking an archive of its result a twentieth of that.
    /// One archive is kept for each version, in one file, so that whoever tidies the folder of
    /// temporary files takes all of it or nothing.
    pub(crate) fn new_cluster(&self) -> PathBuf {
        let temporary = std::env::temp_dir();
        let template = temporary.join("kassa-cluster.XXXXXX");
        let made = output(self.as_owner(Path::new("mktemp"), &temporary).arg("-d").arg(template));
        let folder = PathBuf::from(made.trim());
        let archive = self.archive(&temporary);
        // Nobody else builds it meanwhile, and the lock ends with this process.
        let lock = lock(&archive.with_extension("lock"));
        if !archive.exists() {
            let new = folder.join("new.tar");
            output(self.command("initdb", &folder).args(INITDB).arg("data"));
            output(self.as_owner(Path::new("tar"), &folder).arg("-cf").arg(&new).arg("data"));
            std::fs::rename(&new, &archive).expect("the archive moves within a file system");
            return folder;
        }
        drop(lock);
        output(self.as_owner(Path::new("tar"), &folder).arg("-xf").arg(&archive));
        folder
    }

    /// The archive that fits this version, these options and the user that they run as.
    fn archive(&self, temporary: &Path) -> PathBuf {
        let version = output(self.command("initdb", temporary).arg("--version"));
        let mut hasher = DefaultHasher::new();
        (version, INITDB, &self.programs, self.owner, user_id(&[])).hash(&mut hasher);
        temporary.join(format!("kassa-cluster-{:016x}.tar", hasher.finish()))
    }
}

/// The folder of programs of the highest major version under `folder`.
fn newest(folder: &Path) -> Option<PathBuf> {
    let versions = folder.read_dir().ok()?.flatten();
    versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| folder.join(format!("{version}/bin/initdb")).exists())
        .max()
        .map(|version| folder.join(format!("{version}/bin")))
}

/// `PostgreSQL` refuses to run as root: then it runs as the user its package made, else as nobody.
fn owner() -> Option<(u32, u32)> {
    if user_id(&[]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| Some((user_id(&[name])?, group_id(name)?)))
}

fn user_id(name: &[&str]) -> Option<u32> {
    id("-u", name)
}

fn group_id(name: &str) -> Option<u32> {
    id("-g", &[name])
}

fn id(option: &str, name: &[&str]) -> Option<u32> {
    let output = Command::new("id").arg(option).args(name).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn lock(path: &Path) -> File {
    let file = File::create(path).expect("the folder of temporary files can be written");
    file.lock().expect("a file can be locked");
    file
}

/// Runs `command` to its end; what it printed.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{errors}");
    String::from_utf8(output.stdout).expect("PostgreSQL prints UTF-8")
}
