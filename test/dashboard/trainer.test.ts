// The files of the page that trains: only its own are served, with what isolates the page; the command writes them.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dashboard } from "#src/dashboard/serve.js";
import { record } from "../cli/recording.js";
import { sharedFolder } from "../evaluations/tiny-sets.js";
import { ask, serveFolders } from "./shown-runs.js";

const at = sharedFolder();
let dashboard: Dashboard;

beforeAll(async () => {
  mkdirSync(at("runs"));
  dashboard = await serveFolders([at("runs")]);
});
afterAll(() => dashboard.close());

test("its files come without a token, isolated from other pages", async () => {
  for (const name of ["", "train.js", "train-worker.js", "train.css", "runtime/ort-wasm-simd-threaded.wasm"]) {
    const { status, headers } = await ask(dashboard, `/train/${name}`, { token: false });
    expect([name, status]).toEqual([name, 200]);
    expect(headers["cross-origin-embedder-policy"]).toBe("require-corp");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["content-security-policy"]).toContain("connect-src 'self'");
  }
  expect((await ask(dashboard, "/train", { token: false })).headers.location).toBe("/train/");
});

test.each([
  "other.js",
  "runtime/package.json",
  "../page.js/x",
  "..%2f..%2fpackage.json",
  "runtime/..%2ftrain.js",
])("%s is none of them", async (name) => {
  expect((await ask(dashboard, `/train/${name}`, { token: false })).status).toBe(404);
});

test("the command writes them to a new folder, and to no other", async () => {
  const { exitCode, out } = await record(["dashboard", "trainer", "--out", at("site")]);
  expect([exitCode, out]).toEqual([0, expect.stringContaining("Cross-Origin-Embedder-Policy: require-corp")]);
  expect(readdirSync(at("site")).sort()).toEqual(["index.html", "runtime", "train-worker.js", "train.css", "train.js"]);
  const again = await record(["dashboard", "trainer", "--out", at("site")]);
  expect([again.exitCode, again.err]).toEqual([2, expect.stringContaining("exists already")]);
  expect(existsSync(at("site", "index.html"))).toBe(true);
});
