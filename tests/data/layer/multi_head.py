"""Writes multi_head.json: what PyTorch's multi-head attention and its transformer layers give, forward and backward.

    python3 -m venv venv && venv/bin/pip install torch==2.13.0 numpy
    venv/bin/python multi_head.py > multi_head.json

Every case is in double, with numbers from a fixed seed. "loss" is the sum of output * d_output.
"""

import json
import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


def array(tensor):
    tensor = tensor.detach().contiguous()
    return {"shape": list(tensor.shape), "data": [float(x) for x in tensor.flatten()]}


def scatter(module):
    """Weights that are not at their first values, so that no bias is 0 and no norm is 1."""
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, -0.6, 0.6)


def finish(name, options, module, inputs, output):
    d_output = torch.randn_like(output)
    (output * d_output).sum().backward()
    return {
        "name": name,
        "options": options,
        "inputs": {key: array(value) for key, value in inputs.items()},
        "d_inputs": {key: array(value.grad) for key, value in inputs.items() if value.grad is not None},
        "parameters": {key: array(value) for key, value in module.named_parameters()},
        "d_parameters": {key: array(value.grad) for key, value in module.named_parameters()},
        "output": array(output),
        "d_output": array(d_output),
    }


def multi_head(name, features, heads, batch, n, m, self_attention=True, mask=None, padding=None, **options):
    module = torch.nn.MultiheadAttention(features, heads, batch_first=True, **options)
    scatter(module)
    x = torch.randn(batch, n, features, requires_grad=True)
    inputs = {"query": x}
    if self_attention:
        key = value = x
    else:
        key = torch.randn(batch, m, options.get("kdim") or features, requires_grad=True)
        value = torch.randn(batch, m, options.get("vdim") or features, requires_grad=True)
        inputs.update(key=key, value=value)
    extra = {}
    if mask is not None:
        extra["attn_mask"] = mask
        inputs["mask"] = mask.to(torch.float64)
    if padding is not None:
        extra["key_padding_mask"] = padding
        inputs["padding"] = padding.to(torch.float64)
    output, _ = module(x, key, value, need_weights=False, **extra)
    return finish(name, {"heads": heads, "batch": batch}, module, inputs, output)


def encoder(name, batch=2, n=5, features=8, heads=2, hidden=12, **options):
    module = torch.nn.TransformerEncoderLayer(features, heads, hidden, dropout=0.0, batch_first=True, **options)
    scatter(module)
    x = torch.randn(batch, n, features, requires_grad=True)
    output = module(x)
    return finish(name, {"heads": heads, "batch": batch, **options}, module, {"query": x}, output)


def decoder(name, batch=2, n=4, m=6, features=8, heads=2, hidden=12, **options):
    module = torch.nn.TransformerDecoderLayer(features, heads, hidden, dropout=0.0, batch_first=True, **options)
    scatter(module)
    x = torch.randn(batch, n, features, requires_grad=True)
    memory = torch.randn(batch, m, features, requires_grad=True)
    causal = torch.nn.Transformer.generate_square_subsequent_mask(n)
    output = module(x, memory, tgt_mask=causal, tgt_is_causal=True)
    return finish(name, {"heads": heads, "batch": batch, **options}, module, {"query": x, "memory": memory}, output)


ahead = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
padding = torch.zeros(3, 6, dtype=torch.bool)
padding[1, 4:] = True
padding[2, 1:] = True
cases = [
    multi_head("self", 8, 2, 2, 5, 5),
    multi_head("self, no bias, one head", 6, 1, 1, 4, 4, bias=False),
    multi_head("self, True is hidden", 8, 4, 2, 5, 5, mask=ahead),
    multi_head("self, added mask", 8, 2, 1, 5, 5, mask=torch.randn(5, 5)),
    multi_head("cross, own sizes of keys and values", 8, 2, 2, 3, 6, self_attention=False, kdim=5, vdim=3),
    multi_head("cross, padding", 8, 4, 3, 2, 6, self_attention=False, padding=padding),
]
layers = [
    encoder("encoder, norms after, ReLU", norm_first=False, activation="relu"),
    encoder("encoder, norms first, GELU", norm_first=True, activation="gelu"),
    decoder("decoder, norms after, GELU", norm_first=False, activation="gelu"),
    decoder("decoder, norms first, ReLU", norm_first=True, activation="relu"),
]
# A token of zeros to look at, a learned one, and both.
more = [
    multi_head("self, a key of zeros", 8, 2, 2, 5, 5, add_zero_attn=True),
    multi_head("cross, a learned key", 8, 4, 2, 3, 6, self_attention=False, add_bias_kv=True),
    multi_head("self, a learned key and one of zeros", 8, 2, 2, 5, 5, add_bias_kv=True, add_zero_attn=True),
]
print(json.dumps({"torch": torch.__version__, "multi_head": cases + more, "layers": layers}))
