"""Reads and writes safetensors files as numpy arrays: just enough for the reference, written apart from src/."""

import json
import math
import struct

import numpy as np

DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def read(path):
    """Returns ({name: array}, {key: string}). BF16, which numpy lacks, becomes float32."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    data = content[8 + length :]
    tensors = {}
    for name, info in header.items():
        begin, end = info["data_offsets"]
        if info["dtype"] == "BF16":
            high = np.frombuffer(data[begin:end], "<u2").astype("<u4")
            values = (high << 16).view("<f4")
        else:
            values = np.frombuffer(data[begin:end], DTYPES[info["dtype"]])
        if values.size != math.prod(info["shape"]):
            raise ValueError(f"{path}: {name} has {values.size} values, its shape is {info['shape']}")
        tensors[name] = values.reshape(info["shape"]).copy()
    return tensors, metadata


def write(path, tensors, metadata=None):
    """Writes {name: array}, wide items first so that every tensor is aligned to its item size."""
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    header = {"__metadata__": metadata} if metadata else {}
    offset = 0
    names = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    for name in names:
        array = arrays[name]
        end = offset + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            file.write(arrays[name].tobytes())
