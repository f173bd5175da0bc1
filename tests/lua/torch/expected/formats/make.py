"""Writes the files of this folder, with NumPy, PyTorch, safetensors and Python's own modules, and expected.lua with what
is in them.

    python3 make.py
"""
import collections
import csv
import json
import os
import pickle
import struct
import textwrap
import warnings

import numpy as np
import safetensors.torch
import torch

warnings.filterwarnings("ignore")
os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected = {}

LUA_TYPE = {
    "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double", "bool": "Byte", "uint8": "Byte",
    "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long", "uint16": "Int", "uint32": "Long",
    "uint64": "Long",
}


def lua(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(k)}] = {lua(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(map(lua, value)) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if value != value:
        return "0/0"
    if abs(value) == float("inf"):
        return "1/0" if value > 0 else "-1/0"
    return repr(value)


def expect(file, name, array):
    """Notes an array of NumPy or tensor of PyTorch that a file has under a name."""
    dtype = str(array.dtype).removeprefix("torch.")
    values = array.reshape(-1)
    values = values.double().tolist() if isinstance(values, torch.Tensor) else values.astype("f8").tolist()
    expected.setdefault(file, {})[name] = {
        "type": f"torch.{LUA_TYPE[dtype.lstrip('<>')]}Tensor", "sizes": list(array.shape) or [1], "values": values,
    }


def numbers(dtype):
    """Six numbers that a dtype holds, with its extremes."""
    kind = np.dtype(dtype)
    if kind == bool:
        return np.array([[True, False, True], [False, False, True]])
    if kind.kind == "f":
        return np.array([[0.5, -1.25, 3], [np.inf, 0.1, -2048]]).astype(dtype)
    info = np.iinfo(kind)
    return np.array([[info.min, info.max if kind.name != "uint64" else 2**62, 0], [1, 2, 100]]).astype(dtype)


# -- NumPy

dtypes = ["bool", "u1", "i1", "i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", ">f4", ">i2", ">u4", ">f8"]
arrays = {dtype.replace(">", "big_"): numbers(dtype) for dtype in dtypes}
arrays["fortran"] = np.asfortranarray(np.arange(24, dtype="f4").reshape(2, 3, 4))
arrays["scalar"] = np.array(2.5)
arrays["empty"] = np.zeros((0, 3), "i4")
for name, array in arrays.items():
    expect("arrays.npz", name, array.astype(array.dtype.newbyteorder("=")) if name.startswith("big") else array)
np.savez("arrays.npz", **arrays)
packed = {"ramp": np.arange(60, dtype="i2"), "zeros": np.zeros((6, 10)), "empty": np.zeros(0)}
for name, array in packed.items():
    expect("packed.npz", name, array)
np.savez_compressed("packed.npz", **packed)

x = np.array([[1.5, -2], [3, 4.25]])
for version in (1, 2, 3):
    file = f"version{version}.npy"
    with open(file, "wb") as f:
        np.lib.format.write_array(f, x, version=(version, 0))
    expect(file, 1, x)
np.save("fortran.npy", arrays["fortran"])
expect("fortran.npy", 1, arrays["fortran"])
np.save("record.npy", np.zeros(2, [("x", "f4"), ("y", "i4")]))
np.save("text.npy", np.array(["ab", "c"]))
np.save("complex.npy", np.array([1 + 2j]))
np.save("object.npy", np.array([None, {}], object))
np.save("large.npy", np.array([1, 2**63], "u8"))

# -- safetensors

tensors = {
    str(d).removeprefix("torch."): torch.from_numpy(numbers(str(d).removeprefix("torch.")))
    for d in (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32,
              torch.float64, torch.uint16, torch.uint32, torch.uint64)
}
tensors["bfloat16"] = torch.tensor([[0.5, -1.25, 3], [float("inf"), 0.1, -2048]], dtype=torch.bfloat16)
tensors["scalar"] = torch.tensor(7)
tensors["empty"] = torch.zeros(2, 0)
for name, tensor in tensors.items():
    expect("tensors.safetensors", name, tensor)
safetensors.torch.save_file(tensors, "tensors.safetensors", {"made by": "make.py", "epoch": "7"})
# an odd place: three bytes before the floats
header = json.dumps({"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
                     "b": {"dtype": "F32", "shape": [2], "data_offsets": [3, 11]}}).encode()
with open("odd.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(header)) + header + b"\1\2\3" + struct.pack("<2f", 1.5, -2))

# -- PyTorch

base = torch.arange(12, dtype=torch.float32)
matrix = base.reshape(3, 4)
net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    for i, p in enumerate(net.parameters()):
        p.copy_(torch.arange(p.numel()).reshape(p.shape) / 8 + i)
checkpoint = {
    "base": base, "transposed": matrix.t(), "row": matrix[1], "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
    "expanded": torch.tensor([4.0]).expand(2, 3), "state": net.state_dict(), "size": torch.Size([2, 3]),
    "dtype": torch.float16, "device": torch.device("cuda", 1), "list": [1, 2.5, "x", None, True, (3, "y")],
    "none": None, "big": 2**60 + 1, "huge": 2**63 + 5, "minus": -(2**40), "bytes": b"\0\xff\x80", "text": "h\u00e9llo",
    7: "seven", "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4),
}
for name, tensor in tensors.items():
    if name not in ("uint16", "uint32", "uint64", "scalar", "empty"):
        checkpoint["type " + name] = tensor
torch.save(checkpoint, "zip.pt")
torch.save(checkpoint, "sequence.pth", _use_new_zipfile_serialization=False)
for file in ("zip.pt", "sequence.pth"):
    for name, value in checkpoint.items():
        if isinstance(value, torch.Tensor):
            expect(file, name, value.detach())
    for name, value in checkpoint["state"].items():
        expect(file + " state", name, value)

unsigned = {name: tensors[name] for name in ("uint16", "uint32", "uint64")}
unsigned["again"] = unsigned["uint16"][1]
torch.save(unsigned, "unsigned.pt")
for name, tensor in unsigned.items():
    expect("unsigned.pt", name, tensor)
for protocol in (3, 4, 5):
    value = {"w": torch.tensor([[1, 2], [3, 4]]), "o": collections.OrderedDict(b=1, a=[2, -3, 70000, 2**40])}
    torch.save(value, f"protocol{protocol}.pt", pickle_protocol=protocol)
    torch.save(value, f"protocol{protocol}.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
with open("plain.pkl", "wb") as f:
    pickle.dump({"a": [1, {"b": (True, -1.5)}], "c": "d"}, f, 4)


refused = {
    "sparse": torch.eye(2).to_sparse(), "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "complex": torch.tensor([1j]), "numpy": np.float64(3), "function": os.path.join,
    "float8": torch.ones(2).to(torch.float8_e4m3fn), "class": {"type": torch.FloatStorage},
}
for name, value in refused.items():
    torch.save(value, f"refused-{name}.pth", _use_new_zipfile_serialization=False)

# -- Python's csv and json

with open("table.csv", "w", newline="") as f:
    writer = csv.writer(f)
    writer.writerow(["x", "name, with comma", 'a "quote"'])
    writer.writerows([[0.1, "first", -1e-300], [2, "second\nline", 1e308], [1 / 3, "", 5]])
with open("values.json", "w") as f:
    json.dump({"list": [1, 2.5, -1e-7, 1 / 3], "text": "h\u00e9\n\u20ac\U0001d11e", "none": None, "yes": True}, f)

with open("expected.lua", "w") as f:
    f.write("-- Written by make.py; see there.\nreturn {\n")
    for file, rows in expected.items():
        f.write(f"  [{lua(file)}] = {{\n")
        for name, row in rows.items():
            line = f"[{lua(name)}] = {lua(row)},"
            f.write(textwrap.fill(line, 118, initial_indent="    ", subsequent_indent="      ") + "\n")
        f.write("  },\n")
    f.write("}\n")
