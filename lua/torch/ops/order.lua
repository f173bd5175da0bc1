--- Elements by their rank, and how often they come. Dimensions count from 0 here; places from 1. Gradients go to the
-- places that the elements came from.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local F, own, record = op.F, op.own, op.record
local call, like, new, layout, is_tensor = memory.call, handle.like, handle.new, handle.layout, handle.is_tensor

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

local function places_like(a) return new(C.MT_INT64, layout(a).device) end

local function by_places(g, _, a, dim, index) return F.scatter_add_like(g, a, dim, index) end

local sort = {'sort', doc = 'sort(x, dim, descending): the elements in order, and their places', owns = 'q',
  sample = function(make) return {{make(3, 4), 1, 0}, {make(3, 4), 0, 1}} end, vjp = {by_places}}
own(sort, function(a, dim, descending)
  check('sort', a)
  local out, index = like(a), places_like(a)
  call(C.mt_sort, out, index, a, dim, descending)
  return record(sort, out, a, nil, nil, dim, index), index
end)

local topk = {'topk', doc = 'topk(x, k, dim, largest, sorted): the k greatest (or least) elements, and their places',
  owns = 'q', vjp = {by_places},
  sample = function(make) return {{make(3, 5), 2, 1, 1, 1}, {make(5, 3), 3, 0, 0, 1}} end}
own(topk, function(a, k, dim, largest, sorted)
  check('topk', a)
  local out, index = like(a), places_like(a)
  call(C.mt_topk, out, index, a, k, dim, largest, sorted)
  return record(topk, out, a, nil, nil, dim, index), index
end)

local kthvalue = {'kthvalue', owns = 'q', vjp = {by_places},
  doc = 'kthvalue(x, k, dim): the k-th least elements along a dimension, which stays with size 1, and their places',
  sample = function(make) return {{make(3, 5), 2, 1}, {make(4, 3), 4, 0}} end}
own(kthvalue, function(a, k, dim)
  check('kthvalue', a)
  local out, index = like(a), places_like(a)
  call(C.mt_pick, kthvalue.id, out, index, a, k, dim)
  return record(kthvalue, out, a, nil, nil, dim, index), index
end)
kthvalue.id = C.mt_op_find('kthvalue')

local mode = {'mode', owns = 'q', vjp = {by_places},
  doc = 'mode(x, dim): the most frequent elements along a dimension, the least of equally frequent ones, and their ' ..
        'last places',
  sample = function(make) return {{make(3, 5), 1}, {make(4, 3), 0}} end}
own(mode, function(a, dim)
  check('mode', a)
  local out, index = like(a), places_like(a)
  call(C.mt_pick, mode.id, out, index, a, 0, dim)
  return record(mode, out, a, nil, nil, dim, index), index
end)
mode.id = C.mt_op_find('mode')

own({'histogram', doc = 'histogram(x, bins, low, high, by_row): how many elements fall into each of equal parts of ' ..
      'low … high; low = high: of their own range; by_row: for each row of a matrix. It has no gradient',
    sample = function(make) return {{make(3, 4), 4, -2, 2, false}, {make(3, 4), 3, 0, 0, true}} end},
  function(a, bins, low, high, by_row)
    check('histc', a)
    local out = like(a)
    call(C.mt_histogram, out, a, bins, low, high, by_row and 1 or 0)
    return record(op.by_name.histogram, out, a)
  end)
