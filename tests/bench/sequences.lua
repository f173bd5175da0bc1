--- Attention, recurrent nets and Transformers on float32, with random weights. A step: forward, backward and a step of
-- plain gradient descent.
local torch = require 'torch'
local autograd = require 'autograd'
require 'nn'

local goal = 0.9
local F = torch.F

local function heads(B, H, T, D) return torch.FloatTensor(B, H, T, D):normal() end

local function attention(name, B, H, T, S, D, causal, back)
  return {name = name, goal = goal, make = function(pick)
    B = pick(B, 1)
    local q, k, v = heads(B, H, T, D), heads(B, H, S, D), heads(B, H, S, D)
    local g = heads(B, H, T, D)
    local function forward() return (F.attention({q, k, v}, nil, causal)) end
    if not back then return forward end
    return function()
      local tape, y = autograd.record({q, k, v}, forward)
      tape:grad(y, {q, k, v}, g, false)
      tape:clear(true)
    end
  end}
end

-- A step of net with a criterion.
local function step_of(net, criterion, input, target)
  return function()
    net:zeroGradParameters()
    local loss = criterion:forward(net:forward(input), target)
    net:backward(input, criterion:backward(net.output, target))
    net:updateParameters(1e-3)
    return loss
  end
end

local function lstm_step(pick)
  local T, N = pick(50, 3), pick(32, 2)
  local net = nn.Sequential():add(nn.LSTMLayer(256, 256, 2))
  return step_of(net, nn.MSECriterion(), torch.randn(T, N, 256), torch.randn(T, N, 256))
end

local function places(n, ...) return torch.LongTensor(...):random(1, n) end

local function char_step(pick)
  local T, N, V, H = pick(50, 3), pick(50, 2), 65, 128
  local net = nn.Sequential():add(nn.LookupTable(V, H)):add(nn.LSTMLayer(H, H, 2))
  net:add(nn.View(-1, H)):add(nn.Linear(H, V))
  return step_of(net, nn.CrossEntropyCriterion(), places(V, T, N), places(V, T * N))
end

local function encoder_step(pick)
  local B, T, E = pick(16, 2), pick(128, 4), 256
  local net = nn.Sequential()
  for _ = 1, 4 do net:add(nn.TransformerEncoderLayer(E, 8, 4 * E)) end
  return step_of(net, nn.MSECriterion(), torch.randn(B, T, E), torch.randn(B, T, E))
end

-- The layers of a GPT.
local function gpt(V, length, E, layers, head_count)
  local net = nn.Sequential():add(nn.LookupTable(V, E)):add(nn.LearnedPositions(length, E))
  local how = {preNorm = true, causal = true, activation = 'gelu_tanh'}
  for _ = 1, layers do net:add(nn.TransformerEncoderLayer(E, head_count, 4 * E, how)) end
  return net:add(nn.LayerNorm(E)):add(nn.View(-1, E)):add(nn.Linear(E, V, false))
end

local function gpt_step(pick)
  local B, T, V = pick(16, 2), pick(128, 4), 65
  return step_of(gpt(V, T, 256, 4, 8), nn.CrossEntropyCriterion(), places(V, B, T), places(V, B * T))
end

local function gpt2(pick)
  local net = gpt(pick(50257, 20), 1024, pick(768, 24), pick(12, 2), 12)
  net:evaluate()
  return net, net:get(1).weight:size(1)
end

local function gpt2_forward(pick)
  local net, V = gpt2(pick)
  local x = places(V, 1, pick(256, 4))
  return function() return net:forward(x) end
end

-- A token at a time: each module but the layers sees one, and these have caches.
local function gpt2_decode(pick)
  local net, V = gpt2(pick)
  local tokens, count = places(V, 1, 32), pick(32, 3)
  return function()
    local caches, y = {}, nil
    for t = 1, count do
      local x = net:get(2):forward({net:get(1):forward(tokens:narrow(2, t, 1)), offset = t - 1})
      for i = 3, net:size() - 3 do
        caches[i] = caches[i] or {}
        x = net:get(i):forward({x, cache = caches[i]})
      end
      for i = net:size() - 2, net:size() do x = net:get(i):forward(x) end
      y = x
    end
    return y
  end
end

return {
  attention('attention 16x4x128x32', 16, 4, 128, 128, 32),
  attention('attention 16x8x128x64 causal', 16, 8, 128, 128, 64, true),
  attention('attention 1x12x256x64 causal', 1, 12, 256, 256, 64, true),
  attention('attention 1x12x1x64 to 300', 1, 12, 1, 300, 64),
  attention('attention 16x4x128x32 step', 16, 4, 128, 128, 32, false, true),
  attention('attention 16x8x128x64 causal step', 16, 8, 128, 128, 64, true, true),
  attention('attention 1x12x256x64 causal step', 1, 12, 256, 256, 64, true, true),
  {name = 'LSTM 2x256 T50 B32 step', goal = goal, make = lstm_step},
  {name = 'char-rnn 2x128 T50 B50 step', goal = goal, make = char_step},
  {name = 'Transformer encoder 4x256 T128 B16 step', goal = goal, make = encoder_step},
  {name = 'GPT 4x256 T128 B16 step', goal = goal, make = gpt_step},
  {name = 'GPT-2 small T256 forward', goal = goal, make = gpt2_forward},
  {name = 'GPT-2 small 32 tokens', goal = goal, make = gpt2_decode},
}
