--- Schedules: the learning rate of each step. A schedule is called with the count of steps done, from 0:
--   local schedule = optim.schedule('cosine', {rate = 0.1, steps = 1000, warmup = 50})
--   config.learningRate = schedule(n)
-- All kinds take rate, the highest learning rate, and warmup (0): so many steps first climb to it in a straight line,
-- and the kind's own count starts after them. A schedule is a torch class: torch.save keeps it, with plateau's memory.
local torch = require 'torch'
local errors = require 'torch.errors'

local Schedule = torch.class('optim.Schedule')

-- Each kind: what it needs, with defaults (false: must be given), and the factor of the rate after n steps.
local kinds = {}

--- constant: rate, always.
kinds.constant = {defaults = {}, factor = function() return 1 end}

--- step: every so many steps (every) the rate is multiplied by gamma (0.1).
kinds.step = {defaults = {every = false, gamma = 0.1}, factor = function(s, n)
  return s.gamma ^ math.floor(n / s.every)
end}

--- multistep: the rate is multiplied by gamma (0.1) at each of the steps in the list at.
kinds.multistep = {defaults = {at = false, gamma = 0.1}, factor = function(s, n)
  local passed = 0
  for _, step in ipairs(s.at) do if n >= step then passed = passed + 1 end end
  return s.gamma ^ passed
end}

--- exponential: the rate is multiplied by gamma at each step.
kinds.exponential = {defaults = {gamma = false}, factor = function(s, n) return s.gamma ^ n end}

--- inverse: rate / (1 + decay·n), as learningRateDecay gives it.
kinds.inverse = {defaults = {decay = false}, factor = function(s, n) return 1 / (1 + s.decay * n) end}

--- linear: falls in a straight line to floor (0, a part of the rate) over steps.
kinds.linear = {defaults = {steps = false, floor = 0}, factor = function(s, n)
  return 1 - (1 - s.floor) * math.min(1, n / s.steps)
end}

--- cosine: falls as a half cosine to floor (0, a part of the rate) over steps; with cycles (1) it starts anew so often.
-- Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016 (arXiv:1608.03983).
kinds.cosine = {defaults = {steps = false, floor = 0, cycles = 1}, factor = function(s, n)
  local part = n >= s.steps and 1 or n / s.steps * s.cycles % 1
  return s.floor + (1 - s.floor) * 0.5 * (1 + math.cos(math.pi * part))
end}

--- onecycle: climbs as a half cosine from rate/start (25) within the first part (0.3) of steps, then falls to
-- rate/start/final (1e4). Source: Smith and Topin, "Super-Convergence", 2017 (arXiv:1708.07120).
kinds.onecycle = {defaults = {steps = false, first = 0.3, start = 25, final = 1e4}, factor = function(s, n)
  local function between(from, to, part) return to + (from - to) * 0.5 * (1 + math.cos(math.pi * part)) end
  local last, turn = s.steps - 1, s.first * s.steps - 1
  if n <= turn then return between(1 / s.start, 1, n / turn) end
  return between(1, 1 / s.start / s.final, math.min(1, (n - turn) / (last - turn)))
end}

--- noam: rate · model^−½ · min(n^−½, n · climb^−³ᐟ²), n from 1: climbs for so many steps (climb, 4000),
-- then falls as the root. model: the width of the model (512). Source: Vaswani et al., "Attention Is All You Need",
-- 2017.
kinds.noam = {defaults = {model = 512, climb = 4000}, factor = function(s, n)
  n = n + 1
  return s.model ^ -0.5 * math.min(n ^ -0.5, n * s.climb ^ -1.5)
end}

--- plateau: report(loss) is to be called after each validation; after more than patience (10) of them without a gain of
-- threshold (1e-4 of the best) the rate is multiplied by gamma (0.1), down to floor (0, a part of the rate).
-- goal: 'least' (the default) or 'most'.
kinds.plateau = {defaults = {patience = 10, gamma = 0.1, threshold = 1e-4, floor = 0, goal = 'least'},
                 factor = function(s) return math.max(s.floor, s.gamma ^ (s.falls or 0)) end}

local function names()
  local list = {}
  for name in pairs(kinds) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ', ')
end

function Schedule:__init(kind, settings)
  if not kinds[kind] then errors.fail('schedule: expected one of %s, got %s', names(), tostring(kind)) end
  if type(settings) ~= 'table' or type(settings.rate) ~= 'number' then
    errors.fail('schedule: expected {rate = a number, …}, got %s', type(settings))
  end
  self.kind, self.rate, self.warmup = kind, settings.rate, settings.warmup or 0
  for name, default in pairs(kinds[kind].defaults) do
    local value = settings[name]
    if value == nil then value = default end
    if value == false then errors.fail('schedule: %s needs %s', kind, name) end
    self[name] = value
  end
  for name in pairs(settings) do
    if self[name] == nil then errors.fail('schedule: %s knows no %s', kind, tostring(name)) end
  end
end

--- The learning rate after n steps.
function Schedule:__call__(n)
  if n < self.warmup then return self.rate * (n + 1) / self.warmup end
  return self.rate * kinds[self.kind].factor(self, n - self.warmup)
end

--- Tells plateau what a validation gave. Gives whether the rate has just fallen.
function Schedule:report(loss)
  if self.kind ~= 'plateau' then errors.fail('schedule: only plateau takes reports, this is %s', self.kind) end
  local sign = self.goal == 'most' and -1 or 1
  local value = sign * loss
  if not self.best or value < self.best - self.threshold * math.abs(self.best) then
    self.best, self.waited = value, 0
    return false
  end
  self.waited = self.waited + 1
  if self.waited <= self.patience then return false end
  self.falls, self.waited = (self.falls or 0) + 1, 0
  return true
end

return Schedule
