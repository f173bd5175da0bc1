--- The layers that a Transformer is a stack of: nn.TransformerEncoderLayer, nn.TransformerDecoderLayer.
-- nn.TransformerEncoderLayer(size, heads, inner[, options]): attention of B×T×size to itself, then two nn.Linear
-- with inner numbers between; around each a sum with its input and an nn.LayerNorm. Input: x, or {x} with the fields
-- mask and cache of
-- nn.MultiheadAttention. options: preNorm: the norm is in front of what is added, as in GPT-2, not behind the sum;
-- causal; activation: 'relu' (the default), 'gelu' or 'gelu_tanh'; dropout: of what is added; attentionDropout: of the
-- weights; innerDropout: of the inner numbers; eps: the norms'. layer:child(name) gives a child: attention, norm1,
-- linear1, linear2, norm2.
-- Source: Vaswani et al., "Attention Is All You Need", 2017 (arXiv:1706.03762).
--   nn.TransformerEncoderLayer(32, 4, 64, {causal = true}):forward(torch.randn(2, 5, 32))   -- 2x5x32
local torch = require 'torch'
local errors = require 'torch.errors'
local op = require 'torch.op'
local leaf = require 'nn.leaf'

local F = op.F

local Encoder, parent = torch.class('nn.TransformerEncoderLayer', 'nn.Container')

local activations = {relu = F.relu, gelu = F.gelu, gelu_tanh = F.gelu_tanh}

-- Children are saved once, in the list of modules; their names say where.
local function name_children(self, names)
  self.places = {}
  for i, name in ipairs(names) do self.places[name] = i end
end

local function child(self, name) return self.modules[self.places[name]] end

local function check_activation(self, name)
  if not activations[name] then
    errors.fail('%s: expected the activation relu, gelu or gelu_tanh, got %s', torch.type(self), tostring(name))
  end
  return name
end

function Encoder:__init(size, heads, inner, options)
  parent.__init(self)
  options = options or {}
  self.size, self.preNorm = size, options.preNorm or false
  self.activation, self.train = check_activation(self, options.activation or 'relu'), true
  self.dropout, self.innerDropout = options.dropout or 0, options.innerDropout or 0
  for _, p in ipairs {self.dropout, self.innerDropout} do
    if type(p) ~= 'number' or not (p >= 0 and p < 1) then
      errors.fail('%s: expected probabilities p of dropout with 0 <= p < 1, got %s', torch.type(self), tostring(p))
    end
  end
  self:add_children(size, heads, inner, options)
end

-- What both layers have: their own attention first.
local function add_common(self, size, heads, inner, options, causal)
  self:add(nn.MultiheadAttention(size, heads, {causal = causal, dropout = options.attentionDropout}))
  self:add(nn.LayerNorm(size, options.eps)):add(nn.Linear(size, inner)):add(nn.Linear(inner, size))
  self:add(nn.LayerNorm(size, options.eps))
end

local common = {'attention', 'norm1', 'linear1', 'linear2', 'norm2'}

function Encoder:add_children(size, heads, inner, options)
  add_common(self, size, heads, inner, options, options.causal)
  name_children(self, common)
end

--- A child by its name.
function Encoder:child(name) return child(self, name) end

local function run(self, name, x) return child(self, name):forward(x) end

local function drop(self, name, x, p) return p > 0 and self.train and leaf.drop(self, name, x, p) or x end

local function rows(self, name, x)
  return run(self, name, F.contiguous(x):view(-1, x:size(3))):view(x:size(1), x:size(2), -1)
end

-- x plus what f makes of it, with a norm in front of f or behind the sum.
local function add_around(self, x, norm, f)
  if self.preNorm then return F.add(x, drop(self, norm .. 'noise', f(run(self, norm, x)), self.dropout)) end
  return run(self, norm, F.add(x, drop(self, norm .. 'noise', f(x), self.dropout)))
end

local function inner_part(self, x)
  local y = activations[self.activation](rows(self, 'linear1', x))
  return rows(self, 'linear2', drop(self, 'noise', y, self.innerDropout))
end

local function fields_of(self, input)
  local fields = type(input) == 'table' and input or {input}
  if not torch.isTensor(fields[1]) or fields[1]:dim() ~= 3 then
    errors.fail('%s: expected BxTx%d, got %s', torch.type(self), self.size, torch.type(fields[1]))
  end
  return fields
end

function Encoder:compute(input)
  local fields = fields_of(self, input)
  local x = add_around(self, fields[1], 'norm1', function(y)
    return run(self, 'attention', {y, mask = fields.mask, cache = fields.cache})
  end)
  return add_around(self, x, 'norm2', function(y) return inner_part(self, y) end)
end

-- -- Decoder ----------------------------------------------------------------------------------------------------

--- nn.TransformerDecoderLayer(size, heads, inner[, options]): the same, causal, with attention to memory between:
-- input {x, memory}, B×T×size and B×S×size, with the fields mask, memoryMask, cache and memoryCache. More
-- children: crossAttention, norm3 (of the last part; norm2 is that of the attention to memory).
--   nn.TransformerDecoderLayer(32, 4, 64):forward({torch.randn(2, 5, 32), torch.randn(2, 7, 32)})   -- 2x5x32
local Decoder = torch.class('nn.TransformerDecoderLayer', 'nn.TransformerEncoderLayer')

function Decoder:add_children(size, heads, inner, options)
  add_common(self, size, heads, inner, options, options.causal ~= false)
  self:add(nn.MultiheadAttention(size, heads, {dropout = options.attentionDropout}))
  self:add(nn.LayerNorm(size, options.eps))
  local names = {unpack(common)}
  for _, name in ipairs {'crossAttention', 'norm3'} do names[#names + 1] = name end
  name_children(self, names)
end

function Decoder:compute(input)
  local fields = fields_of(self, input)
  local x = add_around(self, fields[1], 'norm1', function(y)
    return run(self, 'attention', {y, mask = fields.mask, cache = fields.cache})
  end)
  x = add_around(self, x, 'norm2', function(y)
    return run(self, 'crossAttention', {y, fields[2], mask = fields.memoryMask, cache = fields.memoryCache})
  end)
  return add_around(self, x, 'norm3', function(y) return inner_part(self, y) end)
end

return {Encoder = Encoder, Decoder = Decoder}
