use super::*;
use crate::args::{ColorChoice, Format, FormatArguments, TreeArguments};
use crate::verb::service::unit::files;

fn installed(root: &Path, raw: bool, dry_run: bool) -> Exit {
    let tree = TreeArguments { root: root.to_owned() };
    let typed = InstallArguments { raw, dry_run, tree };
    install(&typed, Voice::new(false), &mut Output::new(ColorChoice::Never)).unwrap()
}

fn removed(root: &Path, dry_run: bool) -> Exit {
    let typed = RemoveArguments { dry_run, tree: TreeArguments { root: root.to_owned() } };
    remove(&typed, Voice::new(false), &mut Output::new(ColorChoice::Never)).unwrap()
}

/// Every file below a directory.
fn everything(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

const UNITS: [&str; 5] = [
    "etc/systemd/system/tracer-serve.service",
    "etc/systemd/system/tracer-watch.service",
    "etc/systemd/system/tracer.service",
    "etc/systemd/system/tracer.timer",
    "etc/systemd/system/tracer@.service",
];

#[test]
fn what_is_installed_can_be_removed_without_a_trace() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    assert_eq!(installed(root, false, true), Exit::Done);
    assert_eq!(everything(root), [""; 0], "a dry run writes nothing");
    assert_eq!(installed(root, false, false), Exit::Done);
    let there = everything(root);
    assert_eq!(there[..5], UNITS);
    assert_eq!(there[5..], ["etc/trace/tracer.env"]);
    let unit = std::fs::read_to_string(root.join(UNITS[2])).unwrap();
    let program = std::env::current_exe().unwrap();
    assert!(unit.contains(&format!("ExecStart={} trace ", program.display())), "{unit}");
    // Once more changes nothing; raw adds what lets the tracing ones.
    assert_eq!(installed(root, true, false), Exit::Done);
    let drop_ins: Vec<_> = everything(root).into_iter().filter(|path| path.ends_with("raw.conf")).collect();
    assert_eq!(drop_ins.len(), 3, "{drop_ins:?}");
    assert!(drop_ins.iter().all(|path| !path.contains("serve")), "{drop_ins:?}");
    // Enabled units are disabled, those of others are not.
    let wants = root.join("etc/systemd/system/timers.target.wants");
    std::fs::create_dir(&wants).unwrap();
    for name in ["tracer.timer", "other.timer"] {
        std::os::unix::fs::symlink(format!("/etc/systemd/system/{name}"), wants.join(name)).unwrap();
    }
    assert_eq!(removed(root, true), Exit::Done);
    assert_eq!(everything(root).len(), 11, "a dry run removes nothing");
    assert_eq!(removed(root, false), Exit::Done);
    let rest: Vec<_> = std::fs::read_dir(&wants).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(rest, ["other.timer"]);
    std::fs::remove_file(wants.join("other.timer")).unwrap();
    assert_eq!(everything(root), [""; 0]);
    assert_eq!(removed(root, false), Exit::Done, "there is nothing to remove");
}

#[test]
fn what_others_wrote_stays() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::create_dir_all(root.join("etc/systemd/system")).unwrap();
    std::fs::write(root.join(UNITS[2]), "[Unit]\n").unwrap();
    assert_eq!(installed(root, false, false), Exit::CouldNotKeep);
    assert_eq!(std::fs::read_to_string(root.join(UNITS[2])).unwrap(), "[Unit]\n");
    // Nor what was ours and was changed since.
    let timer = root.join(UNITS[3]);
    let changed = std::fs::read_to_string(&timer).unwrap().replace("hourly", "daily");
    std::fs::write(&timer, &changed).unwrap();
    assert_eq!(installed(root, false, false), Exit::CouldNotKeep);
    assert_eq!(std::fs::read_to_string(&timer).unwrap(), changed);
    assert_eq!(removed(root, false), Exit::CouldNotKeep);
    assert_eq!(everything(root), [UNITS[2], UNITS[3]]);
    // Settings are there to be changed.
    std::fs::remove_file(&timer).unwrap();
    std::fs::remove_file(root.join(UNITS[2])).unwrap();
    assert_eq!(installed(root, false, false), Exit::Done);
    let settings = root.join("etc/trace/tracer.env");
    std::fs::write(&settings, "TRACE_TARGETS=example.org\n").unwrap();
    assert_eq!(installed(root, false, false), Exit::Done);
    assert_eq!(removed(root, false), Exit::Done);
    assert_eq!(everything(root), ["etc/trace/tracer.env"]);
}

#[test]
fn units_of_another_version_are_brought_up_to_date_and_those_of_packages_left() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for file in files(Path::new("/opt/older/trace-cli"), false) {
        file.write(root).unwrap();
        assert_eq!(file.condition(root).unwrap(), Condition::Current);
    }
    let [ours, packaged] = [0, 1].map(|index| files(&program().unwrap(), false).remove(index));
    assert_eq!(ours.condition(root).unwrap(), Condition::Older);
    assert_eq!(installed(root, false, false), Exit::Done);
    assert_eq!(ours.condition(root).unwrap(), Condition::Current);
    packaged.remove(root).unwrap();
    std::fs::create_dir_all(root.join("usr/lib/systemd/system")).unwrap();
    std::fs::write(root.join("usr/lib/systemd/system").join(packaged.name()), "[Unit]\n").unwrap();
    assert_eq!(packaged.condition(root).unwrap(), Condition::Packaged);
    assert_eq!(installed(root, false, false), Exit::Done);
    assert!(!packaged.path(root).exists());
    let tree = TreeArguments { root: root.to_owned() };
    let typed = StatusArguments { tree, format: FormatArguments { format: Format::Table } };
    assert_eq!(status(&typed, &mut Output::new(ColorChoice::Never)).unwrap(), Exit::Done);
}
