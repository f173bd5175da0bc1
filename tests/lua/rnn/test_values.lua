--- Layers over sequences against values that PyTorch computed (see expected/recurrent.py), each other, and a gradient
-- that a tape finds through a net unrolled by hand.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
require 'rnn'

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'rnn.expected.recurrent'
local T, N, D, H, C = 5, 3, 4, 2, 6

local function wave(k, ...)
  local x = torch.Tensor(...)
  local flat = x:view(-1)
  for i = 0, flat:size(1) - 1 do flat[i + 1] = 1.3 * math.sin(0.7 * i + k) end
  return x
end

local function check(what, got, want)
  got = got:contiguous():view(-1)
  t.eq(got:size(1), #want, what)
  for i, v in ipairs(want) do t.near(got[i], v, 1e-9, ('%s, element %d'):format(what, i)) end
end

local function near(a, b, what)
  t.eq(a:size():totable(), b:size():totable(), what)
  t.near((a - b):abs():max(), 0, 1e-10, what)
end

-- The layer's parameters become halves of the waves from 4 on.
local function set(layer)
  for i, p in ipairs((layer:parameters())) do p:copy(wave(3 + i, p:size())):div(2) end
  layer:zeroGradParameters()
  return layer
end

local function check_layer(layer, want, input)
  set(layer)
  local out = layer:forward(input)
  check('output', out, want[1])
  local grads = layer:backward(input, wave(9, T, N, H))
  local n = #grads   -- {c0, h0, x} or {h0, x}
  check('gradient of x', grads[n], want[2])
  check('gradient of h0', grads[n - 1], want[3])
  if n == 3 then check('gradient of c0', grads[1], want[4]) end
  local _, found = layer:parameters()
  for i, g in ipairs(found) do check('gradient of parameter ' .. i, g, want[n + 1 + i]) end
end

t.test('SeqLSTM gives what PyTorch does', function()
  check_layer(nn.SeqLSTM(D, H), expected.lstm, {wave(3, N, H), wave(2, N, H), wave(1, T, N, D)})
end)

t.test('SeqLSTMP gives what PyTorch does', function()
  check_layer(nn.SeqLSTMP(D, C, H), expected.projected, {wave(3, N, C), wave(2, N, H), wave(1, T, N, D)})
end)

t.test('SeqGRU gives what PyTorch does', function()
  check_layer(nn.SeqGRU(D, H), expected.gru, {wave(2, N, H), wave(1, T, N, D)})
end)

t.test('a layer with the sequence on its own starts from what the user sets, once', function()
  local layer, x = set(nn.SeqLSTM(D, H)), wave(1, T, N, D)
  layer.userPrevOutput, layer.userPrevCell = wave(2, N, H), wave(3, N, H)
  check('output', layer:forward(x), expected.lstm[1])
  check('gradient of x', layer:backward(x, wave(9, T, N, H)), expected.lstm[2])
  check('gradient of h0', layer.userGradPrevOutput, expected.lstm[3])
  check('gradient of c0', layer.userGradPrevCell, expected.lstm[4])
  t.eq(layer.userPrevOutput, nil)
end)

-- Runs a recurrent module step by step, and back.
local function by_steps(module, x, g)
  local out, grads = {}, {}
  for i = 1, T do out[i] = module:forward(x[i]):clone() end
  for i = T, 1, -1 do grads[i] = module:backward(x[i], g[i]):clone() end
  return torch.cat(out, 1):viewAs(g), torch.cat(grads, 1):viewAs(x)
end

t.test('FastLSTM, step by step, gives what PyTorch does', function()
  local module = set(nn.SeqLSTM(D, H)):toFastLSTM()
  module:zeroGradParameters()
  module.userPrevOutput, module.userPrevCell = wave(2, N, H), wave(3, N, H)
  local out, grad = by_steps(module, wave(1, T, N, D), wave(9, T, N, H))
  check('output', out, expected.lstm[1])
  check('gradient of x', grad, expected.lstm[2])
  check('gradient of h0', module.gradOutputs[0], expected.lstm[3])
  check('gradient of c0', module.gradCells[0], expected.lstm[4])
end)

t.test('GRU, step by step, gives what PyTorch does', function()
  local module = set(nn.SeqGRU(D, H)):toGRU()
  module.userPrevOutput = wave(2, N, H)
  local out, grad = by_steps(module, wave(1, T, N, D), wave(9, T, N, H))
  check('output', out, expected.gru[1])
  check('gradient of x', grad, expected.gru[2])
  check('gradient of h0', module.gradOutputs[0], expected.gru[3])
end)

-- The LSTM whose gates see the cell, written out; p: what module:parameters() gives.
local function unrolled(p, x, g)
  local h, c, sum = torch.zeros(N, H), torch.zeros(N, H), 0
  local function linear(first) return x * p[first]:t() + p[first + 1]:view(1, H):expand(N, H) + h * p[first + 2]:t() end
  local steps = x
  for i = 1, T do
    x = steps[i]
    local input = torch.sigmoid(linear(5) + torch.cmul(c, p[8]:view(1, H):expand(N, H)))
    local forget = torch.sigmoid(linear(1) + torch.cmul(c, p[4]:view(1, H):expand(N, H)))
    c = torch.cmul(forget, c) + torch.cmul(input, torch.tanh(linear(9)))
    h = torch.cmul(torch.sigmoid(linear(12) + torch.cmul(c, p[15]:view(1, H):expand(N, H))), torch.tanh(c))
    sum = torch.cmul(h, g[i]):sum() + sum
  end
  return sum
end

t.test('going back through nn.LSTM is what a tape finds through the unrolled net', function()
  torch.manualSeed(3)
  local module, x, g = nn.LSTM(D, H), wave(1, T, N, D), wave(9, T, N, H)
  local parameters, grads = module:parameters()
  module:zeroGradParameters()
  local _, grad_x = by_steps(module, x, g)
  local found = autograd.grad(function(all) return unrolled(all.p, all.x, g) end) {p = parameters, x = x}
  near(grad_x, found.x, 'x')
  for i = 1, #parameters do near(grads[i], found.p[i], 'parameter ' .. i) end
end)

t.test('a Sequencer on an open tape goes back as it does by itself', function()
  torch.manualSeed(4)
  for _, make in ipairs {nn.LSTM, nn.FastLSTM, nn.GRU, nn.SeqLSTM, nn.SeqGRU} do
    local net = make(D, H)
    if torch.isTypeOf(net, 'nn.AbstractRecurrent') then net = nn.Sequencer(net) end
    local x, g = wave(1, T, N, D), wave(9, T, N, H)
    net:forward(x)
    local want = net:backward(x, g):clone()
    local got = autograd.grad(function(at) return torch.cmul(net:forward(at), g):sum() end)(x)
    near(got, want, tostring(net))
  end
end)

t.test('layers over sequences can be differentiated twice', function()
  torch.manualSeed(5)
  local x, g, v, e = torch.randn(3, 2, D), torch.randn(3, 2, H), torch.randn(3, 2, D), 1e-5
  for _, layer in ipairs {nn.SeqLSTM(D, H), nn.SeqLSTMP(D, C, H), nn.SeqGRU(D, H)} do
    local slope = autograd.grad(function(at) return torch.cmul(layer:forward(at), g):sum() end)
    local hv = autograd.grad(function(at) return torch.cmul(slope(at), v):sum() end)(x)
    local differences = (slope(x + v * e) - slope(x - v * e)) / (2 * e)
    t.near((hv - differences):abs():max(), 0, 1e-8, torch.type(layer))
  end
end)
