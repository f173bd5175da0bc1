"""PyTorch's side of a row; see side.lua: python3 side.py GROUP ROW THREADS full|toy"""
import importlib
import re
import sys
import time

import torch

group, name, threads, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(1)
step = importlib.import_module(group).rows[name](lambda full, toy: toy if size == "toy" else full)


def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read()).group(1)) / 1024


def run(n):
    start = time.perf_counter()
    for _ in range(n):
        step()
    return time.perf_counter() - start


for line in sys.stdin:
    words = line.split()
    if words[0] == "quit":
        break
    print("%.9g" % (run(int(words[1])) if words[0] == "run" else peak()), flush=True)
