// What the configurations of segmentation and detection have in common: how the encoder looks, and how images are changed.

import { z } from "zod";

const change = (text: string) => z.number().min(0).max(10).default(0).describe(text);
const factor = z.number().positive().max(10);

/** How the encoder attends. */
export const encoderSection = z.strictObject({
  windows: z
    .strictObject({
      side: z.int().min(1).max(1024).describe("side of a window, in patches"),
      globalBlocks: z.array(z.int().min(0)).describe("blocks, counted from 0, in which attention sees everything"),
    })
    .nullable()
    .describe("squares of patches within which attention stays, or null for attention to everything"),
  relativePositions: z.boolean().describe("a learned bias of attention for each distance, zero at the start"),
});

/** Random changes of colour, the same for the whole image. */
export const colorJitterSection = z
  .strictObject({
    brightness: change("largest relative change of the brightness"),
    contrast: change("largest relative change of the contrast"),
    saturation: change("largest relative change of the saturation"),
    hue: z.number().min(0).max(0.5).default(0).describe("largest rotation of the hue, in turns"),
    probability: z.number().min(0).max(1).default(1).describe("how often an image is changed at all"),
  })
  .nullable()
  .describe("random colour changes, or null for none");

/** How large an image becomes before a square is cut out of it. */
export const scaleRange = (text: string) =>
  z
    .tuple([factor, factor])
    .refine(([low, high]) => low <= high)
    .meta({ description: text, expected: "a list of 2 numbers above 0 and at most 10, the smaller first" });

/** A sentence for blocks that the encoder does not have. */
export function blockMisfits({ windows }: z.infer<typeof encoderSection>, depth: number): string[] {
  const beyond = windows?.globalBlocks.find((block) => block >= depth);
  if (beyond === undefined) return [];
  return [`encoder.windows.globalBlocks: expected blocks from 0 to ${depth - 1}; found ${beyond}. Leave it out`];
}

/** The values of every recipe that are no part of a task. */
export const sharedDefaults = {
  seed: 0,
  data: { workers: 0, memoryBudgetMiB: 1024, maxUnreadableShare: 0.1 },
  run: {
    device: "cpu",
    threads: 0,
    memoryCheck: true,
    gradientFormat: "float32",
    recompute: false,
    checkpointEvery: "5m",
    keep: 1,
    milestoneEvery: 0,
    logEvery: "10s",
    tensorboard: false,
    picturesEvery: 200,
  },
} as const;
