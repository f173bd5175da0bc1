--- Convolution over one to three axes: a form that is linear in each of input, weight and gradient, so that every
-- derivative of it is one of the three ops again. Also its windows as columns.
-- In the signatures I and O are the spatial sizes of input and output (one to three), k those of the kernel.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local window = require 'torch.ops.window'

local F, own, record, check = op.F, op.own, op.record, op.check
local call, like, layout = memory.call, handle.like, handle.layout

-- -- Convolution ------------------------------------------------------------------------------------------------

-- all dimensions but the channels'
local function but_channels(t) return 2 ^ layout(t).dim - 1 - 2 end

local conv = {'conv', inputs = 3, apart = true, uses = {'b', 'a', ''}, dtypes = 'floats',
  doc = 'conv(input, weight, bias, window): input N×C×I, weight K×(C/groups)×k, bias K or nil; gives N×K×O',
  sample = function(make)
    return {{make(2, 3, 5, 6), make(4, 3, 3, 2), make(4), F.window({3, 2}, {2, 1}, 1)},
            {make(2, 4, 5, 5), make(6, 2, 3, 3), make(6), F.window({3, 3}, 1, 0, 2, 2)},
            {make(2, 3, 7), make(3, 1, 3), make(3), F.window({3}, 2, 1, 1, 3)},
            {make(2, 2, 3, 4, 3), make(2, 2, 2, 3, 2), make(2), F.window({2, 3, 2}, {1, 2, 1}, {1, 0, 1})}}
  end,
  vjp = {function(g, _, input, weight, _, w) return F.conv_input(g, weight, input, w) end,
         function(g, _, input, weight, _, w) return F.conv_weight(g, input, weight, w) end,
         function(g, _, _, _, bias) return F.reshape_like(F.sum(g, but_channels(g)), bias) end}}

local function convolve(row, activation)
  own(row, function(input, weight, bias, w)
    check(row.name, input, weight)
    window.check(row.name, w)
    local out = like(input)
    call(C.mt_conv, out, input, weight, bias, w, activation)
    return record(row, out, input, weight, bias, w)
  end)
end
convolve(conv, C.MT_AS_IT_IS)

-- The rectified form: its rules are those of conv, for the gradient that the rectifier lets through.
local conv_relu = {'conv_relu', inputs = 3, apart = true, uses = {'bo', 'ao', 'o'}, dtypes = 'floats',
  doc = 'conv_relu(input, weight, bias, window): relu(conv(…)), in one pass over memory',
  sample = function(make)   -- the bias keeps every plane on one side of the kink, the first on the upper one
    local samples = conv.sample(make)
    for _, s in ipairs(samples) do
      s[3] = F.mul(s[3], 0)
      for i = 1, s[3]:size(1) do s[3][i] = i % 2 == 1 and 400 or -400 end
    end
    return samples
  end}
for i, rule in ipairs(conv.vjp) do
  conv_relu.vjp = conv_relu.vjp or {}
  conv_relu.vjp[i] = function(g, out, ...) return rule(F.relu_grad(g, out), out, ...) end
end
convolve(conv_relu, C.MT_RELU)

local conv_input = {'conv_input', inputs = 2, apart = true, uses = {'b', 'a'}, dtypes = 'floats',
  doc = 'conv_input(g, weight, model, window): the gradient of conv by its input, and transposed convolution. Its ' ..
        'spatial sizes are those of model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 4, 3, 3), make(4, 3, 3, 2), make(2, 3, 5, 4), F.window({3, 2})},
            {make(2, 4, 3), make(4, 1, 3), {8}, F.window({3}, 3, 1, 1, 2)}, -- O = 3 also for I = 7 and 9
            {make(1, 2, 2, 2, 3), make(2, 2, 2, 1, 2), {3, 2, 3}, F.window({2, 1, 2}, 1, {0, 0, 1}, {1, 1, 2})}}
  end,
  vjp = {function(g, _, _, weight, w) return F.conv(g, weight, nil, w) end,
         function(g, _, grad, weight, w) return F.conv_weight(grad, g, weight, w) end}}
own(conv_input, function(grad, weight, model, w)
  check('conv_input', grad, weight)
  window.check('conv_input', w)
  local out = like(grad)
  call(C.mt_conv_input, out, grad, weight, w, window.sizes('conv_input', model, w.axes))
  return record(conv_input, out, grad, weight, nil, w)
end)

local conv_weight = {'conv_weight', inputs = 2, uses = {'b', 'a'}, dtypes = 'floats',
  doc = 'conv_weight(g, input, model, window): the gradient of conv by its weight, whose spatial sizes are those of ' ..
        'model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 4, 3, 3), make(2, 3, 5, 4), make(4, 3, 3, 2), F.window({3, 2})},
            {make(2, 4, 3), make(2, 2, 8), {3}, F.window({3}, 3, 1, 1, 2)},
            {make(1, 2, 2, 2, 3), make(1, 2, 3, 2, 3), {2, 1, 2}, F.window({2, 1, 2}, 1, {0, 0, 1}, {1, 1, 2})}}
  end,
  vjp = {function(g, _, _, input, w) return F.conv(input, g, nil, w) end,
         function(g, _, grad, input, w) return F.conv_input(grad, g, input, w) end}}
own(conv_weight, function(grad, input, model, w)
  check('conv_weight', grad, input)
  window.check('conv_weight', w)
  local out = like(grad)
  call(C.mt_conv_weight, out, grad, input, w, window.sizes('conv_weight', model, w.axes))
  return record(conv_weight, out, grad, input, nil, w)
end)

-- -- Columns ----------------------------------------------------------------------------------------------------

local im2col = {'im2col', dtypes = 'all',
  doc = 'im2col(x, window): the windows of N×C×I as columns, N×(C·taps)×(number of outputs); padding gives zeros',
  sample = function(make)
    return {{make(2, 3, 5, 4), F.window({3, 2}, {2, 1}, {1, 0})}, {make(1, 2, 7), F.window({3}, 1, 1, 2)},
            {make(1, 2, 3, 3, 2), F.window({2, 2, 2}, 1, {0, 1, 0})}}
  end,
  vjp = {function(g, _, a, w) return F.col2im(g, a, w) end}}
own(im2col, function(a, w)
  check('im2col', a)
  window.check('im2col', w)
  local out = like(a)
  call(C.mt_im2col, out, a, w)
  return record(im2col, out, a, nil, nil, w)
end)

local col2im = {'col2im', dtypes = 'all',
  doc = 'col2im(columns, model, window): adds columns up at the places that im2col took them from; model is a ' ..
        'tensor with the spatial sizes I, or a table of them',
  sample = function(make)
    return {{make(2, 18, 12), make(2, 3, 5, 5), F.window({3, 2}, {2, 1}, {1, 0})},
            {make(1, 6, 5), {7}, F.window({3}, 1, 1, 2)},
            {make(1, 16, 8), {3, 3, 2}, F.window({2, 2, 2}, 1, {0, 1, 0})}}
  end,
  vjp = {function(g, _, _, w) return F.im2col(g, w) end}}
own(col2im, function(a, model, w)
  check('col2im', a)
  window.check('col2im', w)
  local out = like(a)
  call(C.mt_col2im, out, a, w, window.sizes('col2im', model, w.axes))
  return record(col2im, out, a, nil, nil, w)
end)
