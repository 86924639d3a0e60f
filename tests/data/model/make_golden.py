"""Writes the files of this folder: tiny models of Hugging Face's transformers and of PyTorch with random parameters, in
float64, with their inputs, outputs and gradients.

    python3 -m venv env && env/bin/pip install torch==2.13.0 transformers==5.23.0 numpy && env/bin/python make_golden.py

The loss is the sum of output * d_output. Of each model there is `NAME.safetensors`, the parameters under the names that
save_pretrained gives them; `NAME_gradient.safetensors`, the derivatives by them under the same names; and `NAME.json`,
inputs and outputs.
"""

import json
import math
import pathlib
import shutil
import tempfile
import types

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers.models.xlnet import modeling_xlnet as xlnet

FOLDER = pathlib.Path(__file__).parent
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
NUMBERS = np.random.default_rng(11)


# Parts of transformers go through float32 whatever the model's type: softmax, RMS norms, rotary angles. Here they stay
# in float64, all but the logarithms by which T5 finds its buckets, which are part of what it is.
SOFTMAX, TO, FLOAT = torch.nn.functional.softmax, torch.Tensor.to, torch.Tensor.float
WHOLE_NUMBERS_TOO = True


def stays(tensor):
    return tensor.dtype == torch.float64 or (WHOLE_NUMBERS_TOO and not tensor.dtype.is_floating_point)


def to(tensor, *args, **kwargs):
    wanted = kwargs.get("dtype", args[0] if args else None)
    return tensor.double() if wanted is torch.float32 and stays(tensor) else TO(tensor, *args, **kwargs)


torch.nn.functional.softmax = lambda x, dim=None, dtype=None: SOFTMAX(x, dim=dim)
torch.Tensor.to = to
torch.Tensor.float = lambda tensor: tensor.double() if stays(tensor) else FLOAT(tensor)


def uniform(*shape):
    return torch.tensor(NUMBERS.uniform(-1, 1, shape))


def tokens(words, *shape):
    return torch.tensor(NUMBERS.integers(0, words, shape))


def array(tensor):
    tensor = tensor.detach()
    return {"shape": list(tensor.shape), "data": tensor.flatten().tolist()}


def perturbed(model):
    """Every parameter random: norms around 1, the others around 0."""
    model = model.double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            norm = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_((1 if norm else 0) + 0.4 * uniform(*parameter.shape))
    return model


def save(model, name):
    if not hasattr(model, "save_pretrained"):
        save_file({key: tensor.detach().clone() for key, tensor in model.named_parameters()},
                  FOLDER / f"{name}.safetensors")
        return
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        shutil.copy(pathlib.Path(folder) / "model.safetensors", FOLDER / f"{name}.safetensors")


def write(name, model, output, d_output=None, **values):
    """The model, its derivatives, and what came out of what; `values` are tensors, or what json knows."""
    d_output = uniform(*output.shape) if d_output is None else d_output
    save(model, name)
    (output * d_output).sum().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
    save(model, f"{name}_gradient")
    values = {"output": output, "d_output": d_output, **values}
    values = {key: array(value) if torch.is_tensor(value) else value for key, value in values.items()}
    (FOLDER / f"{name}.json").write_text(json.dumps(values, separators=(",", ":")) + "\n")


def bert():
    config = transformers.BertConfig(vocab_size=23, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
                                     intermediate_size=20, max_position_embeddings=9, pad_token_id=None,
                                     attn_implementation="eager")
    model = perturbed(transformers.BertModel(config))
    lengths, length = [7, 4, 1], 7
    ids, types = tokens(23, 3, length), tokens(2, 3, length)
    real = torch.tensor([[float(i < n) for i in range(length)] for n in lengths])
    output = model(input_ids=ids, token_type_ids=types, attention_mask=real).last_hidden_state
    write("bert", model, output, uniform(*output.shape) * real[:, :, None], tokens=ids, types=types, lengths=lengths)


def gpt2():
    config = transformers.GPT2Config(vocab_size=23, n_embd=12, n_layer=2, n_head=3, n_inner=20, n_positions=9,
                                     bos_token_id=0, eos_token_id=0, attn_implementation="eager")
    model = perturbed(transformers.GPT2LMHeadModel(config))
    ids = tokens(23, 2, 8)
    write("gpt2", model, model(input_ids=ids).logits, tokens=ids)


def rotary_in_double(model, dim):
    model.model.rotary_emb.inv_freq = 10000.0 ** (-torch.arange(0, dim, 2) / dim)
    return model


def llama():
    config = transformers.LlamaConfig(vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, intermediate_size=20, max_position_embeddings=16,
                                      rms_norm_eps=1e-5, attn_implementation="eager")
    model = rotary_in_double(perturbed(transformers.LlamaForCausalLM(config)), 4)
    ids = tokens(23, 2, 11)
    write("llama", model, model(input_ids=ids).logits, tokens=ids)


def qwen3():
    config = transformers.Qwen3Config(vocab_size=23, hidden_size=12, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, head_dim=6, intermediate_size=20, rms_norm_eps=1e-6,
                                      max_position_embeddings=16, tie_word_embeddings=True,
                                      attn_implementation="eager")
    model = rotary_in_double(perturbed(transformers.Qwen3ForCausalLM(config)), 6)
    ids = tokens(23, 2, 11)
    write("qwen3", model, model(input_ids=ids).logits, tokens=ids)


def t5(name, feed_forward, tied):
    config = transformers.T5Config(vocab_size=23, d_model=12, d_kv=5, d_ff=20, num_layers=2, num_decoder_layers=2,
                                   num_heads=3, relative_attention_num_buckets=8, relative_attention_max_distance=20,
                                   feed_forward_proj=feed_forward, tie_word_embeddings=tied, pad_token_id=0,
                                   eos_token_id=1, decoder_start_token_id=0, attn_implementation="eager")
    model = transformers.T5ForConditionalGeneration(config)
    if not tied:  # as the files of version 1.1 are, which this version of transformers would tie
        config.tie_word_embeddings = model.config.tie_word_embeddings = False
        model.lm_head.weight = torch.nn.Parameter(torch.empty(23, 12))
    model = perturbed(model)
    length, lengths = 27, [27, 12]
    source, target = tokens(23, 2, length), tokens(23, 2, 24)
    real = torch.tensor([[float(i < n) for i in range(length)] for n in lengths])
    logits = model(input_ids=source, attention_mask=real, decoder_input_ids=target).logits
    write(name, model, logits, source=source, target=target, lengths=lengths)


def vit():
    config = transformers.ViTConfig(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                                    image_size=(6, 9), patch_size=3, num_channels=2, num_labels=5,
                                    attn_implementation="eager")
    model = perturbed(transformers.ViTForImageClassification(config))
    images = uniform(2, 2, 6, 9).requires_grad_()
    result = model(pixel_values=images, output_attentions=True, output_hidden_states=True)
    d_output = uniform(*result.logits.shape)
    (d_images,) = torch.autograd.grad((result.logits * d_output).sum(), images, retain_graph=True)
    class_weights = torch.stack([layer[:, :, 0, :] for layer in result.attentions])  # (layers, batch, heads, tokens)
    write("vit", model, result.logits, d_output, images=images, d_images=d_images, class_weights=class_weights)


class Transformer(torch.nn.Module):
    """PyTorch's layers with norms after, as in the paper: no further norm, one table for words in, out and the head."""

    def __init__(self, words, d, heads, hidden, layers):
        super().__init__()
        sizes = {"d_model": d, "nhead": heads, "dim_feedforward": hidden, "dropout": 0.0, "batch_first": True}
        self.words = torch.nn.Embedding(words, d)
        self.encoder = torch.nn.ModuleList(torch.nn.TransformerEncoderLayer(**sizes) for _ in range(layers))
        self.decoder = torch.nn.ModuleList(torch.nn.TransformerDecoderLayer(**sizes) for _ in range(layers))

    def embed(self, ids):
        length, d = ids.shape[1], self.words.weight.shape[1]
        angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
        positions = torch.stack([angles.sin(), angles.cos()], dim=2).reshape(length, d)
        return self.words(ids) * math.sqrt(d) + positions

    def forward(self, source, target, padding):
        memory, x = self.embed(source), self.embed(target)
        for layer in self.encoder:
            memory = layer(memory, src_key_padding_mask=padding)
        later = torch.triu(torch.ones(target.shape[1], target.shape[1], dtype=torch.bool), 1)
        for layer in self.decoder:
            x = layer(x, memory, tgt_mask=later, memory_key_padding_mask=padding)
        return x @ self.words.weight.T


def transformer():
    torch.backends.mha.set_fastpath_enabled(False)
    model = perturbed(Transformer(23, 12, 3, 20, 2))
    lengths, length = [7, 4], 7
    source, target = tokens(23, 2, length), tokens(23, 2, 6)
    padding = torch.tensor([[i >= n for i in range(length)] for n in lengths])
    write("transformer", model, model(source, target, padding), source=source, target=target, lengths=lengths)


class RelativeAttention(torch.nn.Module):
    """The scores of XLNet, which are those of Transformer-XL, under the names of attend's RelativeAttention."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.attention = torch.nn.ModuleDict({
            name: torch.nn.Linear(d, d, bias=name == "query") for name in ("query", "key", "value", "output")})
        self.position = torch.nn.Linear(d, d, bias=False)
        self.position_bias = torch.nn.Parameter(torch.empty(d))

    def forward(self, x, past):
        n, m, d = x.shape[1], x.shape[1] + past.shape[1], x.shape[2]
        split = lambda rows: rows.reshape(*rows.shape[:2], self.heads, -1).transpose(0, 1)  # (length, batch, heads, dim)
        tokens = torch.cat([past, x], dim=1)
        angles = torch.arange(m, -n, -1)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
        sinusoids = torch.stack([angles.sin(), angles.cos()], dim=2).reshape(1, n + m, d)
        core = types.SimpleNamespace(
            r_w_bias=self.attention["query"].bias.reshape(self.heads, -1),
            r_r_bias=self.position_bias.reshape(self.heads, -1), scale=(d // self.heads)**-0.5,
            dropout=torch.nn.Identity(), rel_shift_bnij=xlnet.XLNetRelativeAttention.rel_shift_bnij)
        later = torch.triu(torch.ones(n, m), 1 + m - n)[:, :, None, None]
        context = xlnet.XLNetRelativeAttention.rel_attn_core(
            core, split(x @ self.attention["query"].weight.T), split(self.attention["key"](tokens)),
            split(self.attention["value"](tokens)), split(self.position(sinusoids)), attn_mask=later)
        return self.attention["output"](context.transpose(0, 1).flatten(2))


def relative_attention():
    model = perturbed(RelativeAttention(12, 3))
    x, past = uniform(2, 5, 12).requires_grad_(), uniform(2, 4, 12)
    output = model(x, past)
    d_output = uniform(*output.shape)
    (d_x,) = torch.autograd.grad((output * d_output).sum(), x, retain_graph=True)
    write("relative_attention", model, output, d_output, x=x, past=past, d_x=d_x)


bert()
gpt2()
llama()
qwen3()
WHOLE_NUMBERS_TOO = False
t5("t5", "relu", True)
t5("t5_gated", "gated-gelu", False)
vit()
transformer()
relative_attention()
