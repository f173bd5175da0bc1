--- Modules that choose from tables and change their structure, giving the very tensors they got: nn.SelectTable,
-- nn.NarrowTable, nn.FlattenTable, nn.ZipTable, nn.ZipTableOneToMany. For nn.SplitTable see its own file.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local utils = require 'nn.utils'

local is_tensor = handle.is_tensor
local parent = torch.getmetatable('nn.Module')
local Identity = torch.getmetatable('nn.Identity')

-- What f gives for each tensor of x, in to where its structure fits; numbers and the like have none.
local function map(to, x, f)
  if is_tensor(x) then return f(utils.fit(to, x), x) end
  if type(x) ~= 'table' then return nil end
  local out = type(to) == 'table' and to or {}
  for k, v in pairs(x) do out[k] = map(out[k], v, f) end
  for k in pairs(out) do if x[k] == nil then out[k] = nil end end
  return out
end

-- Handles of our own are views of gradOutput at one time and zeros at another, so they let go of their memory first.
local function zeros(own, x) return own:set():resizeAs(x):zero() end
local function view(own, x) return own:set(x) end

-- A class over tables. The output consists of the input's own tensors, which an open tape knows already.
local function class(name)
  local made = torch.class(name, 'nn.Module')

  function made:__init()
    parent.__init(self)
    self.output, self.gradInput = {}, {}
  end

  function made:updateOutput(input)
    if type(input) ~= 'table' then
      errors.fail('%s: expected a table, got %s', torch.type(self):match('[^%.]+$'), torch.type(input))
    end
    self.output = self:compute(input)
    return self.output
  end

  -- What is kept belongs to others: a new type starts with empty tables.
  function made:type(type, cache)
    if type then self.output, self.gradInput = {}, {} end
    return parent.type(self, type, cache)
  end

  made.clearState = Identity.clearState
  return made
end

-- -- Choosing ---------------------------------------------------------------------------------------------------

--- nn.SelectTable(index): one entry of a table; index may count from the end, or be a name.
--   nn.SelectTable(-1):forward{x, y, z}   -- z
local SelectTable = class('nn.SelectTable')

function SelectTable:__init(index)
  parent.__init(self)
  self.index, self.gradInput = index, {}
end

local function key_of(self, input)
  local index = self.index
  utils.need_table(self, input, 'input')
  return type(index) == 'number' and index < 0 and #input + index + 1 or index
end

function SelectTable:compute(input)
  local found = input[key_of(self, input)]
  if found == nil then errors.fail('SelectTable: the input has no entry %s', tostring(self.index)) end
  return found
end

function SelectTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local key, out = key_of(self, input), map(self.gradInput, input, zeros)
  if type(out[key]) ~= type(gradOutput) then
    errors.fail('SelectTable: gradOutput is no gradient of entry %s', tostring(key))
  end
  out[key] = map(out[key], gradOutput, view)
  self.gradInput = out
  return out
end

function SelectTable:__tostring__() return ('%s(%s)'):format(torch.type(self), tostring(self.index)) end

--- nn.NarrowTable(first[, length]): length (1) entries of a table, from first on
--   nn.NarrowTable(2, 2):forward{x, y, z}   -- {y, z}
local NarrowTable = class('nn.NarrowTable')

function NarrowTable:__init(offset, length)
  parent.__init(self)
  if type(offset) ~= 'number' then errors.fail('NarrowTable: expected a place as a number, got %s', type(offset)) end
  self.offset, self.length = offset, length or 1
  self.output, self.gradInput = {}, {}
end

function NarrowTable:compute(input)
  local out = {}
  for i = 1, self.length do out[i] = input[self.offset + i - 1] end
  return out
end

function NarrowTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local out = type(self.gradInput) == 'table' and self.gradInput or {}
  utils.need_table(self, input, 'input')
  utils.need_table(self, gradOutput, 'gradOutput')
  for i = 1, math.max(#input, #out) do
    local g = gradOutput[i - self.offset + 1]
    if g ~= nil then out[i] = map(out[i], g, view) else out[i] = map(out[i], input[i], zeros) end
  end
  self.gradInput = out
  return out
end

-- -- Structure --------------------------------------------------------------------------------------------------

-- Appends the tensors of a nested table to a list; gives the same structure with their places in the list.
local function flatten(x, list)
  if type(x) ~= 'table' then
    list[#list + 1] = x
    return #list
  end
  local places = {}
  for i = 1, #x do places[i] = flatten(x[i], list) end
  return places
end

local function unflatten(places, list)
  if type(places) ~= 'table' then return list[places] end
  local out = {}
  for i = 1, #places do out[i] = unflatten(places[i], list) end
  return out
end

local function is_same(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then return rawequal(a, b) end
  if #a ~= #b then return false end
  for i = 1, #a do
    if not is_same(a[i], b[i]) then return false end
  end
  return true
end

--- nn.FlattenTable(): the tensors of a nested table as one list. self.input_map is the input's structure with the
-- places in the list. Both stay the same tables as long as the input does.
--   nn.FlattenTable():forward{a, {b, {c}}, d}   -- {a, b, c, d}
local FlattenTable = class('nn.FlattenTable')

function FlattenTable:__init()
  parent.__init(self)
  self.output, self.input_map, self.gradInput = {}, {}, {}
end

function FlattenTable:compute(input)
  local list = {}
  local places = flatten(input, list)
  if is_same(list, self.output) and is_same(places, self.input_map) then return self.output end
  self.input_map = places
  return list
end

function FlattenTable:updateGradInput(_, gradOutput)
  self.gradInput = unflatten(self.input_map, utils.need_table(self, gradOutput, 'gradOutput'))
  return self.gradInput
end

function FlattenTable:clearState()
  self.input_map = {}
  return Identity.clearState(self)
end

-- {{a1, a2}, {b1, b2}, …} as {{a1, b1, …}, {a2, b2, …}}
local function zip(self, x, what)
  local out = {}
  for i, entries in ipairs(utils.need_table(self, x, what)) do
    utils.need_table(self, entries, 'an entry of ' .. what)
    for k, entry in ipairs(entries) do
      out[k] = out[k] or {}
      out[k][i] = entry
    end
  end
  return out
end

--- nn.ZipTable(): {{a1, a2}, {b1, b2}, {c1, c2}} to {{a1, b1, c1}, {a2, b2, c2}}
local ZipTable = class('nn.ZipTable')

function ZipTable:compute(input) return zip(self, input, 'input') end

function ZipTable:updateGradInput(_, gradOutput)
  self.gradInput = zip(self, gradOutput, 'gradOutput')
  return self.gradInput
end

--- nn.ZipTableOneToMany(): {x, {a, b, c}} to {{x, a}, {x, b}, {x, c}}
local ZipTableOneToMany = class('nn.ZipTableOneToMany')

function ZipTableOneToMany:__init()
  parent.__init(self)
  self.output, self.gradInput, self.gradInputEl = {}, {}, torch.Tensor()
end

function ZipTableOneToMany:compute(input)
  utils.need_table(self, input, 'input')
  if #input ~= 2 or type(input[2]) ~= 'table' then
    errors.fail('ZipTableOneToMany: expected an entry and a table, got %d entries', #input)
  end
  local out = {}
  for i, x in ipairs(input[2]) do out[i] = {input[1], x} end
  return out
end

function ZipTableOneToMany:updateGradInput(input, gradOutput)
  utils.need_tensor(self, utils.need_table(self, input, 'input')[1], 'the first entry')
  utils.need_table(self, gradOutput, 'gradOutput')
  local sum, rest = utils.fit(self.gradInputEl, input[1]):resizeAs(input[1]):zero(), {}
  for i, pair in ipairs(gradOutput) do
    sum:add(utils.need_table(self, pair, 'an entry of gradOutput')[1])
    rest[i] = pair[2]
  end
  self.gradInputEl, self.gradInput = sum, {sum, rest}
  return self.gradInput
end

return {SelectTable = SelectTable, NarrowTable = NarrowTable, FlattenTable = FlattenTable, ZipTable = ZipTable,
        ZipTableOneToMany = ZipTableOneToMany}
