#!/usr/bin/env python3
"""Checks that PyTorch reads weights that Vitrine writes, to the bit: FILE is what
`VITRINE_KEEP_TENSORS=FILE nn_test --gtest_filter=SafetensorsTest.RoundTripsWhatPyTorchWrote` leaves
of perceptron.safetensors. Also loads them into the network that they are of.

    python3 check_ours.py FILE        # in this folder; needs torch and safetensors
"""

import sys

import torch
from safetensors.torch import load_file

ours = load_file(sys.argv[1])
theirs = load_file("perceptron.safetensors")
assert ours.keys() == theirs.keys(), set(ours) ^ set(theirs)
for name, tensor in theirs.items():
    assert ours[name].shape == tensor.shape, name
    assert torch.equal(ours[name], tensor), name
layer = torch.nn.BatchNorm1d(8)
prefix = "weight.batch_norm."
layer.load_state_dict({key.removeprefix(prefix): value for key, value in ours.items()
                       if key.startswith(prefix)}, strict=False)
assert torch.equal(layer.weight, theirs[prefix + "weight"])
print(f"{len(ours)} tensors are the same")
