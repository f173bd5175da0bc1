"""Reads the files that test_readback.lua wrote and compares them with what they are to hold. Says "read FILE" for each,
and "skipped FILE: …" where the library for it is not installed.

    python3 readback.py FOLDER
"""
import csv
import importlib
import json
import math
import sys

folder = sys.argv[1]
DTYPES = {
    "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64", "Half": "float16",
    "Float": "float32", "Double": "float64", "BFloat16": "bfloat16",
}
VALUES = [[1, 2, 3], [4, 5, 6]]


def check(file, needs, read):
    try:
        modules = [importlib.import_module(name) for name in needs]
    except ImportError as error:
        print(f"skipped {file}: {error}")
        return
    read(f"{folder}/{file}", *modules)
    print(f"read {file}")


def compare(arrays, bfloat16):
    """Each type has its values, turned and without rows. arrays: name -> array or tensor."""
    names = set()
    for name, dtype in DTYPES.items():
        if name == "BFloat16" and not bfloat16:
            continue
        for ending, values, shape in (("", VALUES, (2, 3)), (" turned", [list(r) for r in zip(*VALUES)], (3, 2)),
                                      (" none", [], (0, 3))):
            array = arrays[name + ending]
            assert str(array.dtype).removeprefix("torch.") == dtype, (name + ending, array.dtype)
            assert tuple(array.shape) == shape, (name + ending, array.shape)
            assert array.tolist() == values, (name + ending, array.tolist())
            names.add(name + ending)
    assert set(arrays) == names, set(arrays) ^ names


def read_npy(path, numpy):
    array = numpy.load(path)
    assert array.dtype == "<f8" and array.tolist() == [[0.1, -1e300], [float("inf"), 5e-324]]


def read_npz(path, numpy):
    compare(dict(numpy.load(path)), False)


def read_safetensors(path, _, torch_part):
    compare(torch_part.load_file(path), True)
    with importlib.import_module("safetensors").safe_open(path, "pt") as f:
        assert f.metadata() == {"a \"key\"": "line\nline, \u20ac"}


def read_hdf5(path, h5py):
    with h5py.File(path) as f:
        compare({name: f["all"][name][()] for name in f["all"]}, False)
        packed = f["packed/ramp"]
        assert packed.chunks == (8, 5) and packed.compression == "gzip" and packed.maxshape == (None, 5)
        assert packed[()].reshape(-1).tolist() == list(range(1, 101))


def read_json(path):
    with open(path) as f:
        value = json.load(f)
    assert value == {"x": [[0.1, 1 / 3], [1e300, -5e-324]], "text": "\u20ac/\"\n", "list": [True, None, 2**53 - 1], "empty": []}


def read_csv(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))
    assert rows[0] == ["x", "a, \"b\""]
    numbers = [[float(cell) for cell in row] for row in rows[1:]]
    assert numbers[0] == [0.1, 1 / 3] and math.isnan(numbers[1][0]) and numbers[1][1] == -math.inf


check("plain.npy", ["numpy"], read_npy)
check("stored.npz", ["numpy"], read_npz)
check("deflated.npz", ["numpy"], read_npz)
check("all.safetensors", ["torch", "safetensors.torch"], read_safetensors)
check("all.h5", ["h5py"], read_hdf5)
check("values.json", [], read_json)
check("table.csv", [], read_csv)
