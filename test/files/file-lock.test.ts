// One writer a run: the lock holds against the living, and yields for the dead.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, it, vi } from "vitest";
import { FileLock } from "#src/files/file-lock.js";
import { takeLock } from "./take-lock.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();
const path = () => at("lock");
const owner = (fields: object) =>
  writeFileSync(path(), JSON.stringify({ pid: process.pid, host: hostname(), started: "", since: "then", ...fields }));

describe("FileLock", () => {
  it("refuses a second taker until it is released", () => {
    const lock = takeLock(path());
    expect(() => takeLock(path())).toThrow(`process ${process.pid} since`);
    expect(FileLock.isHeld(path())).toBe(true);
    lock.release();
    expect(FileLock.isHeld(path())).toBe(false);
    expect(readdirSync(at())).toEqual([]);
    takeLock(path()).release();
  });

  it("refuses while another process lives, and takes over when that was killed", async () => {
    const url = new URL("../../dist/files/file-lock.js", import.meta.url);
    const code = `(await import(${JSON.stringify(url)})).FileLock.acquire(process.argv[1]); console.log("ready"); setInterval(() => {}, 1e6)`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code, path()]);
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    expect(() => takeLock(path())).toThrow(`process ${child.pid}`);
    child.kill("SIGKILL");
    await ended;
    expect(FileLock.isHeld(path())).toBe(false);
    takeLock(path()).release();
    expect(existsSync(path())).toBe(false);
  });

  it.runIf(process.platform === "linux")("takes over from a killed process whose parent has not looked", async () => {
    // The child ends after the shell has become another program, which never asks for it.
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    const pid = Number(String((await once(parent.stdout, "data"))[0]).trim());
    const isZombie = () => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    await vi.waitUntil(isZombie, { timeout: 5000 });
    owner({ pid });
    takeLock(path()).release();
    parent.kill("SIGKILL");
  });

  it("takes over from a process that ended, and from a lock without content", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    owner({ pid });
    takeLock(path()).release();
    writeFileSync(path(), "");
    takeLock(path()).release();
    expect(readdirSync(at())).toEqual([]);
  });

  it.runIf(process.platform === "linux")("is not deceived by a new process with the dead one's number", () => {
    owner({ started: "another boot/1" });
    takeLock(path()).release();
  });

  it("cannot judge another machine's process, and says what to do", () => {
    owner({ host: "elsewhere" });
    expect(() => takeLock(path())).toThrow(/on elsewhere since then.*if it is certain.*delete .*lock/);
  });

  it("does not release what another process has taken", () => {
    const lock = takeLock(path());
    owner({ host: "elsewhere" });
    lock.release();
    expect(readFileSync(path(), "utf8")).toContain("elsewhere");
  });
});
