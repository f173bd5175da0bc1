--- optim.de(f, x, config): differential evolution: a search without gradients. f(x) gives the value alone.
-- config: popsize (10 for each element of x), scaleFactor, crossoverRate, maxFEs: evaluations in all, minRegion (−30)
-- and maxRegion (30): where the first generation lies. It draws from a generator of its own, seeded with 1.
-- Returns the best point, and a tensor of all values in order.
-- Two slips of Torch7's are not repeated: there the worst of the first generation counted as its best, and the element
-- that always changes was chosen by the member's number; so the iterates differ from its.
-- Source: Storn and Price, "Differential Evolution", 1997, variant best/1/bin.
local torch = require 'torch'
local errors = require 'torch.errors'

-- A whole number from 1 to n that is none of the others.
local function other_than(generator, n, a, b)
  local r
  repeat r = torch.random(generator, 1, n) until r ~= a and r ~= b
  return r
end

-- A child of member i: some elements of the best one moved by the difference of two others, the rest its own.
local function breed(child, population, i, best, config, generator)
  local n, dims = population:size(1), population:size(2)
  local first = other_than(generator, n, i)
  local second = other_than(generator, n, first, i)
  local sure = torch.random(generator, 1, dims)
  for j = 1, dims do
    if torch.uniform(generator, 0, 1) < config.crossoverRate or j == sure then
      child[j] = best[j] + config.scaleFactor * (population[first][j] - population[second][j])
    else
      child[j] = population[i][j]
    end
  end
end

local function de(opfunc, x, config)
  for _, name in ipairs {'scaleFactor', 'crossoverRate', 'maxFEs'} do
    if type(config) ~= 'table' or type(config[name]) ~= 'number' then
      errors.fail('de: expected config.%s to be a number, got %s', name, tostring((config or {})[name]))
    end
  end
  local dims = x:nElement()
  local n = config.popsize or 10 * dims
  local generator = torch.Generator()
  torch.manualSeed(generator, 1)
  local population = x.new(n, dims)
  population:uniform(generator, config.minRegion or -30, config.maxRegion or 30)
  local values, seen, evaluations = {}, x.new(math.max(config.maxFEs, n)), 0
  local function evaluate(member)
    evaluations = evaluations + 1
    local v = opfunc(member)
    if evaluations > seen:size(1) then seen:resize(seen:size(1) + n) end
    seen[evaluations] = v
    return v
  end
  for i = 1, n do values[i] = evaluate(population[i]) end
  local lead = 1
  for i = 2, n do if values[i] < values[lead] then lead = i end end
  local best, least = population[lead]:clone(), values[lead]
  local children, child_values = x.new(n, dims), {}
  while evaluations < config.maxFEs do
    for i = 1, n do
      breed(children[i], population, i, best, config, generator)
      child_values[i] = evaluate(children[i])
    end
    for i = 1, n do
      if child_values[i] <= values[i] then
        population[i]:copy(children[i])
        values[i] = child_values[i]
        if values[i] < least then
          least = values[i]
          best:copy(children[i])
        end
      end
    end
  end
  return best, seen:narrow(1, 1, evaluations)
end

return de
