// Layer-wise learning rates: the nearer a layer is to the pixels, the less fine-tuning moves it.

/**
 * What multiplies the learning rate of a vision transformer's parameter: layerDecay^(depth + 1 - id), where the id is 0
 * for what makes tokens of pixels, i + 1 for block i, and depth + 1 for all that follows [BEiT; MAE, appendix A].
 */
export function layerDecayScale(name: string, depth: number, layerDecay: number): number {
  return layerDecay ** (depth + 1 - layerId(name, depth));
}

function layerId(name: string, depth: number): number {
  if (/^(cls_token|pos_embed|patch_embed\..*)$/.test(name)) return 0;
  const block = /^blocks\.(\d+)\./.exec(name)?.[1];
  return block === undefined ? depth + 1 : Number(block) + 1;
}
