//! The walls around everything that reads what strangers send: Landlock for files, seccomp for system calls.
//!
//! A verb builds them once everything it needs is open and known, and before it starts threads: from then on this
//! process reads what the system needs for names and certificates and what the user named, writes where its results go,
//! and starts no program. Kernels that have neither go without; [`Walls::build`] says what holds.
//!
//! Who must start programs has another process do that: they would live behind the same walls.

use std::path::{Path, PathBuf};

use crate::say::Voice;

/// What the system needs for names of hosts, users, time zones and certificates. No home is among it.
const SYSTEM: [&str; 12] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/nix/store",
    "/gnu/store",
    "/proc",
    "/sys",
    "/run",
    "/var/run",
    "/var/lib/sss",
];

/// Where SQLite makes its temporary files, unless `TMPDIR` says otherwise (<https://sqlite.org/tempfiles.html>, section 5).
const SQLITE: &str = "/var/tmp";

/// What may still be read and written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walls {
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
}

/// What holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Or why not.
    pub(crate) files: Result<(), String>,
    pub(crate) calls: Result<(), String>,
}

impl Walls {
    /// Nothing but what the system needs may be read, and only temporary files written.
    pub(crate) fn new() -> Self {
        Self::default().write(&std::env::temp_dir()).write(Path::new(SQLITE))
    }

    /// Files, and everything in directories, may be read.
    pub(crate) fn read<'a>(mut self, paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        self.reads.extend(paths.into_iter().cloned());
        self
    }

    /// Everything in a directory may be read, written, made and removed.
    pub(crate) fn write(mut self, directory: &Path) -> Self {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        self.writes.push(directory.to_owned());
        self
    }

    /// The same for a directory that may not be there yet, and cannot be named in a wall before: then for the first above
    /// it that is.
    pub(crate) fn write_within(self, directory: &Path) -> Self {
        let there = directory.ancestors().find(|above| above.exists()).unwrap_or(directory).to_owned();
        self.write(&there)
    }

    /// The same for the directory that a file is written in.
    pub(crate) fn write_beside(self, file: &Path) -> Self {
        match file.parent() {
            Some(directory) => self.write(directory),
            None => self,
        }
    }

    /// Everything in the directory of a file may be read, also what takes its place later.
    pub(crate) fn read_beside(self, file: &Path) -> Self {
        let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
        self.read([&directory.unwrap_or(Path::new(".")).to_owned()])
    }

    /// Puts the walls up, and tells those who asked for it what holds.
    pub(crate) fn stand(&self, voice: Voice) {
        let standing = self.build();
        voice.tell(|| standing.to_string());
    }

    /// Puts the walls up for this thread and all it will start, for good.
    pub(crate) fn build(&self) -> Standing {
        #[cfg(target_os = "linux")]
        let standing = Standing { files: linux::files(self), calls: linux::calls() };
        #[cfg(not(target_os = "linux"))]
        let standing = {
            let nothing = || Err("this system has nothing of the kind".to_owned());
            Standing { files: nothing(), calls: nothing() }
        };
        standing
    }
}

impl core::fmt::Display for Standing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut between = "";
        for (what, holds) in [("files (Landlock)", &self.files), ("system calls (seccomp)", &self.calls)] {
            match holds {
                Ok(()) => write!(f, "{between}{what} confined")?,
                Err(why) => write!(f, "{between}{what} not confined: {why}")?,
            }
            between = "; ";
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    use super::{SYSTEM, Walls};

    /// What this program was written for; older kernels hold what they know of it.
    const KNOWN: ABI = ABI::V6;
    const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer
    });
    /// Devices that anybody may write to.
    const DEVICES: [&str; 3] = ["/dev/null", "/dev/tty", "/dev/shm"];

    pub(super) fn files(walls: &Walls) -> Result<(), String> {
        match restrict(walls) {
            Ok(RulesetStatus::NotEnforced) => Err("this kernel has no Landlock".to_owned()),
            Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn restrict(walls: &Walls) -> Result<RulesetStatus, RulesetError> {
        let devices = make_bitflags!(AccessFs::{ReadFile | WriteFile | IoctlDev});
        // Paths that are not there are passed over.
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(KNOWN))?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(SYSTEM, READ))?
            .add_rules(path_beneath_rules(["/dev"], READ))?
            .add_rules(path_beneath_rules(DEVICES, devices))?
            .add_rules(path_beneath_rules(&walls.reads, READ))?
            .add_rules(path_beneath_rules(&walls.writes, WRITE))?
            .restrict_self()?;
        Ok(status.ruleset)
    }

    /// System calls that no tracer needs: starting programs, other processes, namespaces, mounts, the kernel itself,
    /// the clock, and ways around other filters.
    ///
    /// What is refused is named, and not what is allowed: a C library or a kernel of tomorrow may need another call to
    /// do the same, and a trace must not fail for that.
    const REFUSED: &[libc::c_long] = &[
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_kcmp,
        libc::SYS_pidfd_getfd,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_reboot,
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_personality,
        libc::SYS_acct,
        libc::SYS_syslog,
        libc::SYS_quotactl,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_fanotify_init,
        libc::SYS_vhangup,
        libc::SYS_mknodat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mknod,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_ioperm,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_iopl,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_modify_ldt,
    ];

    /// The same numbers for programs of 32-bit pointers that run on this kernel are refused as a whole: no system call
    /// of ours has this bit.
    #[cfg(target_arch = "x86_64")]
    const X32: libc::c_long = 0x4000_0000;

    pub(super) fn calls() -> Result<(), String> {
        let filter = filter().map_err(|error| error.to_string())?;
        seccompiler::apply_filter(&filter).map_err(|error| error.to_string())
    }

    fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut refused: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        for call in REFUSED {
            refused.insert(*call, Vec::new());
            #[cfg(target_arch = "x86_64")]
            refused.insert(*call | X32, Vec::new());
        }
        // Of the calls that x32 numbers in another way.
        #[cfg(target_arch = "x86_64")]
        for call in [520, 521, 528, 539, 540, 545] {
            refused.insert(call | X32, Vec::new());
        }
        // No sockets but those of the Internet, of this machine, and those that tell of its addresses.
        let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let other = |family: i32| {
            let value = u64::try_from(family).unwrap_or_default();
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
        };
        let others = SeccompRule::new(families.map(other).into_iter().collect::<Result<_, _>>()?)?;
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            refused.insert(call, vec![others.clone()]);
        }
        let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let machine = TargetArch::try_from(std::env::consts::ARCH)?;
        SeccompFilter::new(refused, SeccompAction::Allow, refuse, machine)?.try_into()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
