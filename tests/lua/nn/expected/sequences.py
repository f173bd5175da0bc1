"""Writes sequences.lua: what PyTorch gives, in double, for the rows of tests/lua/nn/rows/sequences.lua. What is stored is
said in modules.py.

    python3 sequences.py > sequences.lua
"""
import math

import torch
import torch.nn.functional as F
from modules import case, write
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

mask = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 0]]).bool()
own_mask = torch.tensor([[1, 0, 1], [0, 1, 1]]).bool()


def layer(name, module, *shapes, states=False, lengths=None, batch_first=False):
    """A recurrent layer; shapes: of the sequence and the first states."""
    names = [n for n, _ in module.named_parameters()]
    shapes += tuple(tuple(p.shape) for p in module.parameters())
    first = len(shapes) - len(names)

    def run(*tensors):
        parameters = dict(zip(names, tensors[first:]))
        x, given = tensors[0], tensors[1:first]
        if lengths:
            x = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        args = (x, given if len(given) > 1 else given[0]) if given else (x,)
        out, last = functional_call(module, parameters, args)
        if lengths:
            out, _ = pad_packed_sequence(out)
        return [out, last] if states else out

    case(name, run, *shapes, parameters=len(names))


def recurrent():
    s = (4, 3, 2)
    layer("LSTMLayer", torch.nn.LSTM(2, 3), s)
    layer("LSTMLayer, two layers, both directions, states", torch.nn.LSTM(2, 3, 2, bidirectional=True), (4, 2, 2),
          (4, 2, 3), (4, 2, 3), states=True)
    layer("LSTMLayer, lengths", torch.nn.LSTM(2, 3, 2, bidirectional=True), s, states=True, lengths=[2, 4, 1])
    layer("LSTMLayer, lengths and states", torch.nn.LSTM(2, 3, bidirectional=True), s, (2, 3, 3), (2, 3, 3),
          states=True, lengths=[4, 3, 1])
    layer("LSTMLayer, batch first, no bias", torch.nn.LSTM(2, 3, batch_first=True, bias=False), (3, 4, 2))
    layer("GRULayer", torch.nn.GRU(2, 3), s)
    layer("GRULayer, lengths and states", torch.nn.GRU(2, 3, bidirectional=True), s, (2, 3, 3), states=True,
          lengths=[4, 3, 1])
    layer("GRULayer, two layers, both directions", torch.nn.GRU(2, 3, 2, bidirectional=True), (3, 2, 2))
    layer("GRULayer, no bias", torch.nn.GRU(2, 3, bias=False), (3, 2, 2))
    layer("RNNLayer", torch.nn.RNN(2, 3), s)
    layer("RNNLayer, lengths, both directions, states", torch.nn.RNN(2, 3, 2, bidirectional=True), s, (4, 3, 3),
          states=True, lengths=[4, 1, 3])


def scaled():
    attend = F.scaled_dot_product_attention
    shapes = (2, 2, 3, 4), (2, 2, 4, 4), (2, 2, 4, 3)
    case("ScaledDotProductAttention", attend, *shapes)
    hidden = torch.ones(4, 4).triu(1).bool()
    case("ScaledDotProductAttention, causal, a bias, a scale",
         lambda q, k, v, b: attend(q, k, v, attn_mask=b.masked_fill(hidden, -math.inf), scale=0.3),
         (2, 2, 4, 3), (2, 2, 4, 3), (2, 2, 4, 2), (2, 4, 4))
    case("ScaledDotProductAttention, a mask", lambda q, k, v: attend(q, k, v, attn_mask=mask[:, None, None]), *shapes)
    case("ScaledDotProductAttention, without heads", attend, (2, 3, 4), (2, 4, 4), (2, 4, 3))


def multihead():
    def attend(q, k, v, *weights, **options):
        module = torch.nn.MultiheadAttention(4, 2, bias=len(weights) == 4, batch_first=True)
        names = [n for n, _ in module.named_parameters()]
        return functional_call(module, dict(zip(names, weights)), (q, k, v), dict(options, need_weights=False))[0]

    weights = (12, 4), (12,), (4, 4), (4,)
    x, m = (2, 3, 4), (2, 4, 4)
    case("MultiheadAttention", lambda x, *w: attend(x, x, x, *w), x, *weights, parameters=4)
    case("MultiheadAttention, causal, no bias",
         lambda x, *w: attend(x, x, x, *w, attn_mask=torch.ones(3, 3).triu(1).bool()), x, weights[0], weights[2],
         parameters=2)
    case("MultiheadAttention, to others, a mask", lambda x, m, *w: attend(x, m, m, *w, key_padding_mask=~mask), x, m,
         *weights, parameters=4)
    case("MultiheadAttention, values of their own", attend, x, m, m, *weights, parameters=4)


def relative():
    """As the paper writes it: a loop over queries and keys."""
    def attend(x, memory, w, out, w_r, u, v):
        both = torch.cat([memory, x], 1)
        T, S, M = x.shape[1], both.shape[1], memory.shape[1]

        def heads(y):
            return y.view(*y.shape[:2], 2, 2).transpose(1, 2)
        q, k, value = heads(x @ w[:4].t()), heads(both @ w[4:8].t()), heads(both @ w[8:].t())
        rate = torch.tensor([1, 1 / 100.])
        rows = []
        for i in range(T):
            scores = []
            for j in range(S):
                distance = M + i - j
                if distance < 0:
                    scores.append(torch.full((2, 2), -math.inf))
                    continue
                r = (torch.cat([torch.sin(distance * rate), torch.cos(distance * rate)]) @ w_r.t()).view(2, 2)
                scores.append(((q[:, :, i] + u) * k[:, :, j] + (q[:, :, i] + v) * r).sum(-1) / math.sqrt(2))
            rows.append(torch.softmax(torch.stack(scores, -1), -1))
        y = torch.stack(rows, 2) @ value
        return y.transpose(1, 2).reshape(2, T, 4) @ out.t()

    weights = (12, 4), (4, 4), (4, 4), (2, 2), (2, 2)
    case("RelativeMultiheadAttention", lambda x, *w: attend(x, x[:, :0], *w), (2, 3, 4), *weights, parameters=5)
    case("RelativeMultiheadAttention, a memory", attend, (2, 3, 4), (2, 2, 4), *weights, parameters=5)


def additive():
    def attend(query, keys, w, u, v, hidden=None):
        scores = torch.tanh((query @ w.t())[:, None] + keys @ u.t()) @ v
        if hidden is not None:
            scores = scores.masked_fill(hidden, -math.inf)
        return (torch.softmax(scores, 1)[..., None] * keys).sum(1)

    shapes = (2, 2), (2, 4, 4), (3, 2), (3, 4), (3,)
    case("AdditiveAttention", attend, *shapes, parameters=3)
    case("AdditiveAttention, a mask", lambda *t: attend(*t, hidden=~mask), *shapes, parameters=3)


def positions():
    angles = torch.arange(10.)[:, None] * torch.tensor([1, 0.01])
    turns = torch.stack([angles.sin(), angles.cos()], -1).view(10, 4)
    case("SinusoidalPositions", lambda x: x + turns[:3], (2, 3, 4))
    apart = torch.cat([angles.sin(), angles.cos()], -1)
    case("SinusoidalPositions, apart, an offset", lambda x: x + apart[5:8], (3, 4))
    case("LearnedPositions", lambda x, w: x + w[:3], (2, 3, 4), (5, 4), parameters=1)
    case("LearnedPositions, an offset", lambda x, w: x + w[2:5], (2, 3, 4), (5, 4), parameters=1)


def transformer():
    attention = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]

    def pair(name):
        return [name + ".weight", name + ".bias"]
    names = ["self_attn." + n for n in attention] + pair("norm1") + pair("linear1") + pair("linear2") + pair("norm2")

    def encoder(name, module, **options):
        shapes = [tuple(dict(module.named_parameters())[n].shape) for n in names]
        case(name, lambda x, *w: functional_call(module, dict(zip(names, w)), (x,), options), (2, 3, 4), *shapes,
             parameters=len(names))

    def make(cls, **options):
        return cls(4, 2, 5, dropout=0, batch_first=True, **options)
    later = torch.ones(3, 3).triu(1).bool()
    encoder("TransformerEncoderLayer", make(torch.nn.TransformerEncoderLayer))
    encoder("TransformerEncoderLayer, a norm in front, gelu, causal",
            make(torch.nn.TransformerEncoderLayer, norm_first=True, activation=F.gelu), src_mask=later)
    encoder("TransformerEncoderLayer, gelu_tanh, a mask",
            make(torch.nn.TransformerEncoderLayer, activation=lambda x: F.gelu(x, approximate="tanh")),
            src_key_padding_mask=~own_mask)
    decoder = make(torch.nn.TransformerDecoderLayer, norm_first=True, activation=F.gelu)
    names += ["multihead_attn." + n for n in attention] + pair("norm3")
    shapes = [tuple(dict(decoder.named_parameters())[n].shape) for n in names]
    case("TransformerDecoderLayer",
         lambda x, m, *w: functional_call(decoder, dict(zip(names, w)), (x, m),
                                          dict(tgt_mask=later, memory_key_padding_mask=~mask)),
         (2, 3, 4), (2, 4, 4), *shapes, parameters=len(names))


if __name__ == "__main__":
    write("sequences.py", recurrent, scaled, multihead, relative, additive, positions, transformer)
