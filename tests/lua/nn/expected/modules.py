"""Writes modules.lua: what PyTorch gives, in double, for the rows of tests/lua/nn/rows.

Inputs are not stored: element i (from 0) of the k-th tensor is 1.3 sin(0.7 i + k) + shift, where the shift is 0 for
parameters, which are counted on behind the inputs. The gradients of the outputs are the tensors from 51 on.
Neither are all elements of the results: for each tensor there are its sizes and its scalar products with the tensors 71
and 72. An entry has the outputs, and then the gradients of inputs and parameters.

    python3 modules.py > modules.lua
"""
import textwrap

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def wave(k, *shape, shift=0):
    n = torch.Size(shape).numel()
    return (1.3 * torch.sin(0.7 * torch.arange(n) + k)).reshape(shape) + shift


def show(t):
    sizes = ",".join(map(str, t.shape))
    products = ",".join("%.14g" % torch.dot(t.detach().flatten(), wave(k, t.numel())) for k in (71, 72))
    return "{{%s},%s}" % (sizes, products)


def flatten(x):
    if isinstance(x, torch.Tensor):
        return [x]
    return [t for part in x for t in flatten(part)]


def case(name, f, *shapes, shift=0, parameters=0):
    """f(inputs..., parameters...) gives a tensor or nested lists of tensors; shapes are the arguments', of which the
    last ones are parameters."""
    first = len(shapes) - parameters
    tensors = [wave(k + 1, *s, shift=shift if k < first else 0).requires_grad_() for k, s in enumerate(shapes)]
    outputs = flatten(f(*tensors))
    grads = [torch.zeros_like(t) for t in tensors]
    live = [k for k, y in enumerate(outputs) if y.requires_grad]
    if live:
        found = torch.autograd.grad([outputs[k] for k in live], tensors,
                                    [wave(51 + k, *outputs[k].shape) for k in live], allow_unused=True)
        grads = [z if g is None else g for g, z in zip(found, grads)]
    line = "['%s'] = {{%s}, {%s}}," % (name, ", ".join(map(show, outputs)), ", ".join(map(show, grads)))
    print(textwrap.fill(line, 120, initial_indent="  ", subsequent_indent="    ", break_long_words=False))


def normalize(p, eps=1e-10):
    def f(x):
        if p == float("inf"):
            return x / (x.abs().max(-1, keepdim=True)[0] + eps)
        return x / ((x.abs() ** p).sum(-1, keepdim=True) + eps) ** (1 / p)
    return f


class Bent(torch.autograd.Function):
    """The input, with another gradient."""

    @staticmethod
    def forward(ctx, x, rule):
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return ctx.rule(g, ctx.saved_tensors[0]), None


def cosine(x, y):
    return (x * y).sum(-1) / torch.sqrt(((x * x).sum(-1) + 1e-12) * ((y * y).sum(-1) + 1e-12))


def elements():
    s = (3, 4)
    case("Abs", torch.abs, s)
    case("Exp", torch.exp, s)
    case("Log", torch.log, s, shift=1.5)
    case("Square", torch.square, s)
    case("Sqrt", torch.sqrt, s, shift=1.5)
    case("Power", lambda x: x ** 3, s)
    case("Power, broken", lambda x: x ** -0.5, s, shift=1.5)
    case("AddConstant", lambda x: x + 2.5, s)
    case("AddConstant, vector", lambda x: x + torch.tensor([1.0, 2, 3, 4]), s)
    case("MulConstant", lambda x: x * -1.5, s)
    case("Threshold", lambda x: F.threshold(x, 0.3, -0.2), s)
    case("ReLU", F.relu, s)
    case("ReLU6", F.relu6, s, shift=5.5)
    case("ReLU6, below", F.relu6, s)
    case("HardTanh", lambda x: F.hardtanh(x, -0.5, 0.8), s)
    case("Clamp", lambda x: F.hardtanh(x, -0.7, 0.4), s)
    case("ELU", lambda x: F.elu(x, 0.7), s)
    case("ELU, negative", lambda x: torch.where(x > 0, x, -0.5 * torch.expm1(x)), s)
    case("LeakyReLU", lambda x: F.leaky_relu(x, 0.2), s)
    case("LeakyReLU, negative", lambda x: F.leaky_relu(x, -0.2), s)
    case("RReLU", lambda x: F.rrelu(x, 0.1, 0.3, training=False), s)
    case("PReLU", F.prelu, s, (1,), parameters=1)
    case("PReLU, features", F.prelu, s, (4,), parameters=1)
    case("PReLU, planes", lambda x, w: F.prelu(x[None], w)[0], (2, 3, 3), (2,), parameters=1)
    case("PReLU, batch of planes", F.prelu, (3, 2, 2, 2), (2,), parameters=1)
    case("CReLU", lambda x: F.relu(torch.cat([x, -x], 1)), (2, 3, 2, 2))
    case("CReLU, in place", lambda x: F.relu(torch.cat([x, -x])), (4,))
    case("Tanh", torch.tanh, s)
    case("TanhShrink", F.tanhshrink, s)
    case("Sigmoid", torch.sigmoid, s)
    case("LogSigmoid", F.logsigmoid, s)
    case("SoftPlus", lambda x: F.softplus(x, 2), s)
    case("SoftSign", F.softsign, s)
    case("HardShrink", F.hardshrink, s)
    case("SoftShrink", lambda x: F.softshrink(x, 0.4), s)
    case("SoftMax", lambda x: F.softmax(x, 1), s)
    case("LogSoftMax", lambda x: F.log_softmax(x, 1), (2, 3, 2, 2))
    case("SoftMin", lambda x: F.softmin(x, 0), (4,))
    case("SpatialSoftMax", lambda x: F.softmax(x, 0), (3, 2, 2))
    case("SpatialLogSoftMax", lambda x: F.log_softmax(x, 1), (2, 3, 2, 2))
    case("GatedLinearUnit", F.glu, s)
    case("GatedLinearUnit, dimension 1", lambda x: F.glu(x, 0), (4, 3))


def passing():
    s = (3, 4)
    case("Identity", lambda x: x * 1, s)
    case("PrintSize", lambda x: x * 1, s)
    case("GradientReversal", lambda x: Bent.apply(x, lambda g, _: -0.7 * g), s)
    case("ZeroGrad", lambda x: Bent.apply(x, lambda g, _: 0 * g), s)
    case("L1Penalty", lambda x: Bent.apply(x, lambda g, a: g + 0.3 / 12 * torch.sign(a)), s)
    case("L1Penalty, alone", lambda x: Bent.apply(x, lambda _, a: 0.3 * torch.sign(a)), s)
    case("Dropout", lambda x: 0.7 * x, s)
    case("SpatialDropout", lambda x: 0.7 * x, (2, 3, 2, 2))
    case("VolumetricDropout", lambda x: 0.7 * x, (3, 2, 2, 2))
    case("WhiteNoise", lambda x: x + 0.5, s)
    case("Copy", torch.clone, s)
    case("Copy, none", torch.clone, s)
    case("Contiguous", torch.clone, s)
    for p, text in ((2, ""), (1, ", 1"), (1.5, ", 1.5"), (float("inf"), ", greatest")):
        case("Normalize" + text, normalize(p), s)
    case("Normalize, 3", normalize(3), (4,))
    case("Normalize, 4", normalize(4, 1e-3), s)


def shapes():
    places, mask = torch.tensor([2, 0, 0]), torch.tensor([[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 1, 0]]).bool()
    case("View", lambda x: x.view(4, 6), (4, 2, 3))
    case("Reshape", lambda x: x.view(4, 3, 2), (4, 6))
    case("Collapse", lambda x: x.view(3, 4), (3, 2, 2))
    case("Collapse, all", lambda x: x.view(6), (3, 2))
    case("Squeeze", lambda x: x.squeeze(1), (3, 1, 4))
    case("Squeeze, all", lambda x: x.view(1, 3, 2), (1, 3, 1, 2))
    case("Unsqueeze", lambda x: x.unsqueeze(2), (2, 3, 2))
    case("Narrow", lambda x: x[:, 1:4], (3, 5))
    case("Narrow, leading", lambda x: x[:, :3], (3, 5))
    case("Select", lambda x: x[:, -2], (3, 4))
    case("Transpose", lambda x: x.transpose(0, 1).transpose(1, 2), (2, 3, 4))
    case("Transpose, in batches", lambda x: x.transpose(1, 2), (2, 3, 4))
    case("PixelShuffle", lambda x: F.pixel_shuffle(x, 2), (2, 8, 2, 3))
    case("PixelShuffle, single", lambda x: F.pixel_shuffle(x, 3), (9, 2, 1))
    case("Replicate", lambda x: x[:, None].expand(2, 3, 4), (2, 4))
    case("Replicate, last", lambda x: x[:, :, None].expand(2, 3, 2), (2, 3))
    case("Index", lambda x: x[:, places], (2, 3))
    case("MaskedSelect", lambda x: x[mask], (3, 4))
    case("Max", lambda x: x.max(1)[0], (3, 4))
    case("Max, in batches", lambda x: x.max(1)[0], (2, 3, 4))
    case("Min", lambda x: x.min(1)[0], (3, 4))
    case("Min, of a vector", lambda x: x.min(0, keepdim=True)[0], (5,))
    case("Sum", lambda x: x.sum(1), (3, 4))
    case("Sum, kept", lambda x: x.mean(0, keepdim=True), (3, 4))
    case("Mean", lambda x: x.mean(1), (2, 3, 4))
    case("Padding", lambda x: torch.cat([x[:1], torch.full((2, 4), 0.7), x[1:]]), (3, 4))
    case("Padding, behind", lambda x: F.pad(x, (0, 2)), (3, 4))
    case("Padding, within", lambda x: torch.cat([x[:, :2], torch.full((2, 1), 5.0), x[:, 2:]], 1), (2, 3))
    case("SpatialZeroPadding", lambda x: F.pad(x, (1, -1, 2, 0)), (2, 3, 4))
    case("SpatialReflectionPadding", lambda x: F.pad(x, (2, 1, 1, 2), mode="reflect"), (2, 2, 3, 4))
    case("SpatialReplicationPadding",
         lambda x: F.pad(x[:, 1:], (2, 1, 0, 3), mode="replicate"), (2, 3, 4))
    case("VolumetricReplicationPadding",
         lambda x: F.pad(x[None], (1, 2, 0, 1, 2, 1), mode="replicate")[0], (2, 2, 2, 3))
    case("Convert", lambda x: x.permute(1, 2, 3, 0), (2, 3, 2, 2))
    case("Convert, features", lambda x: x.t(), (3, 4))
    case("Convert, a sample", torch.flatten, (2, 2, 3))
    case("Constant", lambda x: torch.arange(1.0, 7).view(2, 3).expand(2, 2, 3), (2, 4))
    case("Constant, number", lambda x: torch.tensor([0.5]), (2, 4))


def tables():
    s = (3, 4)
    mix = lambda g, *e: sum(g[:, i:i + 1] * x for i, x in enumerate(e))
    norm = lambda p: lambda x, y: ((x - y).abs() ** p).sum(-1) ** (1 / p)
    nested = ((2, 3), (2,), (3, 2), (4,))
    lists = ((3,), (2,), (2,), (4,), (1,), (2,))
    case("CAddTable", lambda x, y, z: x + y + z, s, s, s)
    case("CSubTable", torch.sub, s, s)
    case("CMulTable", lambda x, y, z: x * y * z, s, s, s)
    case("CDivTable", torch.div, s, s, shift=2)
    case("CMaxTable", lambda x, y, z: torch.maximum(torch.maximum(x, y), z), s, s, s)
    case("CMinTable", lambda x, y, z: torch.minimum(torch.minimum(x, y), z), s, s, s)
    case("CAddTensorTable", lambda x, a, b: [x + a, x + b], (3,), (3,), (3,))
    case("JoinTable", lambda *x: torch.cat(x, 1), (2, 3), (2, 1), (2, 2))
    case("SplitTable", lambda x: list(x.unbind(1)), (2, 3))
    case("SelectTable", lambda x, a, b, y: [a * 1, b * 1], *nested)
    case("NarrowTable", lambda x, a, b, y: [a * 1, b * 1, y * 1], *nested)
    case("FlattenTable", lambda *x: [a * 1 for a in x], *nested)
    case("ZipTable", lambda a, b, c, d, e, f: [a * 1, c * 1, e * 1, b * 1, d * 1, f * 1], *lists)
    case("ZipTableOneToMany", lambda x, a, b: [x * 1, a * 1, x * 1, b * 1], (3,), (3,), (3,))
    case("MixtureTable", mix, (2, 3), (2, 4), (2, 4), (2, 4))
    case("MixtureTable, one tensor", lambda g, e: (g[:, None] * e).sum(2), (2, 3), (2, 4, 3))
    case("MixtureTable, single", lambda g, a, b, c: g[0] * a + g[1] * b + g[2] * c, (3,), (4,), (4,), (4,))
    case("MixtureTable, single tensor", lambda g, e: (g[:, None] * e).sum(0), (3,), (3, 4))
    case("DotProduct", lambda x, y: (x * y).sum(1), s, s)
    case("CosineDistance", cosine, s, s)
    case("CosineDistance, vectors", lambda x, y: cosine(x, y).view(1), (5,), (5,))
    case("PairwiseDistance", norm(2), s, s)
    case("PairwiseDistance, 1", norm(1), s, s)
    case("PairwiseDistance, 3", lambda x, y: norm(3)(x, y).view(1), (5,), (5,))
    case("MM", lambda a, b: a @ b.transpose(1, 2), (2, 3, 2), (2, 4, 2))
    case("MM, matrices", lambda a, b: a.t() @ b, (2, 3), (2, 4))
    case("MV", lambda m, v: torch.einsum("nij,nj->ni", m, v), (2, 3, 4), (2, 4))
    case("MV, transposed", lambda m, v: m.t() @ v, (3, 4), (3,))


def containers():
    s, two = (3, 4), ((2, 4), (2,), (3, 4), (3,))
    line = F.linear
    case("Sequential", lambda x, w, b, v, c: line(torch.tanh(line(x, w, b)), v, c), s, (3, 4), (3,), (2, 3), (2,),
         parameters=4)
    case("Concat", lambda x, w, b, v, c: torch.cat([line(x, w, b), torch.tanh(line(x, v, c))], 1), s, *two,
         parameters=4)
    case("DepthConcat", lambda x: torch.cat([F.pad(x[:, :2], (0, 1, 1, 1)), F.pad(x, (0, 1)),
                                             F.pad(torch.tanh(x), (0, 1))]), (2, 4, 3))
    case("ConcatTable", lambda x, w, b, v, c: [line(x, w, b), torch.tanh(line(x, v, c))], s, *two, parameters=4)
    case("Parallel", lambda x, w, b, v, c: torch.cat([line(x[:, 0], w, b), line(x[:, 1], v, c)]), (3, 2, 4),
         (2, 4), (2,), (2, 4), (2,), parameters=4)
    case("ParallelTable", lambda x, y, w, b, v, c: [line(x, w, b), torch.tanh(line(y, v, c))], s, s, *two,
         parameters=4)
    case("MapTable", lambda *x: [torch.tanh(a) for a in x], s, s, s)
    case("Bottle", line, (2, 2, 3), (2, 3), (2,), parameters=2)
    case("Bottle, fewer dimensions", lambda x, w, b: line(x[:, :, 0], w, b), (2, 2, 1, 3), (2, 3), (2,), parameters=2)
    case("Bottle, not needed", line, (4, 3), (2, 3), (2,), parameters=2)
    for name in ("Decorator", "DontCast", "GPU", "NaN", "Profile"):
        case(name, line, s, (2, 4), (2,), parameters=2)
    case("Maxout", lambda x, w, b: line(x, w, b).view(3, 3, 2).max(1)[0], s, (6, 4), (6,), parameters=2)
    centred = lambda x: x - x.mean(1, keepdim=True)
    case("LayerNormalization", lambda x, w, b: 2 * normalize(2)(centred(x)) * w + b, s, (4,), (4,), parameters=2)
    case("LayerNormalization, plain", lambda x: 2 * normalize(2, 1e-5)(centred(x)), s)


def write(name, *families):
    print(f"-- Written by {name}; see there.")
    print("return {")
    for family in families:
        family()
    print("}")


if __name__ == "__main__":
    write("modules.py", elements, passing, shapes, tables, containers)
