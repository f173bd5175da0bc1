--- Ops of neural nets: convolution, pooling, normalisation, softmax, dropout.
local bit = require 'bit'
local ffi = require 'ffi'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local F, own, record = op.F, op.own, op.record
local call, like, new, layout, is_tensor = memory.call, handle.like, handle.new, handle.layout, handle.is_tensor

local window_t = ffi.typeof('mt_window')
local pair = ffi.new('int64_t[2]')

--- A window for convolution and pooling: height and width of the kernel, of its step, padding and dilation; groups of
-- channels; for pooling, whether the output size is rounded up and whether padding counts in an average.
function F.window(kh, kw, sh, sw, ph, pw, dh, dw, groups, ceil_mode, count_pad)
  local w = window_t()
  w.kernel[0], w.kernel[1], w.stride[0], w.stride[1] = kh, kw, sh or 1, sw or 1
  w.pad[0], w.pad[1], w.dilation[0], w.dilation[1] = ph or 0, pw or 0, dh or 1, dw or 1
  w.groups, w.ceil_mode, w.count_pad = groups or 1, ceil_mode and 1 or 0, count_pad and 1 or 0
  return w
end

local function check(name, ...)
  for i = 1, select('#', ...) do
    if not is_tensor((select(i, ...))) then op.expected_tensor(name, (select(i, ...))) end
  end
end

-- Height and width of a N×C×H×W tensor.
local function plane(t)
  local l = layout(t)
  pair[0], pair[1] = l.size[2], l.size[3]
  return pair
end

-- -- Convolution: a form linear in each of input, weight and gradient; each derivative is one of the three ------

local sum_but_channels = 13   -- dimensions 0, 2 and 3 of N×C×H×W

local conv2d = {'conv2d', inputs = 3, uses = {'b', 'a', ''}, dtypes = 'floats',
  doc = 'conv2d(input, weight, bias, window): input N×C×H×W, weight K×(C/groups)×kH×kW, bias K or nil; gives N×K×P×Q',
  sample = function(make)
    return {{make(2, 3, 5, 6), make(4, 3, 3, 2), make(4), F.window(3, 2, 2, 1, 1, 1)},
            {make(2, 4, 5, 5), make(6, 2, 3, 3), make(6), F.window(3, 3, 1, 1, 0, 0, 2, 2, 2)}}
  end,
  vjp = {function(g, _, input, weight, _, w) return F.conv2d_input(g, weight, input, w) end,
         function(g, _, input, weight, _, w) return F.conv2d_weight(g, input, weight, w) end,
         function(g, _, _, _, bias) return F.reshape_like(F.sum(g, sum_but_channels), bias) end}}
own(conv2d, function(input, weight, bias, w)
  check('conv2d', input, weight)
  local out = like(input)
  call(C.mt_conv2d, out, input, weight, bias, w)
  return record(conv2d, out, input, weight, bias, w)
end)

local conv2d_input = {'conv2d_input', inputs = 2, uses = {'b', 'a'}, dtypes = 'floats',
  doc = 'conv2d_input(g, weight, input, window): the gradient of conv2d by its input, whose sizes are read',
  sample = function(make) return {{make(2, 4, 3, 3), make(4, 3, 3, 2), make(2, 3, 5, 4), F.window(3, 2)}} end,
  vjp = {function(g, _, _, weight, w) return F.conv2d(g, weight, nil, w) end,
         function(g, _, grad, weight, w) return F.conv2d_weight(grad, g, weight, w) end}}
own(conv2d_input, function(grad, weight, input, w)
  check('conv2d_input', grad, weight, input)
  local out = like(grad)
  call(C.mt_conv2d_input, out, grad, weight, w, plane(input))
  return record(conv2d_input, out, grad, weight, nil, w)
end)

local conv2d_weight = {'conv2d_weight', inputs = 2, uses = {'b', 'a'}, dtypes = 'floats',
  doc = 'conv2d_weight(g, input, weight, window): the gradient of conv2d by its weight, whose sizes are read',
  sample = function(make) return {{make(2, 4, 3, 3), make(2, 3, 5, 4), make(4, 3, 3, 2), F.window(3, 2)}} end,
  vjp = {function(g, _, _, input, w) return F.conv2d(input, g, nil, w) end,
         function(g, _, grad, input, w) return F.conv2d_input(grad, g, input, w) end}}
own(conv2d_weight, function(grad, input, weight, w)
  check('conv2d_weight', grad, input, weight)
  local out = like(grad)
  call(C.mt_conv2d_weight, out, grad, input, w, plane(weight))
  return record(conv2d_weight, out, grad, input, nil, w)
end)

-- -- Pooling ----------------------------------------------------------------------------------------------------

-- a N×C×H×W tensor as N×C×HW
local function planes(t)
  local l = layout(t)
  return F.contiguous(t):view(tonumber(l.size[0]), tonumber(l.size[1]), tonumber(l.size[2] * l.size[3]))
end

local max_pool2d = {'max_pool2d', owns = 'q', dtypes = 'floats',
  doc = 'max_pool2d(input, window): the greatest element of each window, and its place within the plane',
  sample = function(make)
    return {{make(2, 3, 6, 5), F.window(2, 2, 2, 2)}, {make(1, 2, 5, 5), F.window(3, 3, 2, 2, 1, 1)}}
  end,
  vjp = {function(g, _, a, _, index)
    return F.reshape_like(F.scatter_add_like(planes(g), planes(a), 2, planes(index)), a)
  end}}
own(max_pool2d, function(a, w)
  check('max_pool2d', a)
  local out, index = like(a), new(C.MT_INT64, layout(a).device)
  call(C.mt_max_pool2d, out, index, a, w)
  return record(max_pool2d, out, a, nil, nil, w, index), index
end)

local avg_pool2d = {'avg_pool2d', dtypes = 'floats', doc = 'avg_pool2d(input, window): the mean of each window',
  sample = function(make)
    return {{make(2, 3, 6, 5), F.window(2, 2, 2, 2)},
            {make(1, 2, 5, 5), F.window(3, 3, 2, 2, 1, 1, 1, 1, 1, true, true)}}
  end,
  vjp = {function(g, _, a, w) return F.avg_pool2d_input(g, a, w) end}}
own(avg_pool2d, function(a, w)
  check('avg_pool2d', a)
  local out = like(a)
  call(C.mt_avg_pool2d, out, a, w)
  return record(avg_pool2d, out, a, nil, nil, w)
end)

local avg_pool2d_input = {'avg_pool2d_input', dtypes = 'floats',
  doc = 'avg_pool2d_input(g, input, window): the gradient of avg_pool2d by its input, whose sizes are read',
  sample = function(make) return {{make(2, 3, 3, 2), make(2, 3, 6, 5), F.window(2, 2, 2, 2)}} end,
  vjp = {function(g, _, _, w) return F.avg_pool2d(g, w) end}}
own(avg_pool2d_input, function(grad, input, w)
  check('avg_pool2d_input', grad, input)
  local out = like(grad)
  call(C.mt_avg_pool2d_input, out, grad, w, plane(input))
  return record(avg_pool2d_input, out, grad, nil, nil, w)
end)

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
