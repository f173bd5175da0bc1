--- nn.utils.fuse(net): a net for inference.
-- Batch normalisation becomes part of the weight and bias before it, by the running mean and variance; a rectifier is
-- done by the convolution (or the addition) before it, while that stores its outputs; what only trains is left out.
local torch = require 'torch'
local handle = require 'torch.handle'
local twin = require 'nn.twin'
local utils = require 'nn.utils'

-- Whether a module is of one of the classes in a set, and none of its methods has been replaced.
local function is(module, classes)
  local found = classes[torch.typename(module)]
  if not found then return false end
  for _, value in pairs(module) do
    if type(value) == 'function' then return false end
  end
  return found
end

-- -- Batch normalisation ----------------------------------------------------------------------------------------

local function two() return 2 end
local function four() return 4 end
local function five() return 5 end
local function by_kernel(module) return #module.kernel + 2 end

-- The dimensions of a batch of outputs, whose second one the bias goes along
local before_norm = {
  ['nn.Linear'] = two, ['nn.TemporalConvolution'] = two, ['nn.SpatialConvolution'] = four,
  ['nn.SpatialConvolutionMM'] = four, ['nn.SpatialDilatedConvolution'] = four, ['nn.SpatialFullConvolution'] = four,
  ['nn.VolumetricConvolution'] = five, ['nn.VolumetricDilatedConvolution'] = five,
  ['nn.VolumetricFullConvolution'] = five, ['nn.Convolution'] = by_kernel, ['nn.FullConvolution'] = by_kernel,
}

local norms = {['nn.BatchNormalization'] = true, ['nn.SpatialBatchNormalization'] = true,
               ['nn.VolumetricBatchNormalization'] = true}

-- Those whose weight has the input's planes first
local transposed = {['nn.SpatialFullConvolution'] = true, ['nn.VolumetricFullConvolution'] = true,
                    ['nn.FullConvolution'] = true}

local function outputs_of(module)
  if not is(module, transposed) then return module.weight:size(1) end
  return module.weight:size(2) * (module.groups or 1)
end

-- The weight with the taps of each output times that output's factor. The product is made in double precision, in
-- memory that does not wait for the collector.
local function scaled(module, factor)
  local weight, rows = module.weight
  local wide = torch.DoubleTensor(weight:size()):copy(weight)
  if is(module, transposed) then
    local groups = module.groups or 1
    rows = wide:view(groups, weight:size(1) / groups, weight:size(2), -1)
    factor = factor:view(groups, 1, weight:size(2), 1)
  else
    rows = wide:view(factor:nElement(), -1)
    factor = factor:view(-1, 1)
  end
  rows:cmul(factor:expandAs(rows)):set()
  local out = weight.new(weight:size()):copy(wide)
  wide:set()
  return out
end

-- A module followed by batch normalisation as a module of the first one's class, or nil where that cannot be.
local function fold(module, norm)
  local dims = is(norm, norms) and not module.activation and is(module, before_norm)
  if not dims or dims(module) ~= norm.nDim or outputs_of(module) ~= norm.running_mean:nElement() then return nil end
  local factor = torch.add(norm.running_var:double(), norm.eps):rsqrt()
  if norm.weight then factor:cmul(norm.weight:double()) end
  local bias = torch.cmul(norm.running_mean:double(), factor):mul(-1)
  if module.bias then bias:addcmul(module.bias:double(), factor) end
  if norm.bias then bias:add(norm.bias:double()) end
  return twin.variant(module, {weight = scaled(module, factor), bias = bias:type(module.weight:type())})
end

-- -- Rectifiers -------------------------------------------------------------------------------------------------

-- Those that rectify what they store
local rectifying = {
  ['nn.SpatialConvolution'] = true, ['nn.SpatialConvolutionMM'] = true, ['nn.SpatialDilatedConvolution'] = true,
  ['nn.SpatialDepthWiseConvolution'] = true, ['nn.VolumetricConvolution'] = true,
  ['nn.VolumetricDilatedConvolution'] = true, ['nn.Convolution'] = true, ['nn.TemporalConvolution'] = true,
  ['nn.TemporalRowConvolution'] = true, ['nn.CAddTable'] = true,
}

-- Those whose output is memory of their own, that nobody reads but the next module
local owning = {
  ['nn.Linear'] = true, ['nn.SpatialFullConvolution'] = true, ['nn.VolumetricFullConvolution'] = true,
  ['nn.FullConvolution'] = true, ['nn.BatchNormalization'] = true, ['nn.SpatialBatchNormalization'] = true,
  ['nn.VolumetricBatchNormalization'] = true,
}

local rectifiers = {['nn.ReLU'] = true, ['nn.Threshold'] = true}

local function is_relu(module) return is(module, rectifiers) and module.threshold == 0 and module.val == 0 end

-- A module followed by a rectifier as one or two modules, or nil
local function rectify(module, relu)
  if not is_relu(relu) then return nil end
  if is(module, rectifying) then return twin.variant(module, {activation = 'relu'}) end
  if is(module, owning) and not relu.inplace then
    return twin.variant(module, {}), twin.variant(relu, {inplace = true})
  end
end

-- -- Chains -----------------------------------------------------------------------------------------------------

local dropouts = {['nn.Dropout'] = true, ['nn.SpatialDropout'] = true, ['nn.VolumetricDropout'] = true}
local identities = {['nn.Identity'] = true}

-- Whether a module does nothing when evaluating.
local function is_nothing(module)
  if is(module, identities) then return true end
  return is(module, dropouts) and not module.stochastic_inference and (module.v2 or module.p == 0)
end

-- What two modules in a row become: one or two modules, or nil where nothing changes. Modules that stand at
-- several places together stay one there.
local function join(work, first, second)
  local known = work.joined[first] or {}
  work.joined[first] = known
  if not known[second] then
    local folded = fold(first, second)
    known[second] = folded and {folded} or {rectify(first, second)}
  end
  return unpack(known[second])
end

local containers = {}

-- Looks into a module, where that is known to run its modules by themselves.
local function look_into(work, module)
  if work.seen[module] then return end
  work.seen[module] = true
  if is(module, containers) then containers[torch.typename(module)](work, module) end
end

local function each(work, container)
  for _, module in ipairs(container.modules) do look_into(work, module) end
end

for _, name in ipairs {'Concat', 'DepthConcat', 'ConcatTable', 'Parallel', 'ParallelTable'} do
  containers['nn.' .. name] = each
end

local sequential = {['nn.Sequential'] = true}

-- Adds a module to a chain.
local function append(work, chain, module)
  if is(module, sequential) then
    for _, inner in ipairs(module.modules) do append(work, chain, inner) end
  elseif not is_nothing(module) then
    local n = #chain
    local first, second
    if n > 0 then first, second = join(work, chain[n], module) end
    if first then chain[n], chain[n + 1] = first, second else chain[n + 1] = module end
  end
end

containers['nn.Sequential'] = function(work, container)
  each(work, container)
  local chain = {}
  for _, module in ipairs(container.modules) do append(work, chain, module) end
  container.modules = #chain > 0 and chain or {nn.Identity():type(container:type())}
end

--- nn.utils.fuse(net): a net for inference that gives what net gives after net:evaluate(), but for rounding, and
-- sooner. In chains (nn.Sequential, nn.gModule), also within nn.Concat, DepthConcat, ConcatTable, Parallel and
-- ParallelTable,
--   - batch normalisation behind nn.Linear or a convolution becomes part of its weight and bias;
--   - nn.ReLU behind a convolution or nn.CAddTable is done while that stores its outputs (its activation is 'relu');
--   - nn.Identity and nn.Dropout are left out.
-- What convolutions and products lay out of its weights is kept from one forward to the next, until the weights are
-- written to: more memory, less time, above all for small batches. (Writes through torch.data's pointer go unnoticed.)
-- The given net stays as it is. The new one shares the memory of its parameters, but of those that change; the latter
-- do not follow when net is trained further. It has gradients by its input (updateGradInput), but none by its
-- parameters: accGradParameters refuses. Other containers, and modules with methods of their own, are copied as they
-- are.
--   fast = nn.utils.fuse(net)
--   y = fast:forward(x)
function utils.fuse(net)
  local out = twin.of(net)
  out:evaluate()
  look_into({seen = {}, joined = {}}, out)
  for _, parameter in ipairs(out:parameters() or {}) do handle.keep(parameter) end
  return out
end

return {containers = containers, join = join, is_nothing = is_nothing, look_into = look_into}
