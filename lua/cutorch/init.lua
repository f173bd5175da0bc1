--- cutorch: tensors on the GPU. require 'cutorch' loads libmoontorch_cuda, whose kernels then serve torch.CudaTensor,
-- torch.CudaDoubleTensor, …; it fails with a plain message where there is no NVIDIA driver or no GPU.
--   local x = torch.rand(3, 4):cuda()
-- One GPU is in use at a time, by all threads. As everywhere in Torch7, GPUs are counted from 1.
local ffi = require 'ffi'
local torch = require 'torch'
local errors = require 'torch.errors'
local library = require 'torch.library'
local memory = require 'torch.memory'

errors.package()

-- The variable MOONTORCH_CUDA_LIBRARY names another library to take: the tests' emulated one.
local function load()
  local path = library.find('moontorch_cuda', 'MOONTORCH_CUDA_LIBRARY') or 'moontorch_cuda'
  local ok, lib = pcall(ffi.load, path)
  if not ok then
    errors.fail("cutorch: cannot load libmoontorch_cuda (%s). Moontorch's build makes it where nvcc is found; " ..
                'MOONTORCH_CUDA_LIBRARY may name another place.', tostring(lib))
  end
  return lib
end

ffi.cdef 'const char *mt_cuda_header(void);'
local C = load()
library.declare(ffi.string(C.mt_cuda_header()), 'mt_cuda_header')

if C.mt_cuda_abi() ~= torch.C.MT_ABI then
  errors.fail('cutorch: libmoontorch_cuda is of ABI %d, libmoontorch of %d: build both anew', C.mt_cuda_abi(),
              torch.C.MT_ABI)
end
memory.call(C.mt_cuda_start)

local cutorch = {C = C}

local function gpu_number(op, number)
  if number == nil then return C.mt_cuda_get_device() end
  if type(number) ~= 'number' or number ~= math.floor(number) then
    errors.fail('%s: expected the number of a GPU, got %s', op, tostring(number))
  end
  return number - 1
end

--- cutorch.getDeviceCount(): how many GPUs there are
function cutorch.getDeviceCount()
  local count = ffi.new('int[1]')
  memory.call(C.mt_cuda_device_count, count)
  return count[0]
end

--- cutorch.getDevice(): the GPU in use
function cutorch.getDevice() return C.mt_cuda_get_device() + 1 end

--- cutorch.setDevice(n): uses another GPU from now on; fails while tensors live on the present one
function cutorch.setDevice(n)
  local number = gpu_number('setDevice', n)
  if number ~= C.mt_cuda_get_device() then memory.collect() end
  memory.call(C.mt_cuda_set_device, number)
end

--- cutorch.synchronize(): waits until the GPU has done all that was asked of it
function cutorch.synchronize() memory.call(C.mt_cuda_synchronize) end
cutorch.synchronizeAll = cutorch.synchronize

--- cutorch.getMemoryUsage(): bytes that are free on the GPU in use, and all that it has
function cutorch.getMemoryUsage(n)
  if gpu_number('getMemoryUsage', n) ~= C.mt_cuda_get_device() then
    errors.fail('getMemoryUsage: GPU %d is not in use; GPU %d is', n, cutorch.getDevice())
  end
  local bytes = ffi.new('int64_t[2]')
  memory.call(C.mt_cuda_memory, bytes, bytes + 1)
  return tonumber(bytes[0]), tonumber(bytes[1])
end

--- cutorch.getDeviceProperties([n]): {name, totalGlobalMem, major, minor, multiProcessorCount, warpSize,
-- maxThreadsPerBlock} of a GPU
function cutorch.getDeviceProperties(n)
  local p = ffi.new('mt_cuda_properties')
  memory.call(C.mt_cuda_device_properties, gpu_number('getDeviceProperties', n), p)
  return {name = ffi.string(p.name), totalGlobalMem = tonumber(p.memory), major = p.major, minor = p.minor,
          multiProcessorCount = p.multiprocessors, warpSize = p.warp, maxThreadsPerBlock = p.threads_per_block}
end

--- cutorch.manualSeed(seed): numbers drawn on the GPU follow from torch's generator, so this is torch.manualSeed
function cutorch.manualSeed(seed) return torch.manualSeed(seed) end
cutorch.manualSeedAll = cutorch.manualSeed

package.loaded.cutorch = cutorch
rawset(_G, 'cutorch', cutorch)
return cutorch
