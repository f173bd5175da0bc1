--- The tensor types: what is known of each dtype and device, by number and by name.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local reals = require 'torch.reals'

-- Torch7's name of a dtype, its C type, the LuaJIT type of its elements (half and bfloat16 have none)
local rows = {
  {'Float', C.MT_FLOAT, 'float'}, {'Double', C.MT_DOUBLE, 'double'}, {'Half', C.MT_HALF}, {'BFloat16', C.MT_BFLOAT16},
  {'Byte', C.MT_UINT8, 'uint8_t'}, {'Char', C.MT_INT8, 'int8_t'}, {'Short', C.MT_INT16, 'int16_t'},
  {'Int', C.MT_INT32, 'int32_t'}, {'Long', C.MT_INT64, 'int64_t'},
}

-- A CUDA float tensor is torch.CudaTensor, the others are torch.CudaDoubleTensor and so on.
local prefixes = {[C.MT_CPU] = '', [C.MT_CUDA] = 'Cuda'}

local types = {
  all = {},       -- every type, in order
  by_name = {},   -- 'torch.FloatTensor' and 'torch.FloatStorage' → type
  at = {},        -- at[device][dtype] → type
  default = nil,  -- the type of tensors whose type nobody named
}

for device = C.MT_CPU, C.MT_CUDA do
  types.at[device] = {}
  for _, row in ipairs(rows) do
    local name = prefixes[device] .. ((device == C.MT_CUDA and row[1] == 'Float') and '' or row[1])
    local kind = {
      name = name, tensor_name = 'torch.' .. name .. 'Tensor', storage_name = 'torch.' .. name .. 'Storage',
      dtype = row[2], device = device, width = C.mt_dtype_size(row[2]),
      floating = row[2] <= C.MT_BFLOAT16, pointer = row[3] and ffi.typeof(row[3] .. '*'), ctype = row[3],
      element = row[3] and reals.reader(row[3]), -- element(pointer, i), i from 0
    }
    types.all[#types.all + 1] = kind
    types.by_name[kind.tensor_name], types.by_name[kind.storage_name] = kind, kind
    types.at[device][kind.dtype] = kind
  end
end

types.default = types.by_name['torch.DoubleTensor']

--- The same dtype on another device.
function types.on(kind, device)
  return types.at[device][kind.dtype]
end

return types
