--- optim.Batches{input = …, target = …, size = 32}: a data source that cuts tensors into batches.
-- input, target: tensors (or tables of tensors) whose first dimension counts the examples; target may be absent.
-- size (32): examples a batch; shuffle (false): in a new order each epoch, drawn from torch's generator; partial
-- (true): whether a last batch of fewer examples counts; transform: function(input, target) that gives what training
-- gets.
--   local batches = optim.Batches{input = images, target = labels, size = 100, shuffle = true}
--
-- A data source is any object with size(): batches in an epoch; start(): begins an epoch; get(i): input and target of
-- batch i, the same until the next start. With state() and restore(state) training resumes in the middle of an epoch.
local torch = require 'torch'
local errors = require 'torch.errors'

local Batches = torch.class('optim.Batches')

local function first_tensor(x)
  if torch.isTensor(x) then return x end
  if type(x) ~= 'table' then return nil end
  for _, v in ipairs(x) do
    local t = first_tensor(v)
    if t then return t end
  end
end

local function check_count(what, x, n)
  if torch.isTensor(x) then
    if x:dim() == 0 or x:size(1) ~= n then
      errors.fail('Batches: expected %d examples in %s, got %d', n, what, x:dim() > 0 and x:size(1) or 0)
    end
  elseif type(x) == 'table' then
    for _, v in ipairs(x) do check_count(what, v, n) end
  end
end

function Batches:__init(settings)
  local input = type(settings) == 'table' and first_tensor(settings.input)
  if not input then errors.fail('Batches: expected {input = a tensor or a table of tensors, …}') end
  self.count = input:dim() > 0 and input:size(1) or 0
  check_count('input', settings.input, self.count)
  check_count('target', settings.target, self.count)
  self.input, self.target, self.batch = settings.input, settings.target, settings.size or 32
  if type(self.batch) ~= 'number' or self.batch < 1 then
    errors.fail('Batches: expected a size of 1 or more, got %s', tostring(settings.size))
  end
  self.shuffle, self.transform = settings.shuffle or false, settings.transform
  self.partial = settings.partial ~= false
end

function Batches:size()
  return self.partial and math.ceil(self.count / self.batch) or math.floor(self.count / self.batch)
end

function Batches:start()
  self.order = self.shuffle and torch.randperm(self.count):long() or nil
end

-- The examples at places, or the stretch from first on when there are none; in x's shape of tables.
local function take(x, places, first, n)
  if torch.isTensor(x) then return places and x:index(1, places) or x:narrow(1, first, n) end
  if type(x) ~= 'table' then return x end
  local out = {}
  for i, v in ipairs(x) do out[i] = take(v, places, first, n) end
  return out
end

function Batches:get(i)
  local first = (i - 1) * self.batch + 1
  local n = math.min(self.batch, self.count - first + 1)
  if n < 1 then errors.fail('Batches: there is no batch %d, only %d', i, self:size()) end
  local places = self.order and self.order:narrow(1, first, n)
  local input, target = take(self.input, places, first, n), take(self.target, places, first, n)
  if self.transform then return self.transform(input, target) end
  return input, target
end

--- The order of this epoch.
function Batches:state() return {order = self.order} end

function Batches:restore(state)
  if state.order and state.order:size(1) ~= self.count then
    errors.fail('Batches: the checkpoint was made with %d examples, there are %d', state.order:size(1), self.count)
  end
  self.order = state.order
end

return Batches
