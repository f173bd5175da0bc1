--- Choosing, ordering and joining elements. Dimensions count from 0 here; index tensors hold places from 1.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local types = require 'torch.types'

local F, own, record, check = op.F, op.own, op.record, op.check
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout

-- zeros of the sizes of model, and of the type of x
local function zeros(x, model)
  local out = like(x)
  call(C.mt_tensor_resize, out, layout(model).dim, layout(model).size)
  call(C.mt_fill, out, 0)
  return out
end

local function long(device) return new(C.MT_INT64, device) end

-- -- Along a dimension, one place for each element --------------------------------------------------------------

local gather = {'gather', doc = 'gather(x, dim, index): out[i][j] = x[index[i][j]][j] for dim 1, and so on',
  sample = function(make) return {{make(3, 4), 1, make.places(4, 3, 2)}, {make(3, 4), 0, make.places(3, 2, 4)}} end,
  vjp = {function(g, _, a, dim, index) return F.scatter_add_like(g, a, dim, index) end}}
own(gather, function(a, dim, index)
  check('gather', a, index)
  local out = like(a)
  call(C.mt_gather, out, a, dim, index)
  return record(gather, out, a, nil, nil, dim, index)
end)

local scatter_add_like = {'scatter_add_like',
  doc = 'scatter_add_like(x, model, dim, index): zeros of model\'s sizes, with x added at the places: undoes gather',
  sample = function(make) return {{make(3, 2), make(3, 4), 1, make.places(4, 3, 2)}} end,
  vjp = {function(g, _, _, dim, index) return F.gather(g, dim, index) end}}
own(scatter_add_like, function(a, model, dim, index)
  check('scatter_add_like', a, model, index)
  local out = zeros(a, model)
  call(C.mt_scatter_add, out, dim, index, a)
  return record(scatter_add_like, out, a, nil, nil, dim, index)
end)

-- -- Whole slices -----------------------------------------------------------------------------------------------

local index_select = {'index_select', doc = 'index_select(x, dim, index): the slices at these places of a dimension',
  sample = function(make) return {{make(4, 3), 0, make.places(4, 6)}, {make(3, 4), 1, make.places(4, 2)}} end,
  vjp = {function(g, _, a, dim, index) return F.index_add_like(g, a, dim, index) end}}
own(index_select, function(a, dim, index)
  check('index', a, index)
  local out = like(a)
  call(C.mt_index_select, out, a, dim, index)
  return record(index_select, out, a, nil, nil, dim, index)
end)

local index_add_like = {'index_add_like',
  doc = 'index_add_like(x, model, dim, index): zeros of model\'s sizes, with slices of x added: undoes index_select',
  sample = function(make) return {{make(6, 3), make(4, 3), 0, make.places(4, 6)}} end,
  vjp = {function(g, _, _, dim, index) return F.index_select(g, dim, index) end}}
own(index_add_like, function(a, model, dim, index)
  check('index_add_like', a, model, index)
  local out = zeros(a, model)
  call(C.mt_index_add, out, dim, index, a)
  return record(index_add_like, out, a, nil, nil, dim, index)
end)

-- -- By mask ----------------------------------------------------------------------------------------------------

local masked_select = {'masked_select',
  doc = 'masked_select(x, mask): the elements where the mask is not 0, as a vector',
  sample = function(make) return {{make(3, 4), make.mask(3, 4)}} end,
  vjp = {function(g, _, a, mask) return F.masked_scatter_like(g, a, mask) end}}
own(masked_select, function(a, mask)
  check('maskedSelect', a, mask)
  local out = like(a)
  call(C.mt_masked_select, out, a, mask)
  return record(masked_select, out, a, nil, nil, mask)
end)

local masked_scatter_like = {'masked_scatter_like',
  doc = 'masked_scatter_like(x, model, mask): zeros, with x where the mask is not 0: undoes masked_select',
  sample = function(make)
    local mask = make.mask(3, 4)
    return {{make(F.masked_select(make(3, 4), mask):nElement()), make(3, 4), mask}}
  end,
  vjp = {function(g, _, _, mask) return F.masked_select(g, mask) end}}
own(masked_scatter_like, function(a, model, mask)
  check('masked_scatter_like', a, model, mask)
  local out = zeros(a, model)
  call(C.mt_masked_copy, out, mask, a)
  return record(masked_scatter_like, out, a, nil, nil, mask)
end)

--- x with a number where the mask is not 0
function F.masked_fill(a, mask, value)
  return F.where(mask, value, a)
end

-- -- Joining ----------------------------------------------------------------------------------------------------

local ffi = require 'ffi'
local handles = ffi.typeof('mt_tensor *[?]')

local cat = {'cat', inputs = 'list', doc = 'cat({x, y, …}, dim): the tensors one behind another along a dimension',
  sample = function(make) return {{{make(2, 3), make(2, 4)}, 1}, {{make(2, 3), make(1, 3), make(3, 3)}, 0}} end,
  vjp_list = function(g, _, list, dim)
    local parts, at = {}, 0
    for i = 1, #list do
      local l = layout(list[i])
      if l.dim > 0 then
        local length = tonumber(l.size[dim])
        parts[i] = F.narrow(g, dim, at, length)
        at = at + length
      end
    end
    return parts
  end}
cat.vjp = true
-- into: the tensor to write, while nothing is recorded
own(cat, function(list, dim, into)
  if #list == 0 then op.expected_tensor('cat', nil) end
  check('cat', unpack(list))
  local out, parts = into or like(list[1]), handles(#list)
  for i = 1, #list do parts[i - 1] = list[i] end
  call(C.mt_cat, out, parts, #list, dim)
  return record(cat, out, list, nil, nil, dim)
end)

-- -- Triangles of a matrix --------------------------------------------------------------------------------------

for name, upper in pairs {tril = 0, triu = 1} do
  local row = {name, sample = function(make) return {{make(4, 4), 0}, {make(3, 5), 1}, {make(2, 3, 4), -1}} end,
    vjp = {function(g, _, _, k) return F[name](g, k) end},
    doc = ('%s(x, k): the matrix, or each of a batch, with zeros %s its k-th diagonal'):format(
      name, upper == 1 and 'below' or 'above')}
  own(row, function(a, k)
    check(name, a)
    local out = like(a)
    call(C.mt_tri, out, a, k, upper)
    return record(row, out, a, nil, nil, k)
  end)
end

--- The places first, first + step, …, n of them, as a LongTensor beside model.
function F.places(model, first, step, n)
  local out, device = long(C.MT_CPU), layout(model).device
  call(C.mt_range, out, first, step, n)
  return device == C.MT_CPU and out or F.cast(out, types.at[device][C.MT_INT64])
end

--- Places of the elements that are not 0, as a LongTensor with a row for each.
function F.nonzero(a)
  check('nonzero', a)
  local out = long(layout(a).device)
  call(C.mt_nonzero, out, a)
  return out
end
