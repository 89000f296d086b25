//! The tests of the store for many nodes want `PostgreSQL`, which is installed where it may be.
//!
//! Only the programs are wanted. Each test makes a server of its own from them and ends it again.

use std::process::Command;

use anyhow::{Context as _, bail};
use cluster::Installation;

use crate::process;

/// Installs Debian's package. It would also make a server that runs from now on; the setting,
/// which is there only meanwhile, says that nobody wants one. A package that asks a question would
/// wait for ever, and the lists of packages may be missing.
const INSTALL: &str = "\
set -e
export DEBIAN_FRONTEND=noninteractive
folder=/etc/postgresql-common/createcluster.d
mkdir -p \"$folder\"
trap 'rm -f \"$folder/kassa.conf\"' EXIT
echo 'create_main_cluster = false' >\"$folder/kassa.conf\"
install() { apt-get install --yes --no-install-recommends postgresql; }
install || { apt-get update && install; }
";

/// Who may install packages here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// We are root.
    Own,
    /// `sudo` asks no password.
    Lent,
    /// Nobody, or there is no apt-get.
    None,
}

/// Makes sure that the tests find `PostgreSQL`; an error says what to install.
pub(crate) fn provide() -> anyhow::Result<()> {
    if Installation::find().is_some() {
        return Ok(());
    }
    let Some(mut command) = installer(right()) else { bail!("{}", Installation::ADVICE) };
    println!("PostgreSQL is missing, and the tests start servers of it: installing `postgresql`");
    process::run(&mut command).context(Installation::ADVICE)?;
    if Installation::find().is_none() {
        bail!("{}", Installation::ADVICE);
    }
    Ok(())
}

fn right() -> Right {
    if !process::answers("apt-get", &["--version"]) {
        Right::None
    } else if process::answers("sh", &["-c", "[ \"$(id -u)\" = 0 ]"]) {
        Right::Own
    } else if process::answers("sudo", &["--non-interactive", "true"]) {
        Right::Lent
    } else {
        Right::None
    }
}

fn installer(right: Right) -> Option<Command> {
    match right {
        Right::Own => Some(process::command("sh", &["-c", INSTALL])),
        Right::Lent => Some(process::command("sudo", &["--non-interactive", "sh", "-c", INSTALL])),
        Right::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{INSTALL, Right, installer};
    use crate::process;

    #[test]
    fn only_who_may_installs() {
        let program = |right| Some(installer(right)?.get_program().to_owned());
        assert_eq!(program(Right::Own).unwrap(), "sh");
        assert_eq!(program(Right::Lent).unwrap(), "sudo");
        assert_eq!(program(Right::None), None);
    }

    #[test]
    fn the_script_is_one_that_a_shell_reads() {
        assert!(process::answers("sh", &["-n", "-c", INSTALL]));
        assert!(!process::answers("sh", &["-n", "-c", &format!("{INSTALL}}}")]));
    }
}
