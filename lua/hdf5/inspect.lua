--- What can be said of ids: names, kinds.
local errors = require 'torch.errors'
local library = require 'hdf5.library'
local types = require 'hdf5.types'

local C = library.C
local inspect = {}

inspect.FILE, inspect.GROUP, inspect.DATATYPE, inspect.DATASET = 1, 2, 3, 5

local kind_names = {
  [-2] = 'UNINIT', [-1] = 'BADID', 'FILE', 'GROUP', 'DATATYPE', 'DATASPACE', 'DATASET', 'ATTR', 'REFERENCE', 'VFL',
  'GENPROP_CLS', 'GENPROP_LST', 'ERROR_CLASS', 'ERROR_MSG', 'ERROR_STACK',
}

--- 'FILE', 'GROUP', 'DATASET', 'DATATYPE (FLOAT)', …
function inspect.kind(id)
  local kind = C.H5Iget_type(id)
  if kind == -1 then errors.fail('hdf5: %s is no id', tostring(id)) end
  if kind == inspect.DATATYPE then return ('DATATYPE (%s)'):format(types.class_name(id)) end
  return kind_names[kind] or tostring(kind)
end

--- Both, with the id.
function inspect.describe(id)
  return ('(%s %s %s)'):format((tostring(id):gsub('LL$', '')), library.name(id), inspect.kind(id))
end

return inspect
