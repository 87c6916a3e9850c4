"""The settings of one reference computation, read from the camelCase JSON that the TypeScript tests write."""

import dataclasses
import json
import re


@dataclasses.dataclass(frozen=True)
class Optimizer:
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.05


@dataclasses.dataclass(frozen=True)
class Config:
    method: str  # mae | mixing | mixedae | simmim
    image_size: int | list  # a side, or [height, width]
    patch_size: int
    width: int
    depth: int
    heads: int
    decoder_width: int
    decoder_depth: int
    decoder_heads: int
    mlp_ratio: float = 4
    channels: int = 3
    norm_pixels: bool = True
    group_size: int = 4
    mode: str = "compose"  # compose | full
    homologous_attention: bool = True
    homologous_from: int = 1
    cls_competes: bool = False
    segment_embedding: bool = True
    segment_blocks: int | None = None  # taken from the tokens again after so many blocks
    decoder_segment_embedding: bool = False
    contrastive: bool = True
    temperature: float = 0.25
    contrastive_weight: float = 0.1
    projection_head: bool = False
    steps: int = 5
    optimizer: Optimizer = Optimizer()
    dtype: str = "float32"  # float32 | float64

    def __post_init__(self):
        for field, choices in (
            ("method", ("mae", "mixing", "mixedae", "simmim")),
            ("mode", ("compose", "full")),
            ("dtype", ("float32", "float64")),
        ):
            if getattr(self, field) not in choices:
                raise ValueError(f"{field} is {getattr(self, field)!r}, not one of {', '.join(choices)}")
        if self.method != "mixedae":
            # Naive mixing is MixedAE without its three parts; MAE has none of them.
            for part in ("homologous_attention", "segment_embedding", "decoder_segment_embedding", "contrastive"):
                object.__setattr__(self, part, False)
        if not self.contrastive:
            object.__setattr__(self, "projection_head", False)

    @property
    def grid(self):
        """Rows and columns of patches."""
        height, width = self.image_size if isinstance(self.image_size, list) else (self.image_size, self.image_size)
        return height // self.patch_size, width // self.patch_size

    @property
    def patches(self):
        rows, columns = self.grid
        return rows * columns


def parse(text):
    """JSON text to Config; an unknown key is an error, for a misspelt switch would test the wrong thing."""

    def snake(values):
        return {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key): value for key, value in values.items()}

    values = snake(json.loads(text))
    if "optimizer" in values:
        values["optimizer"] = Optimizer(**snake(values["optimizer"]))
    return Config(**values)
