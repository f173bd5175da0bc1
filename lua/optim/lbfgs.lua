--- optim.lbfgs(f, x[, config[, state]]): the quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with a
-- limited memory. For functions without noise; one call takes up to maxIter steps.
-- config: maxIter (20), maxEval (1.25 maxIter), tolFun (1e-5: on Σ|g|), tolX (1e-9: on steps and values), nCorrection
-- (100): steps remembered; lineSearch: a function such as optim.lswolfe, and lineSearchOptions; learningRate (1): the
-- step without a line search; verbose.
-- state: nIter, funcEval; old_dirs, old_stps: differences of x and of g; d, t, Hdiag, g_old, f_old.
-- Returns x, the values seen, and the count of evaluations.
-- Source: Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.4.

local function absolute_sum(t) return t:norm(1) end

-- Remembers how the gradient has changed along the last step, in the memory of the oldest pair when there are enough.
local function remember(state, g, most)
  local y, s = state.spare_y or g.new(), state.spare_s or g.new()
  y:add(g, -1, state.g_old)
  s:mul(state.d, state.t)
  state.spare_y, state.spare_s = y, s
  local curvature = y:dot(s)
  if curvature <= 1e-10 then return end
  state.spare_y, state.spare_s = nil, nil
  if #state.old_dirs == most then
    state.spare_s, state.spare_y = table.remove(state.old_dirs, 1), table.remove(state.old_stps, 1)
  end
  table.insert(state.old_dirs, s)
  table.insert(state.old_stps, y)
  state.Hdiag = curvature / y:dot(y)
end

-- d ← −H g, in two loops over what is remembered.
local function direction(state, g)
  local dirs, stps, d = state.old_dirs, state.old_stps, state.d
  local rho, alpha = {}, {}
  d:mul(g, -1)
  for i = #dirs, 1, -1 do
    rho[i] = 1 / stps[i]:dot(dirs[i])
    alpha[i] = dirs[i]:dot(d) * rho[i]
    d:add(-alpha[i], stps[i])
  end
  d:mul(state.Hdiag)
  for i = 1, #dirs do d:add(alpha[i] - stps[i]:dot(d) * rho[i], dirs[i]) end
end

local function choose_direction(state, g, most)
  if state.nIter == 1 then
    state.old_dirs, state.old_stps, state.Hdiag, state.d = {}, {}, 1, g:clone():mul(-1)
    return
  end
  remember(state, g, most)
  direction(state, g)
end

-- Why to stop after a step, or nil.
local function reason(g, value, state, evaluations, limits)
  if evaluations >= limits.evaluations then return 'max nb of function evals' end
  if absolute_sum(g) <= limits.gradient then return 'optimality condition below tolFun' end
  if absolute_sum(state.d) * math.abs(state.t) <= limits.change then return 'step size below tolX' end
  if math.abs(value - state.f_old) < limits.change then return 'function value changing less than tolX' end
end

local function lbfgs(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local max_iter = tonumber(config.maxIter) or 20
  local limits = {evaluations = tonumber(config.maxEval) or max_iter * 1.25, gradient = config.tolFun or 1e-5,
                  change = config.tolX or 1e-9}
  local rate, evaluations = config.learningRate or 1, 1
  local value, g = opfunc(x)
  local values = {value}
  state.nIter, state.funcEval = state.nIter or 0, (state.funcEval or 0) + 1
  local why = absolute_sum(g) <= limits.gradient and 'optimality condition below tolFun' or nil

  for i = 1, why and 0 or max_iter do
    state.nIter = state.nIter + 1
    choose_direction(state, g, config.nCorrection or 100)
    state.g_old = (state.g_old or g.new()):resizeAs(g):copy(g)
    state.f_old = value
    local slope = g:dot(state.d)
    if slope > -limits.change then
      why = 'no descent along the direction'
      break
    end
    state.t = state.nIter == 1 and math.min(1, 1 / absolute_sum(g)) * rate or rate
    local count = 0
    if config.lineSearch then
      value, g, x, state.t, count =
        config.lineSearch(opfunc, x, state.t, state.d, value, g, slope, config.lineSearchOptions)
    else
      x:add(state.t, state.d)
      if i < max_iter then
        value, g = opfunc(x)
        count = 1
      end
    end
    if count > 0 then values[#values + 1] = value end
    evaluations, state.funcEval = evaluations + count, state.funcEval + count
    why = i == max_iter and 'reached max number of iterations' or reason(g, value, state, evaluations, limits)
    if why then break end
  end
  if config.verbose then print('<optim.lbfgs> ', why) end
  return x, values, evaluations
end

return lbfgs
