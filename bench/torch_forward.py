"""Times PyTorch's forward of a vision transformer's features on the CPU; prints one JSON line.

    python3 bench/torch_forward.py '{"batch": 64, "imageSize": 32, "patchSize": 4, "width": 192, "depth": 6, "heads": 3}'

mlpRatio (4), threads (1), repeats (7), timeLimit in seconds (60; at least one timed run is made). As in torch_step.py,
Debian's PyTorch needs libopenblas0-openmp for its times to say anything.
"""

import json
import pathlib
import statistics
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "reference"))
import features  # noqa: E402
import parameters as reference_parameters  # noqa: E402
import vit  # noqa: E402


def encoder_parameters(spec, generator):
    width, patch, depth = spec["width"], spec["patchSize"], spec["depth"]
    shapes = {
        "cls_token": (1, 1, width),
        "patch_embed.proj.weight": (width, 3, patch, patch),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for index in range(depth):
        shapes.update(reference_parameters.block_shapes(f"blocks.{index}", width, int(width * spec.get("mlpRatio", 4))))
    found = reference_parameters.random_parameters(shapes, generator)
    found["pos_embed"] = vit.sincos_positions(width, spec["imageSize"] // patch).float()
    return found


def main(spec):
    torch.set_num_threads(spec.get("threads", 1))
    generator = torch.Generator().manual_seed(0)
    given = encoder_parameters(spec, generator)
    images = torch.randn(spec["batch"], 3, spec["imageSize"], spec["imageSize"], generator=generator)
    times, began = [], time.perf_counter()
    with torch.inference_mode():
        features.features(given, images, spec["depth"], spec["heads"])
        while len(times) < spec.get("repeats", 7) and (not times or time.perf_counter() - began < spec.get("timeLimit", 60)):
            start = time.perf_counter()
            features.features(given, images, spec["depth"], spec["heads"])
            times.append(1000 * (time.perf_counter() - start))
    print(json.dumps({"medianMs": statistics.median(times)}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(json.loads(sys.argv[1]))
