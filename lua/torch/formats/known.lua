--- What torch.load knows of files of other worlds: how they begin, or their names' endings where the beginning says
-- nothing. Their readers are only loaded with the first file of their kind.
local errors = require 'torch.errors'
local formats = require 'torch.formats'
local source = require 'torch.formats.source'

local function known(name, probe)
  formats.register {
    name = name, probe = probe,
    load = function(path, options) return require('torch.formats.' .. name).load(path, options) end,
  }
end

local function is(head, text) return head:sub(1, #text) == text end

-- The name of the first entry of a zip archive.
local function first_entry(head)
  if not is(head, 'PK\3\4') or #head < 30 then return nil end
  return head:sub(31, 30 + source.number(head, 26, 2))
end

known('npy', function(head) return is(head, '\147NUMPY') end)

known('npz', function(head)
  local entry = first_entry(head)
  return entry and entry:match('%.npy$') ~= nil or is(head, 'PK\5\6') -- without entries
end)

known('pickle', function(head)
  return is(head, 'PK\3\4') or is(head, '\128') and #head > 1 and head:byte(2) >= 2 and head:byte(2) <= 5
end)

-- The length of the header, in 8 bytes, and an object of JSON. Torch's files begin with two numbers of 4 bytes; where
-- the second is 0, the first tells apart.
known('safetensors', function(head)
  return head:find('^....%z%z%z%z{[%s"}]') ~= nil and source.number(head, 0, 4) >= 2
end)

known('json', function(_, path) return path:lower():match('%.json$') ~= nil end)

known('csv', function(_, path) return path:lower():match('%.[ct]sv$') ~= nil end)

-- Until the package hdf5 takes its place.
formats.register {
  name = 'hdf5',
  probe = function(head) return is(head, '\137HDF\r\n\26\n') end,
  load = function(path) return errors.fail('load: %s is an HDF5 file, which the package hdf5 reads', path) end,
}
