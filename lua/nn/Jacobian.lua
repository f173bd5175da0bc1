--- nn.Jacobian: checks of modules. The Jacobian as a module's backward gives it, and as differences of its forward do;
-- a matrix with a row for each element that is varied and a column for each element of the output.
-- nn.SparseJacobian is the same for inputs n×2 of places and values, of which the values are varied.
--   nn.Jacobian.testJacobian(nn.Tanh(), torch.Tensor(3, 4))   -- the greatest error, about 1e-10
local torch = require 'torch'

local function flat(t) return t:view(t:nElement()) end

-- Fills t with numbers from low (−2) … high (2).
local function randomise(t, low, high)
  low, high = low or -2, high or 2
  t:copy(torch.rand(t:nElement()):mul(high - low):add(low))
end

local function greatest(difference)
  return difference:nElement() == 0 and 0 or difference:abs():max()
end

local function clones(list)
  local out = {}
  for i, t in ipairs(list) do out[i] = t:clone() end
  return out
end

-- Calls f(i, gradOutput) for each element of the output, with a gradOutput of 1 there and 0 elsewhere.
local function for_each_output(module, input, f)
  local out = module:forward(input)
  local g = out.new():resizeAs(out)
  for i = 1, g:nElement() do
    flat(g:zero())[i] = 1
    f(i, g)
  end
end

-- Calls f(i, slope, value) for each element of param: the differences of the output by it.
local function for_each_parameter(module, input, param, step, f)
  local values, n = flat(param), module:forward(input):nElement()
  local below, above = torch.Tensor(n), torch.Tensor(n)
  for i = 1, values:size(1) do
    local value = values[i]
    values[i] = value - step
    below:copy(module:forward(input))
    values[i] = value + step
    above:copy(module:forward(input))
    values[i] = value
    f(i, above:add(-1, below):div(2 * step), value)
  end
end

-- One step by updateParameters: what it must have done to the weight, and after the module has had all its gradients.
local function step_of(module, input, g, update, rate)
  module:forward(input)
  if update ~= 'accUpdateGradParameters' then module:zeroGradParameters() end
  module:updateGradInput(input, g)
  if update == 'accUpdateGradParameters' then return module:accUpdateGradParameters(input, g, rate) end
  module:accGradParameters(input, g)
  module:updateParameters(rate)
end

-- The functions of both; varied(x) is the part of an input, or of its gradient, that is varied.
local function make(varied)
  local J = {}

  --- backward(module, input[, param, dparam]): the Jacobian by backward, of the output by the input or a parameter
  function J.backward(module, input, param, dparam)
    local jacobian = torch.zeros((param or varied(input)):nElement(), module:forward(input):nElement())
    for_each_output(module, input, function(i, g)
      module:zeroGradParameters()
      local gradInput = module:updateGradInput(input, g)
      module:accGradParameters(input, g)
      jacobian:select(2, i):copy(param and dparam or varied(gradInput))
    end)
    return jacobian
  end

  --- backwardUpdate(module, input, param): the parameter after a step by accUpdateGradParameters at rate 1, for each
  -- element of the output
  function J.backwardUpdate(module, input, param)
    local jacobian = torch.zeros(param:nElement(), module:forward(input):nElement())
    local parameters = module:parameters()
    local kept = clones(parameters)
    local function restore() for k, p in ipairs(parameters) do p:copy(kept[k]) end end
    for_each_output(module, input, function(i, g)
      restore()
      module:zeroGradParameters()
      module:updateGradInput(input, g)
      module:accUpdateGradParameters(input, g, 1)
      jacobian:select(2, i):copy(param)
    end)
    restore()
    return jacobian
  end

  --- forward(module, input[, param[, step]]): the Jacobian by differences at a distance (1e-6)
  function J.forward(module, input, param, step)
    param = param or varied(input)
    local jacobian = torch.Tensor(param:nElement(), module:forward(input):nElement())
    for_each_parameter(module, input, param, step or 1e-6, function(i, slope) jacobian:select(1, i):copy(slope) end)
    return jacobian
  end

  --- forwardUpdate(module, input, param[, step]): what backwardUpdate gives, by differences
  function J.forwardUpdate(module, input, param, step)
    local jacobian = torch.Tensor(param:nElement(), module:forward(input):nElement())
    for_each_parameter(module, input, param, step or 1e-6, function(i, slope, value)
      jacobian:select(1, i):copy(slope):mul(-1):add(value)
    end)
    return jacobian
  end

  --- testJacobian(module, input[, low, high[, step]]): the greatest error for a random input from low … high
  function J.testJacobian(module, input, low, high, step)
    randomise(varied(input), low, high)
    return greatest(J.forward(module, input, nil, step) - J.backward(module, input))
  end

  --- testJacobianParameters(module, input, param, dparam[, low, high[, step]]): the same for a parameter
  function J.testJacobianParameters(module, input, param, dparam, low, high, step)
    randomise(varied(input), low, high)
    randomise(param, low, high)
    return greatest(J.backward(module, input, param, dparam) - J.forward(module, input, param, step))
  end

  --- testJacobianUpdateParameters(module, input, param[, low, high[, step]]): the same for accUpdateGradParameters
  function J.testJacobianUpdateParameters(module, input, param, low, high, step)
    randomise(varied(input), low, high)
    randomise(param, low, high)
    return greatest(J.backwardUpdate(module, input, param) - J.forwardUpdate(module, input, param, step))
  end

  --- testIO(module, input[, low, high]): the greatest differences of output and gradInput after the module has been
  -- saved and loaded
  function J.testIO(module, input, low, high)
    local copy, path = input:clone(), os.tmpname()
    local g = module:forward(input):clone()
    randomise(g, low, high)
    local function run(m, x)
      m:forward(x)
      m:zeroGradParameters()
      m:updateGradInput(x, g:clone())
      m:accGradParameters(x, g:clone())
      return m.output:clone(), m.gradInput:clone()
    end
    local output, gradInput = run(module, input)
    if module:clearState() ~= module then error('clearState did not give the module', 2) end
    torch.save(path, module)
    local loaded = torch.load(path)
    os.remove(path)
    local output2, gradInput2 = run(loaded, copy)
    return greatest(output - output2), greatest(gradInput - gradInput2)
  end

  --- testAllUpdate(module, input, weight, gradWeight): the errors of the parameter of that name after one step, by each
  -- way to make it, and by two modules that share it; as a table
  function J.testAllUpdate(module, input, weight, gradWeight)
    local rate, g = torch.uniform(0.1, 1), torch.rand(module:forward(input):size())
    local before, plain = module[weight]:clone(), module:clone()
    step_of(plain, input, g, 'accGradParameters', rate)
    local found = {accGradParameters = (before - plain[gradWeight] * rate - plain[weight]):norm()}
    for _, update in ipairs {'accGradParameters', 'accUpdateGradParameters'} do
      local a, b = module:clone(), module:clone()
      b:share(a, weight)
      step_of(a, input, g, update, rate)
      step_of(b, input, g, update, rate)
      local want = before - plain[gradWeight] * (2 * rate)
      found[update .. ' [shared]'] = (want - a[weight]):norm() + (want - b[weight]):norm()
    end
    local direct = module:clone()
    step_of(direct, input, g, 'accUpdateGradParameters', rate)
    found.accUpdateGradParameters = (direct[weight] - plain[weight]):norm()
    return found
  end

  return J
end

-- -- The diagonal of the Hessian, after nn.hessian.enable() -----------------------------------------------------

-- Of Σ y²/2, whose curvature by the outputs y is 1.
local Jacobian = make(function(x) return x end)

--- backwardDiagHessian(module, input, name): the field of that name, as nn.hessian's methods make it
function Jacobian.backwardDiagHessian(module, input, name)
  local ones = module:forward(input):clone():fill(1)
  for _, field in ipairs {'diagHessianWeight', 'diagHessianBias'} do
    if module[field] then module[field]:zero() end
  end
  module:updateDiagHessianInput(input, ones)
  module:accDiagHessianParameters(input, ones)
  return module[name]
end

--- linearModuleDiagHessian(module, input, name): the same for a module that is linear, by its first derivatives: Σ of
-- the squares of the field of that name (gradInput, gradWeight, gradBias), over all outputs
function Jacobian.linearModuleDiagHessian(module, input, name)
  local sum
  for_each_output(module, input, function(_, g)
    module:zeroGradParameters()
    module:updateGradInput(input, g)
    module:accGradParameters(input, g)
    local slope = module[name]
    sum = sum or slope:clone():zero()
    sum:addcmul(slope, slope)
  end)
  return sum
end

--- testDiagHessian(module, input, gradName, diagHessianName[, low, high]): the greatest difference of the two
function Jacobian.testDiagHessian(module, input, gradName, diagHessianName, low, high)
  randomise(input, low, high)
  module:initDiagHessianParameters()
  local found = Jacobian.backwardDiagHessian(module, input, diagHessianName):clone()
  return greatest(found - Jacobian.linearModuleDiagHessian(module, input, gradName))
end

for _, name in ipairs {'Input', 'Weight', 'Bias'} do
  Jacobian['testDiagHessian' .. name] = function(module, input, low, high)
    return Jacobian.testDiagHessian(module, input, 'grad' .. name, 'diagHessian' .. name, low, high)
  end
end

return {Jacobian = Jacobian, SparseJacobian = make(function(x) return x:select(2, 2) end)}
