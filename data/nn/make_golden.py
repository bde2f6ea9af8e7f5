#!/usr/bin/env python3
"""Makes NAME.safetensors for each network below: fixed weights ("weight.*"), a batch ("input.*"),
ten losses in training with what each says of its optimiser ("losses"), and all gradients of the first
step ("gradient.*"). Independent of the C++ code: PyTorch's own layers, losses and optimisers.

Needs torch (made with 1.13 of Debian 12, transformer_norm_last with 2.15, on a CPU) and safetensors.
Run in this folder; prints nothing.
"""

import torch
from safetensors.torch import save_file
from torch import nn

STEPS = 10


def run(name, model, inputs, loss_of, optimizer):
    tensors = {f"weight.{key}": value.clone() for key, value in model.state_dict().items()
               if value.dtype == torch.float32}
    tensors |= {f"input.{key}": value.float().clone() for key, value in inputs.items()}
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        if step == 0:
            tensors |= {f"gradient.{key}": parameter.grad.clone()
                        for key, parameter in model.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    tensors["losses"] = torch.tensor(losses)
    save_file({key: value.contiguous() for key, value in tensors.items()}, f"{name}.safetensors",
              metadata={"made_by": "data/nn/make_golden.py"})


def perceptron():
    """Bags of embeddings, a cross, dense layers, both norms; binary cross-entropy, Adam."""
    torch.manual_seed(1)
    model = nn.ModuleDict({
        "table": nn.EmbeddingBag(11, 6, mode="mean"),
        "cross": nn.Linear(6, 6),
        "first": nn.Linear(6, 8),
        "batch_norm": nn.BatchNorm1d(8),
        "second": nn.Linear(8, 5),
        "layer_norm": nn.LayerNorm(5),
        "last": nn.Linear(5, 1),
    })
    ids = torch.randint(0, 11, (12, 3))
    labels = torch.randint(0, 2, (12, 1)).float()

    def loss_of():
        x = model["table"](ids)
        x = x * model["cross"](x) + x
        x = torch.tanh(model["batch_norm"](model["first"](x)))
        x = nn.functional.gelu(model["layer_norm"](model["second"](x)))
        return nn.functional.binary_cross_entropy_with_logits(model["last"](x), labels)

    run("perceptron", model, {"ids": ids, "labels": labels}, loss_of,
        torch.optim.Adam(model.parameters(), lr=0.01))


def transformer(name, norm_first):
    """A causal block with padding behind, tied to its table; softmax cross-entropy, AdamW."""
    torch.manual_seed(2)
    model = nn.ModuleDict({
        "table": nn.Embedding(9, 8),
        "block": nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu",
                                            batch_first=True, norm_first=norm_first),
    })
    ids = torch.randint(0, 9, (4, 5))
    targets = torch.randint(0, 9, (4, 5))
    padding = torch.arange(5)[None, :] >= torch.tensor([5, 3, 4, 2])[:, None]
    targets[padding] = -100
    hidden = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)

    def loss_of():
        x = model["block"](model["table"](ids), src_mask=hidden, src_key_padding_mask=padding)
        logits = x @ model["table"].weight.T
        return nn.functional.cross_entropy(logits.view(20, 9), targets.view(20))

    run(name, model, {"ids": ids, "targets": targets, "is_real": ~padding}, loss_of,
        torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1))


def recurrent():
    """An LSTM on a GRU; mean squared error, gradient descent with momentum."""
    torch.manual_seed(3)
    model = nn.ModuleDict({
        "gru": nn.GRU(3, 5, batch_first=True),
        "lstm": nn.LSTM(5, 4, batch_first=True),
    })
    x = torch.randn(3, 6, 3)
    targets = torch.randn(3, 6, 4)

    def loss_of():
        y, _ = model["gru"](x)
        y, _ = model["lstm"](y)
        return nn.functional.mse_loss(y, targets)

    run("recurrent", model, {"x": x, "targets": targets}, loss_of,
        torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))


def convolution():
    """Convolutions of images and of sequences, both poolings; cross-entropy, Adagrad."""
    torch.manual_seed(4)
    model = nn.ModuleDict({
        "image": nn.Conv2d(2, 3, (3, 2), stride=1, padding=1),
        "sequence": nn.Conv1d(3, 4, 3, stride=2, padding=1),
    })
    x = torch.randn(5, 2, 6, 5)
    targets = torch.randint(0, 4, (5,))

    def loss_of():
        y = nn.functional.max_pool2d(torch.relu(model["image"](x)), 2, stride=2)
        y = model["sequence"](y.reshape(5, 3, 9))
        y = nn.functional.avg_pool1d(y, 5)
        return nn.functional.cross_entropy(y.reshape(5, 4), targets)

    run("convolution", model, {"x": x, "targets": targets}, loss_of,
        torch.optim.Adagrad(model.parameters(), lr=0.05))


if __name__ == "__main__":
    perceptron()
    transformer("transformer", norm_first=True)
    transformer("transformer_norm_last", norm_first=False)
    recurrent()
    convolution()
