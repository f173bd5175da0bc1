--- The classes and functions of Python that a pickle of PyTorch may name, and what they make here; there are no others.
--   torch._utils._rebuild_tensor…    a tensor, of the storage, offset, sizes and strides that it had
--   torch.FloatStorage …             only within a persistent id (see torch.formats.pickle)
--   collections.OrderedDict          a table
--   torch.Size                       a LongStorage
--   torch.float32 …, torch.device    their names, 'torch.float32' and 'cuda:0'
--   _codecs.encode                   the string of Python's bytes in protocol 2
local C = require 'torch.ffi'
local elements = require 'torch.formats.elements'
local ffi = require 'ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local source = require 'torch.formats.source'
local streams = require 'torch.formats.stream'
local unpickle = require 'torch.formats.unpickle'

local fail = unpickle.fail
local globals = {}

-- -- Storages and types -----------------------------------------------------------------------------------------

local forms = elements.forms

-- What a storage class holds; an untyped one holds bytes, whatever they stand for.
local classes = {
  FloatStorage = forms.float32, DoubleStorage = forms.float64, HalfStorage = forms.float16,
  BFloat16Storage = forms.bfloat16, ByteStorage = forms.uint8, CharStorage = forms.int8, ShortStorage = forms.int16,
  IntStorage = forms.int32, LongStorage = forms.int64, BoolStorage = forms.bool, UntypedStorage = forms.uint8,
}

--- By the full name of a storage class: the form of its elements.
globals.storage_forms = {}
for name, form in pairs(classes) do
  for _, module in ipairs {'torch.', 'torch.cuda.', 'torch.storage.'} do
    globals.storage_forms[module .. name] = form
    globals[module .. name] = function(m) return fail(m, '%s is called, which makes nothing here', module .. name) end
  end
end

for _, name in ipairs {'float32', 'float64', 'float16', 'bfloat16', 'uint8', 'int8', 'int16', 'int32', 'int64', 'bool',
                       'uint16', 'uint32', 'uint64', 'complex64', 'complex128'} do
  globals['torch.' .. name] = 'torch.' .. name
end

globals['torch.device'] = function(m, kind, index)
  if type(kind) ~= 'string' then fail(m, 'expected the name of a device, got %s', type(kind)) end
  return kind .. (index and ':' .. tostring(index) or '')
end

-- -- Tensors ----------------------------------------------------------------------------------------------------

local function check_view(m, storage, offset, sizes, strides)
  if not handle.is_storage(storage) then fail(m, 'expected the storage of a tensor, got %s', type(storage)) end
  if type(sizes) ~= 'table' or type(strides) ~= 'table' or #sizes ~= #strides or not elements.count(sizes) or
     not elements.are_whole(strides) or not elements.are_whole {offset or false} then
    fail(m, 'a tensor has a bad offset, or bad sizes or strides')
  end
end

local function rebuild(m, storage, offset, sizes, strides)
  check_view(m, storage, offset, sizes, strides)
  local t, reason = elements.view(storage, offset, sizes, strides)
  return t or fail(m, '%s', reason)
end
globals['torch._utils._rebuild_tensor'] = rebuild
globals['torch._utils._rebuild_tensor_v2'] = rebuild

-- The bytes of an untyped storage as numbers: where their type is here, the same memory; else converted, once.
local function typed(m, storage, form)
  local bytes = handle.block(storage)
  local n = math.floor(tonumber(bytes.size) / form.width)
  if form.width == form.kind.width and form.name ~= 'uint64' then
    return handle.own_storage(memory.create(C.mt_storage_window, storage.at, form.kind.dtype, 0, n))
  end
  m.converted = m.converted or {}
  local key = form.name .. tostring(storage.at)
  if not m.converted[key] then
    local text = source.of_string(m.stream.source.what, ffi.string(bytes.data, bytes.size), m.stream.source.name)
    m.converted[key] = {elements.read(streams.of(text, nil, 0, n * form.width), form, n), storage}
  end
  return m.converted[key][1]
end

globals['torch._utils._rebuild_tensor_v3'] = function(m, storage, offset, sizes, strides, _, _, dtype)
  check_view(m, storage, offset, sizes, strides)
  local form = type(dtype) == 'string' and forms[dtype:match('^torch%.(.*)$')]
  if not form or handle.kind(storage).width ~= 1 then
    fail(m, 'there is no tensor type for %s', tostring(dtype))
  end
  return rebuild(m, typed(m, storage, form), offset, sizes, strides)
end

globals['torch._utils._rebuild_parameter'] = function(m, t)
  if not handle.is_tensor(t) then fail(m, 'expected the tensor of a parameter, got %s', type(t)) end
  return t
end

-- -- Others -----------------------------------------------------------------------------------------------------

globals['collections.OrderedDict'] = unpickle.dict

globals['torch.Size'] = function(m, sizes)
  if type(sizes) ~= 'table' or not elements.are_whole(sizes) then fail(m, 'expected sizes') end
  local s = elements.new_storage(C.MT_INT64, #sizes)
  for i, size in ipairs(sizes) do ffi.cast('int64_t *', handle.block(s).data)[i - 1] = size end
  return s
end

-- Protocol 2 has no bytes: it has a text of the letters with their numbers, written in UTF-8.
globals['_codecs.encode'] = function(m, text, encoding)
  if type(text) ~= 'string' or encoding ~= 'latin1' and encoding ~= 'latin-1' then fail(m, 'expected a text') end
  return (text:gsub('[\194\195][\128-\191]', function(pair)
    return string.char(pair:byte(1) % 4 * 64 + pair:byte(2) % 64)
  end))
end

-- -- Finding ----------------------------------------------------------------------------------------------------

local refused = {
  {'^torch%._utils%._rebuild_sparse', 'a sparse tensor'}, {'^torch%._utils%._rebuild_q', 'a quantised tensor'},
  {'^torch%.Q%a+Storage$', 'a quantised tensor'}, {'^torch%.Complex%a+Storage$', 'a tensor of complex numbers'},
  {'^numpy%.', 'an object of NumPy; a tensor or a number of Python can be read'},
}

--- Gives what a global stands for, or nil and, where it is known, what the global makes.
function globals.find(name)
  if globals[name] then return globals[name] end
  for _, row in ipairs(refused) do
    if name:find(row[1]) then return nil, row[2] end
  end
end

return globals
