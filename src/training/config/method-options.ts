// The options of each pretext task, with their defaults. Where a value is our choice, not the paper's, it says so.

import { z } from "zod";

const share = (text: string) => z.number().gt(0).lt(1).describe(text);
const normPixels = z
  .boolean()
  .describe("normalise the pixels of each target patch by the patch's own mean and deviation (MAE)");
const mixingRatio = share(
  "share of the positions that each source image supplies; images are mixed in groups of g = 1/ratio, a whole number",
);
const mode = z
  .enum(["compose", "full"])
  .describe(
    "compose: one mixed image a group, as many encoder tokens as MAE; full: g mixed images a group (our choice)",
  );

export const methodOptionSchemas = {
  mae: z.strictObject({
    maskRatio: share("share of the patches that the encoder does not see"),
    normPixels,
  }),
  mixing: z.strictObject({ mixingRatio, mode, normPixels }),
  mixedae: z.strictObject({
    mixingRatio,
    mode,
    normPixels,
    homologousAttention: z.boolean().describe("keep only the top rL keys of each query"),
    homologousFrom: z
      .int()
      .min(0)
      .describe(
        "first encoder block, counted from 0, with homologous attention; those before attend to all (our choice)",
      ),
    segmentEmbedding: z.boolean().describe("add a learned vector for each source at the encoder's input (our choice)"),
    decoderSegmentEmbedding: z.boolean().describe("add one at the decoder's input as well (our choice)"),
    contrastive: z.boolean().describe("add the homologous contrastive loss"),
    temperature: z.number().positive().describe("temperature of the contrastive loss (our choice)"),
    contrastiveWeight: z
      .number()
      .min(0)
      .describe("weight of the contrastive loss beside the reconstruction (our choice)"),
    projectionHead: z.boolean().describe("contrast the output of a small head, not the tokens themselves (our choice)"),
  }),
} as const;

export type Method = keyof typeof methodOptionSchemas;
export type MethodOptions<M extends Method> = z.infer<(typeof methodOptionSchemas)[M]>;
export const methodNames = Object.keys(methodOptionSchemas) as Method[];

export const methodDefaults: { readonly [M in Method]: MethodOptions<M> } = {
  mae: { maskRatio: 0.75, normPixels: true },
  mixing: { mixingRatio: 0.25, mode: "compose", normPixels: true },
  mixedae: {
    mixingRatio: 0.25,
    mode: "compose",
    normPixels: true,
    homologousAttention: true,
    homologousFrom: 1,
    segmentEmbedding: true,
    decoderSegmentEmbedding: false,
    contrastive: true,
    temperature: 0.25,
    contrastiveWeight: 0.1,
    projectionHead: false,
  },
};
