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

local torch = {_VERSION = '0.1.0', C = C, F = op.F, isTensor = handle.is_tensor, isStorage = handle.is_storage}

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
require 'torch.ops.order'
require 'torch.ops.distance'
require 'torch.ops.layers'
require 'torch.ops.attention'
require 'torch.ops.recurrent'
require 'torch.ops.convolution'
require 'torch.ops.pooling'
require 'torch.ops.resampling'
require 'torch.ops.linalg'
require 'torch.ops.factors'
require 'torch.ops.arrange'
require 'torch.ops.einsum'

-- Each has functions, which become torch.name, methods, or both.
local making = require 'torch.making'
local packaging = require 'torch.packaging'
local families = {
  tensor, require 'torch.mapping', require 'torch.forms', require 'torch.views', require 'torch.reductions',
  require 'torch.products', require 'torch.indexing', require 'torch.ordering', require 'torch.measuring',
  require 'torch.random', making, require 'torch.linalg', require 'torch.convolution', require 'torch.arrange',
}
for _, family in ipairs(families) do
  merge(tensor.methods, family.methods or {})
  merge(torch, family.functions or {})
end
merge(torch, class, packaging.functions, require 'torch.machine', require 'torch.pointers', require 'torch.timer',
      require 'torch.cmdline', require 'torch.file', require 'torch.diskfile', require 'torch.memoryfile',
      require 'torch.serialize', require 'torch.formats.packages', require 'torch.tester', require 'torch.testsuite',
      require 'torch.selftest')
require 'torch.formats.known'

-- -- Types ------------------------------------------------------------------------------------------------------

-- A name only: memory comes from the library
class.newmetatable('torch.Allocator', nil, nil, nil, nil, torch)

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
tensor.spread_methods()
merge(storage.methods, {write = tensorfile.write_storage, read = tensorfile.read_into_storage})
storage.spread_methods()

--- torch.setdefaulttensortype('torch.FloatTensor'): the type that torch.Tensor and torch.rand make
function torch.setdefaulttensortype(name)
  making.set_default(name)
  torch.Tensor, torch.Storage = tensor.classes[name], storage.classes[name:gsub('Tensor$', 'Storage')]
end

function torch.getdefaulttensortype() return making.default().tensor_name end
torch.setdefaulttensortype('torch.DoubleTensor')

-- -- The process ------------------------------------------------------------------------------------------------

--- torch.setheaptracking(on): whether full collections follow what tensors hold (they do); torch._heaptracking says it
function torch.setheaptracking(on)
  memory.tracking = on and true or false
  torch._heaptracking = memory.tracking
end
torch.setheaptracking(true)

--- torch.updateerrorhandlers() and torch.updatethreadlocals(): nothing to do here. In Torch7 a Lua state that moves to
-- another thread must call them.
function torch.updateerrorhandlers() end
function torch.updatethreadlocals() end

package.loaded.torch = torch
rawset(_G, 'torch', torch)
-- What else Torch7 defines outside its own table
rawset(_G, 'include', packaging.include_beside)
rawset(string, 'gfind', string.gmatch)
rawset(table, 'unpack', unpack)
return torch
