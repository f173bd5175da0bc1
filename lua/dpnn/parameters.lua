--- What dpnn's modules do with all their parameters at once: norms, decay, momentum, one vector of them.
-- A module may hold settings of its own, which come before the arguments: maxOutNorm, maxInNorm, cutoffNorm,
-- moduleLocal, wdFactor, wdMinDim, momFactor, momDamp, momNesterov.
local torch = require 'torch'
local errors = require 'torch.errors'

local Module, Container = torch.getmetatable('nn.Module'), torch.getmetatable('nn.Container')
local LookupTable = torch.getmetatable('nn.LookupTable')

-- The first of the arguments that is not nil.
local function first_of(own, given)
  if own ~= nil then return own end
  return given
end

-- -- Sparse parameters ------------------------------------------------------------------------------------------

--- The parameters that were used by the last forward, their gradients and, where wanted, a scale for each: as
-- parameters() gives them, unless a class knows better. Tables may have gaps; the fourth value is then their length.
function Module:sparseParameters() return self:parameters() end

function Container:sparseParameters()
  local parameters, grads, scales, size = {}, {}, {}, 0
  for _, module in ipairs(self.modules) do
    local p, g, s, n = module:sparseParameters()
    for k, parameter in pairs(p or {}) do
      parameters[size + k], grads[size + k], scales[size + k] = parameter, g[k], s and s[k]
    end
    size = size + (n or p and #p or 0)
  end
  return parameters, grads, scales, size
end

function Module:updateParameters(learningRate)
  local parameters, grads, scales = self:sparseParameters()
  for i, p in pairs(parameters or {}) do p:add(-learningRate * (scales and scales[i] or 1), grads[i]) end
end

function Module:zeroGradParameters()
  local _, grads = self:sparseParameters()
  for _, g in pairs(grads or {}) do g:zero() end
end

-- -- One vector -------------------------------------------------------------------------------------------------

-- Appends the modules in x's fields, at any depth, that are not reached as children alone.
local function hidden_modules(x, list, seen)
  if seen[x] then return end
  seen[x] = true
  if torch.isTypeOf(x, 'nn.Module') then list[#list + 1] = x end
  for _, v in pairs(x) do
    if type(v) == 'table' then hidden_modules(v, list, seen) end
  end
end

--- As nn's getParameters; modules in any field of the module, such as clones that it keeps, become views as well, so
-- that what they share stays shared.
function Module:getParameters()
  local modules, parameters, grads = {}, {}, {}
  hidden_modules(self, modules, {})
  for _, module in ipairs(modules) do
    local p, g = module:parameters()
    for i = 1, #(p or {}) do parameters[#parameters + 1], grads[#grads + 1] = p[i], g[i] end
  end
  return Module.flatten(parameters), Module.flatten(grads)
end

-- -- Norms ------------------------------------------------------------------------------------------------------

--- Keeps the norms of each output unit's weights within maxOutNorm, and of each input unit's within maxInNorm; nil or 0
-- leaves them. Vectors are left alone.
function Module:maxParamNorm(maxOutNorm, maxInNorm)
  maxOutNorm, maxInNorm = first_of(self.maxOutNorm, maxOutNorm), first_of(self.maxInNorm, maxInNorm)
  if not (maxOutNorm or maxInNorm) then return end
  if self.modules then
    for _, module in ipairs(self.modules) do module:maxParamNorm(maxOutNorm, maxInNorm) end
    return
  end
  for _, p in pairs(self:parameters() or {}) do
    if p:dim() > 1 then
      if maxOutNorm and maxOutNorm > 0 then p:renorm(2, 1, maxOutNorm) end
      if maxInNorm and maxInNorm > 0 then p:renorm(2, p:dim(), maxInNorm) end
    end
  end
end

-- A table's rows belong to its inputs.
function LookupTable:maxParamNorm(maxOutNorm, maxInNorm)
  maxOutNorm, maxInNorm = first_of(self.maxOutNorm, maxOutNorm), first_of(self.maxInNorm, maxInNorm)
  if maxOutNorm and maxOutNorm > 0 then self.weight:renorm(2, 2, maxOutNorm) end
  if maxInNorm and maxInNorm > 0 then self.weight:renorm(2, 1, maxInNorm) end
end

--- Shrinks the gradients so that their norm, all taken together, is within cutoffNorm; 0 leaves them. Gives the norm
-- that they had. moduleLocal: each module's for itself.
function Module:gradParamClip(cutoffNorm, moduleLocal)
  cutoffNorm, moduleLocal = first_of(self.cutoffNorm, cutoffNorm), first_of(self.moduleLocal, moduleLocal)
  if type(cutoffNorm) ~= 'number' then
    errors.fail('gradParamClip: expected the greatest norm as a number, got %s', torch.type(cutoffNorm))
  end
  if cutoffNorm <= 0 then return 0 end
  local sum = 0
  if moduleLocal and self.modules then
    for _, module in ipairs(self.modules) do sum = sum + module:gradParamClip(cutoffNorm, moduleLocal) ^ 2 end
    return math.sqrt(sum)
  end
  local _, grads = self:parameters()
  for _, g in pairs(grads or {}) do sum = sum + g:norm() ^ 2 end
  local norm = math.sqrt(sum)
  if norm > cutoffNorm then
    for _, g in pairs(grads) do g:mul(cutoffNorm / norm) end
  end
  return norm
end

--- Adds factor times the parameters to their gradients, for those of minDim (2) dimensions or more.
function Module:weightDecay(factor, minDim)
  factor, minDim = first_of(self.wdFactor, factor), first_of(self.wdMinDim, minDim) or 2
  if factor <= 0 then return end
  if self.modules then
    for _, module in ipairs(self.modules) do module:weightDecay(factor, minDim) end
    return
  end
  local parameters, grads = self:parameters()
  for i, p in pairs(parameters or {}) do
    if p:dim() >= minDim then grads[i]:add(factor, p) end
  end
end

-- -- Momentum ---------------------------------------------------------------------------------------------------

--- The running means of the gradients; the first call makes them from the gradients as they are.
function Module:momentumGradParameters()
  local _, grads = self:parameters()
  if (not self.momGradParams or next(self.momGradParams) == nil) and grads and next(grads) ~= nil then
    self.momGradParams = {}
    for i, g in pairs(grads) do self.momGradParams[i] = g:clone() end
  end
  return self.momGradParams
end

--- Momentum: each gradient becomes m ← momFactor·m + (1 − momDamp)·g, or, with momNesterov, g + momFactor·m.
-- momDamp is momFactor unless given.
function Module:updateGradParameters(momFactor, momDamp, momNesterov)
  momFactor = first_of(self.momFactor, momFactor)
  if momFactor <= 0 then return end
  momDamp, momNesterov = first_of(self.momDamp, momDamp) or momFactor, first_of(self.momNesterov, momNesterov)
  if self.modules then
    for _, module in ipairs(self.modules) do module:updateGradParameters(momFactor, momDamp, momNesterov) end
    return
  end
  local _, grads = self:parameters()
  if not grads or next(grads) == nil then return end
  local means = self:momentumGradParameters()
  for i, g in pairs(grads) do
    means[i]:mul(momFactor):add(1 - momDamp, g)
    if momNesterov then g:add(momFactor, means[i]) else g:copy(means[i]) end
  end
end

--- Fails when a parameter holds a NaN.
function Module:checkParameters()
  for i, p in pairs(self:parameters() or {}) do
    local sum = p:sum()
    if sum ~= sum then errors.fail('checkParameters: there is a NaN in parameter %d', i) end
  end
end
