import torch

M = 2**20


def unary(f):
    def make(pick):
        x = torch.rand(pick(4 * M, 1000)) * 2 - 1
        out = torch.empty_like(x)
        return lambda: f(x, out=out)

    return make


def small_add(pick):
    a, b = torch.ones(8), torch.ones(8)

    def step():
        for _ in range(1000):
            torch.add(a, b)

    return step


def binary(f):
    def make(pick):
        n = pick(4 * M, 1000)
        a, b = torch.rand(n), torch.rand(n)
        out = f(a, b)
        return lambda: f(a, b, out=out)

    return make


def square(f):
    def make(pick):
        n = pick(2048, 16)
        return f(torch.rand(n, n))

    return make


def turned_add(x):
    out = torch.empty_like(x)
    return lambda: torch.add(x, x.t(), out=out)


def row_sums(x):
    out = torch.sum(x, 1, keepdim=True)
    return lambda: torch.sum(x, 1, keepdim=True, out=out)


def gather(x):
    places = torch.randint(len(x), x.shape)
    out = torch.empty_like(x)
    return lambda: torch.gather(x, 1, places, out=out)


def cumsum(x):
    out = torch.empty_like(x)
    return lambda: torch.cumsum(x, 1, out=out)


def permuted(pick):
    c = pick(64, 4)
    x = torch.rand(c, c, 32, 32)
    out = torch.empty(c, 32, 32, c)
    return lambda: out.copy_(x.permute(0, 2, 3, 1))


def sort(pick):
    x = torch.rand(pick(M, 1000))
    out = torch.sort(x)
    return lambda: torch.sort(x, out=(out[0], out[1]))


def topk(pick):
    x = torch.rand(pick(M, 1000))
    return lambda: torch.topk(x, 10)


def pick_rows(pick):
    rows, n = pick(50000, 100), pick(8192, 20)
    x, places = torch.rand(rows, 256), torch.randint(rows, (n,))
    out = torch.index_select(x, 0, places)
    return lambda: torch.index_select(x, 0, places, out=out)


def softmax(pick):
    x = torch.rand(pick(4096, 16), pick(1024, 16))
    return lambda: torch.softmax(x, 1)


def normal(pick):
    x = torch.empty(pick(4 * M, 1000))
    return lambda: x.normal_()


def where(pick):
    n = pick(4 * M, 1000)
    a, b = torch.rand(n), torch.rand(n)
    mask, out = a > b, torch.empty_like(a)
    return lambda: torch.where(mask, a, b, out=out)


def cat(pick):
    parts = [torch.rand(pick(M // 2, 100)) for _ in range(8)]
    out = torch.cat(parts)
    return lambda: torch.cat(parts, out=out)


rows = {
    "add of 8 floats x1000": small_add,
    "add of 4 M": binary(torch.add),
    "exp of 4 M": unary(torch.exp),
    "tanh of 4 M": unary(torch.tanh),
    "sum of 4 M": lambda pick: (lambda x: lambda: x.sum())(torch.rand(pick(4 * M, 1000))),
    "row sums of 2048x2048": square(row_sums),
    "x + transposed x of 2048x2048": square(turned_add),
    "permuted copy of 64x64x32x32": permuted,
    "sort of 1 M": sort,
    "topk 10 of 1 M": topk,
    "pick 8192 of 50000 rows x 256": pick_rows,
    "gather of 2048x2048": square(gather),
    "cumsum of 2048x2048": square(cumsum),
    "softmax of 4096x1024": softmax,
    "normal_ of 4 M": normal,
    "where of 4 M": where,
    "cat of 8 x 512 K": cat,
}
