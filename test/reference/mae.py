"""Masked autoencoder (arXiv 2111.06377): loss and predictions from the parameters, the images and the kept patches."""

import torch

from vit import block, embed_patches, feature_spread, layer_norm, linear, patchify, prepend_cls


def target_patches(config, images):
    """[B, 3, H, W] -> [B, L, p * p * 3], each patch normalised by its mean and unbiased variance if asked."""
    target = patchify(images, config.patch_size)
    if config.norm_pixels:
        mean = target.mean(dim=-1, keepdim=True)
        variance = target.var(dim=-1, unbiased=True, keepdim=True)
        target = (target - mean) / torch.sqrt(variance + 1e-6)
    return target


def decode(parameters, config, cls, tokens):
    """Embedded CLS [B, 1, Dd] and patch tokens [B, L, Dd], without positions -> predictions [B, L, p * p * 3]."""
    x = torch.cat([cls, tokens], dim=1) + parameters["decoder_pos_embed"]
    for index in range(config.decoder_depth):
        x, _ = block(parameters, f"decoder_blocks.{index}", x, config.decoder_heads)
    return linear(parameters, "decoder_pred", layer_norm(parameters, "decoder_norm", x))[:, 1:]


def reconstruction_loss(prediction, target, visible):
    """Mean over all patches that were not visible, of the whole batch, of the patch's mean squared error."""
    hidden = (~visible).to(target.dtype)
    return ((prediction - target).pow(2).mean(dim=-1) * hidden).sum() / hidden.sum()


def encode(parameters, config, images, keep):
    """Images [B, 3, H, W], kept positions [B, K] -> features [B, 1 + K, D] after the final norm, in the given order."""
    tokens = embed_patches(parameters, images) + parameters["pos_embed"][:, 1:]
    x = prepend_cls(parameters, tokens.gather(1, keep[..., None].expand(-1, -1, config.width)))
    for index in range(config.depth):
        x, _ = block(parameters, f"blocks.{index}", x, config.heads)
    return layer_norm(parameters, "norm", x)


def forward(parameters, config, images, keep, metrics=True):
    """Images [B, 3, H, W], keep [B, K] int64 -> {loss, reconstruction, prediction, target, visible, featureSpread}."""
    batch, length = images.shape[0], config.patches
    features = encode(parameters, config, images, keep)
    embedded = linear(parameters, "decoder_embed", features)
    masks = parameters["mask_token"].to(embedded.dtype).expand(batch, length, -1)
    tokens = masks.scatter(1, keep[..., None].expand(-1, -1, config.decoder_width), embedded[:, 1:])
    visible = torch.zeros(batch, length, dtype=torch.bool).scatter(1, keep, True)
    prediction = decode(parameters, config, embedded[:, :1], tokens)
    target = target_patches(config, images)
    loss = reconstruction_loss(prediction, target, visible)
    result = {"loss": loss, "reconstruction": loss, "prediction": prediction, "target": target, "visible": visible}
    if metrics:
        result["featureSpread"] = feature_spread(features.detach())
    return result
