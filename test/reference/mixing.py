"""Image mixing: which slot of a group supplies which position of which mixed image, and the way back."""

import torch

from vit import patchify, unpatchify


def mixed_slots(assignment, group, mode):
    """Assignment M [groups, L] -> [groups, m, L], the slot (0 .. g-1) behind each position of each mixed image.

    compose: one mixed image (m = 1) with M. full: m = g, the k-th with (M + k) mod g, so every patch is used once.
    """
    if mode == "compose":
        return assignment[:, None]
    shift = torch.arange(group)[None, :, None]
    return (assignment[:, None] + shift) % group


def mix_images(images, slots, patch):
    """Images [groups * g, 3, H, W], slots [groups, m, L] -> mixed images [groups * m, 3, H, W]; patches never move."""
    groups, mixed, length = slots.shape
    patches = patchify(images, patch)
    patches = patches.reshape(groups, -1, length, patches.shape[-1])
    chosen = patches.gather(1, slots[..., None].expand(-1, -1, -1, patches.shape[-1]))
    rows, columns = images.shape[-2] // patch, images.shape[-1] // patch
    return unpatchify(chosen.reshape(groups * mixed, length, -1), patch, rows, columns)


def unmix(embedded, slots, group, mask_token):
    """Decoder-width tokens [groups * m, 1 + L, Dd] -> (cls [B, 1, Dd], tokens [B, L, Dd], visible [B, L]) by source.

    Source i is decoded from the only mixed image (compose) or from the i-th (full): its own tokens where that mixed
    image shows it, the mask token elsewhere, and that mixed image's CLS.
    """
    groups, mixed, length = slots.shape
    sources = torch.arange(group)
    from_mixed = sources if mixed == group else torch.zeros_like(sources)
    tokens = embedded.reshape(groups, mixed, 1 + length, -1)[:, from_mixed]  # [groups, g, 1 + L, Dd]
    visible = slots[:, from_mixed] == sources[None, :, None]  # [groups, g, L]
    unmixed = torch.where(visible[..., None], tokens[:, :, 1:], mask_token.to(tokens.dtype))
    return tokens[:, :, :1].flatten(0, 1), unmixed.flatten(0, 1), visible.flatten(0, 1)
