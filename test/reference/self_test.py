"""python3 self_test.py: checks the reference against loops, PyTorch's own layers and finite differences."""

import dataclasses
import itertools
import json
import math
import pathlib
import tempfile

import numpy as np
import torch

import config as config_file
import contrastive_check
import mae
import mixed_ae
import parameters
import reference
import tensor_file
import vit
from mixing import mix_images, mixed_slots

SMALL = config_file.Config(
    method="mixedae", image_size=16, patch_size=4, width=16, depth=3, heads=2,
    decoder_width=8, decoder_depth=1, decoder_heads=2, mlp_ratio=2, steps=2, dtype="float64",
)  # fmt: skip
BATCH = 8
SWITCHES = {
    "method": ("mae", "mixing", "mixedae"),
    "mode": ("compose", "full"),
    "projection_head": (False, True),
    "decoder_segment_embedding": (False, True),
    "homologous_attention": (False, True),
    "cls_competes": (False, True),
    "group_size": (2, 4),
}


def problem(config, seed=0):
    """Random parameters, images and plan, float64."""
    generator = torch.Generator().manual_seed(seed)
    values = parameters.random_parameters(parameters.trainable_shapes(config), generator, 0.2, torch.float64)
    size = config.image_size
    images = torch.randn(BATCH, 3, size, size, generator=generator, dtype=torch.float64)
    return values, images, parameters.random_plan(config, BATCH, 0.75, generator)


def test_every_configuration():
    for choice in itertools.product(*SWITCHES.values()):
        config = dataclasses.replace(SMALL, **dict(zip(SWITCHES, choice)))
        values, images, plan = problem(config)
        output = reference.compute(config, values, images, plan)
        assert output["prediction"].shape == output["target"].shape == (BATCH, 16, 48)
        hidden = 12 if config.method == "mae" else 16 - 16 // config.group_size
        assert ((~output["visible"]).sum(dim=1) == hidden).all()
        expected = output["reconstruction"]
        if config.contrastive:
            expected = expected + config.contrastive_weight * output["contrastive"]
        assert torch.equal(output["loss"], expected)
        blocks = config.depth - config.homologous_from if config.homologous_attention else None
        assert (output["topkPrecision"].shape == (blocks,)) if blocks else "topkPrecision" not in output
        assert 0 < output["featureSpread"] < 1
        for name, before in values.items():
            gradient = output[f"gradients/{name}"]
            assert gradient.shape == before.shape and gradient.isfinite().all(), name
            # A key's bias shifts every logit of a query alike, so softmax makes a third of the qkv bias irrelevant.
            assert gradient.abs().max() > 1e-9, (name, config)
            assert not torch.equal(output[f"after/{name}"], before), name


def test_patches():
    wide = torch.arange(2 * 3 * 8 * 12.0).reshape(2, 3, 8, 12)
    assert torch.equal(vit.unpatchify(vit.patchify(wide, 4), 4, 2, 3), wide)
    images = torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    patches = vit.patchify(images, 4)
    assert patches.shape == (2, 4, 48)
    for row, column, channel in itertools.product(range(4), range(4), range(3)):
        assert patches[1, 2, (row * 4 + column) * 3 + channel] == images[1, channel, 4 + row, column]
    assert torch.equal(vit.unpatchify(patches, 4, 2, 2), images)


def test_positions():
    positions = vit.sincos_positions(16, 2, 3)
    assert positions.shape == (1, 7, 16) and (positions[0, 0] == 0).all()
    for row, column, i in itertools.product(range(2), range(3), range(4)):
        frequency = 10000 ** (-i / 4)
        found = positions[0, 1 + row * 3 + column, i::4].tolist()
        for value, wave in zip(found, (math.sin(column * frequency), math.cos(column * frequency),
                                       math.sin(row * frequency), math.cos(row * frequency))):  # fmt: skip
            assert abs(value - wave) < 1e-12


def test_block_equals_torch_layer():
    generator = torch.Generator().manual_seed(1)
    values = parameters.random_parameters(parameters.block_shapes("b", 16, 32), generator, 0.3, torch.float64)
    layer = torch.nn.TransformerEncoderLayer(
        16, 2, 32, dropout=0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).double()
    official = {"attn.qkv.": "self_attn.in_proj_", "attn.proj.": "self_attn.out_proj.", "mlp.fc1": "linear1",
                "mlp.fc2": "linear2"}  # fmt: skip
    state = {}
    for name, value in values.items():
        name = name[2:]
        for ours, theirs in official.items():
            name = name.replace(ours, theirs)
        state[name] = value
    layer.load_state_dict(state)
    x = torch.randn(3, 7, 16, generator=generator, dtype=torch.float64)
    assert torch.allclose(vit.block(values, "b", x, 2)[0], layer(x), atol=1e-12)


def test_homologous_attention_by_loops():
    generator = torch.Generator().manual_seed(2)
    tokens, width, top, depth = 9, 6, 2, 3
    values = {"a.qkv.weight": torch.randn(18, width, generator=generator, dtype=torch.float64)}
    values["a.qkv.bias"] = torch.randn(18, generator=generator, dtype=torch.float64)
    values["a.proj.weight"], values["a.proj.bias"] = torch.eye(width).double(), torch.zeros(width).double()
    x = torch.randn(1, tokens, width, generator=generator, dtype=torch.float64)
    found, kept = vit.attention(values, "a", x, 2, top)
    qkv = (x[0] @ values["a.qkv.weight"].T + values["a.qkv.bias"]).tolist()
    for head, row in itertools.product(range(2), range(tokens)):
        part = lambda which, token: qkv[token][which * width + head * depth :][:depth]  # noqa: E731
        logit = [sum(a * b for a, b in zip(part(0, row), part(1, c))) / math.sqrt(depth) for c in range(tokens)]
        best = sorted(range(1, tokens), key=lambda c: -logit[c])[:top] if row > 0 else range(1, tokens)
        chosen = [0, *best]
        weight = {c: math.exp(logit[c]) for c in chosen}
        total = sum(weight.values())
        for i in range(depth):
            expected = sum(weight[c] / total * part(2, c)[i] for c in chosen)
            assert abs(found[0, row, head * depth + i].item() - expected) < 1e-12
        assert kept[0, head, row].nonzero().flatten().tolist() == sorted(chosen)


def test_contrastive_by_loops():
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(2, 8, 5, generator=generator, dtype=torch.float64)
    slots = torch.tensor([[0, 1, 0, 1, 1, 0, 0, 1], [1, 1, 0, 0, 1, 1, 0, 0]])
    terms = []
    for s, l in itertools.product(range(2), range(8)):
        cosine = [torch.cosine_similarity(z[s, l], z[s, q], dim=0).item() for q in range(8)]
        below = sum(math.exp(cosine[q] / 0.5) for q in range(8) if q != l)
        positives = [p for p in range(8) if p != l and slots[s, p] == slots[s, l]]
        terms.append(-sum(math.log(math.exp(cosine[p] / 0.5) / below) for p in positives) / len(positives))
    assert abs(mixed_ae.contrastive_loss(z, slots, 0.5).item() - sum(terms) / len(terms)) < 1e-12


def test_mixing_by_loops():
    images = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(4))
    assignment = torch.tensor([[0, 1, 2, 3], [3, 1, 0, 2]])
    slots = mixed_slots(assignment, 4, "full")
    patches, mixed = vit.patchify(images, 4), vit.patchify(mix_images(images, slots, 4), 4)
    for group, k, position in itertools.product(range(2), range(4), range(4)):
        source = group * 4 + (int(assignment[group, position]) + k) % 4
        assert torch.equal(mixed[group * 4 + k, position], patches[source, position])
    compose = mix_images(images, mixed_slots(assignment, 4, "compose"), 4)
    assert torch.equal(vit.patchify(compose, 4), mixed[::4])


def test_loss_sees_only_hidden_patches():
    config = dataclasses.replace(SMALL, method="mae", norm_pixels=False)
    values, images, keep = problem(config)
    result = mae.forward({**values, **reference.computed_positions(config)}, config, images, keep)
    squares = (result["prediction"] - vit.patchify(images, 4)).pow(2).mean(dim=-1)
    hidden = [squares[b, l].item() for b in range(BATCH) for l in range(16) if l not in keep[b].tolist()]
    assert abs(result["loss"].item() - sum(hidden) / len(hidden)) < 1e-12


def test_gradients_by_differences():
    for method in ("mae", "mixedae"):
        config = dataclasses.replace(SMALL, method=method, mode="full", projection_head=True, steps=0)
        values, images, plan = problem(config)
        output = reference.compute(config, values, images, plan)
        fixed = reference.computed_positions(config)
        for name in ("cls_token", "blocks.1.attn.qkv.weight", "decoder_pred.weight", "norm.bias", "segment_embed"):
            if name not in values:
                continue
            index = tuple(size // 2 for size in values[name].shape)
            sides = []
            for step in (1e-6, -1e-6):
                moved = values[name].clone()
                moved[index] += step
                sides.append(reference.forward({**values, name: moved, **fixed}, config, images, plan)["loss"].item())
            difference = (sides[0] - sides[1]) / 2e-6
            assert abs(output[f"gradients/{name}"][index].item() - difference) < 1e-7, (method, name)


def test_first_step_by_hand():
    """AdamW's first step moves each value by lr * gradient / (|gradient| + eps), after decay where there is decay."""
    config = dataclasses.replace(SMALL, steps=1)
    values, images, plan = problem(config)
    output, rule = reference.compute(config, values, images, plan), config.optimizer
    for name, decay in (("blocks.0.mlp.fc1.weight", 0.05), ("cls_token", 0.05), ("norm.weight", 0), ("segment_embed", 0)):
        gradient = output[f"gradients/{name}"]
        expected = values[name] * (1 - rule.learning_rate * decay)
        expected = expected - rule.learning_rate * gradient / (gradient.abs() + rule.epsilon)
        assert torch.allclose(output[f"after/{name}"], expected, atol=1e-12), name


def test_parameter_count():
    base = config_file.Config("mae", 224, 16, 768, 12, 12, 512, 8, 16)
    count = sum(math.prod(shape) for shape in parameters.trainable_shapes(base).values())
    assert count + 197 * (768 + 512) == 111_907_840


def test_files():
    with tempfile.TemporaryDirectory() as folder:
        given, result = (str(pathlib.Path(folder) / f"{name}.safetensors") for name in ("in", "out"))
        values, images, plan = problem(SMALL)
        settings = {"method": "mixedae", "imageSize": 16, "patchSize": 4, "width": 16, "depth": 3, "heads": 2,
                    "decoderWidth": 8, "decoderDepth": 1, "decoderHeads": 2, "mlpRatio": 2, "steps": 2,
                    "optimizer": {"learningRate": 0.01}, "dtype": "float32"}  # fmt: skip
        tensors = {f"parameters/{name}": value.numpy() for name, value in values.items()}
        tensors.update({"images": images.float().numpy(), "plan/assignment": plan.numpy()})
        tensor_file.write(given, tensors, {"config": json.dumps(settings)})
        again, _ = tensor_file.read(given)
        assert all(np.array_equal(again[name], tensor) for name, tensor in tensors.items())
        reference.main(given, result)
        output, _ = tensor_file.read(result)
        assert output["loss"].shape == () and output["loss"].dtype == np.float32
        exact = reference.compute(SMALL, values, images, plan)
        assert abs(output["loss"] - exact["loss"].item()) < 1e-4


if __name__ == "__main__":
    tests = {name: test for name, test in list(globals().items()) if name.startswith("test_")}
    tests["closed-form contrastive values"] = contrastive_check.check
    for name, test in tests.items():
        test()
        print("ok", name.removeprefix("test_").replace("_", " "))
