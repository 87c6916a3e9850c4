"""python3 convolution.py INPUT.safetensors OUTPUT.safetensors: a convolution and its gradients in PyTorch's float64.

INPUT   metadata `config` (JSON: stride, padding, transposed); tensors `x`, `weight`, `slope` (the gradient of the result).
OUTPUT  y, toX, toWeight.
"""

import json
import sys

import torch
import torch.nn.functional as F

import tensor_file


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = json.loads(metadata["config"])
    given = {name: torch.from_numpy(array).double() for name, array in tensors.items()}
    x, weight = given["x"].requires_grad_(), given["weight"].requires_grad_()
    operation = F.conv_transpose2d if config["transposed"] else F.conv2d
    y = operation(x, weight, stride=config["stride"], padding=config["padding"])
    y.backward(given["slope"])
    output = {"y": y.detach(), "toX": x.grad, "toWeight": weight.grad}
    tensor_file.write(output_path, {name: tensor.contiguous().numpy() for name, tensor in output.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
