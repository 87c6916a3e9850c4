"""python3 make_weights.py FOLDER: files as MAE, DINO, iBOT, timm and Hugging Face write them, of small random models.

Beside them `expected.safetensors`: the same tensors under the official names (`mae/...`, `teacher/...`, `student/...`,
`timm/...`), the loss of MAE's forward (`images`, `keep`, `loss`), and position grids resampled by PyTorch.
"""

import argparse
import collections
import json
import os
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "reference"))

import config as config_file  # noqa: E402
import mae  # noqa: E402
import tensor_file  # noqa: E402
from vit import sincos_positions  # noqa: E402

WIDTH, DEPTH, HEADS, PATCH, GRID = 24, 2, 3, 4, 4
DECODER = {"width": 16, "depth": 1, "heads": 2}


def linear(state, name, outputs, inputs):
    state[f"{name}.weight"] = torch.randn(outputs, inputs) * 0.2
    state[f"{name}.bias"] = torch.randn(outputs) * 0.1


def norm(state, name, width):
    state[f"{name}.weight"] = 1 + 0.1 * torch.randn(width)
    state[f"{name}.bias"] = 0.1 * torch.randn(width)


def block(state, name, width):
    norm(state, f"{name}.norm1", width)
    linear(state, f"{name}.attn.qkv", 3 * width, width)
    linear(state, f"{name}.attn.proj", width, width)
    norm(state, f"{name}.norm2", width)
    linear(state, f"{name}.mlp.fc1", 4 * width, width)
    linear(state, f"{name}.mlp.fc2", width, 4 * width)


def encoder(learned_positions):
    state = collections.OrderedDict()
    state["cls_token"] = torch.randn(1, 1, WIDTH)
    fixed = sincos_positions(WIDTH, GRID).float()
    state["pos_embed"] = torch.randn(1, 1 + GRID**2, WIDTH) if learned_positions else fixed
    state["patch_embed.proj.weight"] = torch.randn(WIDTH, 3, PATCH, PATCH) * 0.2
    state["patch_embed.proj.bias"] = torch.randn(WIDTH) * 0.1
    for index in range(DEPTH):
        block(state, f"blocks.{index}", WIDTH)
    norm(state, "norm", WIDTH)
    return state


def full():
    state = encoder(learned_positions=False)
    state["mask_token"] = torch.randn(1, 1, DECODER["width"])
    state["decoder_pos_embed"] = sincos_positions(DECODER["width"], GRID).float()
    linear(state, "decoder_embed", DECODER["width"], WIDTH)
    for index in range(DECODER["depth"]):
        block(state, f"decoder_blocks.{index}", DECODER["width"])
    norm(state, "decoder_norm", DECODER["width"])
    linear(state, "decoder_pred", 3 * PATCH**2, DECODER["width"])
    return state


HUGGING_FACE = {
    "norm1": "layernorm_before",
    "attn.proj": "attention.output.dense",
    "norm2": "layernorm_after",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}


def to_hugging_face(state, prefix):
    """Official names to those of transformers, written down here apart from the table that is tested."""
    result = collections.OrderedDict()
    for name, tensor in state.items():
        decoder = name.startswith(("decoder", "mask_token"))
        parts = name.split(".")
        if "blocks" in parts[0]:
            base = f"decoder.decoder_layers.{parts[1]}" if decoder else f"{prefix}encoder.layer.{parts[1]}"
            middle, kind = ".".join(parts[2:-1]), parts[-1]
            if middle == "attn.qkv":
                for part, third in zip(("query", "key", "value"), tensor.chunk(3)):
                    result[f"{base}.attention.attention.{part}.{kind}"] = third.clone()
            else:
                result[f"{base}.{HUGGING_FACE[middle]}.{kind}"] = tensor
        elif decoder:
            result[f"decoder.{name}"] = tensor
        else:
            known = {
                "cls_token": "embeddings.cls_token",
                "pos_embed": "embeddings.position_embeddings",
                "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
                "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
                "norm.weight": "layernorm.weight",
                "norm.bias": "layernorm.bias",
            }
            result[prefix + known[name]] = tensor
    return result


def save_hugging_face(folder, state, prefix, model_type, extra):
    os.makedirs(folder)
    torch.save(to_hugging_face(state, prefix), f"{folder}/pytorch_model.bin")
    config = {"model_type": model_type, "hidden_size": WIDTH, "num_attention_heads": HEADS, "hidden_act": "gelu",
              "layer_norm_eps": 1e-12, "image_size": GRID * PATCH, "patch_size": PATCH, **extra}
    with open(f"{folder}/config.json", "w") as file:
        json.dump(config, file)
    with open(f"{folder}/preprocessor_config.json", "w") as file:
        json.dump({"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7]}, file)


def wrapped(state, prefix, head):
    result = collections.OrderedDict((prefix + name, tensor) for name, tensor in state.items())
    result.update(head)
    return result


def resampled(positions, side):
    grid = positions[:, 1:].reshape(1, GRID, GRID, WIDTH).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([positions[:, :1], grid.permute(0, 2, 3, 1).reshape(1, side * side, WIDTH)], dim=1)


def main(folder):
    torch.manual_seed(1)
    expected = {}

    def keep_expected(name, state):
        expected.update({f"{name}/{key}": tensor.clone() for key, tensor in state.items()})

    state = full()
    keep_expected("mae", state)
    optimizer = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}
    options = argparse.Namespace(lr=1e-3, model="mae_vit_tiny", output_dir="./out", betas=(0.9, 0.95))
    scaler = {"scale": 65536.0, "growth_factor": 2.0}
    torch.save({"model": state, "optimizer": optimizer, "epoch": 7, "scaler": scaler, "args": options}, f"{folder}/mae.pth")
    torch.save({"model": {k: v for k, v in state.items() if not k.startswith(("decoder", "mask"))}}, f"{folder}/encoder.pth")
    torch.save({"model": {k: v.half() for k, v in state.items()}}, f"{folder}/half.pth")
    torch.save({"model": {k: v.bfloat16() for k, v in state.items()}}, f"{folder}/bfloat16.pth")
    keep_expected("half", {k: v.half().float() for k, v in state.items()})
    keep_expected("bfloat16", {k: v.bfloat16().float() for k, v in state.items()})

    settings = config_file.Config("mae", GRID * PATCH, PATCH, WIDTH, DEPTH, HEADS, DECODER["width"], DECODER["depth"], DECODER["heads"])
    images = torch.randn(3, 3, GRID * PATCH, GRID * PATCH)
    keep = torch.stack([torch.randperm(GRID**2)[: GRID**2 // 4] for _ in range(3)])
    double = {key: tensor.double() for key, tensor in torch.load(f"{folder}/mae.pth")["model"].items()}
    loss = mae.forward(double, settings, images.double(), keep, metrics=False)["loss"]
    expected.update({"images": images, "keep": keep, "loss": loss})

    teacher, student = encoder(True), encoder(True)
    keep_expected("teacher", teacher)
    keep_expected("student", student)
    head = {"module.head.mlp.0.weight": torch.randn(8, WIDTH), "module.head.last_layer.weight_g": torch.ones(8, 1)}
    dino = {
        "student": wrapped(student, "module.backbone.", head),
        "teacher": wrapped(teacher, "backbone.", {"head.mlp.0.weight": torch.randn(8, WIDTH)}),
        "optimizer": optimizer, "epoch": 3, "args": options, "dino_loss": collections.OrderedDict(center=torch.zeros(1, 8)),
    }
    torch.save(dino, f"{folder}/dino.pth")
    torch.save({"state_dict": wrapped(teacher, "", {"masked_embed": torch.zeros(1, WIDTH)})}, f"{folder}/ibot.pth")
    torch.save(wrapped(teacher, "", {"head.weight": torch.randn(10, WIDTH), "head.bias": torch.zeros(10)}), f"{folder}/timm.pth")
    torch.save(wrapped(teacher, "", {"blocks.0.ls1.gamma": torch.ones(WIDTH)}), f"{folder}/layer-scale.pth")
    torch.save({("fc_norm" + k[4:] if k.startswith("norm.") else k): v for k, v in teacher.items()}, f"{folder}/fine-tuned.pth")
    torch.save({k: v for k, v in teacher.items() if not k.endswith("qkv.bias")}, f"{folder}/no-bias.pth")
    torch.save({**teacher, "pos_embed": teacher["pos_embed"][:, 1:]}, f"{folder}/no-cls-position.pth")
    torch.save({"a": teacher, "b": student}, f"{folder}/two.pth")

    decoder = {"decoder_num_attention_heads": DECODER["heads"], "decoder_hidden_size": DECODER["width"]}
    save_hugging_face(f"{folder}/vit-mae", state, "vit.", "vit_mae", decoder)
    save_hugging_face(f"{folder}/vit", teacher, "", "vit", {})
    save_hugging_face(f"{folder}/beit", teacher, "", "beit", {})

    for side in (2, 3, 7, 16):
        expected[f"resampled/{side}"] = resampled(teacher["pos_embed"], side)
    tensor_file.write(f"{folder}/expected.safetensors", {name: tensor.detach().numpy() for name, tensor in expected.items()})


if __name__ == "__main__":
    main(sys.argv[1])
