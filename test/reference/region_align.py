"""python3 region_align.py INPUT.safetensors OUTPUT.safetensors: torchvision's roi_align and its gradient.

INPUT   metadata `config` (JSON: side, scale); tensors `maps` [B, C, H, W], `boxes` [B, R, 4], `slope` [B, R, C, side, side].
OUTPUT  y, toMaps.
"""

import json
import sys

import torch
from torchvision.ops import roi_align

import tensor_file


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    maps = given["maps"].requires_grad_()
    batch, regions = given["boxes"].shape[:2]
    side = config["side"]
    y = roi_align(maps, list(given["boxes"]), (side, side), config["scale"], sampling_ratio=2, aligned=True)
    y = y.reshape(batch, regions, -1, side, side)
    y.backward(given["slope"])
    output = {"y": y.detach(), "toMaps": maps.grad}
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
