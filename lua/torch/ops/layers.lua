--- Ops of neural nets: softmax and normalisation.
local bit = require 'bit'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local F, own, record, check = op.F, op.own, op.record, op.check
local call, like, layout = memory.call, handle.like, handle.layout

-- -- Softmax ----------------------------------------------------------------------------------------------------

local function along(dim) return bit.lshift(1, dim) end

local softmax = {'softmax', uses = 'o', dtypes = 'floats',
  doc = 'softmax(x, dim): exp(x) / Σ exp(x) along a dimension',
  sample = function(make) return {{make(3, 4), 1}, {make(2, 3, 4), 1}} end,
  vjp = {function(g, out, _, dim)
    local weighted = F.mul(g, out)
    return F.sub(weighted, F.mul(out, F.sum(weighted, along(dim))))
  end},
  fast = function(_, g, out, _, dim) return F.softmax_grad(g, out, dim, 0) end}
own(softmax, function(a, dim)
  check('softmax', a)
  local out = like(a)
  call(C.mt_softmax, out, a, dim, 0)
  return record(softmax, out, a, nil, nil, dim)
end)

local log_softmax = {'log_softmax', uses = 'o', dtypes = 'floats',
  doc = 'log_softmax(x, dim): x − log Σ exp(x) along a dimension',
  sample = function(make) return {{make(3, 4), 1}, {make(2, 3, 4), 1}} end,
  vjp = {function(g, out, _, dim) return F.sub(g, F.mul(F.exp(out), F.sum(g, along(dim)))) end},
  fast = function(_, g, out, _, dim) return F.softmax_grad(g, out, dim, 1) end}
own(log_softmax, function(a, dim)
  check('log_softmax', a)
  local out = like(a)
  call(C.mt_softmax, out, a, dim, 1)
  return record(log_softmax, out, a, nil, nil, dim)
end)

-- fused backward of the two above; never recorded
function F.softmax_grad(g, out, dim, logarithm)
  local result = like(g)
  call(C.mt_softmax_grad, result, g, out, dim, logarithm)
  return result
end

-- -- Layer normalisation ----------------------------------------------------------------------------------------

local columns = 2   -- the set of the second dimension, along which rows are reduced

-- Each row minus its mean, times its inverse deviation; and that, R×1. Functions of the input, so that the rules can be
-- differentiated.
local function normalised_rows(a, eps)
  local centred = F.sub(a, F.mean(a, columns))
  local inverse = F.rsqrt(F.add(F.mean(F.square(centred), columns), eps))
  return F.mul(centred, inverse), inverse
end

local layer_norm = {'layer_norm', inputs = 3, uses = {'ab', 'a', ''}, owns = 'pq', dtypes = 'floats',
  doc = 'layer_norm(input, weight, bias, eps): each row of a matrix minus its mean, divided by √(variance + eps), ' ..
        'times weight and plus bias (or nil)',
  sample = function(make) return {{make(4, 5), make(5), make(5), 1e-3}, {make(3, 4), make(4), make(4), 0}} end,
  vjp = {
    function(g, _, a, weight, _, _, _, eps)
      local x, inverse = normalised_rows(a, eps)
      local scaled = weight and F.mul(g, weight) or g
      local inner = F.sub(F.sub(scaled, F.mean(scaled, columns)), F.mul(x, F.mean(F.mul(scaled, x), columns)))
      return F.mul(inner, inverse)
    end,
    function(g, _, a, weight, _, _, _, eps)
      return F.reshape_like(F.sum(F.mul(g, (normalised_rows(a, eps))), 1), weight)
    end,
    function(g, _, _, _, bias) return F.reshape_like(F.sum(g, 1), bias) end,
  },
  fast = function(need, g, _, a, weight, bias, mean, invstd)
    local ga, gw, gb = need % 2 == 1 and like(a) or nil, weight and like(a) or nil, bias and like(a) or nil
    call(C.mt_layer_norm_grad, ga, gw, gb, g, a, mean, invstd, weight or nil)
    return ga, gw, gb
  end}
own(layer_norm, function(a, weight, bias, eps)
  check('layer_norm', a)
  local out, mean, invstd = like(a), like(a), like(a)
  call(C.mt_layer_norm, out, mean, invstd, a, weight, bias, eps)
  return record(layer_norm, out, a, weight, bias, mean, invstd, eps)
end)

-- -- Batch normalisation ----------------------------------------------------------------------------------------

-- a vector over channels, shaped to spread over N×C×…
local function spread(v, model)
  local n, shape = layout(model).dim, {1, tonumber(layout(v).size[0])}
  for i = 3, n do shape[i] = 1 end
  return F.expand(F.contiguous(v):view(unpack(shape)), model)
end

-- all dimensions but the channels'
local function but_channels(t)
  return 2 ^ layout(t).dim - 1 - 2
end

-- Mean and inverse deviation as the rules need them: functions of the input where they come from the batch.
local function statistics(a, mean, invstd, eps, from_batch)
  if not from_batch then return mean, invstd end
  local dims = but_channels(a)
  local m = F.mean(a, dims)
  local centred = F.sub(a, F.expand(m, a))
  local inverse = F.rsqrt(F.add(F.mean(F.square(centred), dims), eps))
  return F.reshape_like(m, mean), F.reshape_like(inverse, invstd)
end

local function normalised(a, mean, invstd)
  return F.mul(F.sub(a, spread(mean, a)), spread(invstd, a))
end

local batch_norm = {'batch_norm', inputs = 3, uses = 'ab', owns = 'pq', dtypes = 'floats',
  doc = 'batch_norm(input, weight, bias, eps[, mean, invstd]): (input − mean)·invstd·weight + bias over N×C×…; mean ' ..
        'and invstd are the batch\'s unless given. Returns the result, mean and invstd',
  sample = function(make)
    return {{make(4, 3, 2, 2), make(3), make(3), 1e-5}, {make(4, 3), make(3), make(3), 0, make(3), make.positive(3)}}
  end,
  vjp = {
    function(g, _, a, weight, _, mean, invstd, eps, from_batch)
      mean, invstd = statistics(a, mean, invstd, eps, from_batch)
      local scaled = weight and F.mul(g, spread(weight, a)) or g
      if not from_batch then return F.mul(scaled, spread(invstd, a)) end
      local dims, x = but_channels(a), normalised(a, mean, invstd)
      local inner = F.sub(F.sub(scaled, F.expand(F.mean(scaled, dims), a)),
                          F.mul(x, F.expand(F.mean(F.mul(scaled, x), dims), a)))
      return F.mul(inner, spread(invstd, a))
    end,
    function(g, _, a, weight, _, mean, invstd, eps, from_batch)
      mean, invstd = statistics(a, mean, invstd, eps, from_batch)
      return F.reshape_like(F.sum(F.mul(g, normalised(a, mean, invstd)), but_channels(a)), weight)
    end,
    function(g, _, a, _, bias) return F.reshape_like(F.sum(g, but_channels(a)), bias) end,
  },
  fast = function(need, g, _, a, weight, bias, mean, invstd, _, from_batch)
    local ga = need % 2 == 1 and like(a) or nil
    local gw, gb = weight and like(a) or nil, bias and like(a) or nil
    call(C.mt_batch_norm_grad, ga, gw, gb, g, a, mean, invstd, weight or nil, from_batch and 1 or 0)
    return ga, gw, gb
  end}
own(batch_norm, function(a, weight, bias, eps, mean, invstd)
  check('batch_norm', a)
  local out, from_batch = like(a), mean == nil
  -- the tape keeps handles of its own, which it may empty
  if from_batch then mean, invstd = like(a), like(a) else mean, invstd = handle.alias(mean), handle.alias(invstd) end
  call(C.mt_batch_norm, out, mean, invstd, a, weight, bias, eps, from_batch and 1 or 0)
  return record(batch_norm, out, a, weight, bias, mean, invstd, eps, from_batch), mean, invstd
end)
