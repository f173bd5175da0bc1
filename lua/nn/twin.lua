--- Copies of modules that share the memory of parameters.
local torch = require 'torch'
local handle = require 'torch.handle'
local Module = require 'nn.Module'

local is_tensor, memory_address = handle.is_tensor, handle.memory_address

-- The addresses of memory that tensors lie in.
local function addresses(tensors)
  local set = {}
  for _, t in ipairs(tensors) do
    if t:nElement() > 0 then set[memory_address(t)] = true end
  end
  return set
end

-- Modules that add up their gradients by hand expect to find them.
local function is_by_hand(module)
  return module.accGradParameters ~= Module.accGradParameters and not torch.isTypeOf(module, 'nn.Container')
end

local passing = {output = true, gradInput = true}

local function copy_tensor(t, work, owner)
  local at = memory_address(t)
  if work.shared[at] then return handle.alias(t) end
  if not work.gradients[at] then return t:clone() end
  return is_by_hand(owner) and t:clone():zero() or nil
end

-- What stands for x in the copy; of a table it is still to be filled. owner: the module that x belongs to
local function copy(x, work, owner)
  if work.copies[x] ~= nil then return work.copies[x] end
  local out = x
  if is_tensor(x) then
    out = copy_tensor(x, work, owner)
  elseif handle.is_storage(x) then
    out = torch[x:type():match('%.(.*)')](x:size()):copy(x)
  elseif type(x) == 'table' then
    out = setmetatable({}, getmetatable(x))
    work[#work + 1] = {from = x, to = out, owner = torch.isTypeOf(x, 'nn.Module') and x or owner}
  end
  work.copies[x] = out
  return out
end

-- An output or gradInput without elements.
local function emptied(x)
  if is_tensor(x) then return handle.like(x) end
  return type(x) == 'table' and {} or nil
end

local function fill(entry, work)
  local is_module = entry.from == entry.owner
  for key, value in pairs(entry.from) do
    local place = copy(key, work, entry.owner)
    if is_module and passing[key] then
      entry.to[place] = emptied(value)
    else
      entry.to[place] = copy(value, work, entry.owner)
    end
  end
end

local twin = {}

--- A copy of a module and all that it holds, which shares the parameters' memory and has neither outputs nor gradients
-- of the parameters. Graphs of modules may be deep, so tables wait in a list instead of being walked by recursion.
function twin.of(module)
  local parameters, gradients = module:parameters()
  local work = {copies = {}, shared = addresses(parameters or {}), gradients = addresses(gradients or {})}
  local out = copy(module, work, module)
  local n = 1
  while n <= #work do
    fill(work[n], work)
    n = n + 1
  end
  return out
end

--- A module like another, with the same fields but for some of its own, and without an output.
function twin.variant(module, fields)
  local out = setmetatable({}, getmetatable(module))
  for key, value in pairs(module) do out[key] = value end
  for key in pairs(passing) do out[key] = emptied(module[key]) end
  for key, value in pairs(fields) do out[key] = value end
  return out
end

return twin
