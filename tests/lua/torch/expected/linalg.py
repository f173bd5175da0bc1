"""Writes linalg.lua: results and gradients of linear algebra, convolution, einsum, padding and the like, computed by
PyTorch in double.

Inputs are not stored: element i (from 0) of the k-th input is 1.3 sin(0.7 i + k), which the test computes too. What a
case makes of them (a matrix with 3 more on its diagonal, a positive definite one) the test makes as well. Each case: all
its results, one behind another, and, for the gradient of these numbered 9, the gradients of the inputs.

    python3 linalg.py > linalg.lua
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
    numbers = numbers.replace("-inf", "-math.huge").replace("inf", "math.huge").replace("nan", "0/0")
    return "{\n" + textwrap.fill(numbers, 116, initial_indent="    ", subsequent_indent="    ") + "}"


def case(name, f, *shapes):
    """f(inputs...) gives one result or several; shapes are those of the inputs"""
    inputs = [wave(k + 1, *shape).requires_grad_() for k, shape in enumerate(shapes)]
    out = f(*inputs)
    out = torch.cat([o.reshape(-1) for o in (out if isinstance(out, tuple) else (out,))])
    print(f"  {name} = {{")
    print(f"    output = {show(out)},")
    if out.requires_grad:
        grads = torch.autograd.grad(out, inputs, wave(9, *out.shape))
        print(f"    grads = {{{', '.join(show(g) for g in grads)}}},")
    print("  },")


def regular(x):
    return x + 3 * torch.eye(x.shape[-2], x.shape[-1])


def definite(x):
    return x @ x.mT + torch.eye(x.shape[-1])


def singular(x):
    return x - x.mean(-1, keepdim=True)


def symeig(x):
    e, v = torch.linalg.eigh(definite(regular(x)))
    return e, v**2


def svd(x):
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return s, u @ torch.diag_embed(torch.arange(s.shape[-1]) + 1.0) @ vh


def lu(x):
    factors, pivots = torch.linalg.lu_factor(regular(x))
    return factors


def images(x, k, groups):
    return F.conv2d(x[None], k, groups=groups)[0]


def whole_images(x, k, groups):
    return F.conv2d(x[None], k, groups=groups, padding=(k.shape[2] - 1, k.shape[3] - 1))[0]


def volumes(x, k, groups):
    return F.conv3d(x[None], k, groups=groups)[0]


def whole_volumes(x, k, groups):
    return F.conv3d(x[None], k, groups=groups, padding=tuple(n - 1 for n in k.shape[2:]))[0]


def einsum(name, formula, *shapes):
    case("einsum_" + name, lambda *x: torch.einsum(formula, *x), *shapes)


print("-- Written by linalg.py; see there.")
print("return {")
case("inverse", lambda x: torch.linalg.inv(regular(x)), (3, 3))
case("inverse_batch", lambda x: torch.linalg.inv(regular(x)), (2, 3, 3))
case("gesv", lambda b, a: torch.linalg.solve(regular(a), b), (3, 2), (3, 3))
case("gesv_factors", lambda x: lu(x).detach(), (4, 4))
case("gesv_batch", lambda b, a: torch.linalg.solve(regular(a), b), (2, 3, 2), (2, 3, 3))
case("trtrs", lambda b, a: torch.linalg.solve_triangular(regular(a).triu(), b, upper=True), (3, 2), (3, 3))
case("trtrs_lower", lambda b, a: torch.linalg.solve_triangular(
    regular(a).tril().mT, b, upper=True, unitriangular=True), (3, 2), (3, 3))
case("gels_high", lambda b, a: torch.linalg.lstsq(regular(a), b).solution, (5, 2), (5, 3))
case("gels_wide", lambda b, a: torch.linalg.lstsq(regular(a), b).solution, (3, 2), (3, 5))
case("potrf", lambda x: torch.linalg.cholesky(definite(x)).mT, (4, 4))
case("potrf_lower", lambda x: torch.linalg.cholesky(definite(x)), (2, 3, 3))
case("potrs", lambda b, x: torch.cholesky_solve(b, torch.linalg.cholesky(definite(x))), (3, 2), (3, 3))
case("potri", lambda x: torch.cholesky_inverse(torch.linalg.cholesky(definite(x))), (3, 3))
case("symeig", symeig, (4, 4))
case("symeig_batch", symeig, (2, 3, 3))
case("eig", lambda x: torch.view_as_real(torch.linalg.eigvals(regular(x))).detach(), (4, 4))
case("svd_square", lambda x: svd(regular(x)), (3, 3))
case("svd_high", lambda x: svd(regular(x)), (4, 3))
case("svd_wide", lambda x: svd(regular(x)), (3, 5))
case("qr_square", lambda x: torch.linalg.qr(regular(x)), (3, 3))
case("qr_high", lambda x: torch.linalg.qr(regular(x)), (5, 3))
case("qr_wide", lambda x: torch.linalg.qr(regular(x)), (3, 5))
case("qr_batch", lambda x: torch.linalg.qr(regular(x)), (2, 4, 3))
case("det", lambda x: torch.linalg.det(x), (4, 4))
case("det_batch", lambda x: torch.linalg.det(x), (3, 2, 2))
case("det_singular", lambda x: torch.linalg.det(singular(x)), (3, 3))
case("slogdet", lambda x: torch.linalg.slogdet(regular(x))[1], (4, 4))
case("logdet_batch", lambda x: torch.logdet(definite(x)), (2, 3, 3))
case("pinverse_high", lambda x: torch.linalg.pinv(x), (4, 2))
case("pinverse_wide", lambda x: torch.linalg.pinv(x), (2, 4))
case("pinverse_deficient", lambda x: torch.linalg.pinv(torch.cat([x, 2 * x], 1)), (4, 1))

case("xcorr2", lambda x, k: images(x[None], k[None, None], 1), (5, 6), (2, 3))
case("xcorr2_whole", lambda x, k: whole_images(x[None], k[None, None], 1), (5, 6), (2, 3))
case("conv2", lambda x, k: images(x[None], k.flip(0, 1)[None, None], 1), (5, 6), (2, 3))
case("conv2_whole", lambda x, k: whole_images(x[None], k.flip(0, 1)[None, None], 1), (5, 6), (2, 3))
case("conv2_each", lambda x, k: images(x, k.flip(1, 2)[:, None], 3), (3, 4, 5), (3, 2, 2))
case("xcorr2_sums", lambda x, k: whole_images(x, k, 1), (3, 4, 5), (2, 3, 2, 2))
case("xcorr3", lambda x, k: volumes(x[None], k[None, None], 1), (4, 5, 6), (2, 3, 2))
case("conv3_whole", lambda x, k: whole_volumes(x[None], k.flip(0, 1, 2)[None, None], 1), (3, 4, 3), (2, 3, 2))
case("xcorr3_each", lambda x, k: volumes(x, k[:, None], 2), (2, 3, 4, 3), (2, 2, 2, 2))
case("conv3_sums", lambda x, k: volumes(x, k.flip(2, 3, 4), 1), (2, 3, 4, 3), (3, 2, 2, 2, 2))

einsum("product", "ij,jk->ik", (3, 4), (4, 2))
einsum("implied", "ba,c", (2, 3), (2,))
einsum("trace", "ii", (3, 3))
einsum("diagonal", "iji->ij", (3, 2, 3))
einsum("twice_in_both", "bii,bi->b", (2, 3, 3), (2, 3))
einsum("batch", "bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4))
einsum("outer", "i,j,k->kij", (2,), (3,), (2,))
einsum("same_counts", "ij,ji->ij", (3, 2), (2, 3))
einsum("chain", "ij,jk,kl,l->i", (2, 3), (3, 4), (4, 3), (3,))
einsum("dots", "...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2))
einsum("dots_implied", "i...,i...", (3, 2, 4), (3, 1, 4))
einsum("dots_summed", "...i->i", (2, 3, 4))
einsum("single", "ij,ij->i", (3, 1), (3, 4))
einsum("spaces", " a b , b -> a ", (3, 4), (4,))
einsum("all", "abc->", (2, 3, 2))
einsum("bilinear", "bi,oij,bj->bo", (3, 2), (4, 2, 5), (3, 5))

case("pad_constant", lambda x: F.pad(x, (1, 2, 0, 3), value=1.5), (2, 3, 4))
case("pad_cut", lambda x: F.pad(x, (-1, 2, 1, -1)), (3, 4))
for mode in "reflect", "replicate", "circular":
    case("pad_" + mode, lambda x: F.pad(x[None], (2, 1, 1, 2), mode=mode)[0], (2, 3, 4))
case("flip", lambda x: x.flip(0, 2), (2, 3, 2))
case("roll", lambda x: x.roll((2, -1), (1, 0)), (3, 4))
case("roll_line", lambda x: x.roll(5), (3, 4))
case("stack", lambda x, y: torch.stack((x, y), 1), (3, 2), (3, 2))
case("logsumexp", lambda x: torch.logsumexp(500 * x, 1), (3, 4))
case("logsumexp_two", lambda x: torch.logsumexp(x, (0, 2)), (2, 3, 2))
case("logsumexp_infinite", lambda x: torch.logsumexp(torch.tensor([[-torch.inf, -torch.inf], [1, torch.inf]]), 1), (1,))
print("}")
