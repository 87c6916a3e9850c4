"""python3 reference.py INPUT.safetensors OUTPUT.safetensors: one method's loss, gradients and AdamW steps in PyTorch.

INPUT   metadata `config` (JSON, see config.py); tensors `parameters/<name>`, `images` [B, 3, H, W] and `plan/keep`
        [B, K] (mae), `plan/assignment` [groups, L] (mixing, mixedae) or `plan/hidden` [B, L] (simmim). Positions are
        computed here if not given.
OUTPUT  loss, reconstruction, contrastive?, topkPrecision? [homologous blocks], featureSpread,
        prediction and target [B, L, p * p * 3], visible [B, L] (bool), positions/{pos_embed,decoder_pos_embed} by
        formula, gradients/<name> and after/<name> (after `steps` AdamW steps on the same images and plan).
"""

import sys

import torch

import config as config_file
import mae
import mixed_ae
import simmim
import tensor_file
from vit import sincos_positions

FIXED = ("pos_embed", "decoder_pos_embed")
WITHOUT_DECAY = ("segment_embed", "decoder_segment_embed")


def computed_positions(config):
    dtype = getattr(torch, config.dtype)
    return {
        "pos_embed": sincos_positions(config.width, *config.grid).to(dtype),
        "decoder_pos_embed": sincos_positions(config.decoder_width, *config.grid).to(dtype),
    }


def forward(parameters, config, images, plan, metrics=True):
    run = {"mae": mae.forward, "simmim": simmim.forward}.get(config.method, mixed_ae.forward)
    return run(parameters, config, images, plan, metrics)


def make_optimizer(parameters, settings):
    """AdamW over {name: tensor}, decay only on tensors of two or more dimensions, never on segment embeddings."""
    decayed, plain = [], []
    for name, tensor in parameters.items():
        (decayed if tensor.ndim >= 2 and name not in WITHOUT_DECAY else plain).append(tensor)
    groups = [
        {"params": tensors, "weight_decay": decay}
        for tensors, decay in ((decayed, settings.weight_decay), (plain, 0.0))
        if tensors
    ]
    betas = (settings.beta1, settings.beta2)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=betas, eps=settings.epsilon)


def compute(config, given, images, plan):
    """{name: tensor} parameters, images, plan -> {output name: tensor}."""
    dtype = getattr(torch, config.dtype)
    positions = computed_positions(config)
    fixed = {name: given[name].to(dtype) if name in given else positions[name] for name in FIXED}
    trainable = {name: t.to(dtype, copy=True).requires_grad_() for name, t in given.items() if name not in FIXED}
    images = images.to(dtype)
    parameters = {**trainable, **fixed}

    output = {f"positions/{name}": tensor for name, tensor in positions.items()}
    optimizer = make_optimizer(trainable, config.optimizer)
    result = forward(parameters, config, images, plan)
    output.update({name: tensor.detach().clone() for name, tensor in result.items()})
    result["loss"].backward()
    unused = [name for name, tensor in trainable.items() if tensor.grad is None]
    if unused:
        raise ValueError(f"these parameters take no part in the loss of this configuration: {', '.join(unused)}")
    output.update({f"gradients/{name}": tensor.grad.clone() for name, tensor in trainable.items()})

    for step in range(config.steps):
        if step > 0:
            optimizer.zero_grad()
            forward(parameters, config, images, plan, metrics=False)["loss"].backward()
        optimizer.step()
    output.update({f"after/{name}": tensor.detach() for name, tensor in trainable.items()})
    return output


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    config = config_file.parse(metadata["config"])
    prefix = "parameters/"
    given = {name[len(prefix) :]: torch.from_numpy(a) for name, a in tensors.items() if name.startswith(prefix)}
    plan = torch.from_numpy(next(array for name, array in tensors.items() if name.startswith("plan/")))
    output = compute(config, given, torch.from_numpy(tensors["images"]), plan)
    versions = {"config": metadata["config"], "torch": torch.__version__}
    tensor_file.write(output_path, {name: tensor.numpy() for name, tensor in output.items()}, versions)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
