"""Writes spatial.lua: what PyTorch gives, in double, for the rows of tests/lua/nn/rows/spatial.lua. What is stored is
said in modules.py.

    python3 spatial.py > spatial.lua
"""
import math

import torch
import torch.nn.functional as F
from modules import case, wave, write

connections = [(1, 1), (3, 1), (2, 2), (1, 3), (2, 3), (3, 3)]


def single(f):
    """f of a batch of one sample, without the batch."""
    return lambda x, *more: f(x[None], *more)[0]


def turned(f):
    """f of channels before frames."""
    return lambda x, *more: f(x.transpose(-1, -2), *more).transpose(-1, -2)


def convolution():
    case("SpatialConvolution", F.conv2d, (2, 2, 4, 3), (3, 2, 2, 3), (3,), parameters=2)
    case("SpatialConvolution, one image", lambda x, w: F.conv2d(x, w, None, (1, 2), 1), (2, 4, 5), (3, 2, 2, 3),
         parameters=1)
    case("SpatialConvolutionMM", lambda x, w, b: F.conv2d(x, w.view(3, 2, 2, 3), b, (2, 1), (0, 1)), (2, 2, 4, 3),
         (3, 12), (3,), parameters=2)
    case("SpatialDilatedConvolution", lambda x, w, b: F.conv2d(x, w, b, (2, 1), (0, 1), (3, 2)), (2, 2, 6, 4),
         (3, 2, 2, 2), (3,), parameters=2)
    case("VolumetricConvolution", lambda x, w, b: F.conv3d(x, w, b, (1, 1, 2), (0, 1, 0)), (2, 2, 3, 3, 3),
         (3, 2, 2, 3, 1), (3,), parameters=2)
    case("VolumetricConvolution, one volume", F.conv3d, (2, 2, 3, 2), (1, 2, 2, 2, 2), parameters=1)
    case("VolumetricDilatedConvolution", lambda x, w, b: F.conv3d(x, w, b, 1, (1, 1, 0), (2, 3, 1)), (1, 2, 3, 4, 2),
         (2, 2, 2, 2, 1), (2,), parameters=2)

    def depthwise(x, w, b=None, stride=1, pad=0):
        planes = [F.conv2d(x[:, i:i + 1], w[:, i:i + 1], None if b is None else b[:, i], stride, pad)
                  for i in range(2)]
        return torch.stack(planes, 1)
    case("SpatialDepthWiseConvolution", depthwise, (2, 2, 3, 4), (3, 2, 2, 3), (3, 2), parameters=2)
    case("SpatialDepthWiseConvolution, one image", single(lambda x, w: depthwise(x, w, None, (1, 2), 1)), (2, 3, 4),
         (3, 2, 2, 2), parameters=1)
    case("Convolution", lambda x, w, b: F.conv2d(x, w, b, (1, 2), (1, 0)), (2, 2, 3, 5), (3, 2, 2, 3), (3,),
         parameters=2)
    case("Convolution, a sequence", lambda x, w, b: F.conv1d(x, w, b, 2, 2, 2, 2), (2, 4, 6), (4, 2, 3), (4,),
         parameters=2)
    case("Convolution, depthwise", lambda x, w: F.conv2d(x, w, groups=2), (2, 3, 3), (4, 1, 2, 2), parameters=1)
    case("Convolution, a volume", lambda x, w, b: F.conv3d(x, w, b, dilation=(1, 2, 1)), (2, 2, 2, 3, 2),
         (2, 2, 2, 2, 1), (2,), parameters=2)


def unshared():
    def spread(w, table, transposed=False):
        """The weight of a full convolution, from the kernels of its connections."""
        n, m = max(i for i, _ in table), max(o for _, o in table)
        zero = torch.zeros(w.shape[1:])
        at = {c: k for k, c in enumerate(table)}
        full = [[w[at[i, o]] if (i, o) in at else zero for i in range(1, n + 1)] for o in range(1, m + 1)]
        full = torch.stack([torch.stack(row) for row in full])
        return full.transpose(0, 1) if transposed else full
    case("SpatialConvolutionMap", lambda x, w, b: F.conv2d(x, spread(w, connections), b, (1, 2)), (2, 3, 4, 4),
         (6, 3, 2), (3,), parameters=2)
    case("SpatialConvolutionMap, one image", lambda x, w, b: F.conv2d(x, spread(w, [(1, 1), (2, 2)]), b), (2, 3, 3),
         (2, 2, 2), (2,), parameters=2)
    case("SpatialFullConvolutionMap", lambda x, w, b: F.conv_transpose2d(x, spread(w, connections, True), b, (1, 2)),
         (3, 2, 2), (6, 2, 3), (3,), parameters=2)

    def local(x, w, b, stride=1, pad=0):
        columns = F.unfold(x, w.shape[4:], padding=pad, stride=stride)
        out = torch.einsum("ncp,poc->nop", columns, w.reshape(w.shape[0] * w.shape[1], w.shape[2], -1))
        return out.reshape(-1, *b.shape) + b
    case("SpatialConvolutionLocal", lambda x, w, b: local(x, w, b, (2, 1), 1), (2, 2, 4, 3), (2, 4, 2, 2, 3, 2),
         (2, 2, 4), parameters=2)
    case("SpatialConvolutionLocal, one image", single(local), (1, 3, 3), (2, 2, 2, 1, 2, 2), (2, 2, 2), parameters=2)


def transposed():
    case("SpatialFullConvolution", lambda x, w, b: F.conv_transpose2d(x, w, b, (3, 2), (0, 1), (2, 1)), (2, 2, 2, 3),
         (2, 3, 2, 3), (3,), parameters=2)
    case("SpatialFullConvolution, as large as another",
         lambda x, _, w: F.conv_transpose2d(x, w, None, 2, 0, (1, 0)), (2, 2, 2), (1, 5, 4), (2, 1, 2, 2), parameters=1)
    case("VolumetricFullConvolution",
         lambda x, w, b: F.conv_transpose3d(x, w, b, (2, 2, 1), (0, 0, 1), (1, 1, 0)), (1, 2, 2, 2, 3),
         (2, 2, 2, 1, 3), (2,), parameters=2)
    case("FullConvolution", lambda x, w, b: F.conv_transpose1d(x, w, b, 2, 1, 1, 2), (2, 4, 3), (4, 1, 3), (2,),
         parameters=2)
    case("FullConvolution, an image", lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 1), dilation=(1, 2)), (2, 2, 2),
         (2, 2, 2, 3), (2,), parameters=2)
    case("FullConvolution, a volume", lambda x, w, b: F.conv_transpose3d(x, w, b, 2, (1, 0, 1)), (1, 2, 2, 1, 3),
         (2, 2, 2, 2, 2), (2,), parameters=2)


def sequences():
    def convolve(width, stride=1):
        return turned(lambda x, w, b: F.conv1d(x, w.view(2, width, 3).transpose(1, 2), b, stride))
    case("TemporalConvolution", convolve(2, 2), (2, 5, 3), (2, 6), (2,), parameters=2)
    case("TemporalConvolution, one sequence", convolve(3), (4, 3), (2, 9), (2,), parameters=2)
    case("TemporalRowConvolution", turned(lambda x, w, b: F.conv1d(x, w, b, 2, groups=3)), (2, 5, 3), (3, 1, 2), (3,),
         parameters=2)
    case("TemporalRowConvolution, features first", lambda x, w: F.conv1d(x, w, groups=3), (3, 5), (3, 1, 2),
         parameters=1)
    case("TemporalMaxPooling", turned(lambda x: F.max_pool1d(x, 2)), (2, 5, 3))
    case("TemporalMaxPooling, one sequence", turned(lambda x: F.max_pool1d(x, 3, 1)), (5, 3))

    def sums(width, stride):
        return lambda x, w, b: x.unfold(-2, width, stride).sum(-1) * w + b
    case("TemporalSubSampling", sums(2, 2), (2, 5, 3), (3,), (3,), parameters=2)
    case("TemporalSubSampling, one sequence", sums(3, 1), (4, 3), (3,), (3,), parameters=2)

    def greatest(k):
        return lambda x: x.gather(-2, x.topk(k, -2)[1].sort(-2)[0])
    case("TemporalDynamicKMaxPooling", greatest(2), (2, 5, 3))
    case("TemporalDynamicKMaxPooling, by a factor", greatest(3), (5, 3))


def pooling():
    case("SpatialMaxPooling", lambda x: F.max_pool2d(x, (3, 2), (2, 1), 1, ceil_mode=True), (2, 2, 4, 3))
    case("SpatialDilatedMaxPooling", lambda x: F.max_pool2d(x, 2, (2, 1), (0, 1), (3, 2)), (2, 5, 4))
    case("VolumetricMaxPooling", lambda x: F.max_pool3d(x, (2, 3, 2), (1, 2, 2), (1, 1, 0)), (1, 2, 2, 4, 4))
    case("VolumetricDilatedMaxPooling",
         lambda x: F.max_pool3d(x, (2, 2, 1), 1, (0, 1, 0), (2, 2, 1), ceil_mode=True), (2, 3, 3, 2))
    case("MaxPooling", lambda x: F.max_pool1d(x, 2), (2, 5))
    case("MaxPooling, an image", lambda x: F.max_pool2d(x, (2, 3), 1, 1, (2, 1)), (2, 4, 3))
    case("SpatialAveragePooling", lambda x: F.avg_pool2d(x, (3, 2), (1, 2), (0, 1)), (2, 2, 4, 3))
    case("SpatialAveragePooling, inside",
         lambda x: F.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True, count_include_pad=False), (2, 4, 3))
    case("VolumetricAveragePooling", lambda x: F.avg_pool3d(x, (2, 3, 1), (1, 1, 2)), (1, 2, 3, 3, 3))
    case("AveragePooling", lambda x: F.avg_pool1d(x, 3, 2, 1), (2, 2, 5))
    case("AveragePooling, a volume inside", lambda x: F.avg_pool3d(x, 2, 1, (0, 1, 1), count_include_pad=False),
         (2, 2, 2, 3))
    case("SpatialSubSampling", lambda x, w, b: F.avg_pool2d(x, (3, 2), (2, 1)) * 6 * w[:, None, None]
         + b[:, None, None], (2, 2, 5, 3), (2,), (2,), parameters=2)
    case("SpatialSubSampling, one image", lambda x, w, b: F.avg_pool2d(x, 2, 1) * 4 * w[:, None, None]
         + b[:, None, None], (2, 3, 3), (2,), (2,), parameters=2)
    case("SpatialLPPooling", lambda x: F.lp_pool2d(x, 2, 2), (2, 2, 4, 4))
    case("SpatialLPPooling, 3", lambda x: F.lp_pool2d(x, 3, (3, 2), 1), (2, 4, 3), shift=2)
    case("FeatureLPPooling", lambda x: (x ** 2).unfold(0, 2, 2).sum(-1).sqrt(), (6, 2, 2))
    case("FeatureLPPooling, a batch", lambda x: (x ** 3).unfold(1, 3, 1).sum(-1) ** (1 / 3), (2, 5, 2), shift=2)


def other_pooling():
    case("SpatialAdaptiveMaxPooling", lambda x: F.adaptive_max_pool2d(x, (3, 2)), (2, 2, 4, 5))
    case("SpatialAdaptiveAveragePooling", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), (2, 5, 4))
    case("AdaptiveMaxPooling", lambda x: F.adaptive_max_pool1d(x, 3), (2, 2, 5))
    case("AdaptiveMaxPooling, a volume", lambda x: F.adaptive_max_pool3d(x, (1, 2, 2)), (2, 2, 3, 4))
    case("AdaptiveAveragePooling", lambda x: F.adaptive_avg_pool1d(x, 2), (2, 5))
    case("AdaptiveAveragePooling, a volume", lambda x: F.adaptive_avg_pool3d(x, (2, 1, 3)), (1, 2, 3, 2, 4))

    def samples(axes):
        return torch.tensor([0.5 + 0.4 * math.sin(i) for i in range(4 * axes)]).view(2, 2, axes)
    case("SpatialFractionalMaxPooling",
         lambda x: F.fractional_max_pool2d(x, (3, 2), (2, 3), _random_samples=samples(2)), (2, 2, 5, 6))
    # PyTorch has the first axis' numbers first, and Torch7 the last one's
    case("VolumetricFractionalMaxPooling",
         lambda x: F.fractional_max_pool3d(x, 2, (2, 3, 2), _random_samples=samples(3).flip(2)), (2, 2, 4, 5, 4))

    def places(pool, *shape):
        n = math.prod(shape)
        x = torch.sin(0.7 * torch.arange(n)).view(shape)
        return pool(x, 2, return_indices=True)[1]
    case("SpatialMaxUnpooling",
         lambda x: F.max_unpool2d(x, places(F.max_pool2d, 2, 2, 4, 5), 2, output_size=(4, 5)), (2, 2, 2, 2))
    case("VolumetricMaxUnpooling",
         lambda x: F.max_unpool3d(x, places(F.max_pool3d, 2, 2, 4, 3), 2, output_size=(2, 4, 3)), (2, 1, 2, 1))


def upsampling():
    def linear(mode, **how):
        return lambda x: F.interpolate(x, mode=mode, align_corners=True, **how)
    case("SpatialUpSamplingNearest", lambda x: F.interpolate(x, scale_factor=2), (2, 2, 2, 3))
    case("SpatialUpSamplingNearest, one image", single(lambda x: F.interpolate(x, scale_factor=3)), (2, 1, 2))
    case("SpatialUpSamplingBilinear", linear("bilinear", scale_factor=2), (2, 2, 2, 3))
    case("SpatialUpSamplingBilinear, sizes", single(linear("bilinear", size=(3, 5))), (2, 2, 3))
    case("UpSampling", lambda x: F.interpolate(x, scale_factor=2), (2, 2, 2, 3))
    case("UpSampling, a sequence", linear("linear", scale_factor=3), (2, 2, 3))
    case("UpSampling, a volume", linear("trilinear", scale_factor=2), (1, 2, 2, 1, 2))
    case("UpSampling, sizes", linear("trilinear", size=(2, 3, 4)), (1, 2, 3, 2, 2))


def rearranged():
    case("PixelUnshuffle", lambda x: F.pixel_unshuffle(x, 2), (2, 2, 4, 6))
    case("PixelUnshuffle, one image", lambda x: F.pixel_unshuffle(x, 3), (1, 3, 6))
    case("ZeroPadding", lambda x: F.pad(x, (1, 2)), (2, 2, 3))
    case("ZeroPadding, a volume", lambda x: F.pad(x, (-1, 1, 0, 2, 1, 0)), (2, 2, 2, 3))
    case("ReflectionPadding", lambda x: F.pad(x, (2, 1), mode="reflect"), (2, 4))
    case("ReflectionPadding, a volume", lambda x: F.pad(x, (2, 1, 0, 1, 1, 0), mode="reflect"), (1, 2, 2, 2, 3))
    case("ReplicationPadding", lambda x: F.pad(x, (2, 3), mode="replicate"), (2, 4))
    case("ReplicationPadding, an image", lambda x: F.pad(x, (-1, 2, 1, 0), mode="replicate"), (2, 2, 2, 3))


def local_norms():
    case("SpatialCrossMapLRN", lambda x: F.local_response_norm(x, 3, 0.5, 0.7, 1.5), (2, 4, 2, 2))
    case("SpatialCrossMapLRN, even", single(lambda x: F.local_response_norm(x, 2, 0.3)), (3, 2, 2))

    def around(x, kernel):
        planes = x.shape[1]
        w = (kernel / kernel.sum() / planes).expand(1, planes, *kernel.shape)
        pad = [(s - 1) // 2 for s in kernel.shape]
        return F.conv2d(x, w, padding=pad)

    def subtract(x, kernel):
        return x - around(x, kernel) / around(torch.ones_like(x), kernel)

    def divide(x, kernel, threshold=1e-4, value=1e-4):
        deviation = around(x ** 2, kernel).sqrt() / around(torch.ones_like(x), kernel)
        return x / F.threshold(deviation, threshold, value)
    vector = torch.tensor([1.0, 2, 1])
    matrix = torch.outer(vector, vector)
    case("SpatialSubtractiveNormalization", lambda x: subtract(x, matrix), (2, 2, 3, 4))
    case("SpatialDivisiveNormalization", lambda x: divide(x, torch.ones(3, 1)), (2, 2, 3, 3))
    case("SpatialDivisiveNormalization, threshold", single(lambda x: divide(x, torch.ones(3, 3), 0.8, 2)), (1, 3, 4))
    case("SpatialContrastiveNormalization", single(lambda x: divide(subtract(x, matrix), matrix)), (2, 4, 3))


if __name__ == "__main__":
    assert wave(1, 2).dtype == torch.float64
    write("spatial.py", convolution, unshared, transposed, sequences, pooling, other_pooling, upsampling, rearranged,
          local_norms)
