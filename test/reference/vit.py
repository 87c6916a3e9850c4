"""The pieces of a vision transformer as plain functions over a dict of parameters with the official names."""

import math

import torch
import torch.nn.functional as F


def patchify(images, patch):
    """[B, C, H, W] -> [B, L, patch * patch * C]: patches row by row; inside, (row, column, channel), channel fastest."""
    batch, channels, height, width = images.shape
    rows, columns = height // patch, width // patch
    cells = images.reshape(batch, channels, rows, patch, columns, patch)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, patch * patch * channels)


def unpatchify(patches, patch, rows, columns):
    """The inverse of patchify: [B, rows * columns, patch * patch * C] -> [B, C, H, W]."""
    batch = patches.shape[0]
    cells = patches.reshape(batch, rows, columns, patch, patch, -1)
    return cells.permute(0, 5, 1, 3, 2, 4).reshape(batch, -1, rows * patch, columns * patch)


def sincos_positions(width, rows, columns=None):
    """[1, 1 + rows * columns, width], float64: zero for CLS; first half of the channels the column, second the row."""
    columns = rows if columns is None else columns
    quarter = width // 4
    frequency = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)

    def wave(count):
        angle = torch.arange(count, dtype=torch.float64)[:, None] * frequency
        return torch.cat([angle.sin(), angle.cos()], dim=1)  # [count, width / 2]

    column = wave(columns)[None, :, :].expand(rows, columns, -1)
    row = wave(rows)[:, None, :].expand(rows, columns, -1)
    grid = torch.cat([column, row], dim=2).reshape(rows * columns, width)
    return torch.cat([torch.zeros(1, width, dtype=torch.float64), grid])[None]


def linear(parameters, name, x):
    return F.linear(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])


def layer_norm(parameters, name, x):
    return F.layer_norm(x, x.shape[-1:], parameters[f"{name}.weight"], parameters[f"{name}.bias"], eps=1e-6)


def keep_largest(logits, count, cls_competes):
    """Which keys each query of [..., 1 + L, 1 + L] logits keeps: True at and above the count-th largest.

    Only columns 1.. (patches) of rows 1.. compete, and the CLS column and the CLS row keep everything, unless
    `cls_competes`.
    """
    if cls_competes:
        return logits.detach() >= logits.detach().topk(count, dim=-1).values[..., -1:]
    patches = logits[..., 1:, 1:].detach()
    threshold = patches.topk(count, dim=-1).values[..., -1:]
    kept = torch.ones_like(logits, dtype=torch.bool)
    kept[..., 1:, 1:] = patches >= threshold
    return kept


def attention(parameters, name, x, heads, top=None, cls_competes=False):
    """[B, N, D] -> ([B, N, D], kept). With `top`, homologous attention, and kept [B, heads, N, N]; else kept is None."""
    batch, tokens, width = x.shape
    qkv = linear(parameters, f"{name}.qkv", x).reshape(batch, tokens, 3, heads, width // heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    logits = (query * (1 / math.sqrt(width // heads))) @ key.transpose(-2, -1)
    kept = None
    if top is not None:
        kept = keep_largest(logits, top, cls_competes)
        logits = logits.masked_fill(~kept, -math.inf)
    mixed = logits.softmax(dim=-1) @ value
    return linear(parameters, f"{name}.proj", mixed.transpose(1, 2).reshape(batch, tokens, width)), kept


def block(parameters, name, x, heads, top=None, cls_competes=False):
    """One pre-norm block: [B, N, D] -> ([B, N, D], kept of its attention)."""
    normed = layer_norm(parameters, f"{name}.norm1", x)
    attended, kept = attention(parameters, f"{name}.attn", normed, heads, top, cls_competes)
    x = x + attended
    hidden = F.gelu(linear(parameters, f"{name}.mlp.fc1", layer_norm(parameters, f"{name}.norm2", x)))
    return x + linear(parameters, f"{name}.mlp.fc2", hidden), kept


def embed_patches(parameters, images):
    """[B, 3, H, W] -> [B, L, D] without positions."""
    weight = parameters["patch_embed.proj.weight"]
    maps = F.conv2d(images, weight, parameters["patch_embed.proj.bias"], stride=weight.shape[-1])
    return maps.flatten(2).transpose(1, 2)


def prepend_cls(parameters, tokens):
    """[B, N, D] -> [B, 1 + N, D]; the CLS position is zero for sin-cos, but added all the same."""
    cls = parameters["cls_token"] + parameters["pos_embed"][:, :1]
    return torch.cat([cls.expand(tokens.shape[0], -1, -1).to(tokens.dtype), tokens], dim=1)


def feature_spread(features):
    """Encoder features [S, 1 + N, D] -> 1 - mean over sequences of |mean over patch tokens of z / |z||^2."""
    directions = F.normalize(features[:, 1:], dim=-1)
    return 1 - directions.mean(dim=1).pow(2).sum(dim=-1).mean()
