import torch
import torch.nn.functional as F
from torch import nn


def attention(B, H, T, S, D, causal=False, back=False):
    def make(pick):
        b = pick(B, 1)
        q, k, v, g = (torch.randn(b, H, n, D) for n in (T, S, S, T))
        if not back:
            def forward():
                with torch.no_grad():
                    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
            return forward
        for t in (q, k, v):
            t.requires_grad_()
        return lambda: torch.autograd.grad(F.scaled_dot_product_attention(q, k, v, is_causal=causal), (q, k, v), g)

    return make


def step_of(net, criterion, x, target):
    descent = torch.optim.SGD(net.parameters(), 1e-3)

    def step():
        descent.zero_grad()
        loss = criterion(net(x), target)
        loss.backward()
        descent.step()
        return loss

    return step


class Recurrent(nn.Module):
    def __init__(self, size, layers, vocabulary=None):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, size) if vocabulary else nn.Identity()
        self.lstm = nn.LSTM(size, size, layers)
        self.head = nn.Linear(size, vocabulary) if vocabulary else None

    def forward(self, x):
        y, _ = self.lstm(self.embed(x))
        return self.head(y.view(-1, y.shape[2])) if self.head else y


def lstm_step(pick):
    T, N = pick(50, 3), pick(32, 2)
    return step_of(Recurrent(256, 2), F.mse_loss, torch.randn(T, N, 256), torch.randn(T, N, 256))


def char_step(pick):
    T, N, V = pick(50, 3), pick(50, 2), 65
    return step_of(Recurrent(128, 2, V), F.cross_entropy, torch.randint(V, (T, N)), torch.randint(V, (T * N,)))


class Layer(nn.Module):
    """A layer of a Transformer: norms behind the sums, or in front."""

    def __init__(self, size, heads, front=False, causal=False):
        super().__init__()
        self.heads, self.front, self.causal = heads, front, causal
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.wide, self.narrow = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)

    def attend(self, x, cache):
        B, T, E = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).split(E, 2))
        if cache is not None:
            if cache:
                k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
            cache["k"], cache["v"] = k, v
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal and cache is None)
        return self.out(y.transpose(1, 2).reshape(B, T, E))

    def inner(self, x):
        y = self.wide(x)
        return self.narrow(F.gelu(y, approximate="tanh") if self.front else F.relu(y))

    def forward(self, x, cache=None):
        if self.front:
            x = x + self.attend(self.norm1(x), cache)
            return x + self.inner(self.norm2(x))
        x = self.norm1(x + self.attend(x, cache))
        return self.norm2(x + self.inner(x))


def encoder_step(pick):
    B, T, E = pick(16, 2), pick(128, 4), 256
    net = nn.Sequential(*[Layer(E, 8) for _ in range(4)])
    return step_of(net, F.mse_loss, torch.randn(B, T, E), torch.randn(B, T, E))


class GPT(nn.Module):
    def __init__(self, vocabulary, length, size, layers, heads):
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, size), nn.Embedding(length, size)
        self.layers = nn.ModuleList([Layer(size, heads, True, True) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(size), nn.Linear(size, vocabulary, bias=False)

    def forward(self, x):
        y = self.words(x) + self.places.weight[:x.shape[1]]
        for layer in self.layers:
            y = layer(y)
        return self.head(self.norm(y).view(-1, y.shape[2]))

    def decode(self, tokens):
        caches = [{} for _ in self.layers]
        for t in range(tokens.shape[1]):
            y = self.words(tokens[:, t:t + 1]) + self.places.weight[t:t + 1]
            for layer, cache in zip(self.layers, caches):
                y = layer(y, cache)
            y = self.head(self.norm(y).view(1, -1))
        return y


def gpt_step(pick):
    B, T, V = pick(16, 2), pick(128, 4), 65
    return step_of(GPT(V, T, 256, 4, 8), F.cross_entropy, torch.randint(V, (B, T)), torch.randint(V, (B * T,)))


def gpt2(pick, run, count):
    V = pick(50257, 20)
    net = GPT(V, 1024, pick(768, 24), pick(12, 2), 12).eval()
    x = torch.randint(V, (1, count))

    def step():
        with torch.no_grad():
            return run(net, x)

    return step


rows = {
    "attention 16x4x128x32": attention(16, 4, 128, 128, 32),
    "attention 16x8x128x64 causal": attention(16, 8, 128, 128, 64, True),
    "attention 1x12x256x64 causal": attention(1, 12, 256, 256, 64, True),
    "attention 1x12x1x64 to 300": attention(1, 12, 1, 300, 64),
    "attention 16x4x128x32 step": attention(16, 4, 128, 128, 32, False, True),
    "attention 16x8x128x64 causal step": attention(16, 8, 128, 128, 64, True, True),
    "attention 1x12x256x64 causal step": attention(1, 12, 256, 256, 64, True, True),
    "LSTM 2x256 T50 B32 step": lstm_step,
    "char-rnn 2x128 T50 B50 step": char_step,
    "Transformer encoder 4x256 T128 B16 step": encoder_step,
    "GPT 4x256 T128 B16 step": gpt_step,
    "GPT-2 small T256 forward": lambda pick: gpt2(pick, lambda net, x: net(x), pick(256, 4)),
    "GPT-2 small 32 tokens": lambda pick: gpt2(pick, lambda net, x: net.decode(x), pick(32, 3)),
}
