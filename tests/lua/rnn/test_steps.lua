--- Modules that take one step a forward, and decorators that run them over sequences: gradients through time by
-- differences, and what is kept from step to step.
local t = require 'harness'
local torch = require 'torch'
local gradients = require 'nn.gradients'
require 'rnn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(6)

local T, N, D, H = 4, 3, 3, 2

local function steps(n, ...)
  local list = {}
  for i = 1, n or T do list[i] = torch.randn(...) end
  return list
end

local function input(n) return steps(n, N, D) end

local function merge() return nn.Sequential():add(nn.CAddTable()):add(nn.Tanh()) end

local function step_net()
  local both = nn.ParallelTable():add(nn.Linear(D, H)):add(nn.Linear(H, H))
  return nn.Sequential():add(both):add(merge())
end

local makers = {
  Recurrent = function() return nn.Recurrent(H, nn.Linear(D, H), nn.Linear(H, H), nn.Tanh()) end,
  LSTM = function() return nn.LSTM(D, H) end,
  ['LSTM whose gates do not see the cell'] = function() return nn.LSTM(D, H, nil, false) end,
  FastLSTM = function() return nn.FastLSTM(D, H) end,
  GRU = function() return nn.GRU(D, H) end,
  MuFuRu = function() return nn.MuFuRu(D, H, {'keep', 'replace', 'mul', 'diff', 'forget', 'max', 'min'}) end,
  Recurrence = function() return nn.Recurrence(step_net(), H, 1) end,
  ['Recursor with two memories'] = function()
    return nn.Recursor(nn.Sequential():add(nn.LSTM(D, H)):add(nn.GRU(H, H)):add(nn.Linear(H, 2)))
  end,
  ['LSTM, masked'] = function() return nn.LSTM(D, H):maskZero(1) end,
  ['GRU, trimmed'] = function() return nn.GRU(D, H):trimZero(1) end,
  ['FastLSTM as a graph'] = function()
    local settings = torch.getmetatable('nn.FastLSTM')
    settings.usenngraph = true
    local module = nn.FastLSTM(D, H)
    settings.usenngraph = false
    return module
  end,
}

for name, make in pairs(makers) do
  t.test(name .. ': gradients through time', function()
    local net, x, g = nn.Sequencer(make()), torch.randn(3, N, D), torch.randn(3, N, H)
    t.near(gradients.of_module(net, input(3)), 0, 1e-7)
    net:forward(x)
    local by_tensor = net:backward(x, g):clone()
    local split, split_g = nn.SplitTable(1):forward(x), nn.SplitTable(1):forward(g)
    net:forward(split)
    t.near((torch.cat(net:backward(split, split_g), 1):viewAs(x) - by_tensor):abs():max(), 0, 1e-12, 'tensor')
  end)

  t.test(name .. ': the same when evaluating, after forget and after a copy', function()
    local net, x = nn.Sequencer(make()), torch.randn(T, N, D)
    local out = net:forward(x):clone()
    t.near((net:forward(x) - out):abs():max(), 0)
    t.near((net:clone():forward(x) - out):abs():max(), 0)
    net:evaluate()
    t.near((net:forward(x) - out):abs():max(), 0)
    net:clearState()
    t.near((net:forward(x) - out):abs():max(), 0)
    t.near((net:float():forward(x:float()):double() - out):abs():max(), 0, 1e-5)
  end)
end

t.test('BiSequencer, BiSequencerLM, Repeater: gradients', function()
  t.near(gradients.of_module(nn.BiSequencer(nn.GRU(D, H), nn.LSTM(D, H)), input()), 0, 1e-7)
  t.near(gradients.of_module(nn.BiSequencer(nn.GRU(D, H), nil, nn.CAddTable()), input()), 0, 1e-7)
  t.near(gradients.of_module(nn.BiSequencerLM(nn.GRU(D, H)), input()), 0, 1e-7)
  t.near(gradients.of_module(nn.Repeater(nn.LSTM(D, H), 3), torch.randn(N, D)), 0, 1e-7)
end)

t.test('a step of BiSequencerLM does not see its own input', function()
  local net, x = nn.BiSequencerLM(nn.GRU(D, H)), input()
  local before = net:forward(x)[2]:clone()
  x[2]:add(1)
  t.eq((net:forward(x)[2] - before):abs():max(), 0)
  x[1]:add(1)
  t.ok((net:forward(x)[2] - before):abs():max() > 0, 'it sees the others')
end)

t.test('remember goes on where the last sequence ended', function()
  for _, make in ipairs {makers.LSTM, makers.GRU, makers.Recurrence} do
    local net, x = nn.Sequencer(make()), torch.randn(6, N, D)
    local whole = net:forward(x):clone()
    net:remember 'both'
    net:forget()
    local first = net:forward(x:narrow(1, 1, 2)):clone()
    t.near((torch.cat(first, net:forward(x:narrow(1, 3, 4)), 1) - whole):abs():max(), 0)
    net:evaluate()
    first = net:forward(x:narrow(1, 1, 2)):clone()
    t.near((torch.cat(first, net:forward(x:narrow(1, 3, 4)), 1) - whole):abs():max(), 0)
    net:remember 'train'
    net:forget()
    net:forward(x)
    t.near((net:forward(x) - whole):abs():max(), 0)
  end
  t.raises("expected 'both'", nn.Sequencer(nn.LSTM(D, H)).remember, nn.Sequencer(nn.LSTM(D, H)), 'always')
end)

t.test('steps share parameters and gradients, also in copies of the module', function()
  local net = nn.Sequencer(nn.LSTM(D, H))
  net:forward(input())
  for _, module in ipairs {net, net:clone(), net:sharedClone()} do
    local flat, flat_grads = module:getParameters()
    flat:fill(0.5)
    flat_grads:fill(2)
    local lstm = module.module
    t.ok(lstm.sharedClones[T], 'a clone for each step')
    for i = 1, T do
      local p, g = lstm.sharedClones[i]:parameters()
      for k = 1, #p do t.eq({p[k]:min(), g[k]:max()}, {0.5, 2}) end
    end
  end
end)

t.test('only rho steps are kept', function()
  local lstm = nn.LSTM(D, H, 3)
  for _ = 1, 20 do lstm:forward(torch.randn(N, D)) end
  local clones = 0
  for _ in pairs(lstm.sharedClones) do clones = clones + 1 end
  t.eq(clones, 4)
  t.eq(lstm.outputs[20 - 5], nil)
end)

t.test('hidden states can be read and set', function()
  local lstm, x = nn.LSTM(D, H), input()
  for i = 1, T do lstm:forward(x[i]) end
  local state = lstm:getHiddenState(2)
  local other = nn.LSTM(D, H)
  for i, p in ipairs((other:parameters())) do p:copy(lstm:parameters()[i]) end
  other:setHiddenState(0, state)
  t.near((other:forward(x[3]) - lstm.outputs[3]):abs():max(), 0)
  t.raises('expected {output, cell}', lstm.setHiddenState, lstm, 0, {torch.ones(1)})
end)

t.test('NormStabilizer pulls norms together', function()
  local net, x = nn.Sequencer(nn.NormStabilizer(0.7)), torch.randn(T, N, D)
  local function loss()
    local sum = 0
    for i = 2, T do sum = sum + (x[i]:norm(2, 2) - x[i - 1]:norm(2, 2)):pow(2):mean() end
    return 0.7 * sum
  end
  t.eq((net:forward(x) - x):abs():max(), 0)
  local g = net:backward(x, torch.zeros(T, N, D)):clone()
  t.near(gradients.worst_gap(x, g, loss), 0, 1e-7)
  t.near(net.module:updateLoss(), loss() / T)
end)

t.test('lazy dropout draws once for a sequence', function()
  local net = nn.Sequencer(nn.Dropout(0.5, false, false, true))
  local x = torch.ones(T, N, 20)
  local out = net:forward(x):clone()
  for i = 2, T do t.eq((out[i] - out[1]):abs():max(), 0) end
  t.eq((net:backward(x, x) - out):abs():max(), 0)
  t.ok((net:forward(x) - out):abs():max() > 0, 'another sequence has another draw')
  out = nn.Dropout(0.5, false, false, true, true):forward(torch.ones(N, 20))
  t.eq((out[1] - out[N]):abs():max(), 0)
  local plain = nn.Sequencer(nn.Dropout(0.5)):forward(x)
  t.ok((plain[1] - plain[2]):abs():max() > 0, 'plain dropout draws each step')
end)

t.test('LSTM and GRU with dropout inside', function()
  for _, module in ipairs {nn.LSTM(D, H, nil, true, 0.3), nn.FastLSTM(D, H, nil, nil, nil, nil, 0.3),
                           nn.GRU(D, H, nil, 0.3, true)} do
    local worst = gradients.of_module(nn.Sequencer(module), torch.randn(T, N, D), function(net, x)
      torch.manualSeed(9)
      return net:forward(x)
    end)
    t.near(worst, 0, 1e-7, torch.type(module))
  end
end)

t.test('RecurrentAttention looks where the last output says, and learns by rewards', function()
  local look = nn.Sequential():add(nn.ParallelTable():add(nn.Linear(D, H)):add(nn.Linear(2, H))):add(merge())
  local action = nn.Sequential():add(nn.Linear(H, 2)):add(nn.ReinforceNormal(0.3))
  local net, x = nn.RecurrentAttention(look, action, 3, {H}), torch.randn(N, D)
  local out = net:forward(x)
  t.eq(#out, 3)
  t.eq(out[3]:size():totable(), {N, H})
  net:zeroGradParameters()
  net:reinforce(torch.ones(N))
  local g = net:backward(x, steps(3, N, H))
  t.eq(g:size():totable(), {N, D})
  t.ok(action:get(1).gradWeight:norm() > 0, 'the action learns')
  net:evaluate()
  out = net:forward(x)
  t.ok((out[1] - out[2]):abs():max() > 0, 'evaluating, each step has an output of its own')
end)

t.test('misuse is named', function()
  local lstm, x = nn.LSTM(D, H), torch.randn(N, D)
  t.raises('no step to go back through', lstm.backward, lstm, x, torch.randn(N, H))
  lstm:forward(x)
  t.raises('that updateGradInput has not', lstm.accGradParameters, lstm, x, torch.randn(N, H))
  t.raises('step by step', lstm.backwardThroughTime, lstm)
  t.raises('use nn.Recurrence', function() makers.Recurrent():maskZero(1) end)
  t.raises('has to be made with mono', function() nn.GRU(D, H, nil, 0.5):trimZero(1) end)
  t.raises('expected a table or a tensor of steps', function() nn.Sequencer(nn.LSTM(D, H)):forward(3) end)
  local net = nn.Sequencer(nn.LSTM(D, H))
  net:forward(input())
  t.raises('expected gradOutput as a table of 4 steps', net.backward, net, input(), steps(3, N, H))
  t.raises('gates together', function() nn.FastLSTM(D, H):buildGate() end)
end)
