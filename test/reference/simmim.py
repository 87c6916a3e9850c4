"""SimMIM (arXiv 2111.09886): loss and predictions from the parameters, the images and the hidden patches."""

import torch

from vit import block, embed_patches, feature_spread, layer_norm, linear, patchify, prepend_cls


def forward(parameters, config, images, hidden, metrics=True):
    """Images [B, 3, H, W], hidden [B, L] of 0 and 1 -> {loss, reconstruction, prediction, target, visible, featureSpread}."""
    mask = hidden.bool()
    tokens = embed_patches(parameters, images)
    tokens = torch.where(mask[..., None], parameters["mask_token"], tokens) + parameters["pos_embed"][:, 1:]
    x = prepend_cls(parameters, tokens)
    for index in range(config.depth):
        x, _ = block(parameters, f"blocks.{index}", x, config.heads)
    features = layer_norm(parameters, "norm", x)
    prediction = linear(parameters, "pixel_head", features[:, 1:])
    target = patchify(images, config.patch_size)
    # The mean over the values of all hidden pixels.
    loss = torch.nn.functional.l1_loss(prediction[mask], target[mask])
    result = {"loss": loss, "reconstruction": loss, "prediction": prediction, "target": target, "visible": ~mask}
    if metrics:
        result["featureSpread"] = feature_spread(features.detach())
    return result
