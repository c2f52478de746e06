//! The scenario files beside this one: what they say comes out, and the rules they name are why.

use std::fs;
use std::path::PathBuf;

use trace_core::sim::Scenario;

/// Name and scenario of every file.
fn scenarios() -> Vec<(String, Scenario)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario = Scenario::parse(&fs::read_to_string(&path).unwrap());
        (name.clone(), scenario.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.into_iter().map(read).collect()
}

/// What the engine does not do yet: these files are right and do not come out. Whoever mends it takes the name off.
const AWAITED: &[&str] = &[];

#[test]
fn every_scenario_comes_out_as_expected() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 25, "{}", scenarios.len());
    let mut deviations = Vec::new();
    for (name, scenario) in scenarios {
        let runs = scenario.run().unwrap();
        if AWAITED.contains(&name.as_str()) {
            let differs = runs.iter().any(|run| !run.deviations.is_empty());
            assert!(differs, "{name} comes out now: take it off the list of those that do not");
            continue;
        }
        for run in runs {
            deviations.extend(run.deviations.iter().map(|deviation| format!("{name}: {deviation}")));
        }
    }
    assert!(deviations.is_empty(), "\n{}", deviations.join("\n"));
}

#[test]
fn without_a_rule_its_scenarios_come_out_otherwise() {
    let mut shown = Vec::new();
    for (name, scenario) in scenarios().into_iter().filter(|(name, _)| !AWAITED.contains(&name.as_str())) {
        for rule in scenario.needs() {
            let runs = scenario.run_without(rule).unwrap();
            let differs = runs.iter().any(|run| !run.deviations.is_empty());
            assert!(differs, "{name} comes out the same without the rule {rule:?}");
            shown.push(rule);
        }
    }
    shown.dedup();
    assert!(shown.len() >= 5, "{shown:?}");
}
