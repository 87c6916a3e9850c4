// Ctrl-C in a real process: once to end in order, twice to end at once, even while the thread is busy.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

const url = new URL("../../dist/cli/stop-signal.js", import.meta.url);

/** Waits in short naps, and after the stop request is busy without a pause. */
const program = (afterwards: string) => `
  const { listenForStop } = await import(${JSON.stringify(url)});
  const stop = listenForStop(() => console.log("notified"));
  console.log("ready");
  while (stop.received() === undefined) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => setTimeout(done, 20));
  ${afterwards}
`;

function start(afterwards: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(afterwards)]);
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  const said = async (word: string) => {
    while (!text.includes(word)) await once(child.stdout, "data");
  };
  return { child, said, ended: once(child, "exit") };
}

describe("listenForStop", () => {
  it.each([
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
  ] as const)("tells of the first %s and lets the process finish", async (signal) => {
    const { child, said, ended } = start("console.log(stop.received()); stop.dispose(); process.exitCode = 7;");
    await said("ready");
    child.kill(signal);
    await said(`notified\n${signal}`);
    expect(await ended).toEqual([7, null]);
  });

  it.each([
    ["SIGHUP"],
    ["SIGINT"],
  ] as const)("does not take a closed terminal after %s for a second one", async (first) => {
    const { child, said, ended } = start(
      'console.log("busy"); for (const end = Date.now() + 500; Date.now() < end;); process.exitCode = 7; stop.dispose();',
    );
    await said("ready");
    child.kill(first);
    await said("busy");
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    expect(await ended).toEqual([7, null]);
  });

  it("takes a SIGTERM that is sent twice, as timeout does, for one; a later one ends the process", async () => {
    const wait = 'console.log("busy"); await new Promise((done) => setTimeout(done, 30_000)); stop.dispose();';
    const { child, said, ended } = start(wait);
    await said("ready");
    child.kill("SIGTERM");
    await said("busy");
    child.kill("SIGTERM");
    await new Promise((done) => setTimeout(done, 500));
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    await new Promise((done) => setTimeout(done, 800));
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
  });

  it("lets a second one end the process while the thread is busy", async () => {
    const { child, said, ended } = start('console.log("busy"); for (;;);');
    await said("ready");
    child.kill("SIGINT");
    await said("busy");
    child.kill("SIGINT");
    expect(await ended).toEqual([null, "SIGINT"]);
  });
});
