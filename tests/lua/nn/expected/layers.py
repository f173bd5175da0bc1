"""Writes layers.lua: outputs and gradients of layers and criteria, computed by PyTorch in double.

Inputs are not stored: element i (from 0) of the k-th tensor is 1.3 sin(0.7 i + k), which the test computes too.
Each case: the output for input 1, and, for the output gradient numbered 9, the gradients of the input and of the
parameters (numbered from 2 on).

    python3 layers.py > layers.lua
"""
import textwrap

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def wave(k, *shape):
    n = torch.Size(shape).numel()
    return (1.3 * torch.sin(0.7 * torch.arange(n) + k)).reshape(shape)


def show(t):
    numbers = ", ".join(repr(v) for v in t.detach().flatten().tolist())
    return "{\n" + textwrap.fill(numbers, 116, initial_indent="    ", subsequent_indent="    ") + "}"


def case(name, f, *shapes):
    """f(input, parameters...): shapes are theirs."""
    tensors = [wave(k + 1, *shape).requires_grad_() for k, shape in enumerate(shapes)]
    out = f(*tensors)
    grads = torch.autograd.grad(out, tensors, wave(9, *out.shape))
    print(f"  {name} = {{sizes = {{{', '.join(map(str, out.shape))}}},")
    print(f"    output = {show(out)},")
    print(f"    grads = {{{', '.join(show(g) for g in grads)}}}}},")


def ceil_pool(x):
    return F.max_pool2d(x, (2, 3), (2, 2), (1, 1), ceil_mode=True)


weights = torch.tensor([1.0, 0.5, 2.0, 3.0])
target = torch.tensor([1, 3, 0])

print("-- Written by layers.py; see there.")
print("return {")
case("linear", F.linear, (3, 4), (2, 4), (2,))
case("conv", F.conv2d, (2, 2, 5, 4), (3, 2, 3, 2), (3,))
case("conv_strided", lambda x, w, b: F.conv2d(x, w, b, (2, 1), (1, 2)), (2, 2, 5, 4), (3, 2, 3, 2), (3,))
case("max_pool", ceil_pool, (2, 2, 5, 6))
case("average_pool", lambda x: F.avg_pool2d(x, (2, 3), (2, 2), (1, 1)), (2, 2, 5, 6))
case("average_pool_ceil", lambda x: F.avg_pool2d(x, (2, 3), (2, 2), (0, 1), True), (2, 2, 5, 6))
case("average_pool_inside", lambda x: F.avg_pool2d(x, (2, 3), (2, 2), (1, 1), count_include_pad=False), (2, 2, 5, 6))
case("batch_norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-3), (4, 3, 2, 2), (3,), (3,))
case("soft_max", lambda x: F.softmax(x, 1), (3, 4))
case("log_soft_max", lambda x: F.log_softmax(x, 1), (2, 3, 2, 2))
case("threshold", lambda x: F.threshold(x, 0.3, -0.2), (3, 4))
case("mse", lambda x: F.mse_loss(x, wave(5, 3, 4)).reshape(1), (3, 4))
case("nll", lambda x: F.nll_loss(x, target).reshape(1), (3, 4))
case("nll_weighted", lambda x: F.nll_loss(x, target, weights).reshape(1), (3, 4))
case("nll_ignoring", lambda x: F.nll_loss(x, target, weights, ignore_index=3).reshape(1), (3, 4))
case("cross_entropy", lambda x: F.cross_entropy(x, target, weights, reduction="sum").reshape(1), (3, 4))
print("}")
