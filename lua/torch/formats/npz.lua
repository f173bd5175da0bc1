--- NumPy's .npz files: zip archives of .npy files, as numpy.savez and savez_compressed write them.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local elements = require 'torch.formats.elements'
local npy = require 'torch.formats.npy'
local replace = require 'torch.replacefile'
local source = require 'torch.formats.source'
local zip = require 'torch.formats.zip'
local new_writer = require 'torch.formats.zipwriter'

local npz = {}

-- -- Reading ----------------------------------------------------------------------------------------------------

-- The list of names in the options, or nil, and the names as keys.
local function wanted_names(options)
  local names, wanted = type(options) == 'table' and options.names, {}
  if options ~= nil and type(options) ~= 'table' or names and type(names) ~= 'table' then
    errors.fail('npz.load: expected options such as {names = {\'x\'}}')
  end
  for _, name in ipairs(names or {}) do wanted[name] = true end
  return names or nil, wanted
end

local function read_source(s, options)
  local names, wanted = wanted_names(options)
  local archive, tensors = zip.open(s), {}
  for _, entry in ipairs(archive.list) do
    local name = entry.name:match('^(.*)%.npy$')
    if name and (not names or wanted[name]) then tensors[name] = npy.read(archive:stream(entry)) end
  end
  for _, name in ipairs(names or {}) do
    if not tensors[name] then s:fail('has no array %q', tostring(name)) end
  end
  return tensors
end

--- torch.npz.load(path[, options]): a table with the archive's arrays by name, or with those of the option names, a
-- list. Entries that are no .npy files are left out.
--   local arrays = torch.npz.load('points.npz')
--   print(arrays.x:size(), arrays.y:size())
function npz.load(path, options)
  return source.with('npz', path, read_source, options)
end

--- torch.npz.decode(text[, options]): the same for the bytes of a .npz file.
function npz.decode(text, options)
  return read_source(source.of_string('npz', text), options)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local function sorted_names(tensors)
  local names = {}
  for name in pairs(tensors) do
    if type(name) ~= 'string' then errors.fail('npz.save: expected names as strings, got %s', tostring(name)) end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- torch.npz.save(path, tensors[, compress]): writes a table of tensors by name for NumPy's load, in the order of the
-- names, deflated where compress is true. The file appears whole or not at all.
--   torch.npz.save('points.npz', {x = torch.randn(100, 2), y = torch.rand(100):gt(0.5)})
function npz.save(path, tensors, compress)
  if type(tensors) ~= 'table' then errors.fail('npz.save: expected a table of tensors, got %s', type(tensors)) end
  local names, headers = sorted_names(tensors), {}
  for _, name in ipairs(names) do headers[name] = npy.header('npz.save: ' .. name, tensors[name]) end
  replace('npz.save', path, function(file)
    local writer = new_writer('npz.save', file, compress)
    for _, name in ipairs(names) do
      local header = headers[name]
      local data, n, alive = elements.packed(tensors[name])
      writer:add(name .. '.npy', {{ffi.cast('const char *', header), #header}, {data, n, alive}})
    end
    writer:finish()
  end)
end

return npz
