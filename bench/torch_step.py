"""Times PyTorch training steps (forward, backward, AdamW) on the CPU; prints one JSON line.

    python3 bench/torch_step.py '{"kind": "vit", "batch": 64, "tokens": 50, "width": 192, "depth": 12, "heads": 3}'
    python3 bench/torch_step.py '{"kind": "mae", "batch": 64, "imageSize": 32, "patchSize": 4, "width": 192,
        "depth": 6, "heads": 3, "decoderWidth": 96, "decoderDepth": 2, "decoderHeads": 3, "precision": "bfloat16"}'

vit       batch, tokens, width, depth, heads, mlpRatio (4): pre-norm blocks, squared error to a random target.
mae       the fields of test/reference/config.py in camelCase, batch, maskRatio (0.75).
mixedae   the same, with groupSize, mode and the switches; so is mixing.
All       precision (float32 | bfloat16 by autocast), threads (all cores), warmUp (3), repeats (20), timeLimit in
          seconds (120, warm-up included; at least one timed step is made), seed (0).
Debian's python3-torch multiplies float32 matrices with whatever libblas.so.3 is: install libopenblas0-openmp (it shares
PyTorch's threads), or the times say nothing about PyTorch; `blas` in the result tells which one was loaded. Measure on
an idle machine: both libraries wait by spinning, so a second busy process costs far more than its share (`loadBefore`).
Data, plan and parameters are drawn once, before the clock starts. The reference's functions are the model: fused
linear, layer_norm and gelu, and softmax between two matmuls. Metrics are off. Where PyTorch has fused attention (2.0
and later), ordinary attention uses it.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "reference"))
import config as config_file  # noqa: E402
import parameters as reference_parameters  # noqa: E402
import reference  # noqa: E402
import vit  # noqa: E402

RUN_FIELDS = {
    "batch": None, "precision": "float32", "threads": os.cpu_count(), "warmUp": 3, "repeats": 20, "timeLimit": 120,
    "seed": 0, "maskRatio": 0.75,
}  # fmt: skip
VIT_FIELDS = ("tokens", "width", "depth", "heads", "mlpRatio")


def fused_attention(parameters, name, x, heads, top=None):
    """Ordinary attention by PyTorch's own kernel; homologous attention as in the reference."""
    if top is not None:
        return plain_attention(parameters, name, x, heads, top)
    batch, tokens, width = x.shape
    qkv = vit.linear(parameters, f"{name}.qkv", x).reshape(batch, tokens, 3, heads, width // heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(query, key, value)
    return vit.linear(parameters, f"{name}.proj", mixed.transpose(1, 2).reshape(batch, tokens, width)), None


plain_attention = vit.attention
FUSED = hasattr(F, "scaled_dot_product_attention")
if FUSED:
    vit.attention = fused_attention


def vit_problem(model, batch, generator):
    """Pre-norm blocks on random tokens [B, N, D] against a random target -> (trainable, loss function)."""
    unknown = set(model) - set(VIT_FIELDS)
    if unknown:
        raise ValueError(f"unknown fields {sorted(unknown)}; known are {sorted([*VIT_FIELDS, *RUN_FIELDS, 'kind'])}")
    width, depth, heads = model["width"], model["depth"], model["heads"]
    hidden = int(width * model.get("mlpRatio", 4))
    shapes = {}
    for index in range(depth):
        shapes.update(reference_parameters.block_shapes(f"blocks.{index}", width, hidden))
    trainable = reference_parameters.random_parameters(shapes, generator)
    tokens, target = (torch.randn(batch, model["tokens"], width, generator=generator) for _ in range(2))

    def loss():
        x = tokens
        for index in range(depth):
            x, _ = vit.block(trainable, f"blocks.{index}", x, heads)
        return F.mse_loss(x, target)

    return trainable, loss


def method_problem(kind, model, batch, mask_ratio, generator):
    """MAE, naive mixing or MixedAE on random images -> (trainable, loss function)."""
    config = config_file.parse(json.dumps({"method": kind, **model}))
    trainable = reference_parameters.random_parameters(reference_parameters.trainable_shapes(config), generator)
    images = torch.randn(batch, 3, *(side * config.patch_size for side in config.grid), generator=generator)
    plan = reference_parameters.random_plan(config, batch, mask_ratio, generator)
    everything = {**trainable, **reference.computed_positions(config)}

    def loss():
        return reference.forward(everything, config, images, plan, metrics=False)["loss"]

    return trainable, loss


def measure(spec):
    spec = dict(spec)
    kind = spec.pop("kind")
    run = {field: spec.pop(field, default) for field, default in RUN_FIELDS.items()}
    if kind not in ("vit", "mae", "mixing", "mixedae"):
        raise ValueError(f"kind is {kind!r}, not vit, mae, mixing or mixedae")
    if run["precision"] not in ("float32", "bfloat16"):
        raise ValueError(f"precision is {run['precision']!r}, not float32 or bfloat16")
    torch.set_num_threads(run["threads"])
    generator = torch.Generator().manual_seed(run["seed"])
    if kind == "vit":
        trainable, loss_of = vit_problem(spec, run["batch"], generator)
    else:
        trainable, loss_of = method_problem(kind, spec, run["batch"], run["maskRatio"], generator)
    for tensor in trainable.values():
        tensor.requires_grad_()
    optimizer = reference.make_optimizer(trainable, config_file.Optimizer(learning_rate=1e-4))
    half = run["precision"] == "bfloat16"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16) if half else contextlib.nullcontext():
            loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.item()

    load = os.getloadavg()[0]
    started = time.perf_counter()
    warm = 0
    while warm < run["warmUp"] and (warm == 0 or time.perf_counter() - started < run["timeLimit"] / 2):
        first = step()
        if warm == 0:
            first_loss = first
        warm += 1
    times = []
    while len(times) < run["repeats"] and (not times or time.perf_counter() - started < run["timeLimit"]):
        before = time.perf_counter()
        last_loss = step()
        times.append((time.perf_counter() - before) * 1000)
    return {
        "kind": kind,
        "medianMs": round(statistics.median(times), 3),
        "minMs": round(min(times), 3),
        "maxMs": round(max(times), 3),
        "steps": len(times),
        "warmUp": warm,
        "peakRssMiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "parameters": sum(tensor.numel() for tensor in trainable.values()),
        "firstLoss": first_loss if warm else None,
        "lastLoss": last_loss,
        "precision": run["precision"],
        "threads": torch.get_num_threads(),
        "fusedAttention": FUSED,
        "torch": torch.__version__,
        "loadBefore": round(load, 2),
        "blas": blas(),
        "cpuCapability": capability(),
        "spec": {**spec, "batch": run["batch"]},
    }


def blas():
    """The matrix library behind float32: `reference` is Debian's unoptimised libblas3, dozens of times slower."""
    if torch.backends.mkl.is_available():
        return "mkl"
    try:
        loaded = pathlib.Path("/proc/self/maps").read_text()
    except OSError:
        return "unknown"
    if "openblas" in loaded:
        return "openblas"
    return "reference" if re.search(r"/blas/libblas\.so", loaded) else "unknown"


def capability():
    """The widest vector instructions that PyTorch's own kernels use here."""
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return found.group(1) if found else "unknown"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    result = measure(json.loads(sys.argv[1]))
    if result["blas"] == "reference" and result["precision"] == "float32":
        print("no fair float32 time: install libopenblas0-openmp beside Debian's python3-torch", file=sys.stderr)
    print(json.dumps(result))
