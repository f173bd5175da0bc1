--- nn.utils.fuse: fused nets give what the given ones give when evaluating.
local t = require 'harness'
local torch = require 'torch'
local nn = require 'nn'
local handle = require 'torch.handle'
require 'nngraph'
package.path = 'tests/bench/?.lua;' .. package.path
local nets = require 'nets'

local function chain(...)
  local s = nn.Sequential()
  for _, m in ipairs {...} do s:add(m) end
  return s
end

-- Batch normalisation as after training: no value is what it was at first.
local function trained(net)
  for _, m in ipairs(net:listModules()) do
    if m.running_mean then
      m.running_mean:uniform(-1, 1)
      m.running_var:uniform(0.5, 2)
      if m.weight then m.weight:uniform(-2, 2) end
      if m.bias then m.bias:uniform(-1, 1) end
    end
  end
  return net
end

local function flat(x, list)
  list = list or {}
  if torch.isTensor(x) then list[#list + 1] = x:clone() else for _, y in ipairs(x) do flat(y, list) end end
  return list
end

local function alike(got, expected, tolerance)
  got, expected = flat(got), flat(expected)
  t.eq(#got, #expected)
  for i, y in ipairs(expected) do
    t.eq(got[i]:size():totable(), y:size():totable())
    local apart = y:nElement() > 0 and (got[i] - y):abs():max() / (1 + y:clone():abs():max()) or 0
    t.eq(apart <= tolerance, true, ('outputs are %g apart'):format(apart))
  end
end

local function names(net)
  local list = {}
  for _, m in ipairs(net:listModules()) do
    if not m.modules then list[#list + 1] = torch.typename(m):gsub('^nn%.', '') .. (m.activation and '+' or '') end
  end
  return table.concat(list, ' ')
end

-- The fused net, in both types, against the evaluated one; also after saving and loading.
local function check(net, x, expected_names)
  for _, type in ipairs {'torch.FloatTensor', 'torch.DoubleTensor'} do
    net:type(type)
    local input = nn.utils.recursiveType(torch.isTensor(x) and x:clone() or x, type)
    local fused = nn.utils.fuse(net)
    net:evaluate()
    local expected, tolerance = flat(net:forward(input)), type == 'torch.FloatTensor' and 3e-5 or 1e-12
    alike(fused:forward(input), expected, tolerance)
    alike(fused:clone():forward(input), expected, tolerance)
    alike(net:forward(input), expected, 0)
    if expected_names then t.eq(names(fused), expected_names) end
    net:training()
    t.eq(fused.train, false)
  end
end

local function bn(n) return nn.BatchNormalization(n) end
local function bn2(n) return nn.SpatialBatchNormalization(n) end
local function bn3(n) return nn.VolumetricBatchNormalization(n) end

local image, volume = torch.randn(2, 4, 9, 8), torch.randn(2, 4, 5, 6, 7)

-- Each layer, followed by normalisation and a rectifier.
local layers = {
  {nn.Linear(5, 6), bn(6), torch.randn(3, 5), 'Linear ReLU'},
  {nn.Linear(5, 6, false), bn(6), torch.randn(3, 5), 'Linear ReLU'},
  {nn.SpatialConvolution(4, 6, 3, 2, 1, 2, 1, 0), bn2(6), image, 'SpatialConvolution+'},
  {nn.SpatialConvolution(4, 6, 3, 3):noBias(), bn2(6), image, 'SpatialConvolution+'},
  {nn.SpatialConvolution(4, 6, 3, 3), bn2(6), torch.randn(4, 9, 8), 'SpatialConvolution+'},
  {nn.SpatialConvolution(4, 6, 3, 3), nn.SpatialBatchNormalization(6, 1e-2, 0.1, false), image,
   'SpatialConvolution+'},
  {nn.SpatialConvolutionMM(4, 6, 3, 3), bn2(6), image, 'SpatialConvolutionMM+'},
  {nn.SpatialDilatedConvolution(4, 6, 3, 3, 1, 1, 2, 2, 2, 2), bn2(6), image, 'SpatialDilatedConvolution+'},
  {nn.Convolution(4, 6, {3, 3}, 1, 1, 1, 2), bn2(6), image, 'Convolution+'},
  {nn.Convolution(4, 4, {3, 3}, 2, 1, 2, 4), bn2(4), image, 'Convolution+'},
  {nn.Convolution(4, 6, {2, 3, 1}, 1, 1, 1, 2), bn3(6), volume, 'Convolution+'},
  {nn.VolumetricConvolution(4, 6, 2, 3, 3), bn3(6), volume, 'VolumetricConvolution+'},
  {nn.VolumetricDilatedConvolution(4, 6, 2, 2, 2, 1, 1, 1, 1, 1, 1, 2, 2, 2), bn3(6), volume,
   'VolumetricDilatedConvolution+'},
  {nn.SpatialFullConvolution(4, 6, 3, 3, 2, 2, 1, 1, 1, 0), bn2(6), image, 'SpatialFullConvolution ReLU'},
  {nn.SpatialFullConvolution(4, 6, 3, 3):noBias(), bn2(6), image, 'SpatialFullConvolution ReLU'},
  {nn.FullConvolution(4, 6, {3, 3}, 2, 1, 1, 1, 2), bn2(6), image, 'FullConvolution ReLU'},
  {nn.VolumetricFullConvolution(4, 6, 2, 3, 2, 2, 1, 2), bn3(6), volume, 'VolumetricFullConvolution ReLU'},
  {nn.TemporalConvolution(5, 6, 3), bn(6), torch.randn(8, 5), 'TemporalConvolution+'},
  {nn.TemporalConvolution(5, 6, 3), nn.Identity(), torch.randn(2, 8, 5), 'TemporalConvolution+'},
  {nn.TemporalRowConvolution(5, 3), nn.Identity(), torch.randn(2, 8, 5), 'TemporalRowConvolution+'},
  {nn.SpatialDepthWiseConvolution(4, 2, 3, 3), nn.Identity(), image, 'SpatialDepthWiseConvolution+'},
}

for i, layer in ipairs(layers) do
  t.test(('layer %d, %s'):format(i, torch.typename(layer[1])), function()
    check(trained(chain(layer[1], layer[2], nn.ReLU())), layer[3], layer[4])
  end)
end

t.test('what does not go together stays apart', function()
  check(trained(chain(bn2(4), nn.ReLU(), nn.SpatialConvolution(4, 6, 3, 3), nn.ReLU(), bn2(6))), image,
        'SpatialBatchNormalization ReLU SpatialConvolution+ SpatialBatchNormalization')
  check(trained(chain(nn.SpatialConvolution(4, 6, 3, 3), nn.SpatialMaxPooling(2, 2), bn2(6), nn.Threshold(0.1, 0))),
        image, 'SpatialConvolution SpatialMaxPooling SpatialBatchNormalization Threshold')
  check(trained(chain(nn.TemporalRowConvolution(5, 3), bn(5), nn.Threshold(0, 0))), torch.randn(8, 5),
        'TemporalRowConvolution BatchNormalization Threshold')
end)

t.test('dropout', function()
  check(chain(nn.Linear(5, 4), nn.Dropout(0.3), nn.ReLU(), nn.Dropout(0.2, true)), torch.randn(3, 5),
        'Linear ReLU Dropout')
  check(chain(nn.SpatialConvolution(4, 6, 3, 3), nn.SpatialDropout(0.3), nn.SpatialDropout(0), nn.ReLU()), image,
        'SpatialConvolution SpatialDropout ReLU')
  check(chain(nn.Dropout(0.5), nn.Identity()), image, 'Identity')
  local drawing = nn.utils.fuse(chain(nn.Linear(5, 400), nn.Dropout(0.5, false, false, true)))
  t.eq(drawing:forward(torch.ones(5)):eq(0):sum() > 0, true)
end)

t.test('containers', function()
  local function part(n) return chain(nn.SpatialConvolution(4, n, 3, 3, 1, 1, 1, 1), bn2(n), nn.ReLU(true)) end
  local function list() return {image:clone(), image:clone()} end
  check(trained(nn.Concat(2):add(part(3)):add(chain(part(4), nn.Dropout())):add(nn.Identity())), image,
        'SpatialConvolution+ SpatialConvolution+ Identity')
  check(trained(nn.DepthConcat(2):add(part(3)):add(chain(part(2), nn.SpatialMaxPooling(3, 3)))), image,
        'SpatialConvolution+ SpatialConvolution+ SpatialMaxPooling')
  check(trained(nn.ConcatTable():add(part(3)):add(nn.ConcatTable():add(part(2)):add(nn.Dropout()))), image,
        'SpatialConvolution+ SpatialConvolution+ Dropout')
  check(trained(nn.ParallelTable():add(part(3)):add(part(4))), list(), 'SpatialConvolution+ SpatialConvolution+')
  check(trained(nn.Parallel(1, 1):add(part(3)):add(part(3))), image, 'SpatialConvolution+ SpatialConvolution+')
  check(trained(chain(chain(chain(nn.SpatialConvolution(4, 3, 3, 3)), nn.Identity()), chain(bn2(3), chain(nn.ReLU())))),
        image, 'SpatialConvolution+')
  check(trained(nn.Bottle(chain(nn.Linear(8, 3), bn(3)))), image)
  check(trained(nn.MapTable(part(3))), list())
end)

t.test('residual blocks', function()
  local function block(...)
    return chain(nn.SpatialConvolution(4, 4, 1, 1), nn.ConcatTable():add(chain(
      nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1), bn2(4))):add(nn.Identity()), nn.CAddTable(...), nn.ReLU(true))
  end
  local expected = 'SpatialConvolution SpatialConvolution Identity CAddTable+'
  check(trained(block()), image, expected)
  check(trained(block(true)), image, expected)
  local three = nn.ConcatTable():add(nn.Linear(5, 3)):add(nn.Linear(5, 3)):add(nn.Linear(5, 3))
  check(chain(three, nn.CAddTable(), nn.ReLU()), torch.randn(2, 5))
  check(chain(nn.ConcatTable():add(nn.Linear(5, 3)), nn.CAddTable(), nn.ReLU()), torch.randn(2, 5))
end)

t.test('a module at several places', function()
  local conv, norm, relu = nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1), bn2(4), nn.ReLU()
  local block = chain(conv, norm, relu)
  check(trained(chain(block, chain(conv, norm), block, conv, relu, conv)), image)
  local fused = nn.utils.fuse(chain(block, block))
  t.eq(rawequal(fused:get(1), fused:get(2)), true)
  local point = nn.SpatialConvolution(4, 4, 1, 1)
  check(trained(nn.ConcatTable():add(chain(conv, norm, nn.Tanh())):add(chain(point, norm, nn.Tanh()))), image)
  local linear = nn.Linear(5, 5)
  check(nn.ConcatTable():add(linear):add(chain(linear, nn.ReLU())), torch.randn(2, 5))
  local same = conv:clone('weight', 'bias')
  check(trained(nn.ConcatTable():add(chain(conv, norm)):add(same)), image)
end)

t.test('graphs', function()
  local x = nn.Identity()()
  local a = nn.ReLU(true)(bn2(6)(nn.SpatialConvolution(4, 6, 3, 3, 1, 1, 1, 1)(x)))
  local c = nn.SpatialConvolution(6, 6, 3, 3, 1, 1, 1, 1)(a)
  local b = nn.Dropout()(bn2(6)(c))
  local y = nn.ReLU()(nn.CAddTable()({a, b}))
  local z = bn2(6)(c)                               -- c has two readers
  local net = trained(nn.gModule({x}, {y, z}))
  check(net, image)
  local found = names(nn.utils.fuse(net))
  t.eq(select(2, found:gsub('SpatialBatchNormalization', '')), 2)
  t.eq(select(2, found:gsub('SpatialConvolution%+', '')), 1)
  t.eq(select(2, found:gsub('CAddTable%+', '')), 1)
  t.eq(found:find('Dropout'), nil)

  local left, right = nn.Identity()(), nn.Identity()()
  local split = {nn.SplitTable(2)(nn.Linear(5, 2)(left)):split(2)}
  local many = nn.gModule({left, right}, {nn.ReLU()(split[1]), chain(nn.Linear(3, 3), bn(3), nn.ReLU())(right),
                                           split[2]})
  check(trained(many), {torch.randn(2, 5), torch.randn(2, 3)})
  many:forward {torch.randn(2, 5), torch.randn(2, 3)}
  check(chain(nn.ParallelTable():add(nn.Identity()):add(nn.Identity()), many), {torch.randn(2, 5), torch.randn(2, 3)})
end)

t.test('modules of other makers are left alone', function()
  local Twice = torch.class('nn.TestTwice', 'nn.Sequential')
  function Twice:updateOutput(input)
    self.output = self.modules[1]:forward(input) * 2
    return self.output
  end
  local twice = nn.TestTwice():add(nn.SpatialConvolution(4, 3, 3, 3)):add(bn2(3))
  check(trained(chain(twice, nn.ReLU())), image, 'SpatialConvolution SpatialBatchNormalization ReLU')
  local own = nn.SpatialConvolution(4, 3, 3, 3)
  function own:updateOutput(input)
    self.output = input:narrow(2, 1, 3) * 3
    return self.output
  end
  check(trained(chain(own, bn2(3), nn.ReLU())), image, 'SpatialConvolution SpatialBatchNormalization ReLU')
end)

t.test('the given net stays as it is', function()
  local net = trained(nets.resnet18()):float()
  local x = torch.FloatTensor(1, 3, 224, 224):uniform()
  net:evaluate()
  local before, list = flat((net:parameters())), net:listModules()
  local output = net:forward(x):clone()
  local fused = nn.utils.fuse(net)
  alike(fused:forward(x), output, 1e-4)
  net:training()
  fused:float():double():clearState()
  t.eq(#net:listModules(), #list)
  for i, p in ipairs((net:parameters())) do alike(p, before[i], 0) end
  for _, m in ipairs(net:listModules()) do t.eq(m.train, true) end
  alike(net.output, output, 0)
end)

t.test('parameters that stay are shared', function()
  local net = chain(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3), bn(3))
  local fused = nn.utils.fuse(net)
  net:get(1).weight:fill(2)
  alike(fused:get(1).weight, net:get(1).weight, 0)
  net:get(3).weight:fill(2)
  t.eq((fused:get(3).weight - 2):abs():max() > 0.1, true)
end)

t.test('layouts of weights are kept until a weight is written to', function()
  local net = chain(nn.SpatialConvolution(16, 24, 3, 3), nn.ReLU(), nn.View(24 * 36), nn.Linear(24 * 36, 9)):float()
  net:evaluate()
  local fused, x = nn.utils.fuse(net), torch.FloatTensor(12, 16, 8, 8):normal()
  local function keeps(i) return handle.layout(fused:get(i).weight).storage.block.keeps end
  for i = 1, 2 do
    local apart = net:clone()   -- net and fused read the same memory
    for _ = 1, 2 do alike(fused:forward(x), apart:forward(x), 1e-5) end
    if i == 1 then t.eq({keeps(1), keeps(3)}, {1, 1}) end
    net:get(1).weight:mul(-2)
    net:get(4).weight:mul(3)
  end
end)

t.test('gradients: by the input they are right, by the parameters refused', function()
  local net = trained(chain(nn.SpatialConvolution(4, 6, 3, 3), bn2(6), nn.ReLU(),
    nn.ConcatTable():add(nn.SpatialConvolution(6, 6, 1, 1)):add(nn.Identity()), nn.CAddTable(), nn.ReLU(),
    nn.View(6 * 7 * 6), nn.Linear(6 * 7 * 6, 5), nn.ReLU())):double()
  net:evaluate()
  local fused, x = nn.utils.fuse(net), image:double()
  local g = net:forward(x):clone():normal()
  fused:forward(x)
  alike(fused:updateGradInput(x, g), net:updateGradInput(x, g), 1e-12)
  t.raises('nn.Linear: no room for gradients of its parameters', fused.backward, fused, x, g)
  fused:zeroGradParameters()
  local autograd = require 'autograd'
  local function loss(f) return function(y) return torch.F.sum(torch.F.mul(f:forward(y), g)) end end
  alike(autograd.grad(loss(fused))(x), autograd.grad(loss(net))(x), 1e-12)
end)

t.test('modules that add up their gradients by hand keep room for them', function()
  local net = chain(nn.LookupTable(10, 5), nn.Tanh())
  local fused, x = nn.utils.fuse(net), torch.LongTensor {1, 3}
  fused:backward(x, fused:forward(x):clone())
  net:evaluate()
  net:backward(x, net:forward(x):clone())
  net:zeroGradParameters()
  t.eq(net:get(1).gradWeight:abs():max(), 0)
end)

for _, case in ipairs {{'alexnet', 224}, {'googlenet', 224}, {'resnet50', 224}, {'vgg16', 224}, {'generator', 1, 100},
                       {'discriminator', 64}, {'dqn', 84, 4}, {'lenet', 28, 1}} do
  t.test(case[1], function()
    local net = nets[case[1]]():float()
    for _, m in ipairs(net:listModules()) do     -- mild values: the nets are deep
      if m.running_mean then
        m.running_mean:uniform(-0.1, 0.1)
        m.running_var:uniform(0.5, 1)
        m.weight:uniform(0.5, 1)
        m.bias:uniform(-0.1, 0.1)
      end
    end
    local x = torch.FloatTensor(1, case[3] or 3, case[2], case[2]):uniform(-1, 1)
    local fused = nn.utils.fuse(net)
    net:evaluate()
    local expected = net:forward(x)
    local apart = (fused:forward(x) - expected):abs():max() / expected:clone():abs():max()
    t.eq(apart < 1e-4, true, ('outputs are %g apart'):format(apart))
    t.eq(#fused:findModules('nn.SpatialBatchNormalization'), 0)
    t.eq(#fused:findModules('nn.Dropout'), 0)
  end)
end
