--- torch: tensors, their arithmetic, classes, files, random numbers. require 'torch' also sets the global torch, as
-- scripts written for Torch7 expect.
local errors = require 'torch.errors'
local C = require 'torch.ffi'
local class = require 'torch.class'
local handle = require 'torch.handle'
local storage = require 'torch.storage'
local tensor = require 'torch.tensor'
local memory = require 'torch.memory'
local op = require 'torch.op'
local tensorfile = require 'torch.tensorfile'
local types = require 'torch.types'

require 'paths' -- scripts for Torch7 find it loaded
errors.package()

local torch = {version = '0.1.0', C = C, F = op.F, isTensor = handle.is_tensor, isStorage = handle.is_storage}

local function merge(target, ...)
  for i = 1, select('#', ...) do
    for name, value in pairs((select(i, ...))) do target[name] = value end
  end
end

-- The ops first, then the forms that are made from them.
require 'torch.ops.pointwise'
require 'torch.ops.view'
require 'torch.ops.reduce'
require 'torch.ops.matrix'
require 'torch.ops.index'
require 'torch.ops.layers'
require 'torch.ops.linalg'
require 'torch.ops.factors'
require 'torch.ops.arrange'
require 'torch.ops.einsum'
local forms = require 'torch.forms'
local views = require 'torch.views'
local maths = require 'torch.math'
local indexing = require 'torch.indexing'
local random = require 'torch.random'
local making = require 'torch.making'
local linalg = require 'torch.linalg'
local convolution = require 'torch.convolution'
local arrange = require 'torch.arrange'

merge(tensor.methods, forms.methods, views.methods, maths.methods, indexing.methods, random.methods, making.methods,
      linalg.methods, convolution.methods, arrange.methods)
merge(torch, class, forms.functions, views.functions, maths.functions, indexing.functions, random.functions,
      making.functions, linalg.functions, convolution.functions, arrange.functions, require 'torch.timer',
      require 'torch.cmdline', require 'torch.file', require 'torch.diskfile', require 'torch.memoryfile',
      require 'torch.serialize', require 'torch.formats.packages')
require 'torch.formats.known'

-- -- Types ------------------------------------------------------------------------------------------------------

for name, constructor in pairs(tensor.classes) do torch[name:match('^torch%.(.*)$')] = constructor end
for name, constructor in pairs(storage.classes) do torch[name:match('^torch%.(.*)$')] = constructor end

class.registerForeign(function(x)
  if handle.is_tensor(x) then return handle.kind(x).tensor_name end
  if handle.is_storage(x) then return handle.kind(x).storage_name, x.at end
end)

local function new_tensor(kind) return function() return handle.new(kind.dtype, kind.device) end end
local function new_storage(name) return function() return storage.classes[name]() end end
for _, kind in ipairs(types.all) do
  class.adopt(kind.tensor_name, tensor.classes[kind.tensor_name], new_tensor(kind))
  class.adopt(kind.storage_name, storage.classes[kind.storage_name], new_storage(kind.storage_name))
end
merge(tensor.methods, {write = tensorfile.write_tensor, read = tensorfile.read_into_tensor})
merge(storage.methods, {write = tensorfile.write_storage, read = tensorfile.read_into_storage})

--- torch.setdefaulttensortype('torch.FloatTensor'): the type that torch.Tensor and torch.rand make
function torch.setdefaulttensortype(name)
  making.set_default(name)
  torch.Tensor, torch.Storage = tensor.classes[name], storage.classes[name:gsub('Tensor$', 'Storage')]
end

function torch.getdefaulttensortype() return making.default().tensor_name end
torch.setdefaulttensortype('torch.DoubleTensor')

-- -- The machine ------------------------------------------------------------------------------------------------

--- torch.setnumthreads(n): threads that one op may use
function torch.setnumthreads(n)
  if type(n) ~= 'number' or n < 1 then errors.fail('setnumthreads: expected 1 or more, got %s', tostring(n)) end
  C.mt_set_threads(n)
end
function torch.getnumthreads() return C.mt_get_threads() end

--- torch.memory([device]): what tensors hold, in bytes: {live, peak, cached, requests}
function torch.memory(device)
  device = device == 'cuda' and C.MT_CUDA or C.MT_CPU
  return {live = tonumber(C.mt_memory(device, C.MT_LIVE)), peak = tonumber(C.mt_memory(device, C.MT_PEAK)),
          cached = tonumber(C.mt_memory(device, C.MT_CACHED)), requests = tonumber(C.mt_memory(device, C.MT_REQUESTS))}
end
torch.collect = memory.collect

package.loaded.torch = torch
rawset(_G, 'torch', torch)
return torch
