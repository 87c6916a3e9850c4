// The memory that large images share while they are decoded.

import { setImmediate, setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { giveBack, openShare, ROOM_BYTES, withRoom } from "#src/data/decode-room.js";
import { openOrdered, openSource, readImages } from "#src/data/index.js";
import { patternFiles, plainImage, temporaryFolder, writeFiles } from "./image-files.js";

const taken = openShare().taken;
afterEach(() => expect(Atomics.load(taken, 0)).toBe(0));

/** Takes room until it is told to go. */
function occupant(bytes: number) {
  const share = openShare();
  const log = { began: false, leave: () => {} };
  const gone = new Promise<void>((resolve) => {
    log.leave = resolve;
  });
  const done = withRoom(share, bytes, async () => {
    log.began = true;
    await gone;
  });
  return { share, log, done };
}

test("what fits together runs together; what does not waits until there is room", async () => {
  const [first, second, third] = [0.5, 0.4, 0.3].map((part) => occupant(part * ROOM_BYTES));
  await setTimeout(30);
  expect([first, second, third].map((each) => each!.log.began)).toEqual([true, true, false]);
  first!.log.leave();
  await first!.done;
  await setTimeout(60);
  expect(third!.log.began).toBe(true);
  for (const each of [second, third]) each!.log.leave();
  await Promise.all([second!.done, third!.done]);
});

test("what needs more than there ever is runs alone", async () => {
  const small = occupant(1000);
  const large = occupant(5 * ROOM_BYTES);
  await setTimeout(30);
  expect(large.log.began).toBe(false);
  small.log.leave();
  await small.done;
  await setTimeout(60);
  expect(large.log.began).toBe(true);
  large.log.leave();
  await large.done;
});

test("room is given back after a failure, and for threads that are gone", async () => {
  await expect(withRoom(openShare(), ROOM_BYTES, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  const share = openShare();
  // A thread that ends at work never comes to its own giving back.
  void withRoom(share, 1024 * 1024, () => new Promise(() => {}));
  await setImmediate();
  expect(Atomics.load(taken, 0)).toBe(1024);
  giveBack(share);
});

test("large images wait for room, in this thread and in workers; small ones do not", async () => {
  const folder = writeFiles(temporaryFolder(), {
    ...(await patternFiles(1)),
    "large.png": await plainImage(2000, 1000, [9, 9, 9]).png().toBuffer(),
  });
  const source = await openSource(folder);
  const { log, done } = occupant(ROOM_BYTES);
  const reader = await openOrdered({ source, imageSize: 8, batchSize: 1, workers: 2 });
  let large = 0;
  const count = () => {
    large++;
  };
  expect(await readImages({ source, indices: [0] }, { imageSize: 8 })).toHaveLength(1);
  const here = readImages({ source, indices: [1] }, { imageSize: 8 }).then(count);
  const pass = reader.pass();
  expect((await pass.next()).value?.indices).toEqual(Int32Array.of(0));
  const there = pass.next().then(count);
  await setTimeout(200);
  expect(large).toBe(0);
  log.leave();
  await Promise.all([done, here, there]);
  expect(large).toBe(2);
  await reader.close();
});
