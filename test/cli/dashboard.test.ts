// mixedae dashboard as a command: what it prints, what ends it, what it refuses, and an export.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../dashboard/shown-runs.js";
import { repository } from "../docs/pages.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { record } from "./recording.js";

const place = temporaryFolder();
const program = join(repository, "dist/cli/main.js");

async function start(...words: string[]) {
  const child = spawn(process.execPath, [program, "dashboard", ...words], { cwd: place() });
  let [out, err] = ["", ""];
  child.stderr.on("data", (part) => {
    err += part;
  });
  const ended = once(child, "exit");
  for await (const part of child.stdout) {
    out += part;
    if (out.includes("Ctrl-C")) break;
  }
  return { child, ended, out, err: () => err, address: /http:\S+/.exec(out)?.[0] ?? "" };
}

test("prints an address that answers, and ends with a signal", async () => {
  writeRun(place("runs/first"));
  const { child, ended, out, address } = await start("--port", "0");
  expect(out).toMatch(/^1 run, 0 studies, 0 embeddings\n\n {2}http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}\n\n/);
  const { origin, hash } = new URL(address);
  const headers = { authorization: `Bearer ${hash.replace("#token=", "")}` };
  expect(await (await fetch(`${origin}/api/overview`, { headers })).json()).toMatchObject({
    runs: [{ name: "runs/first" }],
  });
  expect(await (await fetch(origin)).text()).toContain("<!doctype html>");
  child.kill("SIGINT");
  expect(await ended).toEqual([130, null]);
});

test("says what listening for other machines means", async () => {
  writeRun(place("runs/first"));
  const { child, ended, err } = await start("runs", "--host", "0.0.0.0", "--port", "0");
  child.kill("SIGTERM");
  expect(await ended).toEqual([143, null]);
  expect(err()).toContain("whoever can reach this machine and knows the address sees every run");
});

test.each([
  [["dashboard", "absent"], "There is no folder absent"],
  [["dashboard", ".", "--port", "70000"], "Expected a port from 0 to 65535"],
  [["dashboard", "export", "absent", "--out", "a.html"], "There is no folder absent"],
  [["dashboard", "export", ".", "--out", "a.txt"], "expected a name that ends in .html; found a.txt"],
  [["dashboard", "export", ".", "--out", "a.html"], "is not a run: expected a folder with a config.json"],
])("%j is refused", async (args, message) => {
  const { exitCode, err } = await record(args);
  expect(exitCode).toBe(2);
  expect(err).toContain(message);
});

test("a port that is taken is told, where it was asked for", async () => {
  writeRun(place("runs/first"));
  const first = await start("runs", "--port", "0");
  const { port } = new URL(first.address);
  const { exitCode, err } = await record(["dashboard", place("runs"), "--port", port]);
  expect(exitCode).toBe(1);
  expect(err).toContain(`Cannot listen on localhost:${port}`);
  first.child.kill("SIGTERM");
  await first.ended;
});

test("an export is one file, and replaces another only when it may", async () => {
  writeRun(place("first"), { method: "mixedae" });
  const out = place("first.html");
  const words = ["dashboard", "export", place("first"), "--out", out];
  const { exitCode, out: said } = await record(words);
  expect([exitCode, said]).toEqual([0, expect.stringMatching(/^Wrote .*first\.html, \d+ KiB\. It needs nothing else/)]);
  const html = readFileSync(out, "utf8");
  expect(html).toContain('http-equiv="Content-Security-Policy"');
  expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)="(?!data:)/);
  expect((await record(words)).exitCode).toBe(2);
  expect((await record([...words, "--overwrite"])).exitCode).toBe(0);
});

test("what a run's files hold cannot break out of the exported page", async () => {
  const run = writeRun(place("evil"));
  const attack = "</script><script>alert(1)</script><!-- $& $' ";
  const event = { time: "2026-01-01T00:00:00.000Z", step: 1, type: "warning", message: attack };
  writeFileSync(`${run}/events.jsonl`, `${JSON.stringify(event)}\n`);
  await record(["dashboard", "export", run, "--out", place("evil.html")]);
  const html = readFileSync(place("evil.html"), "utf8");
  expect(html).not.toContain("<script>alert");
  const held = /<script id="exported-run" type="application\/json">(.*?)<\/script>/s.exec(html)![1]!;
  expect(JSON.parse(held).detail.marks[0].message).toBe(attack);
  expect(existsSync(place("evil.html"))).toBe(true);
});
