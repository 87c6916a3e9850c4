"""python3 features.py INPUT.safetensors OUTPUT.safetensors: an encoder's CLS token and mean of patch tokens in PyTorch.

INPUT   metadata `config` (JSON: heads, depth, patchSize); tensors `parameters/<name>` (pos_embed among them) and
        `images` [B, 3, H, W], normalised.
OUTPUT  cls and mean [B, D], after the final norm.
"""

import json
import sys

import torch

import tensor_file
import vit


def features(parameters, images, depth, heads):
    x = vit.embed_patches(parameters, images) + parameters["pos_embed"][:, 1:]
    x = vit.prepend_cls(parameters, x)
    for index in range(depth):
        x, _ = vit.block(parameters, f"blocks.{index}", x, heads)
    x = vit.layer_norm(parameters, "norm", x)
    return {"cls": x[:, 0], "mean": x[:, 1:].mean(dim=1)}


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    prefix = "parameters/"
    given = {name[len(prefix) :]: torch.from_numpy(a) for name, a in tensors.items() if name.startswith(prefix)}
    with torch.no_grad():
        output = features(given, torch.from_numpy(tensors["images"]), config["depth"], config["heads"])
    tensor_file.write(output_path, {name: tensor.numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
