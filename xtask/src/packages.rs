//! Debian's packages, for what the tests want of a machine; installed where that may be done.

use std::process::Command;

use crate::process;

/// Who may install packages here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// We are root.
    Own,
    /// `sudo` asks no password.
    Lent,
    /// Nobody, or there is no apt-get.
    None,
}

/// What may be done here.
pub(crate) fn right() -> Right {
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

/// Runs a shell script that installs packages; `None` where nobody may.
pub(crate) fn installer(right: Right, script: &str) -> Option<Command> {
    match right {
        Right::Own => Some(process::command("sh", &["-c", script])),
        Right::Lent => Some(process::command("sudo", &["--non-interactive", "sh", "-c", script])),
        Right::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Right, installer};

    #[test]
    fn only_who_may_installs() {
        let program = |right| Some(installer(right, "true")?.get_program().to_owned());
        assert_eq!(program(Right::Own).unwrap(), "sh");
        assert_eq!(program(Right::Lent).unwrap(), "sudo");
        assert_eq!(program(Right::None), None);
    }
}
