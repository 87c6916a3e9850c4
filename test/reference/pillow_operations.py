"""python3 pillow_operations.py INPUT.safetensors OUTPUT.safetensors: operations on images by Pillow.

INPUT   metadata `config` (JSON: `cases`, a list of [image, operation, amount]); `images` [N, size, size, 3], uint8.
OUTPUT  a tensor [size, size, 3] for each case, named by its place in the list.
"""

import json
import sys

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import tensor_file

GREY = (128, 128, 128)


def affine(image, matrix):
    return image.transform(image.size, Image.AFFINE, matrix, resample=Image.BILINEAR, fillcolor=GREY)


def solarize_add(image, addend):
    table = [min(255, value + addend) if value < 128 else value for value in range(256)]
    return image.point(table * 3)


OPERATIONS = {
    "autoContrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
    "invert": lambda image, _: ImageOps.invert(image),
    "rotate": lambda image, degrees: image.rotate(degrees, resample=Image.BILINEAR, fillcolor=GREY),
    "posterize": ImageOps.posterize,
    "solarize": ImageOps.solarize,
    "solarizeAdd": solarize_add,
    "color": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
    "shearX": lambda image, slope: affine(image, (1, slope, 0, 0, 1, 0)),
    "shearY": lambda image, slope: affine(image, (1, 0, 0, slope, 1, 0)),
    "translateX": lambda image, share: affine(image, (1, 0, share * image.size[0], 0, 1, 0)),
    "translateY": lambda image, share: affine(image, (1, 0, 0, 0, 1, share * image.size[1])),
    "grayscale": lambda image, _: image.convert("L").convert("RGB"),
    "blur": lambda image, sigma: image.filter(ImageFilter.GaussianBlur(radius=sigma)),
}


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    images = [Image.fromarray(pixels, "RGB") for pixels in tensors["images"]]
    output = {}
    for place, (index, name, amount) in enumerate(json.loads(metadata["config"])["cases"]):
        output[str(place)] = np.array(OPERATIONS[name](images[index], amount))
    tensor_file.write(output_path, output)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
