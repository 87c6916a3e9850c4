// Run in a process of its own, since a broken driver may end it: does the engine compute on the device named?

import { InferenceSession, Tensor } from "./node.js";

/** One field of a protocol-buffers message, for contents below 128 bytes. */
function field(number: number, ...content: readonly number[]): number[] {
  return [(number << 3) | 2, content.length, ...content];
}

const letters = (text: string) => [...Buffer.from(text)];

/** A float32 vector of two, by its field numbers in ONNX's ValueInfoProto. */
function vector(name: string): number[] {
  const shape = field(2, ...field(1, 0x08, 2));
  return [...field(1, ...letters(name)), ...field(2, ...field(1, 0x08, 1, ...shape))];
}

/** y = -x, written by hand, so that nothing but the engine is on trial. */
const negate = Uint8Array.from([
  ...[0x08, 8],
  ...field(8, 0x10, 17),
  ...field(
    7,
    ...field(1, ...field(1, ...letters("x")), ...field(2, ...letters("y")), ...field(4, ...letters("Neg"))),
    ...field(2, ...letters("probe")),
    ...field(11, ...vector("x")),
    ...field(12, ...vector("y")),
  ),
]);

const device = process.argv[2] ?? "cpu";
const session = await InferenceSession.create(negate, {
  executionProviders: [device],
  logSeverityLevel: 4,
  // Without it the CPU would answer for a device that is not there.
  ...(device !== "cpu" && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
});
const results = await session.run({ x: new Tensor("float32", Float32Array.of(1, -2), [2]) });
const [first, second] = (await results.y!.getData()) as Float32Array;
if (first !== -1 || second !== 2) throw new Error(`the engine computed ${first}, ${second} instead of -1, 2`);
