--- Module:sharedClone: a deep copy whose parameters are views of the original's.
local torch = require 'torch'
local handle = require 'torch.handle'

local is_tensor, memory_address = handle.is_tensor, handle.memory_address

local Module = torch.getmetatable('nn.Module')

-- Notes the memory of the parameters named in a module's list: other tensors that lie in it are shared as well.
local function note(shared, module, names)
  for _, name in ipairs(names or {}) do
    local t = rawget(module, name)
    if is_tensor(t) then shared[memory_address(t)] = true end
  end
end

-- Finds what is to be shared in x and all below it.
local function find_shared(x, state)
  if type(x) ~= 'table' or state.seen[x] then return end
  state.seen[x] = true
  if torch.isTypeOf(x, 'nn.Module') then
    if state.parameters then note(state.shared, x, x.dpnn_parameters) end
    if state.gradients then note(state.shared, x, x.dpnn_gradParameters) end
  end
  for _, v in pairs(x) do find_shared(v, state) end
end

-- A tensor's copy: a view of the same memory where that is shared, else of the one copy of its storage.
local function copy_tensor(t, state)
  local s = t:storage()
  if not s then return t.new() end
  local at = memory_address(t)
  if not state.shared[at] then
    state.storages[at] = state.storages[at] or s.new(s:size()):copy(s)
    s = state.storages[at]
  end
  return t.new():set(s, t:storageOffset(), t:size(), t:stride())
end

local copy

local function copy_table(x, state)
  local out = setmetatable({}, getmetatable(x))
  state.copies[x] = out
  for k, v in pairs(x) do rawset(out, copy(k, state), copy(v, state)) end
  return out
end

function copy(x, state)
  if is_tensor(x) then
    state.copies[x] = state.copies[x] or copy_tensor(x, state)
  elseif type(x) ~= 'table' or torch.isStorage(x) then
    return x
  elseif not state.copies[x] then
    if torch.isTypeOf(x, 'nn.Module') then
      if state.is_step and x.dpnn_stepclone then return x end
      if x.dpnn_sharedClone then
        state.copies[x] = x:dpnn_sharedClone()
        return state.copies[x]
      end
    end
    return copy_table(x, state)
  end
  return state.copies[x]
end

--- A deep copy that shares the parameters (unless shareParams is false) and their gradients (unless shareGradParams is
-- false): the tensors that dpnn_parameters and dpnn_gradParameters name, and all others in the same memory. In the
-- copy of a net that shares memory within itself, the same tensors share. is_step: modules that keep all steps of a
-- sequence themselves (dpnn_stepclone) are not copied.
--   local twin = nn.Linear(4, 2):sharedClone()
function Module:sharedClone(shareParams, shareGradParams, is_step)
  if is_step and self.dpnn_stepclone then return self end
  local state = {parameters = shareParams ~= false, gradients = shareGradParams ~= false, is_step = is_step,
                 seen = {}, shared = {}, storages = {}, copies = {}}
  find_shared(self, state)
  return copy_table(self, state)
end
