"""Writes the JSON files of this folder: layers of PyTorch on the CPU, forward and gradients, in float64 and float32.

    python3 -m venv env && env/bin/pip install torch==2.13.0 numpy && env/bin/python make_golden.py

The loss is the sum of y * d_y, so the gradients are those that `backward` gives for d_y. Numbers are printed with as many
digits as bring back the same bits.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
TYPES = {"float64": torch.float64, "float32": torch.float32}


def array(tensor):
    """Rows of numbers; a vector is one row."""
    tensor = tensor.detach()
    if tensor.dim() == 1:
        tensor = tensor[None, :]
    show = float if tensor.dtype == torch.float64 else lambda number: float(str(np.float32(number)))
    return [[show(number) for number in row] for row in tensor.numpy()]


def case(name, dtype, function, d_y, **inputs):
    """function(**inputs) and the gradient by each input."""
    inputs = {key: torch.tensor(value, dtype=TYPES[dtype], requires_grad=True) for key, value in inputs.items()}
    d_y = torch.tensor(d_y, dtype=TYPES[dtype])
    y = function(**inputs)
    gradients = torch.autograd.grad((y * d_y).sum(), list(inputs.values()))
    result = {"name": name, "type": dtype, "d_y": array(d_y), "y": array(y)}
    result["in"] = {key: array(value) for key, value in inputs.items()}
    result["gradient"] = {key: array(value) for key, value in zip(inputs, gradients)}
    return result


def write(name, cases):
    text = "[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases) + "\n]\n"
    (FOLDER / f"{name}.json").write_text(text)


def norms(numbers, dtype):
    # Not d = 1 or 2, where gradients cancel to 0 but for epsilon: there PyTorch's own have no right digit in float32.
    for d, centre in ((7, 0.0), (33, 3.0)):
        x, d_y = numbers(3, d) * 2 + centre, numbers(3, d)
        weight, bias = numbers(d), numbers(d)
        yield case(f"LayerNorm of {d}", dtype, lambda x, weight, bias: F.layer_norm(x, [d], weight, bias, 1e-5), d_y,
                   x=x, weight=weight, bias=bias)
        yield case(f"LayerNorm of {d} without bias", dtype, lambda x, weight: F.layer_norm(x, [d], weight, None, 1e-5),
                   d_y, x=x, weight=weight)
        yield case(f"RmsNorm of {d}", dtype, lambda x, weight: F.rms_norm(x, [d], weight, 1e-5), d_y, x=x, weight=weight)


def activations(numbers, dtype):
    kinds = {
        "Rectifier": F.relu,
        "Gelu": F.gelu,
        "GeluTanh": lambda x: F.gelu(x, approximate="tanh"),
        "Silu": F.silu,
    }
    x = np.concatenate([np.linspace(-9, 9, 40), [0.0, -0.75, 1e-3, -1e-3], numbers(13)]).reshape(3, 19)
    d_y = numbers(3, 19)
    for name, function in kinds.items():
        yield case(name, dtype, lambda x, f=function: f(x), d_y, x=x)


def feed_forwards(numbers, dtype):
    d, hidden = 5, 9
    x, d_y = numbers(4, d), numbers(4, d)
    weights = {"expand.weight": numbers(hidden, d), "expand.bias": numbers(hidden),
               "contract.weight": numbers(d, hidden), "contract.bias": numbers(d)}

    def feed_forward(f):
        def run(x, **w):
            hidden_features = f(F.linear(x, w["expand.weight"], w["expand.bias"]))
            return F.linear(hidden_features, w["contract.weight"], w["contract.bias"])
        return run

    yield case("FeedForward of Rectifier", dtype, feed_forward(F.relu), d_y, x=x, **weights)
    yield case("FeedForward of Gelu", dtype, feed_forward(F.gelu), d_y, x=x, **weights)
    gated = {"gate.weight": numbers(hidden, d), "up.weight": numbers(hidden, d), "down.weight": numbers(d, hidden)}
    yield case("SwiGlu", dtype,
               lambda x, **w: F.linear(F.silu(F.linear(x, w["gate.weight"])) * F.linear(x, w["up.weight"]),
                                       w["down.weight"]), d_y, x=x, **gated)


def main():
    torch.set_num_threads(1)
    for name, make in (("norms", norms), ("activations", activations), ("feed_forwards", feed_forwards)):
        cases = []
        for dtype in TYPES:
            random = np.random.default_rng(7)  # the same numbers in both types
            # Rounded to float32, so that both types start from the same numbers.
            numbers = lambda *shape: random.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)
            cases += list(make(numbers, dtype))
        write(name, cases)


if __name__ == "__main__":
    main()
