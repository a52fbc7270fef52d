"""Ten Adam steps of small autoencoders in PyTorch, from weights, rows and draws that are formulas; writes steps.json.

    python tests/golden/autoencoder/generate.py        (torch 2.15.0, CPU)
"""

import json
import pathlib

import torch
import torch.nn.functional as F

ROWS, COLUMNS, HIDDEN, CODE = 7, 6, 5, 3
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "elu": F.elu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def wave(count, rate, shift=0.0):
    return torch.sin(torch.arange(count, dtype=torch.float64) * rate + shift).float()


def train(loss, activation="tanh", code="plain", l1=0.0, beta=0.0):
    act = ACTIVATIONS[activation]
    heads = 2 if code == "variational" else 1
    shapes = [(COLUMNS, HIDDEN), (1, HIDDEN), (HIDDEN, heads * CODE), (1, heads * CODE)]
    shapes += [(CODE, HIDDEN), (1, HIDDEN), (HIDDEN, COLUMNS), (1, COLUMNS)]
    if loss == "nb":
        shapes.append((1, COLUMNS))
    length = sum(a * b for a, b in shapes)
    flat, parameters = 0.5 * wave(length, 0.7), []
    start = 0
    for a, b in shapes:
        parameters.append(flat[start : start + a * b].reshape(a, b).clone().requires_grad_(True))
        start += a * b
    w0, b0, wc, bc, w1, b1, wo, bo = parameters[:8]
    x = wave(ROWS * COLUMNS, 1.1).reshape(ROWS, COLUMNS)
    if loss == "bce":
        x = 0.5 + 0.5 * x
    if loss == "nb":
        x = torch.floor(3.0 * (1.0 + x))
    size = x.sum(1, keepdim=True) / 10.0
    entering = torch.log1p(x / size) if loss == "nb" else x
    draws = wave(ROWS * CODE, 1.3, 0.5).reshape(ROWS, CODE)
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        z = act(entering @ w0 + b0) @ wc + bc
        price = 0.0
        if code == "variational":
            mean, log_variance = z[:, :CODE], z[:, CODE:]
            z = mean + draws * torch.exp(0.5 * log_variance)
            price = beta * 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum() / ROWS
        elif l1 > 0:
            z = F.relu(z)
            price = l1 * z.sum() / ROWS
        out = act(z @ w1 + b1) @ wo + bo
        if loss == "mse":
            value = ((x - out) ** 2).sum() / ROWS
        elif loss == "bce":
            value = F.binary_cross_entropy_with_logits(out, x, reduction="sum") / ROWS
        else:
            theta, mean = torch.exp(parameters[8]), size * torch.exp(out)
            log_likelihood = (
                torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1)
                + theta * torch.log(theta / (theta + mean)) + x * torch.log(mean / (theta + mean))
            )
            value = -log_likelihood.sum() / ROWS
        total = value + price
        total.backward()
        optimizer.step()
        losses.append(total.item())
    return {
        "loss": loss, "activation": activation, "code": code, "l1": l1, "beta": beta, "losses": losses,
        "parameters": torch.cat([parameter.detach().flatten() for parameter in parameters]).tolist(),
    }


torch.manual_seed(0)
torch.set_num_threads(1)
cases = [train("mse", activation) for activation in ACTIVATIONS]
cases += [train("bce", "gelu"), train("mse", "tanh", l1=0.1), train("bce", "tanh", "variational", beta=0.7), train("nb")]
path = pathlib.Path(__file__).parent / "steps.json"
path.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace("},", "},\n") + "\n")
