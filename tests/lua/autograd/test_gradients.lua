--- Gradients of every row, to order 2, against finite differences of a random projection, in double.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local handle = require 'torch.handle'
local op = require 'torch.op'
local samples = require 'samples'

local F = op.F

-- The places of the arguments that the row differentiates by.
local function inputs_of(row, args)
  local list = {}
  if row.inputs == 'list' then
    for i in ipairs(args[1]) do list[i] = {1, i} end
    return list
  end
  for i = 1, row.inputs do
    if torch.isTensor(args[i]) and row.vjp[i] then list[#list + 1] = {i} end
  end
  return list
end

local function get(args, place) return place[2] and args[1][place[2]] or args[place[1]] end
local function put(args, place, x)
  if place[2] then args[1][place[2]] = x else args[place[1]] = x end
end

-- A copy of args with the differentiated tensors replaced by xs.
local function with(args, places, xs)
  local out = samples.map(args, function(x) return x end)
  for i, place in ipairs(places) do put(out, place, xs[i]) end
  return out
end

local function random_like(x, n)
  samples.reset(n)
  return samples.maker('torch.DoubleTensor')(unpack(x:size():totable()))
end

local function shift(xs, step, us)
  local out = {}
  for i, x in ipairs(xs) do out[i] = x + us[i] * step end
  return out
end

local function inner(as, bs)
  local sum = 0
  for i, a in ipairs(as) do sum = sum + torch.dot(a:contiguous(), bs[i]:contiguous()) end
  return sum
end

-- The 4-point difference of f along us, and how far it is from what is claimed.
local function check_slope(what, f, xs, us, claimed)
  local e = 1e-3
  local function at(k) return f(shift(xs, k * e, us)) end
  local slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * e)
  if math.abs(slope - claimed) > 1e-7 * math.max(1, math.abs(slope)) then
    error(('%s: differences give %.12g, the rule gives %.12g'):format(what, slope, claimed), 0)
  end
end

local function first_order(row, args, places, v, create)
  return function(xs)
    local run = with(args, places, xs)
    local tape, out = autograd.record(xs, function() return (F[row.name](unpack(run))) end)
    local g = tape:grad(out, xs, v, create)
    for i, x in ipairs(xs) do g[i] = g[i] or x:clone():zero() end
    return g
  end
end

local function check(row, args, k)
  local places, xs, us = inputs_of(row, args), {}, {}
  for i, place in ipairs(places) do
    xs[i] = get(args, place):clone()
    us[i] = random_like(xs[i], 100 + i)
  end
  if #xs == 0 then return end
  local out = F[row.name](unpack(with(args, places, xs)))
  local v = random_like(out, 50)
  local what = ('%s, sample %d'):format(row.name, k)

  local function value(at)
    return torch.dot((F[row.name](unpack(with(args, places, at)))):contiguous(), v:contiguous())
  end
  local gradient = first_order(row, args, places, v, false)
  local g = gradient(xs)
  check_slope(what .. ', order 1', value, xs, us, inner(g, us))

  -- the fused backward is the rule
  for i, slow in ipairs(first_order(row, args, places, v, true)(xs)) do
    local difference = samples.differ(g[i], slow, 1e3)
    if difference then error(what .. ': fast and rule differ: ' .. difference, 0) end
  end

  local ws = {}
  for i, x in ipairs(xs) do ws[i] = random_like(x, 200 + i) end
  local tape, projected = autograd.record(xs, function()
    local y = F[row.name](unpack(with(args, places, xs)))
    local gs, sum = op.state.tape:grad(y, xs, v, true), nil
    for i in ipairs(xs) do
      if gs[i] then
        local part = F.sum(F.mul(gs[i], ws[i]))
        sum = sum and F.add(sum, part) or part
      end
    end
    return sum
  end)
  local second = tape:grad(projected, xs, projected:clone():fill(1), false)
  for i, x in ipairs(xs) do second[i] = second[i] or x:clone():zero() end
  check_slope(what .. ', order 2', function(at) return inner(gradient(at), ws) end, xs, us, inner(second, us))
end

for _, row in ipairs(op.rows) do
  if row.refuses then
    t.test(row.name .. ': says that its gradient is not known', function()
      local args = samples.of(row, 'torch.DoubleTensor', 7)[1]
      local tape, out = autograd.record({args[1]}, function() return (F[row.name](unpack(args))) end)
      t.raises(row.name .. ': no rule is known', function() tape:grad(out, {args[1]}, out:clone(), false) end)
    end)
  elseif row.vjp and row.sample and row.name ~= 'copy' then
    t.test(row.name .. ': gradients of order 1 and 2', function()
      for k, args in ipairs(samples.of(row, 'torch.DoubleTensor', 7)) do check(row, args, k) end
    end)

    t.test(row.name .. ': gradients through strided operands', function()
      for k, args in ipairs(samples.of(row, 'torch.DoubleTensor', 9)) do
        check(row, samples.map(args, samples.layouts.transposed), k)
      end
    end)

    -- A value that the row does not declare in `uses` may be overwritten before the walk back.
    t.test(row.name .. ': reads only the values it declares', function()
      for _, args in ipairs(samples.of(row, 'torch.DoubleTensor', 7)) do
        local places, xs = inputs_of(row, args), {}
        for i, place in ipairs(places) do xs[i] = get(args, place):clone() end
        if #xs > 0 and row.inputs ~= 'list' then
          local out = F[row.name](unpack(with(args, places, xs)))
          local v = random_like(out, 50)
          local want = first_order(row, args, places, v, false)(xs)
          local tape, y = autograd.record(xs, function() return (F[row.name](unpack(with(args, places, xs)))) end)
          for i, place in ipairs(places) do
            local letter = ('abc'):sub(place[1], place[1])
            local shares = handle.memory_address(xs[i]) == handle.memory_address(y) and row.any_reads.out
            if not row.any_reads[letter] and not shares then xs[i]:fill(0 / 0) end
          end
          local got = tape:grad(y, xs, v, false)
          for i in ipairs(xs) do
            local difference = got[i] and samples.differ(got[i], want[i])
            if difference then error(row.name .. ': ' .. difference, 0) end
          end
        end
      end
    end)
  end
end
