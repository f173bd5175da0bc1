-- cutorch's own functions, on the GPU or on the library that MOONTORCH_CUDA_LIBRARY names (the emulated one).
local t = require 'harness'

local ok, cutorch = pcall(require, 'cutorch')

local function test(name, f)
  t.test(name, function()
    if not ok then
      t.ok(cutorch:find('no CUDA-capable device', 1, true) or cutorch:find('cannot load', 1, true), cutorch)
      t.skip('there is no GPU')
    end
    f()
  end)
end

test('one GPU or more, counted from 1', function()
  t.ok(cutorch.getDeviceCount() >= 1, 'count')
  t.eq(cutorch.getDevice(), 1)
  cutorch.setDevice(1)
  t.raises('setDevice: GPU %d+ of %d+ was asked for', cutorch.setDevice, cutorch.getDeviceCount() + 1)
  t.raises('setDevice: GPU 0 of', cutorch.setDevice, 0)
  t.raises('expected the number of a GPU, got x', cutorch.setDevice, 'x')
end)

test('memory and properties', function()
  local free, total = cutorch.getMemoryUsage()
  t.ok(free > 0 and total >= free, 'free and total')
  t.eq(select(2, cutorch.getMemoryUsage(1)), total)
  local p = cutorch.getDeviceProperties(1)
  t.ok(#p.name > 0, 'name')
  t.eq(p.warpSize, 32)
  t.ok(p.maxThreadsPerBlock >= 256, 'threads')
  t.raises('was asked for', cutorch.getDeviceProperties, cutorch.getDeviceCount() + 1)
end)

test('synchronize', function()
  cutorch.synchronize()
  cutorch.synchronizeAll()
end)
