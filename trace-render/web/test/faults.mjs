// Databases that are not as they should be, before the real program: the page says what is wrong, and is well again by itself. Nothing
// tells the page to look: it has its own times for that.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { axe, expect, until } from "./checks.mjs";
import { documents } from "./documents.mjs";

/** Puts a file in the place of the database, in one step, as somebody does who brings back a backup. */
function replace(data, file) {
  for (const name of ["traces.sqlite-wal", "traces.sqlite-shm"]) rmSync(`${data}/${name}`, { force: true });
  renameSync(file, `${data}/traces.sqlite`);
}

/** A process that keeps a database for itself until it is killed, as an old tool may. */
async function locker(file) {
  const hold = "import sqlite3, sys; database = sqlite3.connect(sys.argv[1], isolation_level=None); database.execute('PRAGMA locking_mode = EXCLUSIVE'); database.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()";
  const holder = spawn("python3", ["-c", hold, file], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((resolve, reject) => {
    holder.stdout.once("data", resolve);
    holder.once("exit", (status) => reject(new Error(`python3 ended with ${status}`)));
    holder.once("error", reject);
  });
  return { release: () => new Promise((resolve) => {
    holder.once("exit", resolve);
    holder.stdin.end();
  }) };
}

/** The check, given where to work, the program, and how a server of it is started; `source` has a database. */
export async function faults(opened, work, source, run, serve) {
  const own = `${work}/faults`;
  mkdirSync(own);
  const backup = (name) => {
    run("--data-dir", source, "db", "backup", `${work}/${name}`);
    return `${work}/${name}`;
  };
  const good = backup("good.sqlite");
  const copy = (name) => {
    copyFileSync(good, `${work}/${name}`);
    return `${work}/${name}`;
  };
  copyFileSync(good, `${own}/traces.sqlite`);
  writeFileSync(`${work}/other.jsonl`, documents({ late: true }));
  run("--data-dir", `${work}/other`, "import", `${work}/other.jsonl`);
  run("--data-dir", `${work}/other`, "db", "backup", `${work}/other.sqlite`);
  const base = await serve("--data-dir", own);
  await opened.goto(`${base}/`);
  const rows = (what, number) => until(opened, what, (number) => document.querySelector(".banner").hidden && document.querySelectorAll(".targets tbody tr").length === number, number);
  await until(opened, "the rows", () => document.querySelectorAll(".targets tbody tr").length > 3);
  const all = await opened.locator(".targets tbody tr").count();
  const view = await opened.locator(".targets a.row-link").filter({ hasText: "tokyo" }).getAttribute("href");
  const said = async (state, pattern) => {
    await until(opened, `it is said to be ${state}`, (state) => !document.querySelector(".banner").hidden && document.querySelector(".lamp").innerText.includes(state), state);
    const text = await opened.locator(".banner").innerText();
    expect(pattern.test(text), `${state}: ${text}`);
    expect((await opened.locator(".targets tbody tr").count()) === all, `${state}: what was shown stays`);
    const findings = await axe(opened);
    expect(findings.length === 0, `${state}: ${findings.join("\n    ")}`);
  };

  const newer = copy("newer.sqlite");
  const bytes = readFileSync(newer);
  // Where SQLite keeps `user_version`, by which the program tells releases apart.
  bytes.writeUInt32BE(999, 60);
  writeFileSync(newer, bytes);
  replace(own, newer);
  await said("newer", /newer trace-cli/i);

  const damaged = copy("damaged.sqlite");
  writeFileSync(damaged, readFileSync(damaged).fill(0xa5, 4096));
  replace(own, damaged);
  await said("damaged", /damaged/i);

  rmSync(`${own}/traces.sqlite`);
  await said("missing", /no database/i);

  // Locked before anybody looked at it, and put there: so it is locked while it is served.
  const held = copy("held.sqlite");
  const { release } = await locker(held);
  replace(own, held);
  await said("locked", /another program holds the database/i);
  await release();
  await rows("well again once it is let go", all);

  // From a sound one to a sound one nothing is wrong, and nothing is said: it is shown.
  replace(own, `${work}/other.sqlite`);
  await rows("the other database is shown", 1);
  expect((await opened.locator(".targets").innerText()).includes("late.example"), "and it is the other one");

  // What is not in there is said not to be, and shown once it is.
  await opened.goto(base + view);
  await until(opened, "it is said that it is not there", () => document.querySelector("main").innerText.includes("No such target"));
  replace(own, copy("again.sqlite"));
  await until(opened, "the target is shown", () => document.querySelectorAll(".traces tbody tr").length > 3 && document.querySelectorAll(".eras tbody tr").length > 0);
}
