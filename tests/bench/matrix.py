import torch
from torch.nn.grad import conv2d_input, conv2d_weight

shapes = [
    ("AlexNet 1", 16, 3, 224, 64, 11, 4, 2), ("AlexNet 2", 16, 64, 27, 192, 5, 1, 2), ("AlexNet 3", 16, 192, 13, 384, 3, 1, 1),
    ("VGG 1", 4, 3, 224, 64, 3, 1, 1), ("VGG 4", 4, 128, 112, 128, 3, 1, 1), ("VGG 12", 4, 512, 14, 512, 3, 1, 1),
    ("ResNet 1", 8, 3, 224, 64, 7, 2, 3), ("ResNet 3x3", 8, 64, 56, 64, 3, 1, 1), ("ResNet 1x1", 8, 256, 56, 64, 1, 1, 0),
]


def mm(pick):
    n = pick(1024, 16)
    a, b, out = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
    return lambda: torch.mm(a, b, out=out)


def bmm(pick):
    b, n = pick(64, 2), pick(128, 8)
    x, y, out = torch.rand(b, n, n), torch.rand(b, n, n), torch.empty(b, n, n)
    return lambda: torch.bmm(x, y, out=out)


def mv(pick):
    n = pick(4096, 16)
    a, x, out = torch.rand(n, n), torch.rand(n), torch.empty(n)
    return lambda: torch.mv(a, x, out=out)


def conv(shape, which):
    _, batch, channels, full, planes, k, step, pad = shape

    def make(pick):
        n, size = pick(batch, 1), pick(full, k + 2)
        x, w = torch.rand(n, channels, size, size) * 2 - 1, torch.rand(planes, channels, k, k) * 2 - 1
        g = torch.rand_like(torch.conv2d(x, w, None, step, pad)) * 2 - 1
        return {
            "forward": lambda: torch.conv2d(x, w, None, step, pad),
            "input": lambda: conv2d_input(x.shape, w, g, step, pad),
            "weight": lambda: conv2d_weight(x, w.shape, g, step, pad),
        }[which]

    return make


rows = {"1024x1024 times 1024x1024": mm, "64 x 128x128 times 128x128": bmm, "4096x4096 times vector": mv}
for s in shapes:
    for which in ("forward", "input", "weight"):
        rows[f"conv {s[0]} {which}"] = conv(s, which)
