"""Writes parameters.lua: what PyTorch gives, in double, for the rows of tests/lua/nn/rows/parameters.lua. What is stored
is said in modules.py.

    python3 parameters.py > parameters.lua
"""
import torch
import torch.nn.functional as F
from modules import case, wave, write

places = torch.tensor([[3, 1, 6], [6, 6, 2]]) - 1
starts = torch.tensor([1, 3, 3]) - 1


def linear():
    s = (5, 4)
    case("Linear", F.linear, s, (3, 4), (3,), parameters=2)
    case("Linear, a vector", F.linear, (4,), (3, 4), (3,), parameters=2)
    case("Linear, no bias", F.linear, s, (3, 4), parameters=1)
    case("Linear, no bias, a vector", F.linear, (4,), (3, 4), parameters=1)

    chosen = [3, 0, 2]
    case("PartialLinear", lambda x, w, b: F.linear(x, w[chosen], b[0, chosen]), (4, 3), (5, 3), (1, 5), parameters=2)
    case("PartialLinear, no bias", lambda x, w: F.linear(x, w[chosen]), (4, 3), (5, 3), parameters=1)

    def normed(x, v, g, b=None):
        return F.linear(x, v * g / v.norm(dim=1, keepdim=True), b)
    case("LinearWeightNorm", normed, s, (3, 4), (3, 1), (3,), parameters=3)
    case("LinearWeightNorm, no bias", normed, (4,), (3, 4), (3, 1), parameters=2)

    def weight(v, g):
        return v * (g / torch.sqrt((v ** 2).sum(1, keepdim=True) + 1e-4))
    case("WeightNorm", lambda x, v, g, b: F.linear(x, weight(v, g), b), s, (3, 4), (3, 1), (3,), parameters=3)
    case("WeightNorm, convolution",
         lambda x, v, g, b: F.conv2d(x, weight(v, g).view(2, 3, 2, 2).transpose(0, 1), b),
         (2, 2, 3, 4), (2, 12), (2, 1), (3,), parameters=3)

    two = (5, 3), (5, 4)
    case("Bilinear", F.bilinear, *two, (2, 3, 4), (2,), parameters=2)
    case("Bilinear, no bias", F.bilinear, *two, (2, 3, 4), parameters=1)

    dense = torch.tensor([[0, 0.5, 0, 0, -1], [2, 0, 0, 0, 0], [0, 1, 1.5, 0, 0.3]])
    case("SparseLinear", lambda w, b: F.linear(dense, w, b), (2, 5), (2,), parameters=2)
    case("SparseLinear, one sample", lambda w, b: F.linear(dense[2], w, b), (2, 5), (2,), parameters=2)


def affine():
    case("Add", torch.add, (3, 4), (4,), parameters=1)
    case("Add, one sample", torch.add, (4,), (4,), parameters=1)
    case("Add, sizes", torch.add, (4, 2, 3), (2, 3), parameters=1)
    case("Add, scalar", torch.add, (3, 4), (1,), parameters=1)
    case("Mul", torch.mul, (3, 4), (1,), parameters=1)
    for name, f in ("CAdd", torch.add), ("CMul", torch.mul):
        case(name, f, (4, 2, 3), (2, 3), parameters=1)
        case(name + ", one sample", lambda x, v: f(x, v.view(2, 3)), (2, 3), (6,), parameters=1)
        case(name + ", spread", f, (3, 3, 3), (1, 3, 1), parameters=1)


def templates():
    def cosine(x, w):
        return F.linear(x / (x.norm(dim=-1, keepdim=True) + 1e-12), w / (w.norm(dim=1, keepdim=True) + 1e-12))
    case("Cosine", cosine, (5, 4), (3, 4), parameters=1)
    case("Cosine, a vector", cosine, (4,), (3, 4), parameters=1)

    def distance(x, w, c=1):
        return ((x[..., None] - w) * c).norm(dim=-2)
    for end, x in ("", (4, 3)), (", a vector", (3,)):
        case("Euclidean" + end, distance, x, (3, 4), parameters=1)
        case("WeightedEuclidean" + end, distance, x, (3, 4), (3, 4), parameters=2)


def tables():
    w = 6, 2
    counts = torch.bincount(places.flatten(), minlength=6)[places][..., None]

    def by_frequency(w):
        rows = F.embedding(places, w)
        return rows / counts + (rows - rows / counts).detach()
    case("LookupTable", lambda w: F.embedding(places, w), w, parameters=1)
    case("LookupTable, a vector", lambda w: F.embedding(torch.tensor([3, 3, 0]), w), w, parameters=1)
    case("LookupTable, padding", lambda w: F.embedding(places, w, padding_idx=5), w, parameters=1)
    case("LookupTable, by frequency", by_frequency, w, parameters=1)
    case("EmbeddingBag", lambda w: F.embedding_bag(places, w, mode="mean"), w, parameters=1)
    case("EmbeddingBag, max of a matrix", lambda w: F.embedding_bag(places, w, mode="max"), w, parameters=1)
    for mode in "sum", "mean", "max":
        bag = places.flatten()[[0, 1, 2, 3, 5]]
        case("EmbeddingBag, " + mode, lambda w: F.embedding_bag(bag, w, starts, mode=mode), w, parameters=1)
    case("BagPooling", lambda x: x.mean(1), (2, 3, 4))
    case("BagPooling, max", lambda x: x.max(1)[0], (2, 3, 4))


def adaptive():
    shapes = (5, 8), (4, 8), (3, 4), (2, 8), (6, 2)

    def all_classes(x, w, p1, t1, p2, t2, b=None):
        head = F.log_softmax(F.linear(x, w, b), 1)
        tails = [F.log_softmax(F.linear(F.linear(x, p), t), 1) for p, t in ((p1, t1), (p2, t2))]
        return torch.cat([head[:, :3], head[:, 3:4] + tails[0], head[:, 4:5] + tails[1]], 1)
    target = torch.tensor([1, 12, 3, 7, 4]) - 1
    case("AdaptiveLogSoftMax", lambda *a: all_classes(*a).gather(1, target[:, None])[:, 0], (5, 8), *shapes,
         parameters=5)
    case("AdaptiveLogSoftMax, all classes", all_classes, (3, 8), *shapes, (5,), parameters=6)


def norms():
    def batch(x, w=None, b=None, eps=1e-3):
        return F.batch_norm(x, None, None, w, b, True, 0.1, eps)
    case("BatchNormalization", batch, (5, 3), (3,), (3,), parameters=2)
    for name, s in ("Spatial", (3, 2, 2, 2)), ("Volumetric", (2, 2, 2, 1, 3)):
        case(name + "BatchNormalization", lambda x, w, b: batch(x, w, b, 1e-5), s, (2,), (2,), parameters=2)
    case("BatchNormalization, evaluating", lambda x, w, b: x / (1 + 1e-5) ** 0.5 * w + b, (5, 3), (3,), (3,),
         parameters=2)
    case("BatchNormalization, one sample", lambda x: x / (1 + 1e-3) ** 0.5, (3,))

    case("LayerNorm", lambda x, w, b: F.layer_norm(x, (3, 4), w, b, 1e-3), (2, 3, 4), (3, 4), (3, 4), parameters=2)
    case("LayerNorm, plain", lambda x: F.layer_norm(x, (4,), eps=1e-3), (2, 3, 4))

    def group(n):
        return lambda x, w=None, b=None: F.group_norm(x, n, w, b, 1e-3)
    case("GroupNorm", group(2), (3, 4, 2, 2), (4,), (4,), parameters=2)
    case("GroupNorm, one dimension", group(2), (2, 4, 3), (4,), (4,), parameters=2)
    case("GroupNorm, three dimensions", group(1), (2, 2, 2, 1, 3), (2,), (2,), parameters=2)
    case("GroupNorm, plain", group(2), (3, 6))

    def instance(x, w=None, b=None):
        return F.instance_norm(x, weight=w, bias=b, eps=1e-3)
    case("InstanceNorm", instance, (2, 3, 2, 2), (3,), (3,), parameters=2)
    case("InstanceNorm, tracking", instance, (2, 3, 2, 2), (3,), (3,), parameters=2)
    case("InstanceNorm, one dimension", instance, (2, 3, 4))
    case("InstanceNorm, three dimensions", instance, (2, 2, 2, 1, 3), (2,), (2,), parameters=2)
    mean, var = torch.tensor([0.5, -1, 0.2]), torch.tensor([0.5, 2, 1.5])
    case("InstanceNorm, evaluating", lambda x, w, b: F.instance_norm(x, mean, var, w, b, False, 0.1, 1e-3),
         (2, 3, 2, 2), (3,), (3,), parameters=2)


def activations():
    s = (3, 4)
    case("GELU", F.gelu, s)
    case("GELU, tanh", lambda x: F.gelu(x, approximate="tanh"), s)
    case("Swish", lambda x: x * torch.sigmoid(1.5 * x), s)
    case("SiLU", F.silu, s)
    case("Mish", F.mish, s)
    case("Hardswish", F.hardswish, s)
    case("Hardswish, high", F.hardswish, s, shift=2.9)
    case("SELU", F.selu, s)
    case("AlphaDropout", lambda x: x, s)


if __name__ == "__main__":
    assert wave(1, 2).dtype == torch.float64
    write("parameters.py", linear, affine, templates, tables, adaptive, norms, activations)
