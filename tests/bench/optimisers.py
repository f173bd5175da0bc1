import torch


def row(make_optimiser):
    def make(pick):
        x = torch.rand(pick(25_000_000, 1000))
        x.grad = torch.rand_like(x)
        return make_optimiser([x]).step

    return make


rows = {
    "Adam": row(torch.optim.Adam),
    "SGD with momentum": row(lambda p: torch.optim.SGD(p, 1e-3, momentum=0.9)),
    "RMSprop": row(torch.optim.RMSprop),
}
