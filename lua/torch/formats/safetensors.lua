--- safetensors files: a header in JSON that says where each tensor lies, and their bytes. The file is mapped and the
-- tensors look into the map, so that loading copies nothing and takes no time; writes to them stay private.
-- Source: github.com/huggingface/safetensors, "Format".
-- Types: F16, BF16, F32, F64, I8 … I64, U8; BOOL becomes Byte, U16 Int, U32 and U64 Long (these are copied). A tensor
-- without sizes becomes one of size 1.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local ffi = require 'ffi'
local elements = require 'torch.formats.elements'
local handle = require 'torch.handle'
local json = require 'torch.formats.json'
local memory = require 'torch.memory'
local replace = require 'torch.replacefile'
local source = require 'torch.formats.source'
local streams = require 'torch.formats.stream'

local safetensors = {}

local forms, written = {}, {}
for name, form in pairs {
  F16 = 'float16', BF16 = 'bfloat16', F32 = 'float32', F64 = 'float64', I8 = 'int8', I16 = 'int16', I32 = 'int32',
  I64 = 'int64', U8 = 'uint8', U16 = 'uint16', U32 = 'uint32', U64 = 'uint64', BOOL = 'bool',
} do
  forms[name] = elements.forms[form]
  if forms[name].kind.width == forms[name].width and name ~= 'BOOL' and name ~= 'U64' then
    written[forms[name].kind.dtype] = name
  end
end

-- -- The header -------------------------------------------------------------------------------------------------

local longest_header = 1e8 -- as in the format's own library

local function read_header(s)
  if s.size < 8 then s:fail('is no safetensors file: it has %.0f bytes', s.size) end
  local length = source.number(s:string(0, 8), 0, 8)
  if length > longest_header or length > s.size - 8 then
    s:fail('announces a header of %.0f bytes, the file has %.0f', length, s.size)
  end
  local header, reason = json.parse(s:string(8, length))
  if type(header) ~= 'table' then s:fail('has a header that is no JSON object: %s', reason or type(header)) end
  return header, 8 + length
end

local function read_place(s, name, row)
  local offsets = row.data_offsets
  if type(offsets) ~= 'table' or #offsets ~= 2 then s:fail('%q lacks its data_offsets', name) end
  for i = 1, 2 do
    if type(offsets[i]) ~= 'number' or offsets[i] < 0 or offsets[i] ~= math.floor(offsets[i]) then
      s:fail('%q has bad data_offsets', name)
    end
  end
  return offsets[1], offsets[2]
end

-- What the header says of a tensor, checked.
local function read_row(s, name, row)
  if type(row) ~= 'table' or type(row.shape) ~= 'table' then s:fail('%q lacks its shape', name) end
  local form = forms[row.dtype]
  if not form then s:fail('%q has the type %s, for which there is no tensor type', name, tostring(row.dtype)) end
  local count = elements.count(row.shape)
  if not count then s:fail('%q has a bad shape', name) end
  local first, past = read_place(s, name, row)
  if past - first ~= count * form.width then
    s:fail('%q needs %.0f bytes and has %.0f', name, count * form.width, past - first)
  end
  return {name = name, form = form, sizes = row.shape, count = count, first = first, past = past}
end

-- The format demands that tensors lie one after another, without gaps and up to the end.
local function check_places(s, rows, start)
  table.sort(rows, function(a, b)
    if a.first ~= b.first then return a.first < b.first end
    return a.past < b.past
  end)
  local at = 0
  for _, row in ipairs(rows) do
    if row.first ~= at then
      s:fail('%q begins at byte %.0f of the data, expected %.0f', row.name, row.first, at)
    end
    at = row.past
  end
  if start + at ~= s.size then
    s:fail('its tensors end at byte %.0f of the data, which has %.0f', at, s.size - start)
  end
end

local function read_metadata(s, metadata)
  if metadata == nil then return {} end
  if type(metadata) ~= 'table' then s:fail('__metadata__ is no object') end
  for key, value in pairs(metadata) do
    if type(key) ~= 'string' or type(value) ~= 'string' then s:fail('__metadata__ holds more than strings') end
  end
  return metadata
end

-- -- Reading ----------------------------------------------------------------------------------------------------

-- A view of the mapped bytes, or a copy where they are no numbers of a tensor type, or not at a place for them.
local function read_tensor(s, map, row, start)
  local form, at = row.form, start + row.first
  local direct = form.width == form.kind.width and form.name ~= 'uint64' and at % form.width == 0
  local storage
  if row.count == 0 then
    storage = elements.new_storage(form.kind.dtype, 0)
  elseif direct then
    storage = handle.own_storage(memory.create(C.mt_storage_window, map.at, form.kind.dtype, at, row.count))
  else
    storage = elements.read(streams.of(s, row.name, at, row.past - row.first), form, row.count)
  end
  return elements.view(storage, 0, row.sizes)
end

local function read_source(s, all_bytes)
  local header, start = read_header(s)
  local metadata = read_metadata(s, header.__metadata__)
  header.__metadata__ = nil
  local rows, tensors = {}, {}
  for name, row in pairs(header) do
    if type(name) ~= 'string' then s:fail('has a header that is no JSON object') end
    rows[#rows + 1] = read_row(s, name, row)
  end
  check_places(s, rows, start)
  local map = all_bytes(s)
  for _, row in ipairs(rows) do tensors[row.name] = read_tensor(s, map, row, start) end
  return tensors, metadata
end

local function map_file(s)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_map, C.MT_UINT8, s.name, C.MT_MAP_PRIVATE, 0, s.size))
end

local function copy_string(s)
  local bytes = elements.new_storage(C.MT_UINT8, s.size)
  s:read(0, s.size, handle.block(bytes).data)
  return bytes
end

--- torch.safetensors.load(path): a table of the file's tensors by name, and one of its metadata, strings by name. The
-- tensors are views of the mapped file: it has to stay as it is while they are used (replacing it by another, as the
-- writers here do, is fine).
--   torch.safetensors.save('/tmp/x.safetensors', {w = torch.zeros(2, 3)}, {epoch = '7'})
--   local tensors, metadata = torch.safetensors.load('/tmp/x.safetensors')
--   print(tensors.w:size(2), metadata.epoch)   -- 3  7
function safetensors.load(path)
  return source.with('safetensors', path, read_source, map_file)
end

--- torch.safetensors.decode(text): the same for the bytes of a safetensors file.
function safetensors.decode(text)
  return read_source(source.of_string('safetensors', text), copy_string)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

-- Wide elements first, so that all lie at places for them; else in the order of their names.
local function sorted_rows(tensors)
  local rows = {}
  for name, t in pairs(tensors) do
    if type(name) ~= 'string' or name == '__metadata__' then
      errors.fail('safetensors.save: expected names as strings, got %s', tostring(name))
    end
    if not handle.is_tensor(t) then errors.fail('safetensors.save: %s is no tensor but a %s', name, type(t)) end
    rows[#rows + 1] = {name = name, tensor = t, kind = handle.kind(t)}
  end
  table.sort(rows, function(a, b)
    if a.kind.width ~= b.kind.width then return a.kind.width > b.kind.width end
    return a.name < b.name
  end)
  return rows
end

local function metadata_text(metadata)
  local names, parts = {}, {}
  for name, value in pairs(metadata) do
    if type(name) ~= 'string' or type(value) ~= 'string' then
      errors.fail('safetensors.save: expected strings as metadata, got %s = %s', tostring(name), tostring(value))
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = json.quote(name) .. ':' .. json.quote(metadata[name]) end
  return '"__metadata__":{' .. table.concat(parts, ',') .. '}'
end

local function header_text(rows, metadata)
  local parts, at = {}, 0
  if metadata then parts[1] = metadata_text(metadata) end
  for _, row in ipairs(rows) do
    local sizes = elements.sizes(row.tensor)
    local past = at + tonumber(C.mt_tensor_numel(row.tensor)) * row.kind.width
    parts[#parts + 1] = ('%s:{"dtype":"%s","shape":[%s],"data_offsets":[%.0f,%.0f]}'):format(
      json.quote(row.name), written[row.kind.dtype], #sizes == 0 and '0' or table.concat(sizes, ','), at, past)
    at = past
  end
  local text = '{' .. table.concat(parts, ',') .. '}'
  return text .. (' '):rep(-#text % 8)
end

--- torch.safetensors.save(path, tensors[, metadata]): writes a table of tensors by name, and strings by name. The file
-- appears whole or not at all.
function safetensors.save(path, tensors, metadata)
  if type(tensors) ~= 'table' then
    errors.fail('safetensors.save: expected a table of tensors, got %s', type(tensors))
  end
  local rows = sorted_rows(tensors)
  local header = header_text(rows, metadata)
  local length = ffi.new('uint64_t[1]', #header)
  replace('safetensors.save', path, function(file)
    file:binary():writeString(ffi.string(length, 8) .. header)
    for _, row in ipairs(rows) do elements.write(file, row.tensor) end
  end)
end

return safetensors
