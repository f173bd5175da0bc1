"""Writes the files of this folder with h5py, and expected.lua with what is in arrays.h5.

    python3 make.py
"""
import os
import textwrap

import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))

LUA_TYPE = {
    "float16": "Half", "float32": "Float", "float64": "Double", "bool": "Byte", "uint8": "Byte", "int8": "Char",
    "int16": "Short", "int32": "Int", "int64": "Long", "uint16": "Int", "uint32": "Long", "uint64": "Long",
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


arrays = {name: numbers(name) for name in LUA_TYPE}
arrays |= {f"big {name}": numbers(name) for name in (">f4", ">i2", ">u4", ">f2")}
arrays["scalar"] = np.array(2.5)
arrays["rows"] = np.arange(21, dtype="i4").reshape(7, 3)

with h5py.File("arrays.h5", "w", libver=("earliest", "v110")) as f:
    for name, array in arrays.items():
        if name == "rows":
            f.create_dataset("group/inner/rows", data=array, chunks=(2, 2), compression="gzip", shuffle=True)
        else:
            f[name] = array
    f["none"] = h5py.Empty("f4")
    f["no rows"] = np.zeros((0, 3), "i2")

with h5py.File("links.h5", "w", libver=("earliest", "v110")) as f:
    f["x"] = np.arange(3.0)
    f["again"] = f["x"]
    f["soft"] = h5py.SoftLink("/x")
    f["loop/self"] = f.require_group("loop")
    f["type"] = np.dtype("f4")

with h5py.File("refused.h5", "w", libver=("earliest", "v110")) as f:
    f["text"] = "hello"
    f["pair"] = np.zeros(2, [("x", "f4"), ("y", "i4")])
    f["complex"] = np.array([1j])
    f["large"] = np.array([2**63], "u8")
    f["nowhere"] = h5py.SoftLink("/missing")
    f["other file"] = h5py.ExternalLink("arrays.h5", "/float32")
    f.create_dataset("unwritten", (10**6, 10**6), "f8", chunks=(100, 100))
    f.create_dataset("empty", (1000, 10), "f8")
    f.create_dataset("outside", (4,), "u1", external=[("/etc/hostname", 0, 4)])
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource("arrays.h5", "float32", (2, 3))
    f.create_virtual_dataset("virtual", layout)


def lua(value):
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    return {float("inf"): "1/0"}.get(value, repr(value))


with open("expected.lua", "w") as f:
    f.write("-- Written by make.py; see there.\nreturn {\n")
    for name, array in arrays.items():
        row = (f'["{name}"] = {{type = "torch.{LUA_TYPE[array.dtype.newbyteorder("=").name]}Tensor", '
               f"sizes = {lua(list(array.shape) or [1])}, values = {lua(array.astype('f8').reshape(-1).tolist())}}},")
        f.write(textwrap.fill(row, 118, initial_indent="  ", subsequent_indent="    ") + "\n")
    f.write("}\n")
