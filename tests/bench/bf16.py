import torch

import matrix
import sequences
import vision


def rounded(make):
    def made(pick):
        torch.set_float32_matmul_precision("medium")
        torch.backends.mkldnn.conv.fp32_precision = "bf16"
        return make(pick)

    return made


def linear(pick):
    b, n = pick(128, 4), pick(1024, 8)
    x, w, g, y, gx, gw = (torch.rand(size) for size in ((b, n), (n, n), (b, n), (b, n), (b, n), (n, n)))

    def step():
        torch.mm(x, w.t(), out=y)
        torch.mm(g, w, out=gx)
        torch.mm(g.t(), x, out=gw)

    return step


rows = {"linear 128x1024x1024 step": rounded(linear)}
for group in (matrix, vision, sequences):
    for name, make in group.rows.items():
        rows[name] = rounded(make)
