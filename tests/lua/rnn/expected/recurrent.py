"""Writes recurrent.lua: what PyTorch gives, in double, for an LSTM, an LSTM with projection and a GRU over a sequence of
5 steps and 3 samples, 4 inputs and 2 outputs (6 cells where they are projected): all outputs, and for the gradient wave(9)
of them the gradients of the inputs, of the states before the first step and of the parameters.

Tensors are not stored: element i (from 0) of the k-th wave is 1.3 sin(0.7 i + k), which the test computes too. The input
is wave 1, h0 wave 2, c0 wave 3; the weight (inputs' rows, then outputs') is half of wave 4, the bias of wave 5, the
projection of wave 6. Columns are gates: i f o g for LSTMs, r u n for the GRU, whose n reads r times the old output.

    python3 recurrent.py > recurrent.lua
"""
import textwrap

import torch

torch.set_default_dtype(torch.float64)
T, N, D, H, C = 5, 3, 4, 2, 6


def wave(k, *shape):
    n = torch.arange(torch.Size(shape).numel())
    return (1.3 * torch.sin(0.7 * n + k)).view(*shape)


def show(t):
    return "{" + ", ".join("%.17g" % v for v in t.detach().flatten().tolist()) + "}"


def case(name, out, leaves):
    grads = torch.autograd.grad(out, leaves, wave(9, *out.shape))
    line = "%s = {%s}," % (name, ", ".join(map(show, [out, *grads])))
    print(textwrap.fill(line, 118, initial_indent="  ", subsequent_indent="    ", break_long_words=False))


def lstm(name, cells, projected):
    """torch.nn.LSTM has the gates as rows, in the order i f g o"""
    net = torch.nn.LSTM(D, cells, proj_size=H if projected else 0)
    x, h0, c0 = wave(1, T, N, D), wave(2, N, H), wave(3, N, cells)
    weight, bias, project = wave(4, D + H, 4 * cells) / 2, wave(5, 4 * cells) / 2, wave(6, cells, H) / 2
    leaves = [t.requires_grad_() for t in [x, h0, c0, weight, bias] + ([project] if projected else [])]

    def rows(t):
        i, f, o, g = t.split(cells, -1)
        return torch.cat([i, f, g, o], -1).movedim(-1, 0)

    values = {"weight_ih_l0": rows(weight[:D]), "weight_hh_l0": rows(weight[D:]), "bias_ih_l0": rows(bias),
              "bias_hh_l0": torch.zeros(4 * cells)}
    if projected:
        values["weight_hr_l0"] = project.t()
    out, _ = torch.func.functional_call(net, values, (x, (h0[None], c0[None])))
    case(name, out, leaves)


def gru():
    x, h0 = wave(1, T, N, D).requires_grad_(), wave(2, N, H).requires_grad_()
    weight, bias = (wave(4, D + H, 3 * H) / 2).requires_grad_(), (wave(5, 3 * H) / 2).requires_grad_()
    h, outputs = h0, []
    for step in x:
        from_x = step @ weight[:D] + bias
        r, u = torch.sigmoid(from_x[:, : 2 * H] + h @ weight[D:, : 2 * H]).split(H, 1)
        n = torch.tanh(from_x[:, 2 * H :] + (r * h) @ weight[D:, 2 * H :])
        h = (1 - u) * n + u * h
        outputs.append(h)
    case("gru", torch.stack(outputs), [x, h0, weight, bias])


print("-- Written by recurrent.py.\nreturn {")
lstm("lstm", H, False)
lstm("projected", C, True)
gru()
print("}")
