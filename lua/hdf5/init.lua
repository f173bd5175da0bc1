--- hdf5: HDF5 files, with the names of torch-hdf5. libhdf5 is loaded with this package.
--   require 'hdf5'
--   local file = hdf5.open('data.h5', 'w')
--   file:write('/images', torch.ByteTensor(100, 28, 28))
--   file:close()
local errors = require 'torch.errors'
errors.package()

local torch = require 'torch'
local formats = require 'torch.formats'
local library = require 'hdf5.library'
local File = require 'hdf5.file'
local Group = require 'hdf5.group'
local inspect = require 'hdf5.inspect'
local types = require 'hdf5.types'

local hdf5 = {
  C = library.C, ffi = require 'ffi', version = library.version, open = File.open,
  _config = {version = library.version}, _testUtils = require 'hdf5.testutils',
}
for _, name in ipairs {'HDF5File', 'HDF5Group', 'HDF5DataSet', 'DataSetOptions'} do
  hdf5[name] = torch.getconstructortable('hdf5.' .. name)
end

--- hdf5.h5t: ids of HDF5's own types by name, such as NATIVE_FLOAT and STD_I32LE.
hdf5.h5t = setmetatable({}, {__index = function(_, name)
  local ok, id = pcall(function() return library.C['H5T_' .. name .. '_g'] end)
  return ok and id or nil
end})

-- -- Messages ---------------------------------------------------------------------------------------------------

local function log(message) print('hdf5: ' .. message) end
local debugging = false

hdf5._logger = {debug = function() end, warn = log, error = log}

--- hdf5.debugMode(): prints what is opened, read and written.
function hdf5.debugMode()
  debugging, hdf5._logger.debug = true, log
end

function hdf5._inDebugMode() return debugging end

-- -- Looking at ids ---------------------------------------------------------------------------------------------

hdf5._getObjectName, hdf5._getObjectType, hdf5._describeObject = library.name, inspect.kind, inspect.describe
hdf5._datatypeName = types.class_name

--- hdf5._getTorchType(id): the name of the tensor type for an HDF5 type.
function hdf5._getTorchType(id) return (types.of_file(id)) end

--- hdf5._nativeTypeForTensorType(name): the id of the HDF5 type in memory of a tensor type.
function hdf5._nativeTypeForTensorType(name) return (types.of_name(name)) end

--- hdf5._outputTypeForTensorType(name): the id of the HDF5 type in files of a tensor type.
function hdf5._outputTypeForTensorType(name) return (select(2, types.of_name(name))) end

--- hdf5._loadObject(parent, id, path): the group or dataset at a path under an id.
function hdf5._loadObject(parent, id, path)
  local object = library.own('object', library.C.H5Oopen(id, path, 0), 'cannot open %s', path)
  return Group.wrap(parent, object) or errors.fail('hdf5: %s is neither a group nor a dataset', path)
end

local DEFLATE, FLETCHER32 = 1, 3
function hdf5._deflateAvailable() return library.C.H5Zfilter_avail(DEFLATE) > 0 end
function hdf5._fletcher32Available() return library.C.H5Zfilter_avail(FLETCHER32) > 0 end

-- -- torch.load -------------------------------------------------------------------------------------------------

formats.register {
  name = 'hdf5',
  probe = function(head) return head:sub(1, 8) == '\137HDF\r\n\26\n' end,
  load = function(path)
    local file = File.open(path, 'r')
    local ok, all = pcall(file.all, file)
    file:close()
    if not ok then error(all, 0) end
    return all
  end,
}

package.loaded.hdf5 = hdf5
rawset(_G, 'hdf5', hdf5)
return hdf5
