"""python3 resampling.py INPUT.safetensors OUTPUT.safetensors: tensor `x` at other sizes, by PyTorch in float64."""

import sys

import torch
import torch.nn.functional as F

import tensor_file


def main(input_path, output_path):
    tensors, _ = tensor_file.read(input_path)
    x = torch.from_numpy(tensors["x"]).double()
    output = {
        "up": F.interpolate(x, (16, 21), mode="bilinear", align_corners=False),
        "down": F.interpolate(x, (3, 4), mode="bilinear", align_corners=False),
        "aligned": F.interpolate(x, (12, 5), mode="bilinear", align_corners=True),
        "cells": F.adaptive_avg_pool2d(x, (3, 6)),
        "larger": F.adaptive_avg_pool2d(x, (9, 12)),
        "largest": F.max_pool2d(x, 2),
        "means": F.avg_pool2d(x, 3, 2),
    }
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
