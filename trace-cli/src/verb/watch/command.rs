//! `--on-change`: commands that are told what changed. None of them holds tracing up.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(60);
/// How long one that was told to end may take for that.
const GRACE: Duration = Duration::from_secs(1);
/// The same where this program ends.
const HASTE: Duration = Duration::from_millis(500);
/// Commands that run at once.
const AT_ONCE: usize = 4;
/// Changes that wait for their commands.
const WAITING: usize = 256;
/// What every pipe takes whether or not anybody reads it.
const LARGEST: usize = 60_000;
/// How often it is looked whether this program ends.
const TURN: Duration = Duration::from_millis(200);
/// What is meant for this program alone.
pub(super) const PRIVATE: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// A command to run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) command: String,
    /// What it reads.
    pub(super) text: String,
    /// What it finds in its environment.
    pub(super) variables: Vec<(String, String)>,
}

/// Those who run commands.
#[derive(Debug)]
pub(super) struct Commands {
    calls: SyncSender<Call>,
    ending: Arc<AtomicBool>,
    workers: Vec<thread::JoinHandle<Vec<Call>>>,
    longest: Duration,
}

impl Commands {
    pub(super) fn start() -> anyhow::Result<Self> {
        Self::with(LONGEST)
    }

    fn with(longest: Duration) -> anyhow::Result<Self> {
        let (calls, called) = sync_channel::<Call>(WAITING);
        let called = Arc::new(Mutex::new(called));
        let ending = Arc::new(AtomicBool::new(false));
        let mut workers = Vec::new();
        for number in 0..AT_ONCE {
            let (called, ending) = (Arc::clone(&called), Arc::clone(&ending));
            let work = move || work(&called, longest, &ending);
            let started = thread::Builder::new().name(format!("command {number}")).spawn(work);
            workers.push(started.context("could not start a thread")?);
        }
        Ok(Self { calls, ending, workers, longest })
    }

    /// Has a command run. One that nobody has time for is not run, and the log says so.
    pub(super) fn call(&self, call: Call) {
        match self.calls.try_send(call) {
            Ok(()) => {}
            Err(TrySendError::Full(call) | TrySendError::Disconnected(call)) => tracing::error!(
                command = %call.command,
                "{WAITING} changes wait for their commands, each of which may take {}: this one is not told",
                humantime::format_duration(self.longest)
            ),
        }
    }

    /// Ends: what runs has half a second, what waits is not run. Returns what was not run.
    pub(super) fn end(self) -> Vec<Call> {
        self.ending.store(true, Ordering::Relaxed);
        drop(self.calls);
        // Whoever panicked has said so.
        self.workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    }
}

/// Runs what is asked for until nobody can ask any more; returns what came after the end had begun.
fn work(called: &Mutex<Receiver<Call>>, longest: Duration, ending: &AtomicBool) -> Vec<Call> {
    let mut left = Vec::new();
    loop {
        let next = called.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(call) = next else { return left };
        if ending.load(Ordering::Relaxed) {
            left.push(call);
            continue;
        }
        match run(&call, longest, ending) {
            Ok(()) => tracing::debug!(command = %call.command, "the command was told"),
            Err(cause) => tracing::error!(command = %call.command, "the command failed: {cause:#}"),
        }
    }
}

/// Runs a command to its end, or to the end of its time; then it and all that it started are ended.
fn run(call: &Call, longest: Duration, ending: &AtomicBool) -> anyhow::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&call.command).stdin(Stdio::piped());
    command.envs(call.variables.iter().map(|(name, value)| (name, value)));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("cannot run /bin/sh")?;
    if let Some(mut stdin) = child.stdin.take() {
        let end =
            call.text.char_indices().map(|(place, _)| place).take_while(|place| *place <= LARGEST).last();
        let text = if call.text.len() > LARGEST {
            call.text.get(..end.unwrap_or(0))
        } else {
            Some(call.text.as_str())
        };
        // Who does not read is not made to.
        let _ = stdin.write_all(text.unwrap_or_default().as_bytes());
    }
    let mut deadline = now() + longest;
    let mut hurried = false;
    loop {
        if !hurried && ending.load(Ordering::Relaxed) {
            hurried = true;
            deadline = deadline.min(now() + HASTE);
        }
        let left = deadline.saturating_duration_since(now());
        if let Some(status) = wait(&mut child, left.min(TURN))? {
            anyhow::ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        if left.is_zero() {
            break;
        }
    }
    kill(&mut child)?;
    anyhow::ensure!(
        hurried,
        "it was still running after {} and was ended",
        humantime::format_duration(longest)
    );
    anyhow::bail!("it was ended with the program")
}

/// Ends a command and everything in its process group.
fn kill(child: &mut Child) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};
    // The child is not waited for yet: its number is nobody else's.
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let _ = kill_process_group(group, Signal::TERM);
    wait(child, GRACE)?;
    // Also what it left behind; if nobody is left, there is no such group.
    let _ = kill_process_group(group, Signal::KILL);
    child.wait().context("cannot wait for it")?;
    Ok(())
}

/// Waits for so long until a command ends.
fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<Option<std::process::ExitStatus>> {
    if let Some(status) = child.try_wait().context("cannot wait for it")? {
        return Ok(Some(status));
    }
    pause(child, limit);
    child.try_wait().context("cannot wait for it")
}

#[cfg(target_os = "linux")]
fn pause(child: &Child, limit: Duration) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let opened = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    let time = Timespec::try_from(limit).ok();
    match opened {
        Some(file) => drop(poll(&mut [PollFd::new(&file, PollFlags::IN)], time.as_ref())),
        None => thread::park_timeout(limit.min(Duration::from_millis(20))),
    }
}

#[cfg(not(target_os = "linux"))]
fn pause(_: &Child, limit: Duration) {
    thread::park_timeout(limit.min(Duration::from_millis(20)));
}

#[expect(clippy::disallowed_methods, reason = "how long a command takes is no matter of a measurement")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(command: &str, text: &str) -> Call {
        Call {
            command: command.to_owned(),
            text: text.to_owned(),
            variables: vec![("TRACE_KIND".to_owned(), "path".to_owned())],
        }
    }

    fn run(call: &Call, longest: Duration) -> Result<(), String> {
        super::run(call, longest, &AtomicBool::new(false)).map_err(|error| format!("{error:#}"))
    }

    const ENOUGH: Duration = Duration::from_secs(30);

    #[test]
    fn a_command_reads_the_change_and_its_words() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("told");
        let command = format!("{{ cat; echo $TRACE_KIND; }} > {}", file.display());
        run(&call(&command, "it changed\n"), ENOUGH).unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "it changed\npath\n");
    }

    #[test]
    fn a_command_that_reads_nothing_or_fails_is_told() {
        run(&call("exit 0", &"x".repeat(1_000_000)), ENOUGH).unwrap();
        assert_eq!(run(&call("exit 3", ""), ENOUGH).unwrap_err(), "it ended with exit status: 3");
        assert!(run(&call("/does/not/exist", ""), ENOUGH).unwrap_err().contains("127"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the end of a grandchild is no event for anybody here")]
    fn a_command_that_hangs_is_ended_with_all_that_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("child");
        // Neither it nor its child listens to anybody.
        let command = format!(
            "trap '' TERM; (trap '' TERM; sleep 600) & echo $! > {}; sleep 600; sleep 600",
            file.display()
        );
        let before = now();
        let said = run(&call(&command, ""), Duration::from_millis(300)).unwrap_err();
        assert_eq!(said, "it was still running after 300ms and was ended");
        assert!(before.elapsed() < Duration::from_secs(20));
        let child = std::fs::read_to_string(file).unwrap();
        // A process that was killed is still there for a moment.
        let alive = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
            !(state.is_empty() || state.contains(") Z "))
        };
        while alive() {
            assert!(before.elapsed() < Duration::from_secs(20), "the child lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn more_changes_than_anybody_has_time_for_are_left_out_and_the_end_comes_soon() {
        let commands = Commands::with(ENOUGH).unwrap();
        let before = now();
        for _ in 0..2 * WAITING {
            commands.call(call("sleep 600", ""));
        }
        assert!(before.elapsed() < Duration::from_secs(5), "nobody waits");
        let left = commands.end();
        assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
        assert!(
            (WAITING - AT_ONCE..=WAITING).contains(&left.len()),
            "{}: what waited is handed back",
            left.len()
        );
    }
}
