--- NumPy's .npy files: one array each. Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
-- Read are versions 1 to 3, both byte orders and both orders of elements (an array in Fortran's order becomes a
-- transposed view). Types: float16, float32, float64 and the whole numbers, as torch.formats.elements says. An array
-- without dimensions becomes a tensor of size 1. Complex numbers, texts, dates, objects and records are refused.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local ffi = require 'ffi'
local elements = require 'torch.formats.elements'
local handle = require 'torch.handle'
local replace = require 'torch.replacefile'
local source = require 'torch.formats.source'
local streams = require 'torch.formats.stream'

local npy = {}

local magic = '\147NUMPY'
npy.magic = magic

-- NumPy's letters and the bytes of an element
local codes = {
  b1 = 'bool', i1 = 'int8', i2 = 'int16', i4 = 'int32', i8 = 'int64', u1 = 'uint8', u2 = 'uint16', u4 = 'uint32',
  u8 = 'uint64', f2 = 'float16', f4 = 'float32', f8 = 'float64',
}

local refused = {
  c = 'complex numbers', S = 'texts', U = 'texts', O = 'Python objects', M = 'dates', m = 'spans of time',
  V = 'records', f = 'long doubles', a = 'texts',
}

-- -- The header -------------------------------------------------------------------------------------------------

local longest_header = 65536 -- records with many fields would need more, and those are refused anyway

local function read_header(stream)
  if stream:string(6, 'the magic') ~= magic then stream:fail('is no .npy file') end
  local major = stream:byte('the version')
  stream:byte('the version')
  if major < 1 or major > 3 then stream:fail('has version %d of the format, expected 1 to 3', major) end
  local length = stream:number(major == 1 and 2 or 4, 'the length of the header')
  if length > longest_header then stream:fail('announces a header of %.0f bytes', length) end
  return stream:string(length, 'the header')
end

local function bad_header(stream, text)
  stream:fail('has a header that is none: %q', text:sub(1, 100))
end

-- '<f8' → its form, and whether the bytes are turned around
local function read_type(stream, text)
  local order, letter, width = text:match('^([<>=|]?)(%a)(%d*)$')
  local form = letter and elements.forms[codes[letter .. width]]
  if not form then
    stream:fail('holds %s (%s), for which there is no tensor type', refused[letter] or 'elements', text)
  end
  local little = order == '<' or order ~= '>' and ffi.abi('le')
  return form, little ~= ffi.abi('le')
end

local function read_shape(stream, text, header)
  local sizes = {}
  if text:match('^[%d, L]*$') == nil then bad_header(stream, header) end
  for number in text:gmatch('%d+') do sizes[#sizes + 1] = tonumber(number) end
  local count = elements.count(sizes)
  if not count then stream:fail('has the sizes (%s), which is too much for a tensor', text) end
  return sizes, count
end

-- The header is a dictionary as Python writes it, always with these three keys.
local function parse_header(stream, header)
  if header:match("['\"]descr['\"]%s*:%s*%[") then
    stream:fail('holds records, arrays with named fields, for which there is no tensor type')
  end
  local type = header:match("['\"]descr['\"]%s*:%s*['\"]([^'\"]*)['\"]")
  local order = header:match("['\"]fortran_order['\"]%s*:%s*(%a+)")
  local shape = header:match("['\"]shape['\"]%s*:%s*%(([^()]*)%)")
  if not type or not shape or order ~= 'True' and order ~= 'False' then bad_header(stream, header) end
  local form, swapped = read_type(stream, type)
  local sizes, count = read_shape(stream, shape, header)
  return form, swapped, order == 'True', sizes, count
end

-- -- Reading ----------------------------------------------------------------------------------------------------

-- The strides of an array whose first dimension is the fastest.
local function fortran_strides(sizes)
  local strides, step = {}, 1
  for i, size in ipairs(sizes) do strides[i], step = step, step * math.max(size, 1) end
  return strides
end

--- The tensor in a stream that holds a .npy file.
function npy.read(stream)
  local form, swapped, fortran, sizes, count = parse_header(stream, read_header(stream))
  local s = elements.read(stream, form, count, swapped)
  return elements.view(s, 0, sizes, fortran and fortran_strides(sizes) or nil)
end

local function read_source(s)
  return npy.read(streams.of(s, nil, 0, s.size))
end

--- torch.npy.load(path): the tensor in a .npy file, of the array's sizes and type (what has no tensor type of its own
-- is widened or refused, see above).
--   torch.npy.save('/tmp/x.npy', torch.range(1, 4):view(2, 2))
--   print(torch.npy.load('/tmp/x.npy')[2][1])   -- 3
function npy.load(path)
  return source.with('npy', path, read_source)
end

--- torch.npy.decode(text): the same for the bytes of a .npy file.
function npy.decode(text)
  return read_source(source.of_string('npy', text))
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local written = {
  [C.MT_FLOAT] = 'f4', [C.MT_DOUBLE] = 'f8', [C.MT_HALF] = 'f2', [C.MT_UINT8] = 'u1', [C.MT_INT8] = 'i1',
  [C.MT_INT16] = 'i2', [C.MT_INT32] = 'i4', [C.MT_INT64] = 'i8',
}

--- The header of a .npy file for a tensor; what: begins the message of an error.
function npy.header(what, t)
  if not handle.is_tensor(t) then errors.fail('%s: expected a tensor, got %s', what, type(t)) end
  local kind = handle.kind(t)
  local code = written[kind.dtype]
  if not code then
    errors.fail('%s: NumPy has no type for a %s; convert it, with :float() for instance', what, kind.tensor_name)
  end
  local sizes = elements.sizes(t)
  local order = kind.width == 1 and '|' or ffi.abi('le') and '<' or '>'
  if #sizes == 0 then sizes = {0} end
  local shape = table.concat(sizes, ', ') .. (#sizes == 1 and ',' or '')
  local text = ("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }"):format(order, code, shape)
  text = text .. (' '):rep(21 - #tostring(sizes[1])) -- as NumPy does, so that the first size can grow in place
  local length = math.ceil((#magic + 4 + #text + 1) / 64) * 64 - #magic - 4 -- the elements begin at a multiple of 64
  return ('%s\1\0%s%s%s\n'):format(magic, string.char(length % 256, math.floor(length / 256)), text,
                                   (' '):rep(length - #text - 1))
end

--- torch.npy.save(path, tensor): writes a tensor for NumPy's load. The file appears whole or not at all.
function npy.save(path, t)
  local header = npy.header('npy.save', t)
  replace('npy.save', path, function(file)
    file:binary():writeString(header)
    elements.write(file, t)
  end)
end

return npy
