"""Writes criteria.lua: what PyTorch gives, in double, for the rows of tests/lua/nn/rows/criteria.lua: the loss, and the
gradients of the inputs, of which is stored what modules.py says. Inputs are the waves from 1 on, targets the next ones.

    python3 criteria.py > criteria.lua
"""
import textwrap

import torch
import torch.nn.functional as F
from modules import flatten, show, wave, write

weights = torch.tensor([1, 0.5, 2, 3])
places = torch.tensor([2, 4, 1]) - 1
signs = torch.tensor([1.0, -1, -1])
labels = torch.tensor([[1.0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1]])
planes = torch.tensor([[[1, 4, 2], [3, 2, 2]], [[4, 4, 1], [1, 2, 3]]]) - 1
lists = torch.tensor([[3, 1, 0, 4], [2, 0, 0, 0], [4, 2, 1, 0]]) - 1
square, vector, three = (3, 4), (4,), ((3, 4),) * 3
both = square, square


def case(name, f, *shapes):
    """f(inputs...) gives the loss"""
    inputs = [wave(k + 1, *s).requires_grad_() for k, s in enumerate(shapes)]
    loss = f(*inputs)
    grads = torch.autograd.grad(loss, inputs)
    line = "['%s'] = {%.14g, {%s}}," % (name, loss.item(), ", ".join(map(show, flatten(grads))))
    print(textwrap.fill(line, 120, initial_indent="  ", subsequent_indent="    ", break_long_words=False))


def regression():
    y = wave(2, *square)
    case("MSECriterion", lambda x: F.mse_loss(x, y), square)
    case("MSECriterion, sum", lambda x: F.mse_loss(x, y, reduction="sum"), square)
    case("WeightedMSECriterion", lambda x: F.mse_loss(x, y * weights), square)
    case("SpatialAutoCropMSECriterion", lambda x: F.mse_loss(x, wave(2, 2, 5, 4)[:, 1:3, 0:3]), (2, 2, 3))
    corners = torch.zeros(4, 4)   # of a tetrahedron
    corners[:, :3] = torch.tensor([[1, 0, 0], [-1 / 3, 8 ** 0.5 / 3, 0], [-1 / 3, -2 ** 0.5 / 3, 6 ** 0.5 / 3],
                                   [-1 / 3, -2 ** 0.5 / 3, -6 ** 0.5 / 3]])
    case("ClassSimplexCriterion", lambda x: F.mse_loss(x, corners[places]), square)
    case("ClassSimplexCriterion, one", lambda x: F.mse_loss(x, corners[2]), vector)
    case("AbsCriterion", lambda x: F.l1_loss(x, y), square)
    case("AbsCriterion, sum", lambda x: F.l1_loss(x, y, reduction="sum"), square)
    case("SmoothL1Criterion", lambda x: F.smooth_l1_loss(x, y), square)
    case("L1Cost", lambda x: x.abs().sum(), square)


def classification():
    case("ClassNLLCriterion", lambda x: F.nll_loss(x, places), square)
    case("ClassNLLCriterion, weights", lambda x: F.nll_loss(x, places, weights), square)
    case("ClassNLLCriterion, ignoring", lambda x: F.nll_loss(x, places, weights, ignore_index=3), square)
    case("ClassNLLCriterion, sum", lambda x: F.nll_loss(x, places, weights, reduction="sum"), square)
    case("ClassNLLCriterion, one", lambda x: -x[2], vector)
    case("SpatialClassNLLCriterion", lambda x: F.nll_loss(x, planes, weights), (2, 4, 2, 3))
    case("SpatialClassNLLCriterion, sum", lambda x: F.nll_loss(x, planes, reduction="sum"), (2, 4, 2, 3))
    case("CrossEntropyCriterion", lambda x: F.cross_entropy(x, places), square)
    case("CrossEntropyCriterion, weights", lambda x: F.cross_entropy(x, places, weights, reduction="sum"), square)
    case("CrossEntropyCriterion, smoothed", lambda x: F.cross_entropy(x, places, label_smoothing=0.2), square)
    case("CrossEntropyCriterion, all",
         lambda x: F.cross_entropy(x, places, weights, ignore_index=3, label_smoothing=0.2), square)

    def bce(**options):
        # the gradient is the one by the probabilities
        def f(x):
            return F.binary_cross_entropy(x, labels, **options)
        return f

    def of_probabilities(name, f):
        p = torch.sigmoid(wave(1, *square)).requires_grad_()
        loss = f(p)
        print("  ['%s'] = {%.14g, {%s}}," % (name, loss.item(), show(torch.autograd.grad(loss, p)[0])))
    of_probabilities("BCECriterion", bce())
    of_probabilities("BCECriterion, weights", bce(weight=weights, reduction="sum"))
    logits = F.binary_cross_entropy_with_logits
    case("MultiLabelSoftMarginCriterion", lambda x: logits(x, labels), square)
    case("MultiLabelSoftMarginCriterion, weights", lambda x: logits(x, labels, weights, reduction="sum"), square)
    case("DistKLDivCriterion", lambda x: F.kl_div(x, labels / 5), square)
    case("DistKLDivCriterion, sum", lambda x: F.kl_div(x, labels / 5, reduction="sum"), square)

    def focal(x, gamma, alpha=None):
        p = torch.sigmoid(x)
        p = labels * p + (1 - labels) * (1 - p)
        loss = -(1 - p) ** gamma * p.log()
        return loss if alpha is None else loss * (alpha * labels + (1 - alpha) * (1 - labels))
    case("FocalCriterion", lambda x: focal(x, 2).mean(), square)
    case("FocalCriterion, alpha", lambda x: focal(x, 1.5, 0.25).sum(), square)

    def divergence(mean, logvar):
        normal = torch.distributions.Normal
        return torch.distributions.kl_divergence(normal(mean, (logvar / 2).exp()), normal(0.0, 1.0)).sum()
    case("GaussianKLCriterion", lambda m, v: divergence(m, v) / 3, *both)
    case("GaussianKLCriterion, sum", divergence, vector, vector)


def margins():
    y = 2 * labels - 1
    case("MarginCriterion", lambda x: F.relu(1 - x * y).mean(), square)
    case("MarginCriterion, squared", lambda x: (F.relu(0.8 - x * y) ** 2).mean(), square)
    case("SoftMarginCriterion", lambda x: F.soft_margin_loss(x, y), square)
    case("MarginRankingCriterion", lambda a, b: F.margin_ranking_loss(a, b, signs, 0.5), (3,), (3,))
    case("MarginRankingCriterion, one", lambda a, b: F.margin_ranking_loss(a, b, -torch.ones(1), 1.0), (1,), (1,))
    case("MultiMarginCriterion", lambda x: F.multi_margin_loss(x, places), square)
    case("MultiMarginCriterion, squared", lambda x: F.multi_margin_loss(x, places, 2, 0.7, weights), square)
    case("MultiMarginCriterion, one", lambda x: F.multi_margin_loss(x, torch.tensor(2)), vector)
    case("MultiLabelMarginCriterion", lambda x: F.multilabel_margin_loss(x, lists), square)
    case("MultiLabelMarginCriterion, one", lambda x: F.multilabel_margin_loss(x, lists[2]), vector)


def embeddings():
    case("CosineEmbeddingCriterion", lambda a, b: F.cosine_embedding_loss(a, b, signs, -0.9), *both)
    case("CosineEmbeddingCriterion, one", lambda a, b: F.cosine_embedding_loss(a, b, torch.tensor(1)), vector, vector)
    case("HingeEmbeddingCriterion", lambda x: F.hinge_embedding_loss(x, 2 * labels - 1, 1.5), square)
    case("HingeEmbeddingCriterion, one", lambda x: F.hinge_embedding_loss(x, -torch.ones(1)), (1,))
    case("L1HingeEmbeddingCriterion", lambda a, b: F.l1_loss(a, b, reduction="sum"), vector, vector)
    case("L1HingeEmbeddingCriterion, unlike", lambda a, b: 30 - F.l1_loss(a, b, reduction="sum"), vector, vector)

    def ratio(x, y):
        return x + torch.log(torch.exp(-x) + torch.exp(-y))
    case("DistanceRatioCriterion", lambda x, y: ratio(x, y).sum() / 3, *both)
    case("DistanceRatioCriterion, sum", lambda x, y: ratio(x, y).sum(), *both)
    case("TripletMarginCriterion", F.triplet_margin_loss, *three)
    case("TripletMarginCriterion, swapped",
         lambda *x: F.triplet_margin_loss(*x, margin=3, p=3, swap=True, reduction="sum"), *three)


def sums():
    y = wave(2, *square)
    case("MultiCriterion", lambda x: 0.5 * F.mse_loss(x, y) + F.smooth_l1_loss(x, y), square)
    z = wave(3, *square)
    case("ParallelCriterion", lambda a, b: 0.5 * F.mse_loss(a, z) + 2 * F.cross_entropy(b, places), *both)
    case("ParallelCriterion, one target",
         lambda a, b: F.mse_loss(a, z) + 3 * F.mse_loss(b, z, reduction="sum"), *both)
    case("ModuleCriterion", lambda x: F.mse_loss(torch.tanh(x), y ** 2), square)


if __name__ == "__main__":
    write("criteria.py", regression, classification, margins, embeddings, sums)
