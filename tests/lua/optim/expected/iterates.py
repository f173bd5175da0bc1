"""Writes iterates.lua: where optimisers stand after each of ten steps on f(x) = sum c x^4 / 4 + x^2.

sgd and rmsprop by PyTorch; adam from the formulas, since PyTorch adds epsilon elsewhere.

    python3 iterates.py > iterates.lua
"""
import torch

torch.set_default_dtype(torch.float64)
c = torch.tensor([0.5, 1.0, 2.0])


def start():
    return torch.tensor([1.0, -0.8, 0.3])


def gradient(x):
    return c * x**3 + 2 * x


def show(name, steps):
    print(f"  {name} = {{" + ",\n    ".join("{" + ", ".join(map(repr, s)) + "}" for s in steps) + "},")


def by_torch(name, make):
    x = start()
    optimiser, steps = make([x]), []
    for _ in range(10):
        x.grad = gradient(x)
        optimiser.step()
        steps.append(x.tolist())
    show(name, steps)


def adam(name, rate, decay, weight_decay):
    x, m, v, steps = start(), torch.zeros(3), torch.zeros(3), []
    for t in range(1, 11):
        g = gradient(x) + weight_decay * x
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        step = rate / (1 + (t - 1) * decay) * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
        x = x - step * m / (v.sqrt() + 1e-8)
        steps.append(x.tolist())
    show(name, steps)


sgd = torch.optim.SGD
print("-- Written by iterates.py; see there.")
print("return {")
by_torch("sgd", lambda p: sgd(p, 0.1, weight_decay=0.01))
by_torch("sgd_momentum", lambda p: sgd(p, 0.05, momentum=0.9, dampening=0.9))
by_torch("sgd_nesterov", lambda p: sgd(p, 0.05, momentum=0.8, nesterov=True))
by_torch("rmsprop", lambda p: torch.optim.RMSprop(p, 0.02, alpha=0.9, eps=1e-6, weight_decay=0.1))
adam("adam", 0.1, 0, 0)
adam("adam_decayed", 0.1, 0.05, 0.01)
print("}")
