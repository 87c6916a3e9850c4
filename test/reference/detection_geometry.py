"""python3 detection_geometry.py INPUT.safetensors OUTPUT.safetensors: boxes, anchors, matches and suppression of torchvision.

INPUT   metadata `config` (JSON: sides and strides by level, scale, aspects, threshold, imageSide, perLevel, count); tensors
        `boxes` [n, 4], `scores` [n], `objects` [m, 4], `deltas` [n, 4], `objectness` [anchors], `anchorDeltas` [anchors, 4].
OUTPUT  overlaps [n, m], encoded [n, 4] (of box i to object i modulo m, both kinds of weights), decoded, kept, anchors,
        matchedAnchors (anchors to objects, with a box for every object), matchedRegions (boxes to objects), proposals [count, 4].
"""

import json
import sys

import torch
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.rpn import AnchorGenerator, RegionProposalNetwork
from torchvision.ops import box_iou, clip_boxes_to_image, nms

import tensor_file


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    boxes, objects, side = given["boxes"], given["objects"], config["imageSide"]
    output = {"overlaps": box_iou(boxes, objects), "kept": nms(boxes, given["scores"], config["threshold"]).double()}

    paired = objects[torch.arange(len(boxes)) % len(objects)]
    for name, weights in (("Anchor", (1.0, 1.0, 1.0, 1.0)), ("Region", (10.0, 10.0, 5.0, 5.0))):
        coder = BoxCoder(weights)
        output[f"encoded{name}"] = coder.encode_single(paired, boxes)
        decoded = coder.decode_single(given["deltas"], boxes)
        output[f"decoded{name}"] = clip_boxes_to_image(decoded.reshape(-1, 4), (side, side))

    sizes = tuple((config["scale"] * stride,) for stride in config["strides"])
    generator = AnchorGenerator(sizes, (tuple(config["aspects"]),) * len(sizes))
    strides = [[torch.tensor(stride)] * 2 for stride in config["strides"]]
    by_level = generator.grid_anchors([[each, each] for each in config["sides"]], strides)
    anchors = torch.cat(by_level).double()
    output["anchors"] = anchors
    output["matchedAnchors"] = Matcher(0.7, 0.3, allow_low_quality_matches=True)(box_iou(objects, anchors)).double()
    output["matchedRegions"] = Matcher(0.5, 0.5, allow_low_quality_matches=False)(box_iou(objects, boxes)).double()

    network = RegionProposalNetwork(
        generator, None, 0.7, 0.3, 256, 0.5,
        {"training": config["perLevel"], "testing": config["perLevel"]},
        {"training": config["count"], "testing": config["count"]},
        0.7,
    )
    decoded = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(given["anchorDeltas"], anchors)
    proposals, _ = network.filter_proposals(
        decoded.reshape(1, -1, 4), given["objectness"][None], [(side, side)], [len(level) for level in by_level]
    )
    output["proposals"] = proposals[0]
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
