import torch
from torch.nn import functional as F

import nets


def momentum(net):
    return torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)


def training(net, batch, classes, *size):
    def make(pick):
        n = pick(batch, 1)
        x, labels = torch.rand(n, *size) * 2 - 1, torch.randint(classes, (n,))
        model = getattr(nets, net)()
        optimiser = momentum(model)

        def step():
            optimiser.zero_grad()
            F.cross_entropy(model(x), labels).backward()
            optimiser.step()

        return step

    return make


def fused(model, x):
    with torch.inference_mode():
        return torch.jit.optimize_for_inference(torch.jit.trace(model, x))


def inference(net, batch, prepare=lambda model, x: model):
    def make(pick):
        x = torch.rand(pick(batch, 1), 3, 224, 224) * 2 - 1
        model = prepare(getattr(nets, net)().eval(), x)

        def step():
            with torch.inference_mode():
                model(x)

        return step

    return make


def dcgan(pick):
    n = pick(16, 2)
    real, noise = torch.rand(n, 3, 64, 64) * 2 - 1, torch.randn(n, 100, 1, 1)
    g, d = nets.generator(), nets.discriminator()
    adam_g, adam_d = (torch.optim.Adam(net.parameters(), 2e-4, betas=(0.5, 0.999)) for net in (g, d))
    ones, zeros, loss = torch.ones(n, 1), torch.zeros(n, 1), F.binary_cross_entropy

    def step():
        made = g(noise)
        adam_d.zero_grad()
        loss(d(real), ones).backward()
        loss(d(made.detach()), zeros).backward()
        adam_d.step()
        adam_g.zero_grad()
        d.requires_grad_(False)
        loss(d(made), ones).backward()
        d.requires_grad_(True)
        adam_g.step()

    return step


def critic(pick):
    n = pick(16, 2)
    real, made = torch.rand(n, 3, 64, 64) * 2 - 1, torch.rand(n, 3, 64, 64) * 2 - 1
    net = nets.critic()
    adam = torch.optim.Adam(net.parameters(), 1e-4, betas=(0.0, 0.9))

    def step():
        share = torch.rand(n, 1, 1, 1)
        between = (real * share + made * (1 - share)).requires_grad_()
        slope, = torch.autograd.grad(net(between).sum(), between, create_graph=True)
        excess = slope.view(n, -1).norm(dim=1) - 1
        adam.zero_grad()
        (net(made).mean() - net(real).mean() + 10 * excess.square().mean()).backward()
        adam.step()

    return step


def dqn(pick):
    n = pick(32, 2)
    before, after = torch.rand(n, 4, 84, 84), torch.rand(n, 4, 84, 84)
    actions, rewards = torch.randint(18, (n, 1)), torch.rand(n, 1)
    net, target = nets.dqn(), nets.dqn()
    optimiser = torch.optim.RMSprop(net.parameters(), 2.5e-4, alpha=0.95)

    def step():
        with torch.no_grad():
            best = target(after).amax(1, keepdim=True) * 0.99 + rewards
        optimiser.zero_grad()
        F.smooth_l1_loss(net(before).gather(1, actions), best).backward()
        optimiser.step()

    return step


rows = {
    "LeNet b64 step": training("lenet", 64, 10, 1, 28, 28),
    "MLP b128 step": training("mlp", 128, 10, 784),
    "AlexNet b16 step": training("alexnet", 16, 1000, 3, 224, 224),
    "VGG-16 b4 forward": inference("vgg16", 4),
    "VGG-16 b4 fused forward": inference("vgg16", 4, fused),
    "GoogLeNet b8 step": training("googlenet", 8, 1000, 3, 224, 224),
    "ResNet-18 b8 step": training("resnet18", 8, 1000, 3, 224, 224),
    "ResNet-50 b4 step": training("resnet50", 4, 1000, 3, 224, 224),
    "ResNet-50 b1 forward": inference("resnet50", 1),
    "ResNet-50 b1 fused forward": inference("resnet50", 1, fused),
    "DCGAN 64x64 b16 step": dcgan,
    "WGAN-GP critic b16 step": critic,
    "DQN b32 update": dqn,
}
