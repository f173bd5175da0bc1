"""Writes iterates.lua: where optimisers stand after some of 50 steps on f(x) = sum c x^4 / 4 + x^2.

By PyTorch where it has the same definition; adam with an epsilon, nag, lamb and lookahead from the formulas.

    python3 iterates.py > iterates.lua
"""
import torch
from torch import optim

torch.set_default_dtype(torch.float64)
c = torch.tensor([[0.5, 1.0, 2.0], [1.5, 0.7, 0.1]])
kept = (1, 2, 5, 10, 20, 50)


def start():
    return torch.tensor([[1.0, -0.8, 0.3], [0.5, -1.2, 2.0]])


def gradient(x):
    return c * x**3 + 2 * x


def show(name, steps):
    print(f"  {name} = {{")
    for i in kept:
        if i <= len(steps):
            upper, lower = (", ".join(map(repr, row)) for row in steps[i - 1].view(2, 3).tolist())
            print(f"    {{{upper},\n     {lower}}},")
    print("  },")


def by_torch(name, make, count=50):
    x = start()
    optimiser, steps = make([x]), []
    for _ in range(count):
        x.grad = gradient(x)
        optimiser.step()
        steps.append(x.clone())
    show(name, steps)


def by_formula(name, step, count=50):
    x, state, steps = start(), {}, []
    for t in range(1, count + 1):
        x = step(x, t, state)
        steps.append(x)
    show(name, steps)


def moments(g, t, s, beta1=0.9, beta2=0.999):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g * g
    return s["m"], s["v"], 1 - beta1**t, 1 - beta2**t


def adam(rate, decay, weight_decay, epsilon):
    def step(x, t, s):
        m, v, c1, c2 = moments(gradient(x) + weight_decay * x, t, s)
        return x - rate / (1 + (t - 1) * decay) * c2**0.5 / c1 * m / (v.sqrt() + epsilon)

    return step


def nag(x, t, s):
    ahead = x + 0.8 * s["v"] if "v" in s else x
    g = 0.05 * (gradient(ahead) + 0.01 * ahead)
    s["v"] = 0.8 * s.get("v", 0) - g
    return ahead - g


def lamb(x, t, s):
    m, v, c1, c2 = moments(gradient(x), t, s)
    r = (m / c1) / ((v / c2).sqrt() + 1e-6) + 0.01 * x
    return x - 0.02 * x.norm() / r.norm() * r


def lookahead(x, t, s):
    fast = x - 0.1 * gradient(x)
    if t == 1:
        s["slow"] = x
    if t % 3:
        return fast
    s["slow"] = s["slow"] + 0.5 * (fast - s["slow"])
    return s["slow"]


def lbfgs():
    x = start()
    optimiser = optim.LBFGS([x], lr=0.5, max_iter=15, history_size=4, tolerance_grad=0, tolerance_change=0)

    def closure():
        x.grad = gradient(x)
        return (c * x**4 / 4 + x**2).sum()

    optimiser.step(closure)
    show("lbfgs", [x])


print("-- Written by iterates.py; see there.")
print("return {")
by_torch("sgd", lambda p: optim.SGD(p, 0.1, weight_decay=0.01))
by_torch("sgd_momentum", lambda p: optim.SGD(p, 0.05, momentum=0.9, dampening=0.9))
by_torch("sgd_nesterov", lambda p: optim.SGD(p, 0.05, momentum=0.8, nesterov=True, weight_decay=0.02))
by_torch("adam", lambda p: optim.Adam(p, 0.1, eps=0, weight_decay=0.01))
by_formula("adam_decayed", adam(0.1, 0.05, 0.01, 1e-3))
by_torch("amsgrad", lambda p: optim.Adam(p, 0.1, eps=0, amsgrad=True))
by_torch("adamw", lambda p: optim.AdamW(p, 0.1, weight_decay=0.05))
by_torch("nadam", lambda p: optim.NAdam(p, 0.05, weight_decay=0.01))
by_torch("radam", lambda p: optim.RAdam(p, 0.1, weight_decay=0.01))
by_torch("adamax", lambda p: optim.Adamax(p, 0.1, eps=1e-30, weight_decay=0.01))
by_formula("lamb", lamb)
by_torch("rmsprop", lambda p: optim.RMSprop(p, 0.02, alpha=0.9, eps=1e-6, weight_decay=0.1))
by_torch("adagrad", lambda p: optim.Adagrad(p, 0.1, lr_decay=0.01, weight_decay=0.01))
by_torch("adadelta", lambda p: optim.Adadelta(p, 1, rho=0.9, eps=1e-6, weight_decay=0.01))
by_torch("adafactor", lambda p: optim.Adafactor(p, 0.01, weight_decay=0))
by_torch("rprop", lambda p: optim.Rprop(p, 0.1))
by_torch("asgd", lambda p: optim.ASGD(p, 0.05, lambd=1e-2, t0=5))
by_formula("nag", nag)
by_formula("lookahead", lookahead)
lbfgs()
print("}")
