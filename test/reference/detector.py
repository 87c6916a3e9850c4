"""python3 detector.py INPUT.safetensors OUTPUT.safetensors: Mask R-CNN's losses and gradients in PyTorch and torchvision.

INPUT   metadata `config` (JSON: that of segment.py's encoder, finest, pyramid, patch, channels, classes, boxBeta, the numbers of
        convolutions, masks); tensors `parameters/<name>`, `images` [B, 3, H, W], normalised, `branchScales` [B, depth, 2], and the
        targets by the names that the program has for them; every sampled anchor and region counts.
OUTPUT  objectness [B, anchors] and deltas [B, anchors, 4] (what is proposed), the losses, gradients/<name>; in float64.
"""

import json
import sys

import torch
import torch.nn.functional as F
from torchvision.ops import roi_align

import segment
import tensor_file


class Detector:
    def __init__(self, p, config):
        self.p, self.config = p, config

    def norm(self, name, x):
        weight, bias = self.p[f"{name}.weight"], self.p[f"{name}.bias"]
        return F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2], weight, bias, 1e-6).permute(0, 3, 1, 2)

    def unit(self, name, x):
        weight = self.p[f"{name}.conv.weight"]
        return self.norm(f"{name}.norm", F.conv2d(x, weight, padding=weight.shape[-1] // 2))

    def doubled(self, name, x):
        return F.conv_transpose2d(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"], stride=2)

    def convolved(self, name, x, padding=0):
        return F.conv2d(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"], padding=padding)

    def linear(self, name, x):
        return F.linear(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"])

    def rescaled(self, name, x, scale):
        if scale == 1:
            return x
        if scale < 1:
            return F.max_pool2d(x, 2)
        x = self.doubled(f"{name}.double", x)
        if scale == 2:
            return x
        return self.doubled(f"{name}.double_again", F.gelu(self.norm(f"{name}.norm", x)))

    def pyramid(self, maps):
        scales = [scale for scale in (4, 2, 1, 0.5) if scale <= self.config["finest"]]
        top_down = self.config["pyramid"] == "fpn"
        maps = maps[-len(scales) :] if top_down else [maps[-1]] * len(scales)
        levels = [
            self.unit(f"pyramid.{i}.lateral", self.rescaled(f"pyramid.{i}", maps[i], scale))
            for i, scale in enumerate(scales)
        ]
        if top_down:
            for i in reversed(range(len(levels) - 1)):
                size = levels[i].shape[2:]
                levels[i] = levels[i] + F.interpolate(levels[i + 1], size, mode="bilinear", align_corners=False)
        levels = [self.unit(f"pyramid.{i}.output", level) for i, level in enumerate(levels)]
        strides = [self.config["patch"] / scale for scale in scales]
        return levels + [F.max_pool2d(levels[-1], 1, 2)], strides

    def proposals(self, levels):
        objectness, deltas = [], []
        for level in levels:
            for i in range(self.config["proposalConvolutions"]):
                level = self.convolved(f"proposal_head.conv.{i}", level, 1).relu()
            objectness.append(self.convolved("proposal_head.objectness", level).permute(0, 2, 3, 1).flatten(1))
            shift = self.convolved("proposal_head.deltas", level).permute(0, 2, 3, 1)
            deltas.append(shift.reshape(len(level), -1, 4))
        return torch.cat(objectness, 1), torch.cat(deltas, 1)

    def features(self, levels, strides, regions, level_of, side):
        """Each region from its own level, one after the other."""
        rows = []
        for image in range(len(regions)):
            for box, level in zip(regions[image], level_of[image].long()):
                source = levels[level][image : image + 1]
                rows.append(roi_align(source, [box[None]], side, 1 / strides[level], sampling_ratio=2, aligned=True))
        return torch.cat(rows)

    def heads(self, name, x, count):
        for i in range(count):
            x = self.unit(f"{name}.conv.{i}", x).relu()
        return x


def box_distance(found, wanted, beta):
    return F.l1_loss(found, wanted, reduction="sum") if beta == 0 else F.smooth_l1_loss(found, wanted, beta=beta, reduction="sum")


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    prefix = "parameters/"
    p = {name[len(prefix) :]: t.clone().requires_grad_() for name, t in given.items() if name.startswith(prefix)}
    model = Detector(p, config)
    classes, beta = config["classes"], config["boxBeta"]

    levels, strides = model.pyramid(segment.encode(p, config, given["images"], given["branchScales"]))
    objectness, deltas = model.proposals(levels)
    losses = {}
    index = given["anchorIndex"].long()
    label = given["anchorLabel"]
    sampled = objectness.gather(1, index)
    losses["objectness"] = F.binary_cross_entropy_with_logits(sampled, label)
    shifts = deltas.gather(1, index[:, :, None].expand(-1, -1, 4))
    shown = label == 1
    losses["proposalBoxes"] = box_distance(shifts[shown], given["anchorDeltas"][shown], beta) / label.numel()

    features = model.features(levels, strides, given["regions"], given["regionLevel"], 7)
    hidden = model.linear("box_head.hidden", model.heads("box_head", features, config["boxConvolutions"]).flatten(1)).relu()
    scores = model.linear("box_head.scores", hidden)
    found = model.linear("box_head.deltas", hidden).reshape(len(hidden), classes, 4)
    kind = given["regionClass"].long().flatten()
    losses["classes"] = F.cross_entropy(scores, kind)
    positive = torch.where(kind < classes)[0]
    wanted = given["regionDeltas"].reshape(-1, 4)[positive]
    losses["boxes"] = box_distance(found[positive, kind[positive]], wanted, beta) / kind.numel()

    if config["masks"]:
        slots = given["maskWeight"].shape[1]
        features = model.features(levels, strides, given["regions"][:, :slots], given["regionLevel"][:, :slots], 14)
        hidden = model.doubled("mask_head.double", model.heads("mask_head", features, config["maskConvolutions"])).relu()
        masks = model.convolved("mask_head.masks", hidden)
        own = given["regionClass"][:, :slots].long().flatten()
        known = torch.where(given["maskWeight"].flatten() > 0)[0]
        target = given["maskTarget"].flatten(0, 1)[known]
        losses["masks"] = F.binary_cross_entropy_with_logits(masks[known, own[known]], target)

    loss = sum(losses.values())
    loss.backward()
    output = {"objectnessOf": objectness.detach(), "deltasOf": deltas.detach(), "loss": loss.detach()}
    output.update({name: value.detach() for name, value in losses.items()})
    output.update({f"gradients/{name}": tensor.grad for name, tensor in p.items()})
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
