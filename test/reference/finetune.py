"""python3 finetune.py INPUT.safetensors OUTPUT.safetensors: a classifier's scores, loss, gradients and steps in PyTorch.

INPUT   metadata `config` (JSON: depth, heads, pooling, steps, layerDecay, learningRate, beta1, beta2, epsilon,
        weightDecay); tensors `parameters/<name>`, `images` and `partners` [B, 3, H, W], normalised, `shares` [B, 1, H, W],
        `targets` [B, classes], `branchScales` [B, depth, 2].
OUTPUT  scores (of the images alone, nothing dropped), loss, gradients/<name>, after/<name>; all computed in float64.
"""

import json
import sys

import torch

import tensor_file
import vit


def branch(scales, index, place):
    return 1 if scales is None else scales[:, index, place, None, None]


def classify(p, config, images, scales=None):
    """Images [B, 3, H, W] -> scores [B, classes]; `scales` [B, depth, 2] multiply the residual branches."""
    x = vit.embed_patches(p, images) + p["pos_embed"][:, 1:]
    x = vit.prepend_cls(p, x)
    for index in range(config["depth"]):
        name = f"blocks.{index}"
        attended, _ = vit.attention(p, f"{name}.attn", vit.layer_norm(p, f"{name}.norm1", x), config["heads"])
        x = x + branch(scales, index, 0) * attended
        hidden = vit.linear(p, f"{name}.mlp.fc1", vit.layer_norm(p, f"{name}.norm2", x))
        x = x + branch(scales, index, 1) * vit.linear(p, f"{name}.mlp.fc2", torch.nn.functional.gelu(hidden))
    if config["pooling"] == "mean":
        pooled = vit.layer_norm(p, "fc_norm", x[:, 1:].mean(dim=1))
    else:
        pooled = vit.layer_norm(p, "norm", x)[:, 0]
    return vit.linear(p, "head", pooled)


def layer_of(name, depth):
    if name in ("cls_token", "pos_embed") or name.startswith("patch_embed."):
        return 0
    return int(name.split(".")[1]) + 1 if name.startswith("blocks.") else depth + 1


def make_optimizer(p, config):
    depth = config["depth"]
    groups = [
        {
            "params": [tensor],
            "lr": config["learningRate"] * config["layerDecay"] ** (depth + 1 - layer_of(name, depth)),
            "weight_decay": config["weightDecay"] if tensor.ndim >= 2 and name not in ("cls_token", "pos_embed") else 0,
        }
        for name, tensor in p.items()
    ]
    return torch.optim.AdamW(groups, betas=(config["beta1"], config["beta2"]), eps=config["epsilon"])


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    prefix = "parameters/"
    p = {name[len(prefix) :]: t.clone().requires_grad_() for name, t in given.items() if name.startswith(prefix)}
    shown = given["shares"] * given["images"] + (1 - given["shares"]) * given["partners"]

    def loss():
        scores = classify(p, config, shown, given["branchScales"])
        return -(given["targets"] * scores.log_softmax(dim=1)).sum(dim=1).mean()

    with torch.no_grad():
        output = {"scores": classify(p, config, given["images"])}
    optimizer = make_optimizer(p, config)
    for step in range(config["steps"]):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        if step == 0:
            output["loss"] = value.detach()
            output.update({f"gradients/{name}": tensor.grad.clone() for name, tensor in p.items()})
        optimizer.step()
    output.update({f"after/{name}": tensor.detach() for name, tensor in p.items()})
    tensor_file.write(output_path, {name: tensor.numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
