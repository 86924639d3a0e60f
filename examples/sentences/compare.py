"""Compares `sentences` with PyTorch and onnxruntime on the same weights: first the vectors, then the speed.

    python3 -m venv build/compare
    build/compare/bin/pip install torch transformers onnx onnxscript onnxruntime
    build/compare/bin/python examples/sentences/compare.py build/examples/sentences/sentences

All are given tokens and sort sentences by length. attend works on about 4096 tokens at once, PyTorch and onnxruntime on
384 with padding and a mask, which is faster for them than 1024 or 4096. They take turns, so that a noisy machine is noisy
for all of them.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import warnings

HERE = pathlib.Path(__file__).resolve().parent
os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")

import numpy as np
import onnxruntime
import torch
import transformers

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class Pooled(torch.nn.Module):
    """The mean over real tokens, divided by its length."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, tokens, mask):
        vectors = self.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        real = mask[:, :, None].to(vectors.dtype)
        return torch.nn.functional.normalize((vectors * real).sum(1) / real.sum(1), dim=1)


def padded_batches(sentences, most_tokens):
    """(rows of the sentences, tokens, mask), the longest first."""
    order = sorted(range(len(sentences)), key=lambda i: -len(sentences[i]))
    first = 0
    while first < len(order):
        width = len(sentences[order[first]])
        rows = order[first:first + max(1, most_tokens // width)]
        tokens = np.zeros((len(rows), width), np.int64)
        mask = np.zeros((len(rows), width), np.int64)
        for i, row in enumerate(rows):
            tokens[i, :len(sentences[row])] = sentences[row]
            mask[i, :len(sentences[row])] = 1
        yield rows, tokens, mask
        first += len(rows)


def run_batches(sentences, most_tokens, embed):
    vectors = None
    for rows, tokens, mask in padded_batches(sentences, most_tokens):
        found = embed(tokens, mask)
        if vectors is None:
            vectors = np.empty((len(sentences), found.shape[1]), np.float32)
        vectors[rows] = found
    return vectors


def ours(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--model", default=str(HERE.parent.parent / "build" / "all-MiniLM-L6-v2"))
    options.add_argument("--file", default=str(HERE / "sentences.txt"))
    options.add_argument("--copies", type=int, default=4, help="of the file, to measure on")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--batch", type=int, default=4096, help="tokens at once of attend")
    options.add_argument("--padded-batch", type=int, default=384, help="tokens at once of the others")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    given = options.parse_args()

    text = pathlib.Path(given.file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    tokens_text = ours(given.program, given.file, "--model", given.model, "--tokens")
    sentences = [[int(token) for token in line.split()] for line in tokens_text.splitlines()]
    sentences = [tokens for tokens, line in zip(sentences, text.splitlines()) if line.strip()]
    model = Pooled(transformers.BertModel.from_pretrained(given.model, add_pooling_layer=False)).eval()

    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        # The vectors: each sentence by itself, without padding.
        ours(given.program, given.file, "--model", given.model, "--similar", "0", "--save", folder + "/ours.npy")
        found = np.load(folder + "/ours.npy").astype(np.float64)
        exact = Pooled(transformers.BertModel.from_pretrained(given.model, add_pooling_layer=False).double()).eval()
        one = lambda net, tokens: net(torch.tensor([tokens]), torch.ones(1, len(tokens), dtype=torch.int64))[0].numpy()
        wanted = np.stack([one(model, tokens) for tokens in sentences]).astype(np.float64)
        true = np.stack([one(exact, tokens) for tokens in sentences])
        cosines = (found * wanted).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
        unit = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
        worst = int(cosines.argmin())
        print(f"{len(lines)} sentences: smallest cosine between attend's vector and PyTorch's {cosines.min():.9f}, in "
              f"\"{lines[worst][:60]}\"")
        print(f"Largest difference from PyTorch in double precision: attend {abs(found - true).max():.1e}, "
              f"PyTorch in float {abs(wanted - true).max():.1e}")

        # The speed.
        copied = sentences * given.copies
        with open(folder + "/copies.txt", "w", encoding="utf-8") as file:
            file.write("\n".join(lines * given.copies) + "\n")
        count, total = len(copied), sum(map(len, copied))
        in_padding = sum(tokens.size for _, tokens, _ in padded_batches(copied, given.padded_batch))
        print(f"{count} sentences, {total} tokens ({in_padding} padded), torch {torch.__version__}, onnxruntime "
              f"{onnxruntime.__version__}, transformers {transformers.__version__}")

        def by_torch(threads):
            torch.set_num_threads(threads)
            return lambda: run_batches(copied, given.padded_batch, lambda tokens, mask: model(
                torch.from_numpy(tokens), torch.from_numpy(mask)).numpy())

        def by_onnx(path, threads):
            settings = onnxruntime.SessionOptions()
            settings.intra_op_num_threads = threads
            settings.log_severity_level = 3
            session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
            return lambda: run_batches(copied, given.padded_batch, lambda tokens, mask: session.run(
                None, {"tokens": tokens, "mask": mask})[0])

        for name, path in exported(model, folder).items():
            vectors = by_onnx(path, 1)()[:len(sentences)].astype(np.float64)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            print(f"{name}: smallest cosine with PyTorch {(vectors * unit).sum(1).min():.9f}")

        speeds = {}
        sessions = {(name, threads): by_onnx(path, threads)
                    for name, path in exported(model, folder).items() for threads in given.threads}
        for round_ in range(given.rounds + 1):
            for threads in given.threads:
                out = ours(given.program, folder + "/copies.txt", "--model", given.model, "--threads", str(threads),
                           "--runs", "3", "--similar", "0", "--batch", str(given.batch))
                speeds.setdefault(("attend", threads), []).append(
                    float(re.search(r"([0-9.]+) sentences a second", out)[1]))
                runs = {"PyTorch": by_torch(threads)}
                runs |= {name: run for (name, of), run in sessions.items() if of == threads}
                for name, run in runs.items():
                    start = time.perf_counter()
                    run()
                    speeds.setdefault((name, threads), []).append(count / (time.perf_counter() - start))
        print(out.splitlines()[3].split(",")[0])

        print(f"\nSentences a second, median of {given.rounds} rounds (smallest to largest)")
        for (name, threads), values in sorted(speeds.items(), key=lambda item: item[0][1]):
            values = values[1:]  # the first round warms up
            print(f"  {threads} thread{'s' if threads > 1 else ' '}  {name:28s} {statistics.median(values):8.1f}  "
                  f"({min(values):.1f} to {max(values):.1f})")
        for threads in given.threads:
            best = {name: statistics.median(v[1:]) for (name, of), v in speeds.items() if of == threads}
            print(f"  {threads} thread{'s' if threads > 1 else ' '}: attend is " + ", ".join(
                f"{best['attend'] / speed:.2f} × {name}" for name, speed in best.items() if name != "attend"))
    return 0 if cosines.min() >= 0.99999 else 1


def exported(model, folder):
    """The model as ONNX files: as exported, and with its layers fused by onnxruntime's own optimizer."""
    plain, fused = folder + "/plain.onnx", folder + "/fused.onnx"
    if not os.path.exists(plain):
        sample = (torch.ones(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64))
        axes = {"tokens": {0: "batch", 1: "length"}, "mask": {0: "batch", 1: "length"}}
        with torch.inference_mode(False), torch.no_grad():
            torch.onnx.export(model, sample, plain, input_names=["tokens", "mask"], output_names=["vectors"],
                              dynamic_axes=axes, opset_version=17, dynamo=False)
        try:
            from onnxruntime.transformers import optimizer

            optimizer.optimize_model(plain, model_type="bert", num_heads=12, hidden_size=384).save_model_to_file(fused)
        except Exception as error:
            print("onnxruntime's optimizer failed:", error)
    return {name: path for name, path in {"onnxruntime": plain, "onnxruntime, fused": fused}.items()
            if os.path.exists(path)}


if __name__ == "__main__":
    raise SystemExit(main())
