--- optim.cg(f, x[, config[, state]]): conjugate gradients after Polak and Ribière, with a line search by cubic and
-- quadratic interpolation that meets the Wolfe–Powell conditions. For functions without noise.
-- config: maxIter (20): evaluations in one line search; maxEval (1.25 maxIter): evaluations in all; rho (0.01) and sig
-- (0.5) of the conditions; int (0.1): how close to the end of a bracket an interpolated step may come; ext (3): how far
-- it may reach beyond the step before; ratio (100): the greatest ratio of slopes.
-- state: df1, df2, x0, s: vectors used again by the next call.
-- Returns x, the values after each line search, and the count of evaluations.
-- Source: Rasmussen's "minimize" (2001), after Fletcher, "Practical Methods of Optimization", 1987.

local function is_usable(z) return z == z and math.abs(z) ~= math.huge end

-- One line search. z1: the step so far, with value f2 and slope d2 there; z3, f3, d3: the way back to the point before,
-- and what it had; f1, d1: at the start.
local Search = {}
Search.__index = Search

function Search:is_too_far()
  return self.f2 > self.f1 + self.z1 * self.rho * self.d1 or self.d2 > -self.sig * self.d1
end

function Search:move(z)
  self.z1 = self.z1 + z
  self.x:add(z, self.s)
  self:evaluate()
  self.left = self.left - 1
end

function Search:evaluate()
  local value, g = self.opfunc(self.x)
  self.f2 = value
  self.df2:copy(g)
  self.d2 = self.df2:dot(self.s)
  self.evaluations = self.evaluations + 1
end

-- Back into the bracket, by a parabola where the value has risen, else by a cubic.
function Search:shrink()
  while self:is_too_far() and self.left > 0 do
    self.limit = self.z1
    local z3, z2 = self.z3
    if self.f2 > self.f1 then
      z2 = z3 - 0.5 * self.d3 * z3 * z3 / (self.d3 * z3 + self.f2 - self.f3)
    else
      local a, b = self:cubic()
      z2 = (math.sqrt(b * b - a * self.d2 * z3 * z3) - b) / a
    end
    if not is_usable(z2) then z2 = z3 / 2 end
    z2 = math.max(math.min(z2, self.int * z3), (1 - self.int) * z3)
    self:move(z2)
    self.z3 = z3 - z2
  end
end

function Search:cubic()
  local z3 = self.z3
  return 6 * (self.f2 - self.f3) / z3 + 3 * (self.d2 + self.d3),
         3 * (self.f3 - self.f2) - z3 * (self.d3 + 2 * self.d2)
end

-- How far to go on, where the slope is still steep. limit below 0: nothing bounds the step yet.
function Search:extension()
  local a, b = self:cubic()
  local z3, z1, limit, bounded = self.z3, self.z1, self.limit, self.limit > -0.5
  local z2 = -self.d2 * z3 * z3 / (b + math.sqrt(b * b - a * self.d2 * z3 * z3))
  if not is_usable(z2) or z2 < 0 then return bounded and (limit - z1) / 2 or z1 * (self.ext - 1) end
  if bounded and z2 + z1 > limit then return (limit - z1) / 2 end
  if not bounded and z2 + z1 > z1 * self.ext then return z1 * (self.ext - 1) end
  if z2 < -z3 * self.int then return -z3 * self.int end
  if bounded and z2 < (limit - z1) * (1 - self.int) then return (limit - z1) * (1 - self.int) end
  return z2
end

-- Whether a step was found.
function Search:run(z, left)
  self.z1, self.limit = z, -1
  self.f3, self.d3, self.z3 = self.f1, self.d1, -z
  self.x:add(z, self.s)
  self:evaluate()
  self.left = math.min(left, self.most - self.evaluations)
  while true do
    self:shrink()
    if self:is_too_far() then return false end
    if self.d2 > self.sig * self.d1 then return true end
    if self.left == 0 then return false end
    local z2 = self:extension()
    self.f3, self.d3, self.z3 = self.f2, self.d2, -z2
    self:move(z2)
  end
end

local function vector(state, name, x)
  state[name] = (state[name] or x.new()):resizeAs(x)
  return state[name]
end

-- The next direction: conjugate to the last where that still leads down, else straight down. Gives its slope.
local function turn(search, df1, s)
  local df2 = search.df2
  s:mul((df2:dot(df2) - df2:dot(df1)) / df1:dot(df1)):add(-1, df2)
  df1:copy(df2)
  local slope = df1:dot(s)
  if slope > 0 then
    s:mul(df1, -1)
    slope = -s:dot(s)
  end
  return slope
end

local function cg(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local max_iter = config.maxIter or 20
  local df1, s, x0 = vector(state, 'df1', x), vector(state, 's', x), vector(state, 'x0', x)
  local value, g = opfunc(x)
  df1:copy(g)
  s:mul(df1, -1)
  local search = setmetatable({
    opfunc = opfunc, x = x, s = s, df2 = vector(state, 'df2', x), f1 = value, d1 = -s:dot(s), evaluations = 1,
    most = math.abs(config.maxEval or max_iter * 1.25), rho = config.rho or 0.01, sig = config.sig or 0.5,
    int = config.int or 0.1, ext = config.ext or 3}, Search)
  local values, z = {value}, 1 / (1 - search.d1)
  while search.evaluations < search.most do
    x0:copy(x)
    if not search:run(z, max_iter) then
      x:copy(x0)
      break
    end
    values[#values + 1] = search.f2
    local slope = turn(search, df1, s)
    z = search.z1 * math.min(config.ratio or 100, search.d1 / (slope - 1e-320))
    search.f1, search.d1 = search.f2, slope
  end
  return x, values, search.evaluations
end

return cg
