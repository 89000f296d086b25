//! The tests of the store for many nodes want `PostgreSQL`, which is installed where it may be.
//!
//! Only the programs are wanted. Each test makes a server of its own from them and ends it again.

use anyhow::{Context as _, bail};
use cluster::Installation;

use crate::packages::{installer, right};
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

/// Makes sure that the tests find `PostgreSQL`; an error says what to install.
pub(crate) fn provide() -> anyhow::Result<()> {
    if Installation::find().is_some() {
        return Ok(());
    }
    let Some(mut command) = installer(right(), INSTALL) else { bail!("{}", Installation::ADVICE) };
    println!("PostgreSQL is missing, and the tests start servers of it: installing `postgresql`");
    process::run(&mut command).context(Installation::ADVICE)?;
    if Installation::find().is_none() {
        bail!("{}", Installation::ADVICE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::INSTALL;
    use crate::process;

    #[test]
    fn the_script_is_one_that_a_shell_reads() {
        assert!(process::answers("sh", &["-n", "-c", INSTALL]));
        assert!(!process::answers("sh", &["-n", "-c", &format!("{INSTALL}}}")]));
    }
}
