--- PyTorch's .pth and .pt files, as torch.save of Python writes them, and plain pickles. What is read becomes tensors,
-- storages, tables, strings, numbers and booleans (torch.formats.unpickle and pickleglobals say how); a pickle that
-- names anything else is refused, and nothing in a file is ever run. Tensors come to the CPU, whatever device they were
-- on; those that shared a storage share it again. Sparse and quantised tensors and complex numbers are refused.
local C = require 'torch.ffi'
local bytes = require 'torch.bytes'
local elements = require 'torch.formats.elements'
local ffi = require 'ffi'
local globals = require 'torch.formats.pickleglobals'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local source = require 'torch.formats.source'
local streams = require 'torch.formats.stream'
local unpickle = require 'torch.formats.unpickle'
local zip = require 'torch.formats.zip'

local fail = unpickle.fail
local pickle = {}

-- -- Persistent ids ---------------------------------------------------------------------------------------------

-- ('storage', class, key, device, count[, view]): the parts, checked.
local function storage_id(m, id)
  local class = id[2]
  local form = type(class) == 'table' and globals.storage_forms[class.name]
  if id[1] ~= 'storage' or not form or type(id[3]) ~= 'string' or not elements.are_whole {id[5] or false} then
    fail(m, 'expected the persistent id of a storage')
  end
  return {form = form, key = id[3], count = id[5], view = id[6]}
end

local function no_storages(m) fail(m, 'a plain pickle has no storages') end

-- The storage that was read for a key; it is of one type.
local function known(m, storages, id)
  local row = storages[id.key]
  if row and (row.form ~= id.form or row.count ~= id.count) then
    fail(m, 'the storage %q is of two types or sizes', id.key)
  end
  return row
end

-- -- Zip archives (since PyTorch 1.6) ---------------------------------------------------------------------------

local function find_root(s, archive)
  for _, entry in ipairs(archive.list) do
    local root = entry.name:match('^([^/]+)/data%.pkl$')
    if root then return root, entry end
  end
  s:fail('is a zip archive without a data.pkl, so PyTorch did not write it')
end

local function is_swapped(archive, root)
  local entry = archive.by_name[root .. '/byteorder']
  local order = entry and archive:string(entry) or 'little'
  return order ~= (ffi.abi('le') and 'little' or 'big')
end

local function load_zip(s)
  local archive = zip.open(s)
  local root, program = find_root(s, archive)
  local swapped, storages = is_swapped(archive, root), {}

  local function persist(m, list)
    local id = storage_id(m, list)
    local row = known(m, storages, id)
    if row then return row.storage end
    local entry = archive.by_name[root .. '/data/' .. id.key]
    if not entry then fail(m, 'the storage %q is missing', id.key) end
    if entry.size ~= id.count * id.form.width then
      fail(m, 'the storage %q has %.0f bytes, expected %.0f', id.key, entry.size, id.count * id.form.width)
    end
    id.storage = elements.read(archive:stream(entry), id.form, id.count, swapped)
    storages[id.key] = id
    return id.storage
  end

  local stream = archive:stream(program)
  local value = unpickle.run(stream, globals.find, persist)
  if stream.left > 0 then stream:fail('%.0f bytes follow the pickle', stream.left) end
  return value
end

-- -- One pickle after another (before PyTorch 1.6) ---------------------------------------------------------------

local magic_number, protocol_number = 0x1950a86a20f9469cfc6c, 1001 -- the first is rounded, here and there

-- A storage without its numbers, which come after the pickle. budget: the bytes of the file that storages can still be.
local function empty_storage(m, id, storages, budget)
  budget.left = budget.left - id.count * id.form.width
  if budget.left < 0 then fail(m, 'the storages are larger than the file') end
  id.storage = elements.new_storage(id.form.kind.dtype, id.count)
  storages[id.key] = id
end

-- A storage may have been a part of another one. view: (key, first element, count) of the part.
local function part(m, whole, view, storages)
  local key, first, count = view[1], view[2], view[3]
  if type(key) ~= 'string' or not elements.are_whole {first or false, count or false} then
    fail(m, 'expected the view of a storage')
  end
  local name = ('%s view %s'):format(whole.key, key)
  local row = known(m, storages, {key = name, form = whole.form, count = count})
  if row then return row.storage end
  if first + count > whole.count then fail(m, 'the view %q reaches beyond its storage', key) end
  local window = memory.create(C.mt_storage_window, whole.storage.at, whole.form.kind.dtype,
                               first * whole.form.width, count)
  storages[name] = {form = whole.form, count = count, storage = handle.own_storage(window), is_part = true}
  return storages[name].storage
end

-- The numbers of the storages, in the order of a list of their keys.
local function fill(stream, storages, keys, swapped)
  if type(keys) ~= 'table' then stream:fail('expected the keys of the storages') end
  for _, key in ipairs(keys) do
    local row = storages[key]
    if not row or row.is_part or row.filled then stream:fail('the storage %q is unknown', tostring(key)) end
    local count = stream:number(8, 'the size of a storage')
    if count ~= row.count then stream:fail('the storage %q has %.0f elements, expected %.0f', key, count, row.count) end
    local data = handle.block(row.storage).data
    stream:read(data, count * row.form.width, 'elements')
    if swapped and row.form.width > 1 then bytes.swap(data, row.form.width, count) end
    row.filled = true
  end
  for key, row in pairs(storages) do
    if not row.filled and not row.is_part then stream:fail('the elements of the storage %q are missing', key) end
  end
end

local function load_sequence(stream)
  local version = unpickle.run(stream, globals.find, no_storages)
  if version ~= protocol_number then stream:fail("has version %s of PyTorch's format", tostring(version)) end
  local machine = unpickle.run(stream, globals.find, no_storages)
  local little = type(machine) ~= 'table' or machine.little_endian ~= false
  local storages, budget = {}, {left = stream.left}

  local value = unpickle.run(stream, globals.find, function(m, list)
    local id = storage_id(m, list)
    local row = known(m, storages, id)
    if not row then empty_storage(m, id, storages, budget) end
    row = row or id
    return type(id.view) == 'table' and part(m, row, id.view, storages) or row.storage
  end)
  local keys = unpickle.run(stream, globals.find, no_storages)
  fill(stream, storages, keys, little ~= ffi.abi('le'))
  return value
end

-- -- Loading ----------------------------------------------------------------------------------------------------

local function read_source(s)
  if s.size >= 4 and s:string(0, 4) == 'PK\3\4' then return load_zip(s) end
  local stream = streams.of(s, nil, 0, s.size)
  local value = unpickle.run(stream, globals.find, no_storages)
  if value == magic_number then return load_sequence(stream) end
  return value
end

--- torch.pickle.load(path): the value in a .pth, .pt or .pkl file: for a net's state_dict, a table of tensors by name.
--   local weights = torch.pickle.load('resnet20.pth').state_dict
--   for _, name in ipairs(torch.pickle.keys(weights)) do print(name, weights[name]:size()) end
function pickle.load(path)
  return source.with('pickle', path, read_source)
end

--- torch.pickle.decode(text): the same for the bytes of such a file.
function pickle.decode(text)
  return read_source(source.of_string('pickle', text))
end

--- torch.pickle.keys(t): the keys of a table that was a dict or OrderedDict of Python, in their order there.
function pickle.keys(t)
  return unpickle.orders[t]
end

return pickle
