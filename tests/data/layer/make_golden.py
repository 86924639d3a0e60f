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


def recurrent(numbers, dtype):
    features, hidden, batch, steps = 3, 5, 2, 6
    for name, module, gates in (("Lstm", torch.nn.LSTM, 4), ("Gru", torch.nn.GRU, 3)):
        cell = module(features, hidden, batch_first=True).to(TYPES[dtype])
        states = {"hidden": numbers(batch, hidden)}
        if name == "Lstm":
            states["cell"] = numbers(batch, hidden)

        def run(x, network=cell, keys=tuple(states), **given):
            state = tuple(given[key][None] for key in keys)
            weights = {"weight_ih_l0": given["input.weight"], "bias_ih_l0": given["input.bias"],
                       "weight_hh_l0": given["recurrent.weight"], "bias_hh_l0": given["recurrent.bias"]}
            y, _ = torch.func.functional_call(network, weights,
                                              (x.view(batch, steps, features), state if len(state) > 1 else state[0]))
            return y.reshape(batch * steps, hidden)

        weights = {"input.weight": numbers(gates * hidden, features), "input.bias": numbers(gates * hidden),
                   "recurrent.weight": numbers(gates * hidden, hidden), "recurrent.bias": numbers(gates * hidden)}
        yield case(name, dtype, run, numbers(batch * steps, hidden), x=numbers(batch * steps, features), **states,
                   **weights)


def attention(numbers, dtype):
    """scaled_dot_product_attention; arrays (batch, heads, length, dim) as rows, whose sizes stand beside."""
    batch, n, m, d, e = 2, 5, 7, 4, 3
    keep = np.random.default_rng(3).random((n, m)) < 0.6
    keep[2] = False  # a query that sees nothing: PyTorch gives zeros too
    keep[:, 1] = True
    keep[2] = False
    bias = numbers(n, m) * 3

    def run(heads, kv_heads, length, **options):
        def function(q, k, v):
            mask = options.get("mask")
            if mask is not None and mask.dtype != torch.bool:
                mask = mask.to(q.dtype)
            y = F.scaled_dot_product_attention(
                q.view(batch, heads, n, d), k.view(batch, kv_heads, length, d), v.view(batch, kv_heads, length, e),
                attn_mask=mask, is_causal=options.get("causal", False), scale=options.get("scale"),
                enable_gqa=heads != kv_heads)
            return y.reshape(-1, e)
        return function

    kinds = {
        "plain": (2, 2, m, {}),
        "scale": (2, 2, m, {"scale": 0.3}),
        "causal": (2, 2, n, {"causal": True}),
        "causal from the first key": (2, 2, m, {"causal": True}),
        "keep": (2, 2, m, {"mask": torch.tensor(keep)}),
        "bias": (2, 2, m, {"mask": torch.tensor(bias)}),
        "grouped": (4, 2, m, {}),
        "grouped, causal": (4, 1, n, {"causal": True}),
    }
    for name, (heads, kv_heads, length, options) in kinds.items():
        made = case(name, dtype, run(heads, kv_heads, length, **options), numbers(batch * heads * n, e),
                    q=numbers(batch * heads * n, d), k=numbers(batch * kv_heads * length, d),
                    v=numbers(batch * kv_heads * length, e))
        made["sizes"] = {"batch": batch, "heads": heads, "kv_heads": kv_heads, "n": n, "m": length}
        made["keep"] = keep.astype(int).tolist()
        made["bias"] = bias.tolist()
        yield made


def adam(numbers, dtype):
    """Ten steps of a model of two layers: "y" is what it gives after them, "after" its parameters."""
    weights = {"expand.weight": numbers(6, 4), "expand.bias": numbers(6), "contract.weight": numbers(4, 6),
               "contract.bias": numbers(4)}
    x, target = numbers(8, 4), numbers(8, 4)
    tensors = {key: torch.tensor(value, dtype=TYPES[dtype], requires_grad=True) for key, value in weights.items()}
    optimizer = torch.optim.Adam(tensors.values(), lr=0.05, betas=(0.8, 0.95), eps=1e-7)

    def run():
        hidden = F.gelu(F.linear(torch.tensor(x, dtype=TYPES[dtype]), tensors["expand.weight"], tensors["expand.bias"]))
        return F.linear(hidden, tensors["contract.weight"], tensors["contract.bias"])

    start = {key: array(value) for key, value in tensors.items()}
    for _ in range(10):
        optimizer.zero_grad()
        ((run() - torch.tensor(target, dtype=TYPES[dtype])) ** 2).sum().mul(0.5).backward()
        optimizer.step()
    yield {"name": "ten steps", "type": dtype, "in": {"x": x.tolist(), **start}, "target": target.tolist(),
           "y": array(run()), "after": {key: array(value) for key, value in tensors.items()}}


def main():
    torch.set_num_threads(1)
    for name, make in (("norms", norms), ("activations", activations), ("feed_forwards", feed_forwards),
                       ("recurrent", recurrent), ("attention", attention), ("adam", adam)):
        cases = []
        for dtype in TYPES:
            random = np.random.default_rng(7)  # the same numbers in both types
            # Rounded to float32, so that both types start from the same numbers.
            numbers = lambda *shape: random.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)
            cases += list(make(numbers, dtype))
        write(name, cases)


if __name__ == "__main__":
    main()
