// What processes say to each other by MPI, and how they end, with every library that is here.
import { describe, expect, test } from "vitest";
import { launch, launchers } from "./launchers.js";

const library = new URL("../../dist/processes/index.js", import.meta.url).href;

const script = (work: string) => [
  "--input-type=module",
  "-e",
  `
  const { openProcesses, gatherValues, fromFirst, countTrue } = await import(${JSON.stringify(library)});
  const all = await openProcesses(["node", "script.js"]);
  const { rank, size } = all;
  const say = async (value) => { const said = await gatherValues(all, value); if (rank === 0) console.log(JSON.stringify(said)); };
  ${work}
  process.exit(0);
`,
];

describe.each(launchers)("$name", (launcher) => {
  test.skipIf(!launcher.isThere)("sums, broadcasts, gathers and agrees", async () => {
    const work = `
      await say([rank, size, all.onMachine]);
      const values = Float32Array.from({ length: 1000 }, (_, place) => place + rank);
      await all.sum(values);
      await say([values[0], values[999]]);
      // Several messages, the last one shorter.
      const long = Float32Array.from({ length: 4_000_003 }, (_, place) => (place % 1000) + rank);
      await all.sum(long);
      await say(long.every((value, place) => value === 3 * (place % 1000) + 3));
      const exact = Float64Array.of(2 ** 40 + rank);
      await all.sum(exact);
      await say(exact[0] - 3 * 2 ** 40);
      const rounded = Float32Array.from({ length: 1001 }, (_, place) => (place - 500) / 7 + rank / 100);
      const sums = rounded.slice();
      await all.sum(sums);
      await all.sum(rounded, { asBfloat16: true });
      await say(Math.max(...rounded.map((value, place) => Math.abs(value - sums[place]) / (1 + Math.abs(sums[place])))) < 2 ** -7);
      await say([...rounded.subarray(0, 4)]);
      const bytes = Uint8Array.of(rank, 7);
      await all.broadcast(bytes);
      await say([...bytes]);
      await say("x".repeat(rank));
      await say(await fromFirst(all, () => ({ rank })));
      await say(await countTrue(all, [rank > 0, false, true]));
      await all.close();
    `;
    const { code, stdout, stderr } = await launch(launcher, 3, script(work)).ended;
    expect([code, stderr]).toEqual([0, ""]);
    const [who, sums, long, exact, near, rounded, ...others] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(who).toEqual([
      [0, 3, 3],
      [1, 3, 3],
      [2, 3, 3],
    ]);
    expect(sums).toEqual(new Array(3).fill([3, 3000]));
    expect(long).toEqual([true, true, true]);
    expect(exact).toEqual([3, 3, 3]);
    expect(near).toEqual([true, true, true]);
    expect(rounded[1]).toEqual(rounded[0]);
    expect(rounded[2]).toEqual(rounded[0]);
    expect(others).toEqual([
      new Array(3).fill([0, 7]),
      ["", "x", "xx"],
      new Array(3).fill({ rank: 0 }),
      new Array(3).fill([2, 0, 3]),
    ]);
  });

  test.skipIf(!launcher.isThere)("an error of one process reaches the others, wherever they wait", async () => {
    const work = `
      let failure;
      try {
        await all.sum(new Float32Array(10));
        if (rank === 1) throw new TypeError("a bad process");
        await all.gather(new Uint8Array(1));
      } catch (error) {
        failure = error;
      }
      await all.close(failure);
      console.log(\`\${rank} \${failure.name} \${failure.message}\`);
    `;
    const { code, stdout } = await launch(launcher, 3, script(work)).ended;
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").sort()).toEqual([
      "0 PeerError process 1: a bad process",
      "1 TypeError a bad process",
      "2 PeerError process 1: a bad process",
    ]);
  });

  test.skipIf(!launcher.isThere)("processes that do not do the same are told so", async () => {
    const work = `
      let failure;
      try {
        await all.sum(new Float32Array(rank === 0 ? 10 : 11));
      } catch (error) {
        failure = error;
      }
      await all.close(failure);
      console.log(failure.message);
    `;
    const { stdout } = await launch(launcher, 2, script(work)).ended;
    expect(stdout).toContain('found process 0 at "sum" of 10, others at "sum" of 11');
  });
});
