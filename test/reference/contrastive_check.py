"""The closed-form values of the homologous contrastive loss, reproduced with the reference's own function."""

import math

import torch

from mixed_ae import contrastive_loss

TEMPERATURE = 0.25
GROUP = 4


def slots_of(length):
    """[1, L], every slot equally often, interleaved."""
    return (torch.arange(length) % GROUP)[None]


def equal_features(length):
    """All tokens point the same way: log(L - 1) whatever the temperature."""
    return contrastive_loss(torch.ones(1, length, 8, dtype=torch.float64), slots_of(length), TEMPERATURE).item()


def simplex_features(length, temperature=TEMPERATURE):
    """One corner of a regular four-way simplex a source: cosine 1 within, -1/3 between sources."""
    corners = torch.eye(GROUP, dtype=torch.float64) - 1 / GROUP
    return contrastive_loss(corners[slots_of(length)], slots_of(length), temperature).item()


def rows():
    """(what, computed, formula, value stated in the notes)."""
    for length, stated in ((196, 5.273), (64, 4.143), (16, 2.708)):
        yield f"all equal, L = {length}", equal_features(length), math.log(length - 1), stated
    near, far = math.exp(1 / TEMPERATURE), math.exp(-1 / (3 * TEMPERATURE))
    for length, stated in ((196, 3.886), (64, 2.723)):
        own = length // GROUP
        formula = math.log((own - 1) * near + (length - own) * far) - 1 / TEMPERATURE
        yield f"simplex, L = {length}", simplex_features(length), formula, stated
    yield "floor (simplex, tau -> 0), L = 196", simplex_features(196, 0.01), math.log(196 / GROUP - 1), 3.871


def check():
    for what, computed, formula, stated in rows():
        assert abs(computed - formula) < 1e-9, (what, computed, formula)
        assert abs(computed - stated) < 5e-4, (what, computed, stated)


if __name__ == "__main__":
    check()
    for what, computed, formula, stated in rows():
        print(f"{what:36} {computed:.6f}  formula {formula:.6f}  stated {stated}")
