"""python3 segment.py INPUT.safetensors OUTPUT.safetensors: a segmentation model's loss, gradients and statistics in PyTorch.

INPUT   metadata `config` (JSON: depth, heads, patch, side, taps, windowSide or null, globalBlocks, relative, head, norm,
        groups, auxiliaryWeight); tensors `parameters/<name>`, `images` [B, 3, H, W], normalised, `labels` [B, H, W],
        `branchScales` [B, depth, 2], `dropout` [B, channels].
OUTPUT  maps/<index>, scores (at the labels' size, nothing dropped, by the batch's own statistics), loss, segmentation,
        auxiliary?, gradients/<name>, statistics/<name> (batch means and unbiased variances); computed in float64.
"""

import json
import sys

import torch
import torch.nn.functional as F

import tensor_file
import vit


def relation(query, key, columns, side):
    """The row of the table of relative positions for two tokens of a grid; 0 is CLS."""
    rows_known = columns_known = side
    across = 2 * columns_known - 1
    count = (2 * rows_known - 1) * across
    if query == 0:
        return count + 2 if key == 0 else count
    if key == 0:
        return count + 1
    (y, x), (v, u) = divmod(query - 1, columns), divmod(key - 1, columns)
    down = max(1 - rows_known, min(rows_known - 1, y - v)) + rows_known - 1
    right = max(1 - columns_known, min(columns_known - 1, x - u)) + columns_known - 1
    return down * across + right


def biases(table, rows, columns, side):
    tokens = 1 + rows * columns
    index = torch.tensor([[relation(q, k, columns, side) for k in range(tokens)] for q in range(tokens)])
    return table[index].permute(2, 0, 1)


def attend(p, name, x, heads, bias, keep):
    """[S, N, D]; bias [heads, N, N] or None; keep [S, N] says which keys exist, or None."""
    count, tokens, width = x.shape
    qkv = vit.linear(p, f"{name}.qkv", x).reshape(count, tokens, 3, heads, width // heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    logits = query @ key.transpose(-2, -1) / (width // heads) ** 0.5
    if bias is not None:
        logits = logits + bias
    if keep is not None:
        logits = logits.masked_fill(~keep[:, None, None, :], -torch.inf)
    mixed = (logits.softmax(-1) @ value).transpose(1, 2).reshape(count, tokens, width)
    return vit.linear(p, f"{name}.proj", mixed)


def attend_in_windows(p, name, x, heads, bias, rows, columns, side):
    """One window after the other: patches of the window and CLS, whose results are averaged."""
    grid = x[:, 1:].reshape(x.shape[0], rows, columns, -1)
    result, cls = torch.zeros_like(grid), []
    for top in range(0, rows, side):
        for left in range(0, columns, side):
            part = grid[:, top : top + side, left : left + side]
            height, width = part.shape[1:3]
            tokens = torch.cat([x[:, :1], part.flatten(1, 2)], dim=1)
            own = None
            if bias is not None:
                places = [0] + [1 + y * side + z for y in range(height) for z in range(width)]
                own = bias[:, places][:, :, places]
            attended = attend(p, name, tokens, heads, own, None)
            cls.append(attended[:, 0])
            result[:, top : top + side, left : left + side] = attended[:, 1:].reshape(part.shape)
    return torch.cat([torch.stack(cls).mean(0)[:, None], result.flatten(1, 2)], dim=1)


def encode(p, config, images, scales):
    """Images [B, 3, H, W] -> a map [B, D, rows, columns] for each tap."""
    patch, side = config["patch"], config["side"]
    height, width = images.shape[2:]
    images = F.pad(images, (0, -width % patch, 0, -height % patch))
    rows, columns = images.shape[2] // patch, images.shape[3] // patch
    positions = p["pos_embed"][:, 1:]
    if (rows, columns) != (side, side):
        square = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
        positions = F.interpolate(square, (rows, columns), mode="bicubic", align_corners=False).flatten(2).transpose(1, 2)
    x = vit.prepend_cls(p, vit.embed_patches(p, images) + positions)
    window = config["windowSide"]
    maps = {}
    for index in range(config["depth"]):
        name = f"blocks.{index}"
        normed = vit.layer_norm(p, f"{name}.norm1", x)
        table = p.get(f"{name}.attn.relative_position_bias_table")
        is_global = window is None or index in config["globalBlocks"]
        if is_global or (window >= rows and window >= columns):
            known = config["relativeSide"] if is_global else min(window, config["relativeSide"] or window)
            bias = None if table is None else biases(table, rows, columns, known)
            attended = attend(p, f"{name}.attn", normed, config["heads"], bias, None)
        else:
            known = min(window, config["relativeSide"] or window)
            bias = None if table is None else biases(table, window, window, known)
            attended = attend_in_windows(p, f"{name}.attn", normed, config["heads"], bias, rows, columns, window)
        x = x + scales[:, index, 0, None, None] * attended
        hidden = F.gelu(vit.linear(p, f"{name}.mlp.fc1", vit.layer_norm(p, f"{name}.norm2", x)))
        x = x + scales[:, index, 1, None, None] * vit.linear(p, f"{name}.mlp.fc2", hidden)
        final = vit.layer_norm(p, "norm", x) if "norm.weight" in p and index == config["depth"] - 1 else x
        maps[index] = final[:, 1:].transpose(1, 2).reshape(x.shape[0], -1, rows, columns)
    return [maps[tap] for tap in config["taps"]]


class Head:
    """UPerNet, or a linear map, as functions of the parameters; collects the statistics of batch normalisation."""

    def __init__(self, p, config):
        self.p, self.config, self.statistics = p, config, {}

    def norm(self, name, x):
        weight, bias = self.p[f"{name}.weight"], self.p[f"{name}.bias"]
        if self.config["norm"] == "group":
            channels = x.shape[1]
            groups = max(g for g in range(1, max(1, min(32, channels // 8)) + 1) if channels % g == 0)
            return F.group_norm(x, groups, weight, bias, 1e-5)
        self.statistics[f"{name}.running_mean"] = x.detach().mean((0, 2, 3))
        self.statistics[f"{name}.running_var"] = x.detach().var((0, 2, 3), unbiased=True)
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-5)

    def unit(self, name, x):
        weight = self.p[f"{name}.conv.weight"]
        return self.norm(f"{name}.norm", F.conv2d(x, weight, padding=weight.shape[-1] // 2)).relu()

    def doubled(self, name, x):
        return F.conv_transpose2d(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"], stride=2)

    def classes(self, name, x):
        return F.conv2d(x, self.p[f"{name}.classifier.weight"], self.p[f"{name}.classifier.bias"])

    def upernet(self, maps, dropout):
        a, b, c, d = maps
        four = self.doubled("neck.quadruple.0", a)
        four = self.doubled("neck.quadruple.3", F.gelu(self.norm("neck.quadruple.1", four)))
        levels = [four, self.doubled("neck.double", b), c, F.max_pool2d(d, 2)]
        top = levels[3]
        pooled = [top]
        for index, side in enumerate((1, 2, 3, 6)):
            reduced = self.unit(f"decode_head.pyramid_pooling.{index}", F.adaptive_avg_pool2d(top, side))
            pooled.append(F.interpolate(reduced, top.shape[2:], mode="bilinear", align_corners=False))
        merged = [self.unit(f"decode_head.laterals.{level}", levels[level]) for level in range(3)]
        merged.append(self.unit("decode_head.pyramid_pooling.fusion", torch.cat(pooled, 1)))
        for level in (2, 1, 0):
            size = merged[level].shape[2:]
            merged[level] = merged[level] + F.interpolate(merged[level + 1], size, mode="bilinear", align_corners=False)
        smoothed = [self.unit(f"decode_head.pyramid.{level}", merged[level]) for level in range(3)] + [merged[3]]
        size = smoothed[0].shape[2:]
        fused = torch.cat([F.interpolate(x, size, mode="bilinear", align_corners=False) for x in smoothed], 1)
        fused = self.unit("decode_head.fusion", fused)
        scores = self.classes("decode_head", fused * dropout)
        auxiliary = self.classes("auxiliary_head", self.unit("auxiliary_head", levels[2]))
        return scores, auxiliary

    def linear(self, maps, dropout):
        return self.classes("decode_head", maps[-1] * dropout), None


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    prefix = "parameters/"
    p = {name[len(prefix) :]: t.clone().requires_grad_() for name, t in given.items() if name.startswith(prefix)}
    labels = given["labels"].long()

    def forward(scales, dropout):
        head = Head(p, config)
        maps = encode(p, config, given["images"], scales)
        scores, auxiliary = getattr(head, config["head"])(maps, dropout)
        return head, maps, scores, auxiliary

    def resized(scores):
        return F.interpolate(scores, labels.shape[1:], mode="bilinear", align_corners=False)

    with torch.no_grad():
        plain = torch.ones_like(given["branchScales"])
        _, maps, scores, _ = forward(plain, torch.ones_like(given["dropout"])[:, :, None, None])
        output = {"scores": resized(scores), **{f"maps/{index}": value for index, value in enumerate(maps)}}
    head, _, scores, auxiliary = forward(given["branchScales"], given["dropout"][:, :, None, None])
    loss = F.cross_entropy(resized(scores), labels, ignore_index=255)
    output["segmentation"] = loss.detach()
    if auxiliary is not None:
        aside = F.cross_entropy(resized(auxiliary), labels, ignore_index=255)
        output["auxiliary"] = aside.detach()
        loss = loss + config["auxiliaryWeight"] * aside
    loss.backward()
    output["loss"] = loss.detach()
    output.update({f"gradients/{name}": tensor.grad for name, tensor in p.items()})
    output.update({f"statistics/{name}": tensor for name, tensor in head.statistics.items()})
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
