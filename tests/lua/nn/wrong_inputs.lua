--- The process of test_wrong_inputs.lua: modules and criteria with wrong inputs, gradients and targets.
local torch = require 'torch'
local nn = require 'nn'
local rows = require 'nn.rows'
local criteria = require 'nn.rows.criteria'
local wrongcalls = require 'wrongcalls'

local enter, first = wrongcalls.begin()

local function constant(v) return function() return v end end

local values = {
  {'nil', constant(nil)}, {'true', constant(true)}, {'0', constant(0)}, {'-1', constant(-1)},
  {'2^40', constant(2 ^ 40)}, {'nan', constant(0 / 0)}, {'"x"', constant('x')}, {'{}', function() return {} end},
  {'{1, 2}', constant({1, 2})}, {'{{}}', function() return {{}} end}, {'type', constant(type)}, {'1LL', constant(1LL)},
  {'Tensor()', torch.Tensor}, {'Tensor(0, 3)', function() return torch.Tensor(0, 3) end},
  {'Tensor(2, 0, 3)', function() return torch.Tensor(2, 0, 3) end},
  {'Tensor(1)', function() return torch.ones(1) end}, {'Tensor(7)', function() return torch.ones(7) end},
  {'Tensor(5, 7)', function() return torch.ones(5, 7) end},
  {'Tensor(2, 3, 5)', function() return torch.ones(2, 3, 5) end},
  {'Tensor(2, 7, 1, 3)', function() return torch.ones(2, 7, 1, 3) end},
  {'eight dimensions', function() return torch.ones(1, 2, 1, 2, 1, 2, 1, 2) end},
  {'-5', function() return torch.ones(3, 4) * -5 end}, {'NaNs', function() return torch.ones(3, 4) * (0 / 0) end},
  {'2^62', function() return torch.ones(3, 4) * 2 ^ 62 end},
  {'FloatTensor(3, 4)', function() return torch.FloatTensor(3, 4):fill(1) end},
  {'LongTensor(3, 4)', function() return torch.LongTensor(3, 4):fill(1) end},
  {'LongTensor{-7, 2^62}', function() return torch.LongTensor {-7, 2 ^ 62} end},
  {'ByteTensor(2, 3, 4)', function() return torch.ByteTensor(2, 3, 4):fill(1) end},
  {'HalfTensor(3, 4)', function() return torch.HalfTensor(3, 4):fill(1) end},
  {'a storage', function() return torch.LongStorage {2, 3} end},
  {'{Tensor(3)}', function() return {torch.ones(3)} end},
  {'{Tensor(3), Tensor(2, 5)}', function() return {torch.ones(3), torch.ones(2, 5)} end},
  {'{Tensor(2, 2), 1}', function() return {torch.ones(2, 2), 1} end},
  {'{LongTensor, Tensor}', function() return {torch.LongTensor {9, -1}, torch.ones(2)} end},
  {'{Tensor, {Tensor, nil, 3}}', function() return {torch.ones(2), {torch.ones(2), nil, 3}} end},
}

local place = debug.getinfo(1, 'S').short_src
local count, number = 0, 0

-- path: what an error must say of where it arose; nil when anything will do.
local function call(text, path, f, ...)
  enter(number, text)
  count = count + 1
  local ok, message = pcall(f, ...)
  if ok then return end
  local fault = wrongcalls.fault(message, place)
  if fault then return wrongcalls.found(text, fault) end
  if path and not message:find(path, 1, true) then wrongcalls.found(text, 'no "' .. path .. '" in: ' .. message) end
end

local function quiet(f)
  local plain = print
  print = function() end -- luacheck: ignore
  f(plain)
  print = plain -- luacheck: ignore
end

local function forward(net, input) return net:forward(input) end

-- What is given first, and then wrong values for all that is asked of the module.
local function try_module(row)
  for _, value in ipairs(values) do
    local net = nn.Sequential():add((rows.make(row)))
    call(('%s:forward(%s)'):format(row.name, value[1]), 'in nn.Sequential', forward, net, value[2]())
    local module, input = rows.make(row)
    if pcall(module.forward, module, input) then
      call(('%s:backward(input, %s)'):format(row.name, value[1]), nil, module.backward, module, input, value[2]())
      call(('%s:backward(%s, output)'):format(row.name, value[1]), nil, module.backward, module, value[2](),
           module.output)
    end
  end
end

local function try_criterion(name, row)
  local n = 0
  local function x(...)
    n = n + 1
    return rows.wave(n, row.shift or 0, ...)
  end
  local input, target = row[2](x), row[3](x)
  for _, value in ipairs(values) do
    local criterion = row[1]()
    call(('%s:forward(%s, target)'):format(name, value[1]), nil, criterion.forward, criterion, value[2](), target)
    call(('%s:forward(input, %s)'):format(name, value[1]), nil, criterion.forward, criterion, input, value[2]())
    call(('%s:backward(input, %s)'):format(name, value[1]), nil, criterion.backward, criterion, input, value[2]())
    call(('%s:backward(%s, target)'):format(name, value[1]), nil, criterion.backward, criterion, value[2](), target)
  end
end

local names = {}
for name in pairs(criteria) do names[#names + 1] = name end
table.sort(names)
for i = 1, #rows.list + #names do
  number = i
  if i > first then
    local row, name = rows.list[i], names[i - #rows.list]
    local printed = {}
    quiet(function()
      local found = wrongcalls.found
      wrongcalls.found = function(...) printed[#printed + 1] = {...} end
      if row then try_module(row) else try_criterion(name, criteria[name]) end
      wrongcalls.found = found
    end)
    for _, finding in ipairs(printed) do wrongcalls.found(unpack(finding)) end
  end
end
print(count .. ' calls')
