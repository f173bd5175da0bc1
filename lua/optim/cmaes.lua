--- optim.cmaes(f, x[, config[, state]]): the covariance matrix adaptation evolution strategy: a search without
-- gradients. f(x) gives the value alone. x: where to begin.
-- state (or config): sigma: the first deviation of each element; maxEval (1000 n²), ftarget: a value good enough,
-- popsize (4 + 3 log n), min_iterations (1), verb_disp (0): how often to print.
-- Returns the best point, the best value of each generation, and the count of evaluations.
-- Source: Hansen, "The CMA Evolution Strategy: A Tutorial", 2016 (arXiv:1604.00772).
local torch = require 'torch'
local errors = require 'torch.errors'

local Search = {}
Search.__index = Search

-- The strategy's constants for n elements and the population's size.
local function new(x, settings)
  local n, lambda = x:nElement(), settings.popsize or 4 + math.floor(3 * math.log(x:nElement()))
  local mu = lambda / 2
  local weights = torch.DoubleTensor(math.floor(mu - 1) + 1)
  for i = 1, weights:size(1) do weights[i] = math.log(mu + 0.5) - math.log(i) end
  weights:div(weights:sum())
  local mueff = 1 / weights:dot(weights)
  local s = {n = n, lambda = lambda, mueff = mueff, sigma = settings.sigma, weights = weights:typeAs(x),
             cc = (4 + mueff / n) / (n + 4 + 2 * mueff / n), cs = (mueff + 2) / (n + mueff + 5),
             c1 = 2 / ((n + 1.3) ^ 2 + mueff), evaluations = 0, decomposed_at = 0,
             mean = x:clone():view(-1), scale = x.new(n):fill(1), path_c = x.new(n):zero(), path_s = x.new(n):zero(),
             values = torch.DoubleTensor(lambda), settings = settings}
  s.cmu = math.min(1 - s.c1, 2 * (mueff - 2 + 1 / mueff) / ((n + 2) ^ 2 + mueff))
  s.damps = 2 * mueff / lambda + 0.3 + s.cs
  s.axes, s.covariance, s.inverse_root = torch.eye(n):typeAs(x), torch.eye(n):typeAs(x), torch.eye(n):typeAs(x)
  return setmetatable(s, Search)
end

-- C = B D² Bᵀ, seldom, for it costs n³.
function Search:decompose()
  if self.evaluations - self.decomposed_at <= self.lambda / (self.c1 + self.cmu) / self.n / 10 then return end
  self.decomposed_at = self.evaluations
  local c = self.covariance
  c = torch.triu(c) + torch.triu(c, 1):t()
  self.covariance = c
  local squares, axes = torch.symeig(c, 'V')
  self.scale, self.axes = squares:sqrt(), axes
  self.inverse_root = axes * torch.diag(torch.cinv(self.scale)) * axes:t()
end

--- A generation: lambda points around the mean, as the rows of a matrix.
function Search:ask()
  self:decompose()
  local points = self.mean.new(self.lambda, self.n)
  for k = 1, self.lambda do
    local z = self.scale:clone():normal(0, 1):cmul(self.scale)
    points[k]:copy(self.mean):add(self.sigma, self.axes * z)
  end
  return points
end

-- The covariance moves towards the path and towards the steps that did well.
function Search:adapt(steps, hsig)
  local c1a = self.c1 - (1 - hsig ^ 2) * self.c1 * self.cc * (2 - self.cc)
  local good = steps:t() * torch.diag(self.weights) * steps
  self.covariance:mul(1 - c1a - self.cmu):add(self.c1, torch.ger(self.path_c, self.path_c)):add(self.cmu, good)
end

--- Learns from the values of a generation. Gives the best point and its value.
function Search:tell(points, values)
  self.evaluations = self.evaluations + self.lambda
  local sorted, order = torch.sort(values)
  self.values = sorted
  local best = points:index(1, order:narrow(1, 1, self.weights:size(1)))
  local before = self.mean:clone()
  self.mean:mv(best:t(), self.weights)
  local move = (self.mean - before):div(self.sigma)
  self.path_s:mul(1 - self.cs):add(math.sqrt(self.cs * (2 - self.cs) * self.mueff), self.inverse_root * move)
  local long = self.path_s:dot(self.path_s)
  local settled = long / (1 - (1 - self.cs) ^ (2 * self.evaluations / self.lambda)) / self.n
  local hsig = settled < 2 + 4 / (self.n + 1) and 1 or 0
  self.path_c:mul(1 - self.cc):add(hsig * math.sqrt(self.cc * (2 - self.cc) * self.mueff), move)
  local steps = (best - before:view(1, self.n):expandAs(best)):div(self.sigma)
  self:adapt(steps, hsig)
  self.sigma = self.sigma * math.exp(math.min(0.6, self.cs / self.damps * (long / self.n - 1) / 2))
  return best[1], sorted[1]
end

--- Why to stop: {reason = bound, …}, empty while there is none.
function Search:reasons()
  local s, r, v = self.settings, {}, self.values
  if self.evaluations == 0 then return r end
  if self.evaluations >= (tonumber(s.maxEval) or 1e3 * self.n ^ 2) then r.evals = s.maxEval or 1e3 * self.n ^ 2 end
  if s.ftarget and v[1] <= s.ftarget then r.ftarget = s.ftarget end
  if self.scale:max() > 1e7 * self.scale:min() then r.condition = 1e7 end
  if v:size(1) > 1 and v[v:size(1)] - v[1] < 1e-12 then r.tolfun = 1e-12 end
  if self.sigma * self.scale:max() < 1e-11 then r.tolx = 1e-11 end
  return r
end

function Search:show(iteration)
  local every = self.settings.verb_disp or 0
  if every == 0 or (iteration > 2 and iteration % every ~= 0) then return end
  if iteration == 1 or iteration % (10 * every) == 0 then print('evals:\t ax-ratio max(std)   f-value') end
  print(('%d:  %6.1f %8.1e  %s'):format(self.evaluations, self.scale:max() / self.scale:min(),
                                        self.sigma * math.sqrt(torch.diag(self.covariance):max()), self.values[1]))
end

local function cmaes(opfunc, x, config, state)
  local search = new(x, state or config or {})
  local settings = search.settings
  if type(settings.sigma) ~= 'number' then
    errors.fail('cmaes: expected sigma, the first deviation, as a number, got %s', tostring(settings.sigma))
  end
  local history, iteration, best, least = {opfunc(x)}, 0, nil, nil
  repeat
    iteration = iteration + 1
    local points, values = search:ask(), torch.DoubleTensor(search.lambda)
    for i = 1, search.lambda do values[i] = opfunc(points[i]:viewAs(x)) end
    local point, value = search:tell(points, values)
    history[#history + 1] = value
    if not least or value < least then best, least = point:clone(), value end
    search:show(iteration)
  until next(search:reasons()) ~= nil and iteration >= (settings.min_iterations or 1)
  if (settings.verb_disp or 0) > 0 then
    for why, bound in pairs(search:reasons()) do print('termination by', why, '=', bound) end
    print('best f-value =', least)
  end
  history[#history + 1] = least
  return best, history, search.evaluations
end

return cmaes
