"""Writes convnet.lua: what the net in a .t7 file gives for the input saved with it, computed by PyTorch.

The file is read here on its own, with a reader for the few kinds of values in it.

    python3 convnet.py convnet.t7 > convnet.lua
"""
import struct
import sys
import textwrap

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


class Reader:
    def __init__(self, data):
        self.data, self.at, self.known = data, 0, {}

    def take(self, kind):
        (value,) = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize(kind)
        return value

    def text(self):
        n = self.take("i")
        self.at += n
        return self.data[self.at - n : self.at].decode("latin1")

    def longs(self, n):
        return [self.take("q") for _ in range(n)]

    def value(self):
        tag = self.take("i")
        if tag == 0:
            return None
        if tag == 1:
            return self.take("d")
        if tag == 2:
            return self.text()
        if tag == 5:
            return self.take("i") == 1
        number = self.take("i")
        if number in self.known:
            return self.known[number]
        return self.table(number) if tag == 3 else self.object(number)

    def table(self, number):
        out = self.known[number] = {}
        for _ in range(self.take("i")):
            key = self.value()
            out[key] = self.value()
        return out

    def object(self, number):
        self.text()  # the version
        name = self.text()
        if name.endswith("Tensor"):
            dims = self.take("i")
            size, stride, offset = self.longs(dims), self.longs(dims), self.take("q") - 1
            storage = self.value()
            out = torch.empty(0) if not dims else torch.as_strided(storage, size, stride, offset)
        elif name.endswith("Storage"):
            kind = {"torch.DoubleStorage": "d", "torch.LongStorage": "q"}[name]
            out = torch.tensor([self.take(kind) for _ in range(self.take("q"))])
        else:
            out = self.known[number] = {}
            out.update(self.value())
        self.known[number] = out
        return out


with open(sys.argv[1], "rb") as f:
    saved = Reader(f.read()).value()
conv, norm, _, _, _, _, linear, _ = [saved["model"]["modules"][float(i)] for i in range(1, 9)]
x = F.conv2d(saved["x"], conv["weight"], conv["bias"], 1, 1)
x = F.batch_norm(x, norm["running_mean"], norm["running_var"], norm["weight"], norm["bias"], False, 0.1, norm["eps"])
x = F.max_pool2d(F.relu(x), 2).flatten(1)
x = F.log_softmax(F.linear(x, linear["weight"], linear["bias"]), 1)
print("-- Written by convnet.py; see there.")
rows = ",\n".join("{" + ", ".join(map(repr, row)) + "}" for row in x.tolist())
print("return {" + "\n".join(textwrap.fill(line, 116) for line in rows.splitlines()) + "}")
