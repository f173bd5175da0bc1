--- nn.Serial and the methods that say what modules leave out when it saves them.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'

local Module = torch.getmetatable('nn.Module')

-- The names of the fields that are saved empty: by mediumSerial; by lightSerial as well; now.
Module.dpnn_mediumEmpty = {'output', 'gradInput', 'momGradParams', 'dpnn_cinput'}
Module.dpnn_lightEmpty = Module.dpnn_gradParameters
Module.dpnn_serialEmpty = {}

-- Lists that a class has beside those of all modules.
local function extended(list, ...)
  local out = {unpack(list)}
  for _, name in ipairs {...} do out[#out + 1] = name end
  return out
end

local BatchNormalization = torch.getmetatable('nn.BatchNormalization')
BatchNormalization.dpnn_mediumEmpty = extended(Module.dpnn_mediumEmpty, 'buffer', 'buffer2', 'centered', 'std',
                                               'normalized', 'save_mean', 'save_std')
BatchNormalization.dpnn_parameters = extended(Module.dpnn_parameters, 'running_mean', 'running_var')
torch.getmetatable('nn.SpatialConvolution').dpnn_mediumEmpty =
  extended(Module.dpnn_mediumEmpty, 'finput', 'fgradInput', '_input', '_gradOutput')
torch.getmetatable('nn.SpatialMaxPooling').dpnn_mediumEmpty = extended(Module.dpnn_mediumEmpty, 'indices')

-- -- What to leave out ------------------------------------------------------------------------------------------

-- Calls f(module) for this module and those in any of its fields, each once.
local function for_all(x, f, seen)
  if type(x) ~= 'table' or seen[x] then return end
  seen[x] = true
  if torch.isTypeOf(x, 'nn.Module') then f(x) end
  for _, v in pairs(x) do for_all(v, f, seen) end
end

--- Saves the module and all in it without the fields in a list of names.
function Module:serialMode(empty)
  if type(empty) ~= 'table' then
    errors.fail('serialMode: expected a list of names, got %s', torch.type(empty))
  end
  for_all(self, function(module) module.dpnn_serialEmpty = empty end, {})
  return self
end

--- Saves everything.
function Module:heavySerial() return self:serialMode {} end

--- Saves without outputs and buffers: what training needs stays.
function Module:mediumSerial()
  for_all(self, function(module) module.dpnn_serialEmpty = module.dpnn_mediumEmpty end, {})
  return self
end

--- Saves without outputs, buffers and gradients: what running needs stays.
function Module:lightSerial()
  for_all(self, function(module)
    module.dpnn_serialEmpty = extended(module.dpnn_mediumEmpty, unpack(module.dpnn_lightEmpty))
  end, {})
  return self
end

-- -- Saving -----------------------------------------------------------------------------------------------------

local function emptied(x)
  if handle.is_tensor(x) then return x.new() end
  return type(x) == 'table' and {} or x
end

local function state_of(x, states)
  if type(x) ~= 'table' or torch.isStorage(x) then return x end
  if states[x] then return states[x] end
  local out, empty = setmetatable({}, getmetatable(x)), {}
  states[x] = out
  if torch.isTypeOf(x, 'nn.Module') then
    for _, name in ipairs(x.dpnn_serialEmpty) do empty[name] = true end
  end
  for k, v in pairs(x) do
    if empty[k] then rawset(out, k, emptied(v)) else rawset(out, k, state_of(v, states)) end
  end
  return out
end

--- A copy of the module and all in it that has the same tensors, except that those to be left out are empty.
function Module:getSerialState(states) return state_of(self, states or {}) end

--- nn.Serial(module[, type]): a module that is saved, and cloned, as heavySerial, mediumSerial or lightSerial say; with
-- a type, with its tensors converted to that.
--   torch.save('net.t7', nn.Serial(net, 'torch.FloatTensor'):lightSerial())
local Serial, parent = torch.class('nn.Serial', 'nn.Decorator')

function Serial:__init(module, tensortype)
  parent.__init(self, module)
  if tensortype and not tostring(tensortype):match('^torch%.%a+Tensor$') then
    errors.fail('Serial: expected the name of a tensor type, got %s', tostring(tensortype))
  end
  self.tensortype = tensortype
end

function Serial:write(file)
  local state = self:getSerialState()
  if self.tensortype then state:type(self.tensortype) end
  parent.write(state, file)
end

--- nn.Serial(module, type)
function Module:Serial(tensortype) return nn.Serial(self, tensortype) end
