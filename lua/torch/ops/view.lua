--- Ops that only change the view, and those that undo them. Dimensions here are counted from 0, as in C; the methods of
-- Torch7 (torch/views.lua) count from 1.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F, own, record = op.F, op.own, op.record
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout
local buffer, strides = sizes.buffer, ffi.new('int64_t[?]', C.MT_MAX_DIM)

-- A view of t's sizes: the buffer may be written while t's own sizes are read.
local function size_count(t)
  local l = layout(t)
  for i = 0, l.dim - 1 do buffer[i] = l.size[i] end
  return l.dim
end

own({'narrow', doc = 'narrow(x, dim, start, length): part of a dimension, as a view',
  sample = function(make) return {{make(3, 5), 1, 1, 3}} end,
  vjp = {function(g, _, a, dim, start) return F.pad_like(g, a, dim, start) end}},
  function(a, dim, start, length)
    local out = like(a)
    call(C.mt_narrow, out, a, dim, start, length)
    return record(op.by_name.narrow, out, a, nil, nil, dim, start, length)
  end)

own({'pad_like', doc = 'pad_like(x, model, dim, start): zeros of model\'s sizes, with x at start of dim: undoes narrow',
  sample = function(make) return {{make(3, 2), make(3, 5), 1, 2}} end,
  vjp = {function(g, _, _, dim, start, length) return F.narrow(g, dim, start, length) end}},
  function(a, model, dim, start)
    local out, part = like(a), like(a)
    op.check_dim('pad_like', a, dim)
    call(C.mt_tensor_resize, out, size_count(model), buffer)
    call(C.mt_fill, out, 0)
    local length = layout(a).size[dim]
    call(C.mt_narrow, part, out, dim, start, length)
    call(C.mt_copy, part, a)
    return record(op.by_name.pad_like, out, a, nil, nil, dim, start, tonumber(length))
  end)

own({'select', doc = 'select(x, dim, index): one slice of a dimension, as a view with that dimension gone',
  sample = function(make) return {{make(3, 5), 1, 2}, {make(4), 0, 3}} end,
  vjp = {function(g, _, a, dim, index)
    if layout(a).dim > 1 then g = F.unsqueeze(g, dim) end
    return F.pad_like(g, a, dim, index)
  end}},
  function(a, dim, index)
    local out = like(a)
    call(C.mt_select, out, a, dim, index)
    return record(op.by_name.select, out, a, nil, nil, dim, index)
  end)

own({'transpose', doc = 'transpose(x, dim1, dim2): two dimensions exchanged, as a view',
  sample = function(make) return {{make(2, 3, 4), 0, 2}} end,
  vjp = {function(g, _, _, i, j) return F.transpose(g, i, j) end}},
  function(a, i, j)
    local out = like(a)
    call(C.mt_transpose, out, a, i, j)
    return record(op.by_name.transpose, out, a, nil, nil, i, j)
  end)

own({'permute', doc = 'permute(x, order): the dimensions in another order, as a view',
  sample = function(make) return {{make(2, 3, 4), {2, 0, 1}}} end,
  vjp = {function(g, _, _, order)
    local back = {}
    for i = 1, #order do back[order[i] + 1] = i - 1 end
    return F.permute(g, back)
  end}},
  function(a, order)
    local out = like(a)
    if #order ~= layout(a).dim then
      errors.fail('permute: expected %d dimensions, got %d', layout(a).dim, #order)
    end
    for i = 1, #order do buffer[i - 1] = order[i] end
    call(C.mt_permute, out, a, buffer)
    return record(op.by_name.permute, out, a, nil, nil, order)
  end)

local view = {'view', apart = 'view',
  doc = 'view(x, sizes…): the same elements with other sizes, as a view; one size may be −1',
  sample = function(make) return {{make(3, 4), make(2, 6)}} end,
  vjp = {function(g, _, a) return F.reshape_like(g, a) end}}

-- model: a tensor whose sizes are wanted, or nil when they are the count numbers in the buffer
own(view, function(a, model, count)
  local out = like(a)
  if model then count = size_count(model) end
  call(C.mt_view, out, a, count, buffer)
  return record(view, out, a)
end)

own({'contiguous', doc = 'contiguous(x): x itself, or a copy whose elements lie in order',
  sample = function(make) return {{make(4, 3)}, {F.transpose(make(3, 4), 0, 1)}} end,
  vjp = {function(g) return g end}},
  function(a)
    if layout(a) and C.mt_tensor_is_contiguous(a) ~= 0 then return a end
    return F.clone(a)
  end)

own({'clone', doc = 'clone(x): a copy', sample = function(make) return {{make(3, 4)}} end,
  vjp = {function(g) return g end}},
  function(a)
    local out = like(a)
    call(C.mt_tensor_resize, out, size_count(a), buffer)
    call(C.mt_copy, out, a)
    return record(op.by_name.clone, out, a)
  end)

--- view where that is possible, else a copy
function F.reshape_like(a, model)
  return F.view(F.contiguous(a), model)
end

own({'expand', doc = 'expand(x, sizes…): dimensions of size 1 repeated, as a view',
  sample = function(make) return {{make(3, 1), make(2, 3, 4)}} end,
  vjp = {function(g, _, a) return F.sum_to(g, a) end}},
  function(a, model, count)
    local out = like(a)
    if model then count = size_count(model) end
    call(C.mt_expand, out, a, count, buffer)
    return record(op.by_name.expand, out, a)
  end)

own({'squeeze', apart = 'view', doc = 'squeeze(x[, dim]): without dimensions of size 1, as a view',
  sample = function(make) return {{make(3, 1, 4), -1}, {make(1, 3, 1), 0}} end,
  vjp = {function(g, _, a) return F.reshape_like(g, a) end}},
  function(a, dim)
    local out = like(a)
    call(C.mt_squeeze, out, a, dim)
    return record(op.by_name.squeeze, out, a)
  end)

own({'unsqueeze', apart = 'view', doc = 'unsqueeze(x, dim): with a dimension of size 1 more, as a view',
  sample = function(make) return {{make(3, 4), 1}} end,
  vjp = {function(g, _, a) return F.reshape_like(g, a) end}},
  function(a, dim)
    local out = like(a)
    call(C.mt_unsqueeze, out, a, dim)
    return record(op.by_name.unsqueeze, out, a)
  end)

own({'unfold', doc = 'unfold(x, dim, size, step): the windows of a dimension, as a view with one dimension more',
  sample = function(make) return {{make(3, 7), 1, 3, 2}, {make(6), 0, 3, 1}} end,
  vjp = {function(g, _, a, dim, size, step) return F.fold_like(g, a, dim, size, step) end}},
  function(a, dim, size, step)
    local out = like(a)
    call(C.mt_unfold, out, a, dim, size, step)
    return record(op.by_name.unfold, out, a, nil, nil, dim, size, step)
  end)

own({'fold_like', doc = 'fold_like(x, model, dim, size, step): sums windows back into their places: undoes unfold',
  sample = function(make) return {{make(3, 3, 3), make(3, 7), 1, 3, 2}} end,
  vjp = {function(g, _, _, dim, size, step) return F.unfold(g, dim, size, step) end}},
  function(a, model, dim, size, step)
    local out, windows, place, part = like(a), like(a), like(a), like(a)
    call(C.mt_tensor_resize, out, size_count(model), buffer)
    call(C.mt_fill, out, 0)
    call(C.mt_unfold, windows, out, dim, size, step)
    -- windows overlap, but the i-th elements of all windows do not when taken for one i
    local add, last = op.by_name.add.id, layout(windows).dim - 1
    for i = 0, size - 1 do
      call(C.mt_select, place, windows, last, i)
      call(C.mt_select, part, a, last, i)
      call(C.mt_pointwise, add, place, place, part, nil, 0, 1)
    end
    return record(op.by_name.fold_like, out, a, nil, nil, dim, size, step)
  end)

-- out becomes the view of a's diagonal over two dimensions, which end as its last one.
local function set_diagonal(out, a, i, j)
  local l, n = layout(a), 0
  op.check_dim('diagonal', a, i)
  op.check_dim('diagonal', a, j)
  if i == j then errors.fail('diagonal: expected two dimensions of %s, got %d twice', sizes.text(a), i + 1) end
  for d = 0, l.dim - 1 do
    if d ~= i and d ~= j then
      buffer[n], strides[n] = l.size[d], l.stride[d]
      n = n + 1
    end
  end
  buffer[n] = l.size[i] < l.size[j] and l.size[i] or l.size[j]
  strides[n] = l.stride[i] + l.stride[j]
  call(C.mt_tensor_set_storage, out, l.storage, l.offset, n + 1, buffer, strides)
  return out
end

own({'diagonal',
  doc = 'diagonal(x, dim1, dim2): the elements with equal places in two dimensions, as a view in which one ' ..
        'dimension, the last, stands for both',
  sample = function(make) return {{make(3, 5), 0, 1}, {make(3, 2, 4), 2, 0}} end,
  vjp = {function(g, _, a, i, j) return F.diagonal_like(g, a, i, j) end}},
  function(a, i, j) return record(op.by_name.diagonal, set_diagonal(like(a), a, i, j), a, nil, nil, i, j) end)

own({'diagonal_like',
  doc = 'diagonal_like(x, model, dim1, dim2): zeros of model\'s sizes, with x on the diagonal: undoes diagonal',
  sample = function(make) return {{make(3), make(3, 5), 0, 1}, {make(2, 3), make(3, 2, 4), 2, 0}} end,
  vjp = {function(g, _, _, i, j) return F.diagonal(g, i, j) end}},
  function(a, model, i, j)
    local out = like(a)
    call(C.mt_tensor_resize, out, size_count(model), buffer)
    call(C.mt_fill, out, 0)
    call(C.mt_copy, set_diagonal(like(a), out, i, j), a)
    return record(op.by_name.diagonal_like, out, a, nil, nil, i, j)
  end)

own({'cast', doc = 'cast(x, kind): a copy with another dtype or on another device; kind is one of torch.types',
  sample = function(make) return {{make(3, 4), handle.kind(make(1))}} end,
  vjp = {function(g, _, a) return F.cast(g, handle.kind(a)) end}},
  function(a, kind)
    local out = new(kind.dtype, kind.device)
    call(C.mt_tensor_resize, out, size_count(a), buffer)
    call(C.mt_copy, out, a)
    return record(op.by_name.cast, out, a)
  end)

local alias = {'alias', doc = 'alias(x): another handle of the same view, with a place of its own on a tape',
  sample = function(make) return {{make(3, 4)}} end, vjp = {function(g) return g end}}
own(alias, function(a) return record(alias, handle.alias(a), a) end)

--- another handle of the same view, without history
function F.detach(a) return handle.alias(a) end
