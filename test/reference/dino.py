"""python3 dino.py INPUT.safetensors OUTPUT.safetensors: DINO (arXiv 2104.14294) in PyTorch, loss, gradients and steps.

INPUT and OUTPUT as those of ibot.py, without masks, patch loss and patchCentre.
"""

import sys

import torch
import torch.nn.functional as F

from ibot import encode, head, train


def losses(student, teacher, config, given, centres, temperature):
    """-> the loss and the mean teacher output, each {"cls": ...}. Algorithm 1 of the paper with multi-crop."""
    crops = [given[f"global/{v}"] for v in range(2)] + [given[f"local/{v}"] for v in range(config["localCrops"])]
    with torch.no_grad():
        seen = [head(teacher, encode(teacher, config, crop)[:, 0]) for crop in crops[:2]]
        targets = [F.softmax((output - centres["cls"]) / temperature, dim=-1) for output in seen]
    terms = []
    for v, crop in enumerate(crops):
        output = head(student, encode(student, config, crop, scales=given["branchScales"][:, v])[:, 0])
        log_student = F.log_softmax(output / config["studentTemperature"], dim=-1)
        terms += [-(target * log_student).sum(dim=-1).mean() for q, target in enumerate(targets) if q != v]
    return {"cls": torch.stack(terms).mean()}, {"cls": torch.cat(seen).mean(dim=0)}


if __name__ == "__main__":
    train(*sys.argv[1:], losses)
