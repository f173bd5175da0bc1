import atexit
import os
import tempfile

import numpy
import torch

folder = "/dev/shm" if os.path.isdir("/dev/shm") else None


def loading(save, load):
    def make(pick):
        handle, path = tempfile.mkstemp(dir=folder)
        os.close(handle)
        atexit.register(os.remove, path)
        save(path, pick)
        return lambda: load(path)

    return make


def save_safetensors(path, pick):
    from safetensors.torch import save_file

    n, rows, columns = pick(100, 3), pick(1250, 10), pick(1000, 10)
    save_file({f"layer{i}": torch.full((rows, columns), float(i)) for i in range(n)}, path)


def load_safetensors(path):
    from safetensors.torch import load_file

    return load_file(path)


def save_npy(path, pick):
    with open(path, "wb") as file:
        numpy.save(file, numpy.ones((pick(10000, 10), pick(5000, 10)), numpy.float32))


rows = {
    "load 500 MB of safetensors": loading(save_safetensors, load_safetensors),
    "load 200 MB of .npy": loading(save_npy, numpy.load),
    "load 5 M numbers of CSV": loading(
        lambda path, pick: numpy.savetxt(path, numpy.random.rand(pick(500000, 50), 10), delimiter=","),
        lambda path: numpy.loadtxt(path, delimiter=","),
    ),
}
