"""attend beside what one would otherwise take: PyTorch, onnxruntime, Eigen and OpenBLAS, on the same arrays.

    cmake -P benchmarks/compare/run.cmake [-- --threads 1 2 --only forward --quick]

All take turns within each case, with as many threads, and nothing is timed before its result has been compared. Times are
medians; a ratio is the other's time over attend's, so more than 1 means that attend is faster.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time
import warnings

# Large temporaries that are given back to the system at every call cost page faults: none of the programs does that here.
# OpenBLAS is run on one thread alone, beside the others on one.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 32), "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": "0",
               "OPENBLAS_NUM_THREADS": "1"}
if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})

warnings.filterwarnings("ignore")
import matplotlib
import numpy as np
import onnx
import onnx.helper
import onnxruntime
import safetensors.numpy
import torch
import torch.nn.functional as F
from matplotlib import pyplot
from torch.nn.attention import SDPBackend, sdpa_kernel

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "attend"  # the same figures, the same file
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text

generator = np.random.default_rng(7)
COLOURS = {"PyTorch": "#d95f02", "onnxruntime": "#7570b3", "Eigen": "#1b9e77", "OpenBLAS": "#999999"}


def normal(*shape, scale=1.0):
    return (generator.standard_normal(shape, dtype=np.float32) * np.float32(scale)).astype(np.float32)


def tensor(array):
    return torch.from_numpy(array)


class Program:
    """A program that answers `run` and `limits` (server.hpp)."""

    def __init__(self, path, folder, options):
        words = [str(path), str(folder), *(f"{name}={value}" for name, value in options.items())]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        if line != "ready":
            raise RuntimeError(f"{path.name} did not start: {' '.join(words)}")

    def ask(self, command, amount):
        self.process.stdin.write(f"{command} {amount}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def times(self, count):
        return self.ask("run", count)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Function:
    """A call of this process; its result is looked at once."""

    def __init__(self, call, before=lambda: None):
        self.call, self.before = call, before

    def times(self, count):
        found = []
        for _ in range(count):
            self.before()
            start = time.perf_counter()
            self.call()
            found.append(time.perf_counter() - start)
        return found

    def close(self):
        pass


class Case:
    """One row of the table.

    The programs are handed `options` and read `arrays` and `parameters`. `torch_call` gives {name: result}, which every
    peer is held against; `before` is what it needs done ahead of each timed call. `onnx_call`, where there is one, gives a
    timed thing and its result for a number of threads.
    """

    def __init__(self, name, options, arrays, torch_call, flops=0, read=0, plain=False, onnx_call=None, tolerance=2e-5,
                 before=lambda: None, parameters=None):
        self.name, self.options, self.arrays, self.torch_call = name, options, arrays, torch_call
        self.flops, self.read, self.plain, self.onnx_call = flops, read, plain, onnx_call
        self.tolerance, self.before, self.parameters = tolerance, before, parameters


# --- Peers ------------------------------------------------------------------------------------------------------------


def flash(q, k, v, causal=False):
    """PyTorch's fused kernel and no other: it fails where that one does not apply."""
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION]):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=q.shape[1] != k.shape[1])


def onnx_session(nodes, inputs, outputs, threads):
    of = {np.dtype("float32"): onnx.TensorProto.FLOAT, np.dtype("int32"): onnx.TensorProto.INT32}
    graph = onnx.helper.make_graph(
        nodes, "case",
        [onnx.helper.make_tensor_value_info(name, of[array.dtype], array.shape) for name, array in inputs.items()],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17),
                                                         onnx.helper.make_opsetid("com.microsoft", 1)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that went on spinning after a run took a quarter of the next peer's time, two threads each.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in inputs.items()}
    return lambda: session.run_with_ort_values([outputs[0]], values)[0]


def side_by_side(x):
    """(b, h, n, d) as onnxruntime takes it: (b, n, h·d)."""
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(x.shape[0], x.shape[2], -1)


def onnx_attention(q, k, v, causal):
    heads, kv_heads, dim = q.shape[1], k.shape[1], q.shape[3]

    def make(threads):
        inputs = {"q": side_by_side(q)}
        if not causal and heads == kv_heads and q.shape[2] == k.shape[2]:
            inputs.update(k=side_by_side(k), v=side_by_side(v))
            node = onnx.helper.make_node("MultiHeadAttention", ["q", "k", "v"], ["y"], domain="com.microsoft",
                                         num_heads=heads)
        else:
            # The past holds all keys but the new ones, as in decoding; nothing for a whole prompt.
            n, past = q.shape[2], k.shape[2] - q.shape[2]
            inputs.update(k=side_by_side(k[:, :, past:]), v=side_by_side(v[:, :, past:]),
                          past_k=np.ascontiguousarray(k[:, :, :past]), past_v=np.ascontiguousarray(v[:, :, :past]),
                          lengths=np.full(q.shape[0], past + n - 1, np.int32), total=np.array([past + n], np.int32))
            node = onnx.helper.make_node("GroupQueryAttention",
                                         ["q", "k", "v", "past_k", "past_v", "lengths", "total"], ["y", "pk", "pv"],
                                         domain="com.microsoft", num_heads=heads, kv_num_heads=kv_heads)
        outputs = ["y"] if node.op_type == "MultiHeadAttention" else ["y", "pk", "pv"]
        call = onnx_session([node], inputs, outputs, threads)
        found = call().numpy().reshape(q.shape[0], q.shape[2], heads, dim).transpose(0, 2, 1, 3)
        return Function(call), {"output": found}

    return make


# --- Cases ------------------------------------------------------------------------------------------------------------


def shape_name(b, h, hk, n, m, d):
    return "x".join(str(size) for size in (b, h, hk, n, m, d))


def forward(b, h, hk, n, m, d, causal=False, plain=True):
    q, k, v = normal(b, h, n, d), normal(b, hk, m, d), normal(b, hk, m, d)
    useful = 0.5 if causal else 1
    tq, tk, tv = tensor(q), tensor(k), tensor(v)
    return Case(f"forward {'causal' if causal else 'full'} {shape_name(b, h, hk, n, m, d)}",
                {"kind": "forward", "causal": int(causal)}, {"q": q, "k": k, "v": v},
                lambda: {"output": flash(tq, tk, tv, causal)}, flops=4.0 * b * h * n * m * d * useful, plain=plain,
                onnx_call=onnx_attention(q, k, v, causal))


def forward_bfloat16(b, h, n, d, causal=False):
    q, k, v = (tensor(normal(b, h, n, d)).to(torch.bfloat16) for _ in range(3))
    return Case(f"forward {'causal' if causal else 'full'} bfloat16 {shape_name(b, h, h, n, n, d)}",
                {"kind": "forward", "causal": int(causal), "storage": "bfloat16"},
                {name: x.float().numpy() for name, x in {"q": q, "k": k, "v": v}.items()},
                lambda: {"output": flash(q, k, v, causal)}, flops=4.0 * b * h * n * n * d * (0.5 if causal else 1),
                tolerance=2e-2)


def decode(m, storage):
    b, h, hk, n, d = 1, 32, 8, 1, 128
    of = {"float": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}[storage]
    q, k, v = (tensor(x).to(of) for x in (normal(b, h, n, d), normal(b, hk, m, d), normal(b, hk, m, d)))
    arrays = {name: x.float().numpy() for name, x in {"q": q, "k": k, "v": v}.items()}
    return Case(f"decode {storage} {shape_name(b, h, hk, n, m, d)}", {"kind": "forward", "storage": storage}, arrays,
                lambda: {"output": flash(q, k, v)}, read=2.0 * b * hk * m * d * q.element_size(),
                onnx_call=onnx_attention(*arrays.values(), False) if storage == "float" else None,
                tolerance={"float": 2e-5, "half": 2e-3, "bfloat16": 2e-2}[storage])


def backward(b, h, n, d, causal):
    q, k, v, d_output = (normal(b, h, n, d) for _ in range(4))
    leaves = [tensor(x).requires_grad_() for x in (q, k, v)]
    target = tensor(d_output)
    kept = {}

    def prepare():
        for leaf in leaves:
            leaf.grad = None
        kept["output"] = flash(*leaves, causal)

    def call():
        if "output" not in kept:
            prepare()
        kept.pop("output").backward(target)
        return dict(zip(("d_q", "d_k", "d_v"), (leaf.grad for leaf in leaves)))

    return Case(f"backward {'causal' if causal else 'full'} {shape_name(b, h, h, n, n, d)}",
                {"kind": "backward", "causal": int(causal)}, {"q": q, "k": k, "v": v, "d_output": d_output}, call,
                flops=10.0 * b * h * n * n * d * (0.5 if causal else 1), before=prepare)


def additive(b, h, n, d):
    q, k, v = (normal(b, h, n, d) for _ in range(3))
    w, u, a = normal(d, d, scale=d ** -0.5), normal(d, d, scale=d ** -0.5), normal(1, d)
    tensors = [tensor(x) for x in (q, k, v, w, u, a)]

    def call():
        tq, tk, tv, tw, tu, ta = tensors
        heads = []
        for head in range(h):  # all heads at once would need h times the memory, and take longer
            left, right = tq[:, head] @ tw.T, tk[:, head] @ tu.T
            scores = torch.tanh(left[:, :, None] + right[:, None]) @ ta[0]
            heads.append(torch.softmax(scores, -1) @ tv[:, head])
        return {"output": torch.stack(heads, 1)}

    return Case(f"additive {shape_name(b, h, h, n, n, d)}", {"kind": "additive"},
                {"q": q, "k": k, "v": v, "w": w, "u": u, "a": a}, torch.inference_mode()(call))


def local(b, h, n, d, window):
    q, k, v = (normal(b, h, n, d) for _ in range(3))
    tensors = [tensor(x) for x in (q, k, v)]
    place = torch.arange(n)
    seen = (place[None] <= place[:, None]) & (place[None] > place[:, None] - window)
    return Case(f"local {window} {shape_name(b, h, h, n, n, d)}", {"kind": "local", "window": window},
                {"q": q, "k": k, "v": v},
                lambda: {"output": F.scaled_dot_product_attention(*tensors, attn_mask=seen)},
                flops=4.0 * b * h * n * window * d)


def linear(parameters, name, weight, bias):
    parameters[f"{name}.weight"] = weight.detach().numpy()
    parameters[f"{name}.bias"] = bias.detach().numpy()


def attention_parameters(parameters, name, weight, bias, output):
    for part, (w, b) in zip(("query", "key", "value"), zip(weight.chunk(3), bias.chunk(3))):
        linear(parameters, f"{name}{part}", w.contiguous(), b.contiguous())
    linear(parameters, f"{name}output", output.weight, output.bias)


def multi_head(batch, n, features, heads, goes_back):
    torch.manual_seed(3)
    module = torch.nn.MultiheadAttention(features, heads, batch_first=True)
    torch.nn.init.uniform_(module.in_proj_bias, -0.1, 0.1)
    parameters = {}
    attention_parameters(parameters, "", module.in_proj_weight, module.in_proj_bias, module.out_proj)
    x, d_output = normal(batch, n, features), normal(batch, n, features)
    inputs, target = tensor(x), tensor(d_output)
    if goes_back:
        inputs.requires_grad_()

    def call():
        if not goes_back:
            with torch.inference_mode():
                return {"output": module(inputs, inputs, inputs, need_weights=False)[0]}
        module.zero_grad()
        inputs.grad = None
        output = module(inputs, inputs, inputs, need_weights=False)[0]
        output.backward(target)
        return {"output": output, "d_x": inputs.grad}

    module.train(goes_back)
    projections, looks = 8.0 * batch * n * features ** 2, 4.0 * batch * n * n * features
    return Case(f"MultiHead {'forward and backward' if goes_back else 'forward'} {batch}x{n}x{features}",
                {"kind": "multi_head", "features": features, "heads": heads, "batch": batch, "backward": int(goes_back)},
                {"x": x, "d_output": d_output}, call, parameters=parameters, tolerance=1e-4,
                flops=3 * projections + 3.5 * looks if goes_back else projections + looks)


def encoder(batch, n, features, layers, heads):
    torch.manual_seed(4)
    one = torch.nn.TransformerEncoderLayer(features, heads, 4 * features, dropout=0.0, activation="gelu",
                                           batch_first=True)
    module = torch.nn.TransformerEncoder(one, layers).eval()
    parameters = {}
    for i, layer in enumerate(module.layers):
        attention = layer.self_attn
        attention_parameters(parameters, f"{i}.attention.", attention.in_proj_weight, attention.in_proj_bias,
                             attention.out_proj)
        for ours, theirs in (("attention_norm", layer.norm1), ("feed_forward_norm", layer.norm2),
                             ("feed_forward.expand", layer.linear1), ("feed_forward.contract", layer.linear2)):
            linear(parameters, f"{i}.{ours}", theirs.weight, theirs.bias)
    x = normal(batch, n, features)
    inputs = tensor(x)
    tokens = batch * n
    return Case(f"encoder of {layers} layers {batch}x{n}x{features}",
                {"kind": "encoder", "features": features, "heads": heads, "layers": layers, "batch": batch}, {"x": x},
                torch.inference_mode()(lambda: {"output": module(inputs)}), parameters=parameters, tolerance=1e-3,
                flops=layers * (tokens * 24.0 * features ** 2 + tokens * 4.0 * n * features))


def decode_gpt2(past):
    layers, features, heads, words, capacity = 12, 768, 12, 50257, 1024
    dim = features // heads
    torch.manual_seed(5)
    table, positions = 0.02 * torch.randn(words, features), 0.02 * torch.randn(1024, features)
    norm_weight, norm_bias = torch.ones(features), torch.zeros(features)
    parameters = {"words.table": table.numpy(), "positions.table": positions.numpy(),
                  "blocks.norm.weight": norm_weight.numpy(), "blocks.norm.bias": norm_bias.numpy()}
    blocks = []
    for i in range(layers):
        made = {name: (0.05 * torch.randn(out, into), 0.05 * torch.randn(out))
                for name, out, into in (("qkv", 3 * features, features), ("output", features, features),
                                        ("expand", 4 * features, features), ("contract", features, 4 * features))}
        blocks.append(made)
        for part, w, b in zip(("query", "key", "value"), *(x.chunk(3) for x in made["qkv"])):
            linear(parameters, f"blocks.{i}.attention.{part}", w.contiguous(), b.contiguous())
        linear(parameters, f"blocks.{i}.attention.output", *made["output"])
        for name in ("expand", "contract"):
            linear(parameters, f"blocks.{i}.feed_forward.{name}", *made[name])
        for name in ("attention_norm", "feed_forward_norm"):
            linear(parameters, f"blocks.{i}.{name}", norm_weight, norm_bias)
    keys = torch.zeros(layers, 1, heads, capacity, dim)
    values = torch.zeros(layers, 1, heads, capacity, dim)
    tokens = generator.integers(0, words, past + 1)

    def run(first, count):
        """The tokens from `first` on, over the cache, as a model with a cache does it."""
        norm = lambda x: F.layer_norm(x, (features,), norm_weight, norm_bias)
        x = table[tokens[first:first + count]] + positions[first:first + count]
        for i, made in enumerate(blocks):
            q, k, v = (part.view(count, heads, dim).transpose(0, 1)[None]
                       for part in F.linear(norm(x), *made["qkv"]).split(features, 1))
            keys[i][:, :, first:first + count] = k
            values[i][:, :, first:first + count] = v
            found = F.scaled_dot_product_attention(q, keys[i][:, :, :first + count], values[i][:, :, :first + count],
                                                   is_causal=count > 1)
            x = x + F.linear(found[0].transpose(0, 1).reshape(count, features), *made["output"])
            x = x + F.linear(F.gelu(F.linear(norm(x), *made["expand"]), approximate="tanh"), *made["contract"])
        return {"output": F.linear(norm(x)[-1:], table)}

    with torch.inference_mode():
        run(0, past)
    return Case(f"GPT-2 small, one token after {past}", {"kind": "decode_gpt2", "capacity": capacity},
                {"tokens": tokens.astype(np.float32)}, torch.inference_mode()(lambda: run(past, 1)),
                parameters=parameters, tolerance=1e-3,
                read=4.0 * (layers * 12 * features ** 2 + words * features))


CASES = [
    lambda: forward(1, 8, 8, 512, 512, 64),
    lambda: forward(1, 8, 8, 512, 512, 64, causal=True),
    lambda: forward(1, 8, 8, 2048, 2048, 64),
    lambda: forward(1, 8, 8, 2048, 2048, 64, causal=True),
    lambda: forward(1, 8, 8, 2048, 2048, 128),
    lambda: forward(1, 8, 8, 2048, 2048, 128, causal=True),
    lambda: forward(1, 8, 8, 8192, 8192, 64, causal=True, plain=False),
    *(lambda d=d, causal=causal: forward_bfloat16(1, 8, 2048, d, causal)
      for d in (64, 128) for causal in (False, True)),
    lambda: forward(8, 12, 12, 128, 128, 64),
    lambda: forward(1, 12, 12, 197, 197, 64),
    lambda: forward(1, 1, 1, 16, 16, 32),
    *(lambda m=m, storage=storage: decode(m, storage)
      for m in (4096, 32768) for storage in ("float", "half", "bfloat16")),
    lambda: backward(1, 8, 2048, 64, False),
    lambda: backward(1, 8, 2048, 64, True),
    lambda: additive(1, 8, 512, 64),
    lambda: local(1, 8, 4096, 64, 256),
    lambda: multi_head(8, 512, 512, 8, False),
    lambda: multi_head(8, 512, 512, 8, True),
    lambda: encoder(8, 128, 768, 12, 12),
    lambda: decode_gpt2(128),
]


# --- Running them -----------------------------------------------------------------------------------------------------


def error_of(found, expected):
    """The largest difference over the largest number."""
    found, expected = np.asarray(found, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
    if found.shape != expected.shape or not np.isfinite(found).all():
        return math.inf
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def measure(case, threads, programs, work, seconds):
    folder = work / "case"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, array in case.arrays.items():
        np.save(folder / f"{name}.npy", array)
    if case.parameters is not None:
        safetensors.numpy.save_file(case.parameters, folder / "parameters.safetensors")
    torch.set_num_threads(threads)
    expected = {name: x.detach().float().numpy() for name, x in case.torch_call().items()}
    peers = {"attend": Program(programs["attend"], folder, {**case.options, "threads": threads})}
    worst = max(error_of(np.load(folder / f"attend_{name}.npy"), x) for name, x in expected.items())
    if not worst <= case.tolerance:
        raise RuntimeError(f"{case.name}: attend and PyTorch differ by {worst:.1e} of the largest number")
    peers["PyTorch"] = Function(case.torch_call, case.before)
    if case.onnx_call is not None:
        peer, found = case.onnx_call(threads)
        if not error_of(found["output"], expected["output"]) <= case.tolerance:
            raise RuntimeError(f"{case.name}: onnxruntime gives something else")
        peers["onnxruntime"] = peer
    if case.plain and threads == 1:
        for name in ("Eigen", "OpenBLAS"):
            if name.lower() not in programs:
                continue
            peers[name] = Program(programs[name.lower()], folder, {**case.options, "name": name})
            if not error_of(np.load(folder / f"{name}_output.npy"), expected["output"]) <= case.tolerance:
                raise RuntimeError(f"{case.name}: {name} gives something else")

    # Each peer's turn is a tenth of a second or one call; there are turns until each has had its time.
    times = {name: [] for name in peers}
    counts = {name: max(1, int(0.1 / max(1e-7, min(peer.times(2))))) for name, peer in peers.items()}
    begin = time.perf_counter()
    while len(times["attend"]) < 10 * counts["attend"] or time.perf_counter() - begin < seconds * len(peers):
        for name, peer in peers.items():
            time.sleep(0.02)  # threads of the one before go to sleep
            times[name] += peer.times(counts[name])
        if time.perf_counter() - begin > 3 * seconds * len(peers) and len(times["attend"]) >= 3:
            break
    flops_per_second, bytes_per_second = peers["attend"].ask("limits", int(case.read or 1 << 20))
    for peer in peers.values():
        peer.close()
    shutil.rmtree(folder)
    row = {"case": case.name, "threads": threads, "error": worst}
    for name, found in times.items():
        found.sort()
        row[name] = {"median": statistics.median(found), "low": found[len(found) // 10],
                     "high": found[len(found) * 9 // 10], "calls": len(found)}
    median = row["attend"]["median"]
    if case.flops:
        row["of_peak"] = case.flops / median / (flops_per_second * threads)
    if case.read:
        row["of_read"] = case.read / median / bytes_per_second
    return row


def milliseconds(median):
    return f"{median * 1e3:.3g} ms" if median >= 1e-4 else f"{median * 1e6:.3g} µs"


def table(rows):
    """Markdown: attend's time and part of the machine's limit, then how many times as long each of the others takes."""
    others = ["PyTorch", "onnxruntime", "Eigen", "OpenBLAS"]
    others = [name for name in others if any(name in row for row in rows)]
    lines = ["| case | attend | of the limit | " + " | ".join(others) + " |", "|---|---:|---:" + "|---:" * len(others) + "|"]
    for row in rows:
        limit = ("{:.2f} of FMA peak".format(row["of_peak"]) if "of_peak" in row else
                 "{:.2f} of one core's reading".format(row["of_read"]) if "of_read" in row else "")
        cells = [f"{row[name]['median'] / row['attend']['median']:.2f} ×" if name in row else "" for name in others]
        lines.append(f"| {row['case']} | {milliseconds(row['attend']['median'])} | {limit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(rows, path):
    """Bars, case by case: how many times as long as attend the others take."""
    threads = sorted({row["threads"] for row in rows})
    figure, sides = pyplot.subplots(1, len(threads), figsize=(6.5 * len(threads), 2 + 0.36 * len(rows) / len(threads)),
                                    squeeze=False)
    for side, count in zip(sides[0], threads):
        here = [row for row in rows if row["threads"] == count][::-1]
        others = [name for name in COLOURS if any(name in row for row in here)]
        for place, row in enumerate(here):
            present = [name for name in others if name in row]
            high = 0.8 / len(present)
            for i, name in enumerate(present):
                ratio = row[name]["median"] / row["attend"]["median"]
                at = place + 0.4 - high * (i + 0.5)
                side.barh(at, ratio, high, color=COLOURS[name], label=name)
                side.text(ratio * 1.03, at, f"{ratio:.2f}", va="center", fontsize=6)
        side.axvline(1, color="black", linewidth=1)
        side.set_xscale("log")
        side.set_xlim(0.5, 100)
        side.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
        side.set_ylim(-0.6, len(here) - 0.4)
        side.set_yticks(range(len(here)), [row["case"] for row in here], fontsize=7)
        side.set_title(f"{count} thread{'s' if count > 1 else ''}: times as long as attend", fontsize=9)
        handles = dict(zip(*reversed(side.get_legend_handles_labels())))
        side.legend([handles[name] for name in others], others, fontsize=7, loc="upper right")
    figure.text(0.01, 0.005, machine(), fontsize=6)
    figure.tight_layout(rect=(0, 0.015, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def machine():
    name = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores; PyTorch {torch.__version__}, onnxruntime {onnxruntime.__version__}; " \
           f"{time.strftime('%Y-%m-%d')}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path, help="where compare_attend is")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", default=[], help="cases whose name has one of these words")
    parser.add_argument("--quick", action="store_true", help="a fifth of the time")
    options = parser.parse_args()
    programs = {name: options.programs / f"compare_{name}" for name in ("attend", "eigen", "openblas")}
    programs = {name: path for name, path in programs.items() if path.exists()}
    if "attend" not in programs:
        sys.exit(f"compare: there is no compare_attend in {options.programs}.")
    rows = []
    print(machine(), flush=True)
    for threads in options.threads:
        here = []
        for make in CASES:
            case = make()
            if options.only and not any(word in case.name for word in options.only):
                continue
            here.append(measure(case, threads, programs, options.programs / "work", 0.3 if options.quick else 1.5))
            ratios = ", ".join(f"{name} {here[-1][name]['median'] / here[-1]['attend']['median']:.2f}"
                               for name in ("PyTorch", "onnxruntime", "Eigen", "OpenBLAS") if name in here[-1])
            print(f"{case.name}, {threads} thread{'s' if threads > 1 else ''}: "
                  f"{milliseconds(here[-1]['attend']['median'])}; times as long: {ratios}", flush=True)
        rows += here
        print(f"\n{threads} thread{'s' if threads > 1 else ''}\n\n{table(here)}\n", flush=True)
    (options.programs / "compare.json").write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1))
    if rows:
        plot(rows, options.programs / "compare.svg")
        print(f"plot  {options.programs / 'compare.svg'}")


if __name__ == "__main__":
    main()
