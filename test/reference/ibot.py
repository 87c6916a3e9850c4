"""python3 ibot.py INPUT.safetensors OUTPUT.safetensors: iBOT (arXiv 2111.07832) in PyTorch, loss, gradients and steps.

INPUT   metadata `config` (JSON, see train); tensors `parameters/<name>`, the student's, of which the teacher starts as a
        copy; normalised crops `global/<v>`, `local/<v>` [B, 3, H, W]; `masks` [B, 2, L]; `branchScales`
        [B, views, depth, 2]; `clsCentre` and `patchCentre` [K].
OUTPUT  of the first step: loss, cls, patch, gradients/<name> before clipping; after all steps: after/<name>,
        teacher/<name>, clsCentre, patchCentre; all computed in float64.

What is trained by it is a function that gives losses and mean teacher outputs, so that dino.py can train by it too.
"""

import json
import math
import sys

import torch
import torch.nn.functional as F

import tensor_file
import vit


def positions(width, grid, extent):
    """[1, rows * columns, width]: sines and cosines at the centres of a grid's cells spread over those of `extent`."""
    quarter = width // 4

    def wave(side, over):
        places = (torch.arange(side, dtype=torch.float64) + 0.5) * (over / side) - 0.5
        angle = torch.outer(places, 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter))
        return torch.cat([angle.sin(), angle.cos()], dim=1)

    rows, columns = grid
    column = wave(columns, extent[1])[None].expand(rows, -1, -1)
    row = wave(rows, extent[0])[:, None].expand(-1, columns, -1)
    return torch.cat([column, row], dim=2).reshape(1, rows * columns, width)


def encode(p, config, crops, mask=None, scales=None):
    """Crops [B, 3, H, W], mask [B, L] bool, scales [B, depth, 2] -> [B, 1 + L, D] after the final norm."""
    x = vit.embed_patches(p, crops)
    if mask is not None:
        x = torch.where(mask[:, :, None], p["masked_embed"], x)
    grid = [side // config["patchSize"] for side in crops.shape[-2:]]
    x = x + positions(config["width"], grid, config["extent"])
    x = torch.cat([p["cls_token"].expand(len(x), -1, -1), x], dim=1)
    scales = torch.ones(len(x), config["depth"], 2) if scales is None else scales
    for index in range(config["depth"]):
        name = f"blocks.{index}"
        attended, _ = vit.attention(p, f"{name}.attn", vit.layer_norm(p, f"{name}.norm1", x), config["heads"])
        x = x + scales[:, index, 0, None, None] * attended
        hidden = F.gelu(vit.linear(p, f"{name}.mlp.fc1", vit.layer_norm(p, f"{name}.norm2", x)))
        x = x + scales[:, index, 1, None, None] * vit.linear(p, f"{name}.mlp.fc2", hidden)
    return vit.layer_norm(p, "norm", x)


def head(p, x):
    x = F.gelu(vit.linear(p, "head.mlp.0", x))
    x = F.gelu(vit.linear(p, "head.mlp.2", x))
    x = F.normalize(vit.linear(p, "head.mlp.4", x), dim=-1)
    return F.linear(x, F.normalize(p["head.last_layer.weight_v"], dim=1))


def cross_entropy(targets, logits):
    return -(targets * F.log_softmax(logits, dim=-1)).sum(dim=-1)


def losses(student, teacher, config, given, centres, temperature):
    """-> the losses and the mean teacher outputs, each {"cls": ..., "patch": ...}."""
    local_crops = [given[f"local/{v}"] for v in range(config["localCrops"])]
    with torch.no_grad():
        seen = [head(teacher, encode(teacher, config, given[f"global/{v}"])) for v in range(2)]
        cls_targets = [F.softmax((t[:, 0] - centres["cls"]) / temperature, dim=-1) for t in seen]
        patch_targets = [F.softmax((t[:, 1:] - centres["patch"]) / temperature, dim=-1) for t in seen]
    outputs = []
    for v in range(2):
        features = encode(student, config, given[f"global/{v}"], given["masks"][:, v] > 0, given["branchScales"][:, v])
        outputs.append(head(student, features) / config["studentTemperature"])
    for v, crop in enumerate(local_crops):
        features = encode(student, config, crop, None, given["branchScales"][:, 2 + v])
        outputs.append(head(student, features[:, :1]) / config["studentTemperature"])

    cls_terms, patch_terms = [], []
    for q in range(2):
        for v, output in enumerate(outputs):
            if v != q:
                cls_terms.append(cross_entropy(cls_targets[q], output[:, 0]).mean())
                continue
            mask = given["masks"][:, v]
            each = cross_entropy(patch_targets[q], output[:, 1:])
            patch_terms.append(((each * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)).mean())
    means = torch.cat([t[:, 0] for t in seen]).mean(dim=0), torch.cat([t[:, 1:] for t in seen]).mean(dim=(0, 1))
    found = {"cls": sum(cls_terms) / len(cls_terms), "patch": sum(patch_terms) / len(patch_terms)}
    return found, dict(zip(["cls", "patch"], means))


def half_cosine(step, start, end, total):
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * step / total))


def train(input_path, output_path, losses):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    prefix = "parameters/"
    student = {name[len(prefix) :]: t.clone().requires_grad_() for name, t in given.items() if name.startswith(prefix)}
    teacher = {name: t.detach().clone() for name, t in student.items()}
    centres = {name: given[f"{name}Centre"] for name in ("cls", "patch") if f"{name}Centre" in given}
    groups = [
        {"params": [t for t in student.values() if t.ndim >= 2]},
        {"params": [t for t in student.values() if t.ndim < 2], "weight_decay": 0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=config["learningRate"], betas=(config["beta1"], config["beta2"]), eps=config["epsilon"]
    )
    output = {}
    for step in range(config["steps"]):
        warm = min(1, step / config["temperatureWarmupSteps"])
        temperature = config["teacherTemperatureStart"] + warm * (
            config["teacherTemperature"] - config["teacherTemperatureStart"]
        )
        decay = half_cosine(step, config["weightDecay"], config["weightDecayEnd"], config["total"])
        optimizer.param_groups[0]["weight_decay"] = decay
        optimizer.zero_grad(set_to_none=True)
        found, means = losses(student, teacher, config, given, centres, temperature)
        loss = sum(found.values())
        loss.backward()
        if step == 0:
            output.update(loss=loss.detach(), **{name: value.detach() for name, value in found.items()})
            output.update({f"gradients/{name}": t.grad.clone() for name, t in student.items()})
        for name, parameter in student.items():
            torch.nn.utils.clip_grad_norm_([parameter], config["clipNorm"])
            if name == "head.last_layer.weight_v" and step < config["frozenSteps"]:
                parameter.grad = None
        optimizer.step()
        momentum = half_cosine(step, config["teacherMomentum"], 1, config["total"])
        with torch.no_grad():
            for name, parameter in student.items():
                teacher[name] = momentum * teacher[name] + (1 - momentum) * parameter
        keep = config["centreMomentum"]
        centres = {name: keep * centre + (1 - keep) * means[name] for name, centre in centres.items()}
    output.update({f"after/{name}": t.detach() for name, t in student.items()})
    output.update({f"teacher/{name}": t for name, t in teacher.items()})
    output.update({f"{name}Centre": centre for name, centre in centres.items()})
    tensor_file.write(output_path, {name: t.double().numpy() for name, t in output.items()})


if __name__ == "__main__":
    train(*sys.argv[1:], losses)
