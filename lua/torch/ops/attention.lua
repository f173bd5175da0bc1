--- Scaled dot-product attention.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local random = require 'torch.random'.functions.random
local sizes = require 'torch.sizes'

local F, own, record, check, state = op.F, op.own, op.record, op.check, op.state
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout

local form_t = ffi.typeof('mt_attention_form')
local last = 8   -- the set of the fourth dimension, that of keys

-- -- What the rules are written with ----------------------------------------------------------------------------

local function size(t, dim) return tonumber(layout(t).size[dim]) end

-- The products of the matrices of two tensors B×H×…
local function products(a, b)
  local B, H, n, m = size(a, 0), size(a, 1), size(a, 2), size(b, 3)
  local function batch(t) return F.contiguous(t):view(B * H, size(t, 2), size(t, 3)) end
  return F.matmul(batch(a), batch(b)):view(B, H, n, m)
end

local function turned(t) return F.transpose(t, 2, 3) end

-- B×H×T×S: 1 where a query sees a key, or nil where all see all.
local function seen_by(q, k, bias, mask, how)
  local T, S = size(q, 2), size(k, 2)
  local seen
  if how.causal ~= 0 then
    local ones = new(C.MT_UINT8, layout(q).device)
    call(C.mt_tensor_resize, ones, 2, ffi.new('int64_t[2]', T, S))
    call(C.mt_fill, ones, 1)
    seen = F.tril(ones, S - T)
  end
  if mask then seen = seen and F.mul(F.ne(mask, 0), seen) or F.ne(mask, 0) end
  if bias then
    local finite = F.gt(bias, -math.huge)
    seen = seen and F.mul(finite, seen) or finite
  end
  return seen
end

-- The weights, B×H×T×S: functions of q, k and bias.
local function weights_of(q, k, bias, mask, how)
  local scores = F.mul(products(q, turned(k)), how.scale)
  local seen = op.unrecorded(seen_by, q, k, bias, mask, how)
  if bias then scores = F.add(scores, seen and F.where(F.expand(F.gt(bias, -math.huge), bias), bias, 0) or bias) end
  if not seen then return F.softmax(scores, 3) end
  seen = F.expand(seen, scores)
  -- a query that sees nothing has even weights first, and none then
  return F.where(seen, F.softmax(F.where(seen, scores, -1e30), 3), 0)
end

-- What dropout multiplies weights by, or nil.
local function noise_of(q, k, how)
  if how.drop == 0 then return nil end
  local noise = like(q)
  call(C.mt_attention_drop, noise, ffi.new('int64_t[4]', size(q, 0), size(q, 1), size(q, 2), size(k, 2)), how)
  return noise
end

-- -- Gradients --------------------------------------------------------------------------------------------------

-- The rule: the gradient of the weights w is taken through softmax by hand, as in the rule of softmax.
local function by_rule(g, q, k, v, bias, mask, how)
  local w, noise = weights_of(q, k, bias, mask, how), op.unrecorded(noise_of, q, k, how)
  local dropped, by_w = noise and F.mul(w, noise) or w, products(g, turned(v))
  if noise then by_w = F.mul(by_w, noise) end
  local weighted = F.mul(w, by_w)
  local by_scores = F.sub(weighted, F.mul(w, F.sum(weighted, last)))
  local scaled = F.mul(by_scores, how.scale)
  return {products(scaled, k), products(turned(scaled), q), products(turned(dropped), g), bias and by_scores}
end

-- A tensor for what has sizes B×H×T×D, of q's type, whose places lie T×H in memory: whoever joins the heads or made
-- them by a view of one product needs no copy.
local function heads_like(q, T, D)
  local out = like(q)
  call(C.mt_tensor_resize, out, 4, ffi.new('int64_t[4]', size(q, 0), T, size(q, 1), D))
  call(C.mt_transpose, out, out, 1, 2)
  return out
end

local function by_blocks(g, out, q, k, v, bias, lse, mask, how)
  local gq, gk, gv = heads_like(q, size(q, 2), size(q, 3)), heads_like(k, size(k, 2), size(k, 3)),
                     heads_like(v, size(v, 2), size(v, 3))
  local g_bias = bias and like(q)
  call(C.mt_attention_grad, gq, gk, gv, g_bias, g, out, lse, q, k, v, bias, mask or nil, how)
  return {gq, gk, gv, g_bias}
end

-- -- The op -----------------------------------------------------------------------------------------------------

local function samples(make)
  local mask = make.mask(2, 1, 3, 4)
  return {
    {{make(2, 2, 3, 4), make(2, 2, 5, 4), make(2, 2, 5, 3)}, 0.5},
    {{make(1, 2, 3, 2), make(1, 2, 4, 2), make(1, 2, 4, 2), make(2, 1, 4)}, 0.7, true},
    {{make(2, 2, 3, 2), make(2, 2, 4, 2), make(2, 2, 4, 2)}, 0.6, false, mask, 0.3, 5},
  }
end

local attention = {'attention', inputs = 'list', owns = 'p', dtypes = 'floats', sample = samples, vjp = true,
  doc = 'attention({q, k, v[, bias]}[, scale[, causal[, mask[, drop[, seed]]]]]): softmax(scale·q kᵀ + bias) v ' ..
        'of each matrix of q: B×H×T×D, k: B×H×S×D and v: B×H×S×E, in blocks, so that scores take no ' ..
        'memory. scale: 1/√D; causal: query i sees keys up to i + S − T; mask: a ByteTensor, 0 where a key is ' ..
        'hidden; both bias and mask are spread to B×H×T×S. drop: the probability that dropout takes a weight; ' ..
        'seed says which. A query that sees nothing gives 0. Source: Vaswani et al., "Attention Is All You Need", ' ..
        '2017; in blocks: Dao et al., 2022',
  vjp_list = function(g, out, list, lse, mask, how)
    local q, k, v, bias = list[1], list[2], list[3], list[4]
    if state.tape then return by_rule(g, q, k, v, bias, mask or nil, how) end
    return by_blocks(g, out, q, k, v, bias, lse, mask, how)
  end}

-- A seed for a form: 32 of its bits are drawn.
local function drawn(drop, seed) return drop > 0 and (seed or random()) or 0 end

own(attention, function(list, scale, causal, mask, drop, seed)
  check('attention', list[1], list[2], list[3])
  local q, k, v, bias = list[1], list[2], list[3], list[4]
  if bias then check('attention', bias) end
  drop = drop or 0
  local how = form_t(scale or 1 / math.sqrt(size(q, 3)), drop, drawn(drop, seed), causal and 1 or 0)
  local l = layout(q)
  local out = l.dim == 4 and layout(v).dim == 4 and heads_like(q, l.size[2], layout(v).size[3]) or like(q)
  local lse = new(l.dtype == C.MT_DOUBLE and C.MT_DOUBLE or C.MT_FLOAT, l.device)
  call(C.mt_attention, out, lse, q, k, v, bias or nil, mask or nil, how)
  return record(attention, out, list, nil, nil, lse, mask, how)
end)

-- -- Of one tensor to itself ------------------------------------------------------------------------------------

-- B×T×E as heads, B×H×T×D
local function as_heads(t, heads)
  return F.transpose(t:view(size(t, 0), size(t, 1), heads, size(t, 2) / heads), 1, 2)
end

-- Heads beside each other, B×T×E
local function joined(t)
  return F.contiguous(F.transpose(t, 1, 2)):view(size(t, 0), size(t, 2), size(t, 1) * size(t, 3))
end

-- The queries, keys and values in B×T×3E, each B×H×T×D: views
local function thirds(t, heads)
  local E = size(t, 2) / 3
  local function part(i) return as_heads(F.narrow(t, 2, i * E, E), heads) end
  return part(0), part(1), part(2)
end

-- f(…) while nothing is recorded; the views that it makes let go of their memory at the end.
local function with_views(f, ...)
  local views = {n = 0}
  local before = handle.open_scope(views)
  local ok, message = pcall(op.unrecorded, f, ...)
  handle.close_scope(before)
  handle.release_scope(views)
  if not ok then error(message, 0) end
end

local function attend(out, lse, x, mask, how, heads)
  local q, k, v = thirds(x, heads)
  call(C.mt_attention, as_heads(out, heads), lse, q, k, v, nil, mask, how)
end

local function go_back(by_x, g, out, x, lse, mask, how, heads)
  local q, k, v = thirds(x, heads)
  local by_q, by_k, by_v = thirds(by_x, heads)
  call(C.mt_attention_grad, by_q, by_k, by_v, nil, as_heads(F.contiguous(g), heads), as_heads(out, heads), lse, q, k, v,
       nil, mask, how)
end

local self_attention = {'self_attention', owns = 'p', uses = 'ao', dtypes = 'floats',
  doc = 'self_attention(x, heads[, scale[, causal[, mask[, drop[, seed]]]]]): attention of heads parts of queries, ' ..
        'keys and values that lie beside each other in x, B×T×3E, as one product makes them; gives the heads beside ' ..
        'each other, B×T×E. The rest is as in attention',
  sample = function(make)
    return {{make(2, 3, 12), 2, 0.5}, {make(1, 4, 6), 1, 0.7, true},
            {make(2, 3, 12), 2, 0.6, false, make.mask(2, 1, 3, 3), 0.3, 5}}
  end,
  vjp = {function(g, _, x, _, mask, how, heads)
    local q, k, v = thirds(x, heads)
    local by = by_rule(as_heads(F.contiguous(g), heads), q, k, v, nil, mask or nil, how)
    return F.cat({joined(by[1]), joined(by[2]), joined(by[3])}, 2)
  end},
  fast = function(_, g, out, x, lse, mask, how, heads)
    local by_x = like(x)
    call(C.mt_tensor_resize, by_x, 3, ffi.new('int64_t[3]', size(x, 0), size(x, 1), size(x, 2)))
    with_views(go_back, by_x, g, out, x, lse, mask or nil, how, heads)
    return by_x
  end}

own(self_attention, function(x, heads, scale, causal, mask, drop, seed)
  check('self_attention', x)
  local l = layout(x)
  if l.dim ~= 3 or type(heads) ~= 'number' or heads < 1 or l.size[2] % (3 * heads) ~= 0 then
    errors.fail('self_attention: expected BxTx3E numbers for %s heads, got %s', tostring(heads), sizes.text(x))
  end
  local out, lse = like(x), new(l.dtype == C.MT_DOUBLE and C.MT_DOUBLE or C.MT_FLOAT, l.device)
  drop = drop or 0
  local how = form_t(scale or 1 / math.sqrt(size(x, 2) / 3 / heads), drop, drawn(drop, seed), causal and 1 or 0)
  call(C.mt_tensor_resize, out, 3, ffi.new('int64_t[3]', size(x, 0), size(x, 1), size(x, 2) / 3))
  with_views(attend, out, lse, x, mask or nil, how, heads)
  return record(self_attention, out, x, nil, nil, lse, mask, how, heads)
end)
