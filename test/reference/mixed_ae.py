"""MixedAE (arXiv 2303.17152) in our reading of it; with all of its parts switched off it is naive mixing."""

import math

import torch
import torch.nn.functional as F

from mae import decode, reconstruction_loss, target_patches
from mixing import mix_images, mixed_slots, unmix
from vit import block, embed_patches, feature_spread, layer_norm, linear, prepend_cls


def contrastive_loss(features, slots, temperature):
    """Patch features [S, L, D], slots [S, L] -> mean over sequences and tokens of the homologous contrastive loss."""
    directions = F.normalize(features, dim=-1)
    similarity = directions @ directions.transpose(1, 2) / temperature
    own = torch.eye(slots.shape[1], dtype=torch.bool)
    log_share = similarity - similarity.masked_fill(own, -math.inf).logsumexp(dim=-1, keepdim=True)
    positive = ((slots[:, :, None] == slots[:, None, :]) & ~own).to(log_share.dtype)
    return -((log_share * positive).sum(dim=-1) / positive.sum(dim=-1)).mean()


def top_k_precision(kept, slots):
    """Kept keys [S, heads, 1 + L, 1 + L], slots [S, L] -> share of kept patch keys whose source is the query's."""
    patches = kept[:, :, 1:, 1:]
    homologous = (slots[:, :, None] == slots[:, None, :])[:, None]
    return (patches & homologous).sum() / patches.sum()


def encode(parameters, config, mixed, slots, segmented):
    """Mixed images [S, 3, H, W], slots [S, L], segmented [S] -> (features [S, 1 + L, D] after the final norm, kept keys by block)."""
    tokens = embed_patches(parameters, mixed) + parameters["pos_embed"][:, 1:]
    segments = torch.zeros_like(tokens)
    if config.segment_embedding:
        segments = parameters["segment_embed"][slots] * segmented[:, None, None]
    tokens = tokens + segments
    x = prepend_cls(parameters, tokens)
    kept_keys = []
    for index in range(config.depth):
        if index == config.segment_blocks:
            x = torch.cat([x[:, :1], x[:, 1:] - segments], dim=1)
        homologous = config.homologous_attention and index >= config.homologous_from
        top = slots.shape[1] // config.group_size if homologous else None
        x, kept = block(parameters, f"blocks.{index}", x, config.heads, top, config.cls_competes)
        if homologous:
            kept_keys.append(kept)
    return layer_norm(parameters, "norm", x), kept_keys


def forward(parameters, config, images, assignment, metrics=True):
    """Images [groups * g, 3, H, W], assignment [groups, L] int64 ->
    {loss, reconstruction, contrastive?, prediction, target, visible, featureSpread, topkPrecision?}.

    Where not all groups have segment embeddings, a further column of the assignment is 1 for those that do, 0 otherwise.
    """
    group = config.group_size
    patches = config.patches
    segmented = assignment[:, patches] if assignment.shape[1] > patches else torch.ones(len(assignment))
    assignment = assignment[:, :patches]
    by_group = mixed_slots(assignment, group, config.mode)
    slots = by_group.flatten(0, 1)
    mixed = mix_images(images, by_group, config.patch_size)
    features, kept_keys = encode(parameters, config, mixed, slots, segmented.repeat_interleave(by_group.shape[1]))

    embedded = linear(parameters, "decoder_embed", features)
    cls, tokens, visible = unmix(embedded, by_group, group, parameters["mask_token"])
    if config.decoder_segment_embedding:
        tokens = tokens + parameters["decoder_segment_embed"].repeat(len(assignment), 1)[:, None]
    prediction = decode(parameters, config, cls, tokens)
    target = target_patches(config, images)
    reconstruction = reconstruction_loss(prediction, target, visible)
    loss = reconstruction
    result = {"reconstruction": reconstruction, "prediction": prediction, "target": target, "visible": visible}

    if config.contrastive:
        z = features[:, 1:]
        if config.projection_head:
            z = linear(parameters, "contrastive_head.fc2", F.gelu(linear(parameters, "contrastive_head.fc1", z)))
        result["contrastive"] = contrastive_loss(z, slots, config.temperature)
        loss = reconstruction + config.contrastive_weight * result["contrastive"]
    if metrics:
        result["featureSpread"] = feature_spread(features.detach())
        if kept_keys:
            result["topkPrecision"] = torch.stack([top_k_precision(kept, slots) for kept in kept_keys])
    return {"loss": loss, **result}
