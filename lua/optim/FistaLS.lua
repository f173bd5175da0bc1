--- optim.FistaLS(f, g, pl, x[, params]): the fast iterative shrinkage-thresholding algorithm with a line search, for
-- f + g with f smooth and g simple.
-- f(x, 'dx') gives the value and the gradient (f(x) the value is enough), g(x) the value; pl(x, L) replaces x by
-- argmin_z L/2 ‖z − x‖² + g(z).
-- params: L (0.1), the first guess of the gradient's Lipschitz constant, and Lstep (1.5), what it grows by; maxiter
-- (50), maxline (20), errthres (1e-4); doFistaUpdate: with momentum, else plain ISTA; verbose.
-- Returns the solution, which is put into x as well, and for each iteration {nline, L, F, Fply, Gply, Q}.
-- Source: Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse Problems", 2009.

-- Moves from y by a shrunk gradient step, raising L until the quadratic model bounds f. Gives the tries, the value
-- there and the model's.
local function search(f, pl, params, y, moved, xk, previous)
  local fy, gradient = f(y, 'dx')
  for tries = 1, math.huge do
    moved:copy(y):add(-1 / params.L, gradient)
    pl(moved, params.L)
    xk:copy(moved)
    local value = f(moved)
    moved:add(-1, y)
    local model = fy + gradient:dot(moved) + params.L / 2 * moved:dot(moved)
    if value <= model then return tries, value, model end
    if tries > (params.maxline or 20) then
      xk:copy(previous)
      return tries, value, model
    end
    params.L = params.L * (params.Lstep or 1.5)
  end
end

local function buffer(params, name, x)
  params[name] = params[name] or x.new()
  return params[name]:resizeAs(x):zero()
end

local function fista(f, g, pl, xinit, params)
  params = params or {}
  params.L = params.L or 0.1
  local previous, y, moved = buffer(params, 'xkm', xinit), buffer(params, 'y', xinit), buffer(params, 'ply', xinit)
  local xk, history, t = xinit, {}, 1
  for i = 1, params.maxiter or 50 do
    local tries, _, model = search(f, pl, params, y, moved, xk, previous)
    if params.doFistaUpdate then
      local after = (1 + math.sqrt(1 + 4 * t * t)) / 2
      y:copy(xk):add((1 - t) / after, previous:add(-1, xk))
      previous:copy(xk)
      t = after
    else
      y:copy(xk)
    end
    local smooth, simple = f(y), g(y)
    history[i] = {nline = tries, L = params.L, F = smooth + simple, Fply = smooth, Gply = simple, Q = model}
    if params.verbose then
      print(('iteration %d: F %g, L %g, %d tries'):format(i, smooth + simple, params.L, tries))
      history[i].xk, history[i].y = xk:clone(), y:clone()
    end
    if i > 1 and math.abs(history[i].F - history[i - 1].F) <= (params.errthres or 1e-4) then break end
  end
  xinit:copy(y)
  return y, history
end

return fista
