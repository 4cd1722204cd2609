//! The common parts of PAM's configuration, which the services of packages include.
//!
//! Debian's `pam-auth-update` writes them from profiles of what is installed; here they are those of
//! a machine that knows its users by `passwd` and `shadow`. They are offered: a program that uses PAM
//! brings them, and a system that has its own in `environment.etc` keeps those.

use frazil_tree::{Metadata, Mode, TreePath};

use super::SystemError;
use crate::system::generated::{Generated, Made};

const SESSION: &str = "session required pam_permit.so\nsession required pam_unix.so\n";

const FILES: [(&str, &str); 5] = [
    (
        "etc/pam.d/common-account",
        "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
         account requisite pam_deny.so\n\
         account required pam_permit.so\n",
    ),
    (
        "etc/pam.d/common-auth",
        "auth [success=1 default=ignore] pam_unix.so nullok\n\
         auth requisite pam_deny.so\n\
         auth required pam_permit.so\n",
    ),
    (
        "etc/pam.d/common-password",
        "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n\
         password requisite pam_deny.so\n\
         password required pam_permit.so\n",
    ),
    ("etc/pam.d/common-session", SESSION),
    ("etc/pam.d/common-session-noninteractive", SESSION),
];

/// Offers those that the system does not make itself.
pub(super) fn offer(offered: &mut Generated, own: &Generated) -> Result<(), SystemError> {
    for (path, text) in FILES {
        let path: TreePath = super::tree_path(path)?;
        if !own.has(&path) {
            let metadata = Metadata::of_root(Mode::of(0o644));
            offered.insert(path, metadata, Made::File(text.as_bytes().to_vec()));
        }
    }
    Ok(())
}
