"""Names and shapes of every trainable parameter of a configuration, and plain random values for trials."""

import torch


def block_shapes(name, width, hidden):
    linears = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
    linears.update({"mlp.fc1": (hidden, width), "mlp.fc2": (width, hidden)})
    shapes = {f"{name}.{norm}.{part}": (width,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
    for linear, shape in linears.items():
        shapes[f"{name}.{linear}.weight"] = shape
        shapes[f"{name}.{linear}.bias"] = shape[:1]
    return shapes


def trainable_shapes(config):
    """{name: shape}; the fixed pos_embed and decoder_pos_embed are not among them."""
    width, decoder, patch = config.width, config.decoder_width, config.patch_size
    pixels = config.channels * patch * patch
    shapes = {
        "cls_token": (1, 1, width),
        "mask_token": (1, 1, decoder),
        "patch_embed.proj.weight": (width, config.channels, patch, patch),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "decoder_embed.weight": (decoder, width),
        "decoder_embed.bias": (decoder,),
        "decoder_norm.weight": (decoder,),
        "decoder_norm.bias": (decoder,),
        "decoder_pred.weight": (pixels, decoder),
        "decoder_pred.bias": (pixels,),
    }
    for index in range(config.depth):
        shapes.update(block_shapes(f"blocks.{index}", width, int(width * config.mlp_ratio)))
    for index in range(config.decoder_depth):
        shapes.update(block_shapes(f"decoder_blocks.{index}", decoder, int(decoder * config.mlp_ratio)))
    if config.segment_embedding:
        shapes["segment_embed"] = (config.group_size, width)
    if config.decoder_segment_embedding:
        shapes["decoder_segment_embed"] = (config.group_size, decoder)
    if config.projection_head:
        shapes["contrastive_head.fc1.weight"], shapes["contrastive_head.fc1.bias"] = (width, width), (width,)
        shapes["contrastive_head.fc2.weight"], shapes["contrastive_head.fc2.bias"] = (128, width), (128,)
    return shapes


def random_parameters(shapes, generator, scale=0.02, dtype=torch.float32):
    """Normal values of deviation `scale`; norms' weights around one. Not the method's initialisation."""
    values = {}
    for name, shape in shapes.items():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        values[name] = centre + scale * torch.randn(shape, generator=generator, dtype=dtype)
    return values


def random_plan(config, batch, mask_ratio, generator):
    """keep [B, K] for mae, assignment [groups, L] for mixing and mixedae; int64."""
    length = config.patches
    if config.method == "mae":
        order = torch.rand(batch, length, generator=generator).argsort(dim=1)
        return order[:, : int(length * (1 - mask_ratio))]
    groups = batch // config.group_size
    order = torch.rand(groups, length, generator=generator).argsort(dim=1)
    return order // (length // config.group_size)
