--- optim.lswolfe(f, x, t, d, value, g, slope[, options]): a line search that meets the strong Wolfe conditions.
-- From x along d, whose slope there is g·d, it tries step t first, then brackets an acceptable step and closes in by
-- interpolation. options: c1 (1e-4, of the decrease), c2 (0.9, of the slope), tolX (1e-9), maxIter (20).
-- Returns the value, the gradient, x (moved), the step and the count of evaluations.
-- Source: Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6.
local torch = require 'torch'
local polyinterp = require 'optim.polyinterp'

-- A point of the line: step, value, slope, gradient.
local function point(t, value, slope, g) return {t = t, value = value, slope = slope, g = g} end

local function interpolate(a, b, least, most)
  return (polyinterp(torch.DoubleTensor {{a.t, a.value, a.slope}, {b.t, b.value, b.slope}}, least, most))
end

-- Walks outwards until two points enclose an acceptable step, or one is acceptable itself. Gives the one or two points.
local function bracket(search, t)
  local before, now = search.start, search.evaluate(t)
  for i = 0, search.max_iter - 1 do
    search.iterations = i
    if search.too_high(now) or (i > 1 and now.value >= before.value) then return before, now end
    if search.flat(now) then return now end
    if now.slope >= 0 then return before, now end
    local further = interpolate(before, now, now.t + 0.01 * (now.t - before.t), now.t * 10)
    before, now = now, search.evaluate(further)
  end
  search.iterations = search.max_iter
  return search.start, now
end

-- A step too close to an end of the bracket twice in a row is moved inwards.
local function guard(t, low, high, warned)
  local width = high - low
  if math.min(high - t, t - low) / width >= 0.1 then return t, false end
  if not warned and t < high and t > low then return t, true end
  return math.abs(t - high) < math.abs(t - low) and high - 0.1 * width or low + 0.1 * width, false
end

local function zoom(search, a, b)
  local warned = false
  while search.iterations < search.max_iter do
    local best, other = a, b
    if b.value < a.value then best, other = b, a end
    local t
    t, warned = guard(interpolate(a, b), math.min(a.t, b.t), math.max(a.t, b.t), warned)
    local new = search.evaluate(t)
    search.iterations = search.iterations + 1
    if search.too_high(new) or new.value >= best.value then
      a, b = best, new
    else
      if search.flat(new) then return new end
      if new.slope * (other.t - best.t) >= 0 then other = best end
      a, b = new, other
    end
    if math.abs((a.t - b.t) * new.slope) < search.tolerance then break end
  end
  return b.value < a.value and b or a
end

local function lswolfe(opfunc, x, t, d, value, g, slope, options)
  options = options or {}
  local c1, c2, start, evaluations = options.c1 or 1e-4, options.c2 or 0.9, x:clone(), 0
  local search = {max_iter = options.maxIter or 20, tolerance = options.tolX or 1e-9, iterations = 0,
                  start = point(0, value, slope, g:clone())}
  function search.evaluate(at)
    x:copy(start):add(at, d)
    local fx, dfdx = opfunc(x)
    evaluations = evaluations + 1
    return point(at, fx, dfdx:dot(d), dfdx:clone())
  end
  function search.too_high(p) return p.value > value + c1 * p.t * slope end
  function search.flat(p) return math.abs(p.slope) <= -c2 * slope end
  local a, b = bracket(search, t)
  local best = b and zoom(search, a, b) or a
  x:copy(start):add(best.t, d)
  return best.value, best.g, x, best.t, evaluations
end

return lswolfe
