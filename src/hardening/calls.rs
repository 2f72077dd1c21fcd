//! System calls that the server never needs, refused from now on (seccomp).
//!
//! Others are named here, not those that it needs: what a C library calls differs between glibc and
//! musl and from one version to the next, and in a path that is rarely taken a call too few would be an
//! outage of a house's DNS long after any test. Files and the network need no calls of their own to be
//! closed ([`super::files`]); these are for running programs, for looking into others, and for the parts
//! of the kernel where its own weaknesses are found. The kernel looks them up once for each call's
//! number, so that those that are not here cost next to nothing.

/// For processors that the library knows no filter for.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn deny() -> super::Outcome {
    Err("not known for this processor".to_owned())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use filter::deny;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filter {
    use std::collections::BTreeMap;
    use std::env::consts::ARCH;

    use nix::errno::Errno;
    use nix::unistd::execv;
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule,
    };

    use crate::hardening::Outcome;

    /// Refused whatever they are called with.
    const NEVER: [i64; 57] = [
        // Running programs.
        libc::SYS_execve,
        libc::SYS_execveat,
        // Looking into other processes, and taking from them.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        // Other namespaces and other trees of files.
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_chroot,
        libc::SYS_pivot_root,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_mount_setattr,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_fanotify_init,
        libc::SYS_quotactl,
        libc::SYS_quotactl_fd,
        // The machine.
        libc::SYS_reboot,
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_syslog,
        libc::SYS_vhangup,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        // Parts of the kernel that are often the way into it.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_personality,
        libc::SYS_nfsservctl,
        libc::SYS_lookup_dcookie,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        libc::SYS_remap_file_pages,
    ];

    /// kexec_file_load, which not every C library names.
    #[cfg(target_arch = "aarch64")]
    const OWN: [i64; 1] = [294];
    /// Those that only this processor has; and the other numbers that a kernel with x32 knows some of
    /// the above by, and all of them with this bit set.
    #[cfg(target_arch = "x86_64")]
    const OWN: [i64; 11] = [
        libc::SYS_kexec_file_load,
        libc::SYS_ioperm,
        libc::SYS_iopl,
        libc::SYS_modify_ldt,
        libc::SYS_uselib,
        520, // execve
        521, // ptrace
        528, // kexec_load
        539, // process_vm_readv
        540, // process_vm_writev
        545, // execveat
    ];
    #[cfg(target_arch = "x86_64")]
    const X32: i64 = 1 << 30;

    /// Kinds of sockets that there may be.
    const FAMILIES: [i32; 4] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX, libc::AF_NETLINK];

    /// Refuses them to all threads, with EPERM.
    ///
    /// # Errors
    /// Why they are not refused.
    pub(in crate::hardening) fn deny() -> Outcome {
        let program = program().map_err(|error| error.to_string())?;
        seccompiler::apply_filter_all_threads(&program)
            .map_err(|error| format!("not in this kernel: {error}"))?;
        // Nothing runs if it is not refused: a folder is no program.
        match execv(c"/", &[c"/"]) {
            Err(Errno::EPERM) => Ok("seccomp".to_owned()),
            _ => Err("programs can still be run".to_owned()),
        }
    }

    fn program() -> Result<BpfProgram, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        rules.extend(NEVER.map(|number| (number, Vec::new())));
        let others = FAMILIES.map(|family| {
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family as u64)
        });
        let others = others.into_iter().collect::<Result<Vec<_>, _>>()?;
        rules.insert(libc::SYS_socket, vec![SeccompRule::new(others)?]);
        rules.extend(OWN.map(|number| (number, Vec::new())));
        #[cfg(target_arch = "x86_64")]
        rules.extend(rules.clone().into_iter().map(|(number, rule)| (X32 | number, rule)));
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        SeccompFilter::new(rules, SeccompAction::Allow, refused, ARCH.try_into()?)?.try_into()
    }
}
