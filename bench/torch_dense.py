"""Times one float32 training step (forward, backward, AdamW) of ViT-Base for a dense task on the CPU; prints one JSON line.

    python3 bench/torch_dense.py '{"workload": "segmentation", "threads": 2}'

segmentation   UPerNet at 512 pixels, as MAE's recipe on ADE20K; detection   Mask R-CNN at 1,024, as ViTDet's on COCO: one image,
without relative positions. The transcriptions of test/reference are the model, but RoIAlign takes all regions of a level
together and global attention is fused. The second of two steps is timed; the peak of memory is that of the process.
"""

import json
import pathlib
import resource
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "reference"))
import detector  # noqa: E402
import segment  # noqa: E402
import vit  # noqa: E402
from torchvision.ops import roi_align  # noqa: E402

WIDTH, DEPTH, HEADS = 768, 12, 12


def attend(p, name, x, heads, bias, keep):
    count, tokens, width = x.shape
    qkv = vit.linear(p, f"{name}.qkv", x).reshape(count, tokens, 3, heads, width // heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    if hasattr(F, "scaled_dot_product_attention"):
        mixed = F.scaled_dot_product_attention(query, key, value)
    else:
        mixed = (query @ key.transpose(-2, -1) / (width // heads) ** 0.5).softmax(-1) @ value
    return vit.linear(p, f"{name}.proj", mixed.transpose(1, 2).reshape(count, tokens, width))


def features(self, levels, strides, regions, level_of, side):
    """All regions of a level together."""
    count = regions.shape[1]
    result = regions.new_zeros(count, levels[0].shape[1], side, side)
    for level, stride in enumerate(strides):
        rows = torch.where(level_of[0] == level)[0]
        result[rows] = roi_align(levels[level], [regions[0, rows]], side, 1 / stride, sampling_ratio=2, aligned=True)
    return result


class Parameters(dict):
    """Made where they are first asked for, from shapes that follow from their names and use."""

    def make(self, name, *shape):
        self[name] = (0.02 * torch.randn(*shape)).requires_grad_()

    def layer(self, name, outputs, *inputs):
        self.make(f"{name}.weight", outputs, *inputs)
        self.make(f"{name}.bias", outputs)

    def norm(self, name, channels):
        self.layer(name, channels)

    def unit(self, name, inputs, outputs, kernel):
        self.make(f"{name}.conv.weight", outputs, inputs, kernel, kernel)
        self.norm(f"{name}.norm", outputs)

    def double(self, name, inputs, outputs):
        self.make(f"{name}.weight", inputs, outputs, 2, 2)
        self.make(f"{name}.bias", outputs)


def encoder(final_norm):
    p = Parameters()
    p.make("cls_token", 1, 1, WIDTH)
    p.make("pos_embed", 1, 197, WIDTH)
    p.layer("patch_embed.proj", WIDTH, 3, 16, 16)
    for index in range(DEPTH):
        name = f"blocks.{index}"
        p.norm(f"{name}.norm1", WIDTH)
        p.norm(f"{name}.norm2", WIDTH)
        p.layer(f"{name}.attn.qkv", 3 * WIDTH, WIDTH)
        p.layer(f"{name}.attn.proj", WIDTH, WIDTH)
        p.layer(f"{name}.mlp.fc1", 4 * WIDTH, WIDTH)
        p.layer(f"{name}.mlp.fc2", WIDTH, 4 * WIDTH)
    if final_norm:
        p.norm("norm", WIDTH)
    return p


def segmentation():
    classes, channels, auxiliary = 150, 768, 256
    p = encoder(False)
    p.double("neck.quadruple.0", WIDTH, WIDTH)
    p.norm("neck.quadruple.1", WIDTH)
    p.double("neck.quadruple.3", WIDTH, WIDTH)
    p.double("neck.double", WIDTH, WIDTH)
    for index in range(4):
        p.unit(f"decode_head.pyramid_pooling.{index}", WIDTH, channels, 1)
    p.unit("decode_head.pyramid_pooling.fusion", WIDTH + 4 * channels, channels, 3)
    for index in range(3):
        p.unit(f"decode_head.laterals.{index}", WIDTH, channels, 1)
        p.unit(f"decode_head.pyramid.{index}", channels, channels, 3)
    p.unit("decode_head.fusion", 4 * channels, channels, 3)
    p.layer("decode_head.classifier", classes, channels, 1, 1)
    p.unit("auxiliary_head", WIDTH, auxiliary, 3)
    p.layer("auxiliary_head.classifier", classes, auxiliary, 1, 1)
    # The statistics of one place, as pyramid pooling has for one image, are no statistics to PyTorch: groups of all there.
    settings = {"patch": 16, "side": 14, "depth": DEPTH, "heads": HEADS, "windowSide": None, "globalBlocks": []}
    settings |= {"relativeSide": None, "taps": [3, 5, 7, 11], "norm": "group"}
    images, labels = torch.randn(1, 3, 512, 512), torch.randint(classes, (1, 512, 512))
    scales = torch.ones(1, DEPTH, 2)

    def loss():
        head = segment.Head(p, settings)
        scores, aside = head.upernet(segment.encode(p, settings, images, scales), torch.ones(1, channels, 1, 1))
        resized = [F.interpolate(each, (512, 512), mode="bilinear", align_corners=False) for each in (scores, aside)]
        return F.cross_entropy(resized[0], labels) + 0.4 * F.cross_entropy(resized[1], labels)

    return p, loss


def detection():
    classes, channels = 80, 256
    p = encoder(True)
    for index, (scale, inputs) in enumerate(((4, 192), (2, 384), (1, WIDTH), (0.5, WIDTH))):
        name = f"pyramid.{index}"
        if scale > 1:
            p.double(f"{name}.double", WIDTH, WIDTH // 2)
        if scale > 2:
            p.norm(f"{name}.norm", WIDTH // 2)
            p.double(f"{name}.double_again", WIDTH // 2, WIDTH // 4)
        p.unit(f"{name}.lateral", inputs, channels, 1)
        p.unit(f"{name}.output", channels, channels, 3)
    for index in range(2):
        p.layer(f"proposal_head.conv.{index}", channels, channels, 3, 3)
    p.layer("proposal_head.objectness", 3, channels, 1, 1)
    p.layer("proposal_head.deltas", 12, channels, 1, 1)
    for head in ("box_head", "mask_head"):
        for index in range(4):
            p.unit(f"{head}.conv.{index}", channels, channels, 3)
    p.layer("box_head.hidden", 1024, channels * 49)
    p.layer("box_head.scores", classes + 1, 1024)
    p.layer("box_head.deltas", 4 * classes, 1024)
    p.double("mask_head.double", channels, channels)
    p.layer("mask_head.masks", classes, channels, 1, 1)
    settings = {"patch": 16, "side": 14, "depth": DEPTH, "heads": HEADS, "windowSide": 14, "globalBlocks": [2, 5, 8, 11]}
    settings |= {"relativeSide": None, "taps": [11], "pyramid": "simple", "finest": 4, "proposalConvolutions": 2}
    model = detector.Detector(p, settings)
    images, scales = torch.randn(1, 3, 1024, 1024), torch.ones(1, DEPTH, 2)
    corners = torch.rand(1, 512, 2) * 700
    regions = torch.cat([corners, corners + 16 + 250 * torch.rand(1, 512, 2)], 2)
    level_of, kinds = torch.randint(4, (1, 512)), torch.randint(classes, (512,))
    targets = torch.randint(2, (128, 28, 28)).float()

    def loss():
        levels, strides = model.pyramid(segment.encode(p, settings, images, scales))
        objectness, deltas = model.proposals(levels)
        total = F.binary_cross_entropy_with_logits(objectness[:, :256], torch.zeros(1, 256)) + deltas[:, :256].abs().mean()
        found = features(model, levels, strides, regions, level_of, 7)
        hidden = model.linear("box_head.hidden", model.heads("box_head", found, 4).flatten(1)).relu()
        total = total + F.cross_entropy(model.linear("box_head.scores", hidden), kinds)
        shifts = model.linear("box_head.deltas", hidden).reshape(512, classes, 4)
        total = total + shifts[torch.arange(512), kinds].abs().mean()
        found = features(model, levels, strides, regions[:, :128], level_of[:, :128], 14)
        masks = model.convolved("mask_head.masks", model.doubled("mask_head.double", model.heads("mask_head", found, 4)).relu())
        return total + F.binary_cross_entropy_with_logits(masks[torch.arange(128), kinds[:128]], targets)

    return p, loss


def main(spec):
    torch.set_num_threads(spec["threads"])
    torch.manual_seed(0)
    segment.attend = attend
    p, loss = {"segmentation": segmentation, "detection": detection}[spec["workload"]]()
    optimizer = torch.optim.AdamW(p.values(), lr=1e-5)
    for _ in range(2):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": round(seconds, 2), "peakMemoryGiB": round(peak, 1)}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(json.loads(sys.argv[1]))
