"""The nets of the vision rows; nets.lua has the same ones."""
import torch
from torch.nn import (AvgPool2d, BatchNorm2d, Conv2d, ConvTranspose2d, Dropout, Flatten, Identity, LeakyReLU, Linear,
                      MaxPool2d, Module, ModuleList, ReLU, Sequential, Sigmoid, Tanh)


def relu():
    return ReLU(inplace=True)


def lenet():
    return Sequential(Conv2d(1, 20, 5), MaxPool2d(2), relu(), Conv2d(20, 50, 5), MaxPool2d(2), relu(), Flatten(),
                      Linear(800, 500), relu(), Linear(500, 10))


def mlp():
    return Sequential(Linear(784, 1024), relu(), Linear(1024, 1024), relu(), Linear(1024, 10))


def alexnet():
    return Sequential(Conv2d(3, 64, 11, 4, 2), relu(), MaxPool2d(3, 2), Conv2d(64, 192, 5, 1, 2), relu(),
                      MaxPool2d(3, 2), Conv2d(192, 384, 3, 1, 1), relu(), Conv2d(384, 256, 3, 1, 1), relu(),
                      Conv2d(256, 256, 3, 1, 1), relu(), MaxPool2d(3, 2), Flatten(), Dropout(0.5),
                      Linear(256 * 6 * 6, 4096), relu(), Dropout(0.5), Linear(4096, 4096), relu(), Linear(4096, 1000))


def vgg16():
    layers, before = [], 3
    for planes, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [Conv2d(before, planes, 3, 1, 1), relu()]
            before = planes
        layers.append(MaxPool2d(2))
    return Sequential(*layers, Flatten(), Linear(512 * 7 * 7, 4096), relu(), Dropout(0.5), Linear(4096, 4096), relu(),
                      Dropout(0.5), Linear(4096, 1000))


class Inception(Module):
    def __init__(self, n, a, b1, b2, c1, c2, d):
        super().__init__()
        self.branches = ModuleList([
            Sequential(Conv2d(n, a, 1), relu()),
            Sequential(Conv2d(n, b1, 1), relu(), Conv2d(b1, b2, 3, 1, 1), relu()),
            Sequential(Conv2d(n, c1, 1), relu(), Conv2d(c1, c2, 5, 1, 2), relu()),
            Sequential(MaxPool2d(3, 1, 1), Conv2d(n, d, 1), relu())])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def googlenet():
    return Sequential(
        Conv2d(3, 64, 7, 2, 3), relu(), MaxPool2d(3, 2, 1), Conv2d(64, 64, 1), relu(), Conv2d(64, 192, 3, 1, 1), relu(),
        MaxPool2d(3, 2, 1), Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64),
        MaxPool2d(3, 2, 1), Inception(480, 192, 96, 208, 16, 48, 64), Inception(512, 160, 112, 224, 24, 64, 64),
        Inception(512, 128, 128, 256, 24, 64, 64), Inception(512, 112, 144, 288, 32, 64, 64),
        Inception(528, 256, 160, 320, 32, 128, 128), MaxPool2d(3, 2, 1), Inception(832, 256, 160, 320, 32, 128, 128),
        Inception(832, 384, 192, 384, 48, 128, 128), AvgPool2d(7), Flatten(), Dropout(0.4), Linear(1024, 1000))


def bare(n, m, k, step, pad):
    return Conv2d(n, m, k, step, pad, bias=False)


class Residual(Module):
    def __init__(self, branch, n, m, step):
        super().__init__()
        same = step == 1 and n == m
        self.branch = branch
        self.shortcut = Identity() if same else Sequential(bare(n, m, 1, step, 0), BatchNorm2d(m))

    def forward(self, x):
        return torch.relu_(self.branch(x) + self.shortcut(x))


def basic(n, planes, step):
    branch = Sequential(bare(n, planes, 3, step, 1), BatchNorm2d(planes), relu(), bare(planes, planes, 3, 1, 1),
                        BatchNorm2d(planes))
    return Residual(branch, n, planes, step), planes


def bottleneck(n, planes, step):
    branch = Sequential(bare(n, planes, 1, 1, 0), BatchNorm2d(planes), relu(), bare(planes, planes, 3, step, 1),
                        BatchNorm2d(planes), relu(), bare(planes, 4 * planes, 1, 1, 0), BatchNorm2d(4 * planes))
    return Residual(branch, n, 4 * planes, step), 4 * planes


def resnet(block, counts):
    layers, n = [bare(3, 64, 7, 2, 3), BatchNorm2d(64), relu(), MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate(counts):
        for i in range(count):
            layer, n = block(n, 64 * 2**stage, 2 if stage > 0 and i == 0 else 1)
            layers.append(layer)
    return Sequential(*layers, AvgPool2d(7), Flatten(), Linear(n, 1000))


def resnet18():
    return resnet(basic, (2, 2, 2, 2))


def resnet50():
    return resnet(bottleneck, (3, 4, 6, 3))


def generator():
    def up(n, m, step, pad):
        return ConvTranspose2d(n, m, 4, step, pad, bias=False)

    return Sequential(up(100, 512, 1, 0), BatchNorm2d(512), relu(), up(512, 256, 2, 1), BatchNorm2d(256), relu(),
                      up(256, 128, 2, 1), BatchNorm2d(128), relu(), up(128, 64, 2, 1), BatchNorm2d(64), relu(),
                      up(64, 3, 2, 1), Tanh())


def leaky():
    return LeakyReLU(0.2, inplace=True)


def discriminator():
    return Sequential(bare(3, 64, 4, 2, 1), leaky(), bare(64, 128, 4, 2, 1), BatchNorm2d(128), leaky(),
                      bare(128, 256, 4, 2, 1), BatchNorm2d(256), leaky(), bare(256, 512, 4, 2, 1), BatchNorm2d(512),
                      leaky(), bare(512, 1, 4, 1, 0), Sigmoid(), Flatten())


def critic():
    return Sequential(Conv2d(3, 64, 4, 2, 1), LeakyReLU(0.2), Conv2d(64, 128, 4, 2, 1), LeakyReLU(0.2),
                      Conv2d(128, 256, 4, 2, 1), LeakyReLU(0.2), Conv2d(256, 512, 4, 2, 1), LeakyReLU(0.2),
                      Conv2d(512, 1, 4), Flatten())


def dqn():
    return Sequential(Conv2d(4, 32, 8, 4), relu(), Conv2d(32, 64, 4, 2), relu(), Conv2d(64, 64, 3), relu(), Flatten(),
                      Linear(3136, 512), relu(), Linear(512, 18))
