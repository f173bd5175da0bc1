--- Pooling over one to three axes. I and O are the spatial sizes of input and output.
local C = require 'torch.ffi'
local ffi = require 'ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local window = require 'torch.ops.window'

local F, own, record, check = op.F, op.own, op.record, op.check
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout

-- -- The greatest of each window --------------------------------------------------------------------------------

-- N×C×I as N×C×places
local function planes(t)
  local l, count = layout(t), 1
  for i = 2, l.dim - 1 do count = count * tonumber(l.size[i]) end
  return F.contiguous(t):view(tonumber(l.size[0]), tonumber(l.size[1]), count)
end

-- What all ops that give maxima and their places go back by.
local function by_places(g, _, a, _, index)
  return F.reshape_like(F.scatter_add_like(planes(g), planes(a), 2, planes(index)), a)
end

local function places_for(t) return new(C.MT_INT64, layout(t).device) end

local max_pool = {'max_pool', owns = 'q', dtypes = 'floats', vjp = {by_places},
  doc = 'max_pool(x, window): the greatest element of each window of N×C×I, and its place (from 1) within the plane',
  sample = function(make)
    return {{make.apart(2, 3, 6, 5), F.window({2, 2}, 2)}, {make.apart(1, 2, 5, 5), F.window({3, 3}, 2, 1)},
            {make.apart(2, 2, 7), F.window({2}, 2, 0, 2, 1, true)},
            {make.apart(1, 2, 4, 3, 5), F.window({2, 2, 3}, {2, 1, 2}, {0, 1, 1})}}
  end}
own(max_pool, function(a, w)
  check('max_pool', a)
  window.check('max_pool', w)
  local out, index = like(a), places_for(a)
  call(C.mt_max_pool, out, index, a, w)
  return record(max_pool, out, a, nil, nil, w, index), index
end)

local adaptive_max_pool = {'adaptive_max_pool', owns = 'q', dtypes = 'floats', vjp = {by_places},
  doc = 'adaptive_max_pool(x, sizes): as max_pool, with the windows that give O = sizes: the p-th one goes from ' ..
        'floor(p I / O) to ceil((p + 1) I / O)',
  sample = function(make)
    return {{make.apart(2, 3, 6, 5), {3, 2}}, {make.apart(1, 2, 3), {5}}, {make.apart(1, 2, 4, 3, 5), {2, 1, 3}}}
  end}
own(adaptive_max_pool, function(a, sizes)
  check('adaptive_max_pool', a)
  local out, index = like(a), places_for(a)
  call(C.mt_adaptive_max_pool, out, index, a, window.sizes('adaptive_max_pool', sizes, window.axes(a)))
  return record(adaptive_max_pool, out, a, nil, nil, nil, index), index
end)

local kernel_buffer = ffi.new('int64_t[3]')

local fractional_max_pool = {'fractional_max_pool', owns = 'q', dtypes = 'floats', vjp = {by_places},
  doc = 'fractional_max_pool(x, samples, kernel, sizes): as max_pool, giving O = sizes by windows of size kernel at ' ..
        'places that follow from samples, N×C×axes numbers within 0 … 1, those of the innermost axis first. Source: ' ..
        'Graham, "Fractional Max-Pooling", 2014 (arXiv:1412.6071)',
  sample = function(make)
    return {{make.apart(2, 3, 7, 6), make.unit(2, 3, 2), {2, 2}, {4, 3}},
            {make.apart(1, 2, 7), make.unit(1, 2, 1), {3}, {3}},
            {make.apart(1, 2, 4, 5, 6), make.unit(1, 2, 3), {2, 2, 3}, {2, 3, 1}}}
  end}
own(fractional_max_pool, function(a, samples, kernel, sizes)
  check('fractional_max_pool', a, samples)
  local out, index, axes = like(a), places_for(a), window.axes(a)
  local given = window.sizes('fractional_max_pool', kernel, axes)
  for i = 0, axes - 1 do kernel_buffer[i] = given[i] end
  call(C.mt_fractional_max_pool, out, index, a, samples, kernel_buffer,
       window.sizes('fractional_max_pool', sizes, axes))
  return record(fractional_max_pool, out, a, nil, nil, nil, index), index
end)

local max_unpool = {'max_unpool',
  doc = 'max_unpool(x, index, model): zeros of the spatial sizes of model (a tensor, or a table of sizes), with x ' ..
        'at the places that max_pool gave; of several at one place the last stays',
  sample = function(make)
    local _, index = F.max_pool(make(2, 3, 4, 5), F.window({2, 2}, 2))
    return {{make(2, 3, 2, 2), make.places(1, 2, 3, 2, 2):copy(index), {4, 5}}}
  end,
  vjp = {function(g, _, a, index) return F.reshape_like(F.gather(planes(g), 2, planes(index)), a) end}}
own(max_unpool, function(a, index, model)
  check('max_unpool', a, index)
  local l, out = layout(a), like(a)
  local axes = handle.is_tensor(model) and window.axes(model) or #model
  local spatial = window.sizes('max_unpool', model, axes)
  for i = axes - 1, 0, -1 do spatial[i + 2] = spatial[i] end
  spatial[0], spatial[1] = l.size[0], l.size[1]
  call(C.mt_tensor_resize, out, axes + 2, spatial)
  call(C.mt_fill, out, 0)
  call(C.mt_scatter, planes(out), 2, planes(index), planes(a), 0)
  return record(max_unpool, out, a, nil, nil, index)
end)

-- -- The mean of each window ------------------------------------------------------------------------------------

local avg_pool = {'avg_pool', dtypes = 'floats', doc = 'avg_pool(x, window): the mean of each window of N×C×I',
  sample = function(make)
    return {{make(2, 3, 6, 5), F.window({2, 2}, 2)}, {make(1, 2, 5, 5), F.window({3, 3}, 2, 1, 1, 1, true, true)},
            {make(2, 2, 7), F.window({3}, 2, 1)}, {make(1, 2, 4, 3, 5), F.window({2, 2, 3}, {2, 1, 2}, {0, 1, 1})}}
  end,
  vjp = {function(g, _, a, w) return F.avg_pool_input(g, a, w) end}}
own(avg_pool, function(a, w)
  check('avg_pool', a)
  window.check('avg_pool', w)
  local out = like(a)
  call(C.mt_avg_pool, out, a, w)
  return record(avg_pool, out, a, nil, nil, w)
end)

local avg_pool_input = {'avg_pool_input', dtypes = 'floats',
  doc = 'avg_pool_input(g, model, window): the gradient of avg_pool by its input, whose spatial sizes are those of ' ..
        'model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 3, 3, 2), make(2, 3, 6, 5), F.window({2, 2}, 2)}, {make(2, 2, 4), {7}, F.window({3}, 2, 1)},
            {make(1, 2, 2, 4, 3), {4, 3, 5}, F.window({2, 2, 3}, {2, 1, 2}, {0, 1, 1})}}
  end,
  vjp = {function(g, _, _, w) return F.avg_pool(g, w) end}}
own(avg_pool_input, function(grad, model, w)
  check('avg_pool_input', grad)
  window.check('avg_pool_input', w)
  local out = like(grad)
  call(C.mt_avg_pool_input, out, grad, w, window.sizes('avg_pool_input', model, w.axes))
  return record(avg_pool_input, out, grad, nil, nil, w)
end)

local adaptive_avg_pool = {'adaptive_avg_pool', dtypes = 'floats',
  doc = 'adaptive_avg_pool(x, model): the mean of each window of adaptive_max_pool; O are the spatial sizes of ' ..
        'model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 3, 6, 5), {3, 2}}, {make(1, 2, 3), {5}}, {make(1, 2, 4, 3, 5), {2, 1, 3}}}
  end,
  vjp = {function(g, _, a) return F.adaptive_avg_pool_input(g, a) end}}
own(adaptive_avg_pool, function(a, model)
  check('adaptive_avg_pool', a)
  local out = like(a)
  call(C.mt_adaptive_avg_pool, out, a, window.sizes('adaptive_avg_pool', model, window.axes(a)))
  return record(adaptive_avg_pool, out, a)
end)

local adaptive_avg_pool_input = {'adaptive_avg_pool_input', dtypes = 'floats',
  doc = 'adaptive_avg_pool_input(g, model): the gradient of adaptive_avg_pool by its input, whose spatial sizes are ' ..
        'those of model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 3, 3, 2), make(2, 3, 6, 5)}, {make(1, 2, 5), {3}}, {make(1, 2, 2, 1, 3), {4, 3, 5}}}
  end,
  vjp = {function(g, _, a) return F.adaptive_avg_pool(g, a) end}}
own(adaptive_avg_pool_input, function(grad, model)
  check('adaptive_avg_pool_input', grad)
  local out = like(grad)
  call(C.mt_adaptive_avg_pool_input, out, grad, window.sizes('adaptive_avg_pool_input', model, window.axes(grad)))
  return record(adaptive_avg_pool_input, out, grad)
end)
