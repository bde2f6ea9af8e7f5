#!/usr/bin/env python3
"""Checks that PyTorch reads the weights of a trained model: FILE is what `vitrine weights --out FILE`
wrote. Loads what is a layer of PyTorch's into such a layer, strictly, and writes all to OUT as it was,
for `vitrine weights --from OUT`.

    python3 check_weights.py FILE OUT        # needs torch and safetensors
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

tensors = load_file(sys.argv[1])
with safe_open(sys.argv[1], "pt") as file:
    metadata = file.metadata()


def under(prefix):
    return {name.removeprefix(prefix): value for name, value in tensors.items()
            if name.startswith(prefix)}


layers = 0
for name, value in tensors.items():
    assert torch.isfinite(value).all(), name
    if name.endswith("weight_ih_l0"):
        rows, hidden = tensors[name.replace("_ih_", "_hh_")].shape
        layer = {3: torch.nn.GRU, 4: torch.nn.LSTM}[rows // hidden](value.shape[1], hidden)
        layer.load_state_dict(under(name.removesuffix("weight_ih_l0")))
        layers += 1
    if name.endswith("self_attn.in_proj_weight"):
        prefix = name.removesuffix("self_attn.in_proj_weight")
        inner, dimensions = tensors[prefix + "linear1.weight"].shape
        layer = torch.nn.TransformerEncoderLayer(dimensions, 1, inner)
        state = under(prefix)
        state.pop("self_attn.nearness", None)  # Which PyTorch's layer does not have.
        layer.load_state_dict(state)
        layers += 1
if "item_ids" in metadata:
    number = len(metadata["item_ids"].split("\n"))
    assert any(value.shape[:1] == (number,) for value in tensors.values()), number
save_file(tensors, sys.argv[2], metadata=metadata)
print(f"{metadata['model']} of {metadata['version']}: {len(tensors)} tensors, "
      f"{layers} of PyTorch's layers loaded")
