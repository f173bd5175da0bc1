--- Attention: nn.ScaledDotProductAttention, nn.MultiheadAttention, nn.RelativeMultiheadAttention,
-- nn.AdditiveAttention. Batches come first: B samples of T queries and S keys. Masks are ByteTensors in which 0 hides
-- a key, of sizes that are spread to B×H×T×S (H heads); a query from which all is hidden gives 0.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local positions = require 'nn.positions'
local scratch = require 'nn.scratch'
local utils = require 'nn.utils'

local F = op.F

local function describe(x) return handle.is_tensor(x) and sizes.text(x) or torch.type(x) end

local function check_probability(self, p)
  if type(p) ~= 'number' or not (p >= 0 and p < 1) then
    errors.fail('%s: expected a probability dropout with 0 <= p < 1, got %s', torch.type(self), tostring(p))
  end
  return p
end

-- The arguments of dropout of F.attention: while training, p and a seed, which stays when a forward is run once more
-- for backward's sake.
local function dropping(self)
  if not self.train or self.dropout == 0 then return 0 end
  if not (leaf.is_again(self) and self.seed) then self.seed = torch.random() end
  return self.dropout, self.seed
end

-- -- Scaled dot products ----------------------------------------------------------------------------------------

--- nn.ScaledDotProductAttention([options]): softmax(scale·q kᵀ + bias) v of {q, k, v[, bias]}, B×H×T×D,
-- B×H×S×D and B×H×S×E, or all without heads, B×T×D. The field mask of the input may hold a mask. options:
-- scale (1/√D); causal: query i sees keys up to i + S − T; dropout, of the weights. Scores take no memory: see
-- torch.F.attention.
-- Source: Vaswani et al., "Attention Is All You Need", 2017 (arXiv:1706.03762).
--   nn.ScaledDotProductAttention({causal = true}):forward({torch.randn(2, 4, 5, 8), torch.randn(2, 4, 5, 8),
--                                                          torch.randn(2, 4, 5, 8)})   -- 2x4x5x8
local Scaled, parent = torch.class('nn.ScaledDotProductAttention', 'nn.Module')

function Scaled:__init(options)
  parent.__init(self)
  options = options or {}
  self.scale, self.causal, self.train = options.scale, options.causal or false, true
  self.dropout = check_probability(self, options.dropout or 0)
end

function Scaled:compute(input)
  local list = type(input) == 'table' and {input[1], input[2], input[3], input[4]} or {}
  for i = 1, 3 do
    if not handle.is_tensor(list[i]) then
      errors.fail('%s: expected {queries, keys, values[, bias]}, got %s as number %d', torch.type(self),
                  describe(list[i]), i)
    end
  end
  local heads = list[1]:dim() == 4
  if not heads then
    for i = 1, 3 do list[i] = F.unsqueeze(list[i], 1) end
  end
  local out = F.attention(list, self.scale, self.causal, input.mask, dropping(self))
  return heads and out or F.squeeze(out, 1)
end

-- -- Many heads -------------------------------------------------------------------------------------------------

--- nn.MultiheadAttention(size, heads[, options]): attention of heads parts of what queries, keys and values,
-- B×T×size, are projected to; the parts are joined and projected once more. Input: x, which looks at itself, or
-- {queries, others}, or {queries, keys, values[, bias]}, bias spread to B×H×T×S. Fields of a table: mask; cache, a
-- table (empty at first) for decoding step by step: keys and values of what came before are kept in it, so that x is
-- only what is new; where the queries look at others, those are projected once. Through a cache no gradient flows.
-- options: causal, dropout (of the weights), bias: false for none. Parameters have PyTorch's sizes: weight 3·size ×
-- size and bias, for queries, keys and values; outWeight, outBias.
-- Source: Vaswani et al., "Attention Is All You Need", 2017 (arXiv:1706.03762).
--   nn.MultiheadAttention(32, 4, {causal = true}):forward(torch.randn(2, 5, 32))   -- 2x5x32
local Multihead = torch.class('nn.MultiheadAttention', 'nn.Module')

function Multihead:__init(size, heads, options)
  parent.__init(self)
  options = options or {}
  if type(size) ~= 'number' or type(heads) ~= 'number' or heads < 1 or size % heads ~= 0 then
    errors.fail('%s: expected a size that %s heads divide, got %s', torch.type(self), tostring(heads), tostring(size))
  end
  self.size, self.heads, self.causal, self.train = size, heads, options.causal or false, true
  self.dropout = check_probability(self, options.dropout or 0)
  self.weight, self.gradWeight = torch.Tensor(3 * size, size), torch.zeros(3 * size, size)
  self.outWeight, self.gradOutWeight = torch.Tensor(size, size), torch.zeros(size, size)
  if options.bias ~= false then
    self.bias, self.gradBias = torch.Tensor(3 * size), torch.zeros(3 * size)
    self.outBias, self.gradOutBias = torch.Tensor(size), torch.zeros(size)
  end
  self:reset()
end

--- The first projection uniform within ±√(6/(4·size)), the last within ±1/√size, biases 0, as in PyTorch.
function Multihead:reset()
  local wide, narrow = math.sqrt(6 / (4 * self.size)), 1 / math.sqrt(self.size)
  self.weight:uniform(-wide, wide)
  self.outWeight:uniform(-narrow, narrow)
  if self.bias then
    self.bias:zero()
    self.outBias:zero()
  end
  return self
end

function Multihead:parameters()
  if not self.bias then return {self.weight, self.outWeight}, {self.gradWeight, self.gradOutWeight} end
  return {self.weight, self.bias, self.outWeight, self.outBias},
         {self.gradWeight, self.gradBias, self.gradOutWeight, self.gradOutBias}
end

local function check_sequence(self, x)
  if not handle.is_tensor(x) or x:dim() ~= 3 or x:size(3) ~= self.size then
    errors.fail('%s: expected BxTx%d, got %s', torch.type(self), self.size, describe(x))
  end
end

-- x times rows of a weight plus a bias (or nil), B×T×…
local function linear(x, weight, bias)
  local B, T = x:size(1), x:size(2)
  return F.linear(F.contiguous(x):view(B * T, x:size(3)), weight, bias):view(B, T, weight:size(1))
end

-- x projected for part 0 (queries), 1 (keys) or 2 (values): B×H×T×D, a view
local function project(self, x, part)
  local E, bias = self.size, self.bias and F.narrow(self.bias, 0, part * self.size, self.size)
  local y = linear(x, F.narrow(self.weight, 0, part * E, E), bias)
  return F.transpose(y:view(x:size(1), x:size(2), self.heads, E / self.heads), 1, 2)
end

-- Heads B×H×T×D beside each other, B×T×E.
local function join(y)
  local B, H, T, D = y:size(1), y:size(2), y:size(3), y:size(4)
  return F.contiguous(F.transpose(y, 1, 2)):view(B, T, H * D)
end

-- Puts new, B×H×T×D, behind what the cache holds under a name; gives all of it. Room is doubled when it ends.
local function append(cache, name, new)
  local length, T, kept = cache.length or 0, new:size(3), cache[name]
  local B, H, D = new:size(1), new:size(2), new:size(4)
  if kept and (kept:size(1) ~= B or kept:size(2) ~= H or kept:size(4) ~= D) then
    errors.fail('nn.MultiheadAttention: the cache holds %s, which does not go with %s', sizes.text(kept),
                sizes.text(new))
  end
  if not kept or kept:size(3) < length + T then
    local room = handle.like(new):resize(B, H, math.max(2 * length, length + T, 32), D)
    if length > 0 then room:narrow(3, 1, length):copy(kept:narrow(3, 1, length)) end
    cache[name], kept = room, room
  end
  kept:narrow(3, length + 1, T):copy(new)
  return kept:narrow(3, 1, length + T)
end

-- Keys and values through the cache.
local function cached(self, cache, key_input, value_input, itself)
  if not itself and cache.keys then return cache.keys, cache.values end
  local k, v = project(self, key_input, 1), project(self, value_input, 2)
  if not itself then
    cache.keys, cache.values = F.detach(k):clone(), F.detach(v):clone()
    return cache.keys, cache.values
  end
  k, v = append(cache, 'keys', F.detach(k)), append(cache, 'values', F.detach(v))
  cache.length = k:size(3)
  return k, v
end

function Multihead:compute(input)
  local fields = type(input) == 'table' and input or {input}
  local x, others, values = fields[1], fields[2], fields[3]
  local itself = others == nil
  others = others or x
  values = values or others
  check_sequence(self, x)
  check_sequence(self, others)
  check_sequence(self, values)
  if itself and values == x and not fields.cache and not fields[4] then
    local y = F.self_attention(linear(x, self.weight, self.bias), self.heads, nil, self.causal, fields.mask,
                               dropping(self))
    return linear(y, self.outWeight, self.outBias)
  end
  local k, v
  if fields.cache then
    k, v = op.unrecorded(cached, self, fields.cache, others, values, itself)
  else
    k, v = project(self, others, 1), project(self, values, 2)
  end
  local list = {project(self, x, 0), k, v, fields[4]}
  return linear(join(F.attention(list, nil, self.causal, fields.mask, dropping(self))), self.outWeight, self.outBias)
end

function Multihead:__tostring__()
  return ('%s(%d, %d heads%s)'):format(torch.type(self), self.size, self.heads, self.causal and ', causal' or '')
end

-- -- Relative positions -----------------------------------------------------------------------------------------

--- nn.RelativeMultiheadAttention(size, heads[, options]): nn.MultiheadAttention to itself in which a score depends on
-- the distance of query and key and not on places: (q + u)·k + (q + v)·r, where r is a projection (positionWeight)
-- of the distance's sines; u (contentBias) and v (positionBias) are learned, one vector for each head. Input: x, or
-- {x, memory}: what came before, B×M×size, at which x looks, too; field mask, as there, over M + T keys. It is
-- causal. options: dropout; bias: true for biases of the projections, which Transformer-XL does not have.
-- Source: Dai et al., "Transformer-XL", 2019 (arXiv:1901.02860).
--   nn.RelativeMultiheadAttention(32, 4):forward({torch.randn(2, 5, 32), torch.randn(2, 3, 32)})   -- 2x5x32
local Relative, multihead = torch.class('nn.RelativeMultiheadAttention', 'nn.MultiheadAttention')

local own_parameters = {'positionWeight', 'contentBias', 'positionBias'}

local function gradient_name(name) return 'grad' .. name:sub(1, 1):upper() .. name:sub(2) end

function Relative:__init(size, heads, options)
  options = options or {}
  local D = size / heads
  for i, shape in ipairs {{size, size}, {heads, D}, {heads, D}} do
    local name = own_parameters[i]
    self[name], self[gradient_name(name)] = torch.Tensor(unpack(shape)), torch.zeros(unpack(shape))
  end
  multihead.__init(self, size, heads, {causal = true, dropout = options.dropout, bias = options.bias or false})
end

function Relative:reset()
  multihead.reset(self)
  self.positionWeight:uniform(-math.sqrt(3 / self.size), math.sqrt(3 / self.size))
  self.contentBias:zero()
  self.positionBias:zero()
  return self
end

function Relative:parameters()
  local parameters, grads = multihead.parameters(self)
  for _, name in ipairs(own_parameters) do
    parameters[#parameters + 1], grads[#grads + 1] = self[name], self[gradient_name(name)]
  end
  return parameters, grads
end

-- From scores by distance, B×H×T×S, where column j means the distance S − 1 − j, to scores by key: row i moves
-- T − 1 − i places to the left. What enters on the right belongs to keys behind the query.
local function shift(self, scores)
  local B, H, T, S = scores:size(1), scores:size(2), scores:size(3), scores:size(4)
  local column = leaf.buffer(self, 'column', scores):resize(B * H, T, 1):zero()
  local padded = F.cat({column, F.contiguous(scores):view(B * H, T, S)}, 2)
  return F.contiguous(F.narrow(padded:view(B * H, S + 1, T), 1, 1, S)):view(B, H, T, S)
end

-- The projected sines of distances S − 1 … 0, B·H×D×S
local function distances(self, S, B)
  local E, H = self.size, self.heads
  local sines = leaf.buffer(self, 'sines', self.weight)
  op.unrecorded(scratch, function()
    sines:resize(S, E):copy(positions.Sinusoidal.vectors(E, true, S - 1, S, -1))
  end)
  local r = F.matmul(sines, F.transpose(self.positionWeight, 0, 1)):view(1, S, H, E / H)
  r = F.contiguous(F.transpose(F.transpose(r, 1, 2), 2, 3))   -- 1×H×D×S
  return F.contiguous(r:expand(B, H, E / H, S)):view(B * H, E / H, S)
end

function Relative:compute(input)
  local fields = type(input) == 'table' and input or {input}
  local x, memory = fields[1], fields[2]
  check_sequence(self, x)
  if memory then check_sequence(self, memory) end
  local all = memory and F.cat({memory, x}, 1) or x
  local B, T, S, D = x:size(1), x:size(2), all:size(2), self.size / self.heads
  local q, k, v = project(self, x, 0), project(self, all, 1), project(self, all, 2)
  local function with(bias) return F.add(q, bias:view(1, self.heads, 1, D)) end
  local by_distance = F.matmul(F.contiguous(with(self.positionBias)):view(B * self.heads, T, D), distances(self, S, B))
  local scale = 1 / math.sqrt(D)
  local bias = F.mul(shift(self, by_distance:view(B, self.heads, T, S)), scale)
  local y = F.attention({with(self.contentBias), k, v, bias}, scale, true, fields.mask, dropping(self))
  return linear(join(y), self.outWeight, self.outBias)
end

-- -- Additive ---------------------------------------------------------------------------------------------------

--- nn.AdditiveAttention(querySize, keySize, size): of {query, keys}, B×querySize and B×S×keySize, the sum of the
-- keys times the softmax of their scores v·tanh(W q + U k), B×keySize; these weights, B×S, are in self.weights.
-- Fields of the input: mask, B×S; projected: keys for which project(keys), U k, has been called, for decoders that
-- look at the same keys at every step; gradients then flow through that tensor on the user's tape.
-- Source: Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", 2014
-- (arXiv:1409.0473).
--   nn.AdditiveAttention(6, 8, 5):forward({torch.randn(2, 6), torch.randn(2, 7, 8)})   -- 2x8
local Additive = torch.class('nn.AdditiveAttention', 'nn.Module')

function Additive:__init(querySize, keySize, size)
  parent.__init(self)
  self.querySize, self.keySize, self.size = querySize, keySize, size
  self.queryWeight, self.gradQueryWeight = torch.Tensor(size, querySize), torch.zeros(size, querySize)
  self.keyWeight, self.gradKeyWeight = torch.Tensor(size, keySize), torch.zeros(size, keySize)
  self.weight, self.gradWeight = torch.Tensor(size), torch.zeros(size)
  self:reset()
end

--- W and U normal with deviation 0.001, v 0, as in the paper; stdv: uniform within ±stdv, all of them.
function Additive:reset(stdv)
  for _, p in ipairs {self.queryWeight, self.keyWeight} do
    if stdv then p:uniform(-stdv, stdv) else p:normal(0, 0.001) end
  end
  if stdv then self.weight:uniform(-stdv, stdv) else self.weight:zero() end
  return self
end

function Additive:parameters()
  return {self.queryWeight, self.keyWeight, self.weight}, {self.gradQueryWeight, self.gradKeyWeight, self.gradWeight}
end

--- U k of keys B×S×keySize: B×S×size
function Additive:project(keys) return linear(keys, self.keyWeight) end

function Additive:compute(input)
  local query, keys = input[1], input[2]
  if not handle.is_tensor(query) or query:dim() ~= 2 or query:size(2) ~= self.querySize or not handle.is_tensor(keys) or
     keys:dim() ~= 3 or keys:size(3) ~= self.keySize or keys:size(1) ~= query:size(1) then
    errors.fail('nn.AdditiveAttention: expected {Bx%d, BxSx%d}, got {%s, %s}', self.querySize, self.keySize,
                describe(query), describe(keys))
  end
  local B, S, n = keys:size(1), keys:size(2), self.size
  local asked = F.matmul(query, F.transpose(self.queryWeight, 0, 1)):view(B, 1, n)
  local inner = F.tanh(F.add(input.projected or self:project(keys), asked))
  local scores = F.matmul(inner:view(B * S, n), self.weight:view(n, 1)):view(B, S)
  if input.mask then scores = F.where(F.ne(input.mask, 0), scores, -math.huge) end
  local weights = F.softmax(scores, 1)
  op.unrecorded(function() self.weights = utils.fit(self.weights, weights):set(weights) end)
  return F.matmul(weights:view(B, 1, S), keys):view(B, self.keySize)
end

function Additive:clearState()
  self.weights = nil
  return parent.clearState(self)
end

return {Scaled = Scaled, Multihead = Multihead, Relative = Relative, Additive = Additive}
