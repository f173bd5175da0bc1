--- How tensors and storages print: as in Torch7, all elements in one format, which is chosen by the least and the
-- greatest magnitude among them; a common factor stands in front where that reads better, and type and sizes below.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local reals = require 'torch.reals'
local sizes = require 'torch.sizes'

local layout, call = handle.layout, memory.call
local floor, abs, log10 = math.floor, math.abs, math.log10

local printing = {}

local page_width = 80

-- -- Formats ----------------------------------------------------------------------------------------------------

-- Whether all values are whole (infinities are), and the least and the greatest magnitude: NaN when a value is NaN.
local function survey(values, n)
  local whole, least, greatest = true, math.huge, 0
  for i = 0, n - 1 do
    local v = reals.double(values, i)
    if v ~= v then return false, v, v end
    whole = whole and v == floor(v)
    v = abs(v)
    if v < least then least = v end
    if v > greatest then greatest = v end
  end
  return whole, least, greatest
end

-- Digits before the point; 0.01 has -1 of them.
local function digits(v) return v == 0 and 1 or floor(log10(v)) + 1 end

-- A format for all values, the width it gives them (nil: various) and the factor to be taken out of them (nil: none).
local function choose(whole, least, greatest)
  if least ~= least then return '%f' end
  least, greatest = digits(least), digits(greatest)
  if whole then
    if greatest > 9 then return '%11.4e', 11 end
    return ('%%%dd'):format(greatest + 1), greatest + 1
  end
  if greatest - least > 4 then
    local width = (abs(greatest) > 99 or abs(least) > 99) and 12 or 11
    return ('%%%d.4e'):format(width), width
  end
  if greatest > 5 or greatest < 0 then return '%7.4f', 7, 10 ^ (greatest - 1) end
  local width = greatest == 0 and 7 or greatest + 6
  return ('%%%d.4f'):format(width), width
end

-- The elements of t as texts, in order; their width and factor, as above.
local function texts_of(t)
  local n, kind = tonumber(C.mt_tensor_numel(t)), handle.kind(t)
  local l, packed = layout(t), handle.new(C.MT_DOUBLE, C.MT_CPU)
  call(C.mt_tensor_resize, packed, l.dim, l.size)
  call(C.mt_copy, packed, t)
  local values = ffi.cast('double *', C.mt_tensor_data(packed))
  local whole, least, greatest = survey(values, n)
  local texts = {}
  if kind.dtype == C.MT_INT64 and greatest >= 2 ^ 53 then -- no double holds them, so they are written out
    local exact = handle.new(C.MT_INT64, C.MT_CPU)
    call(C.mt_tensor_resize, exact, l.dim, l.size)
    call(C.mt_copy, exact, t)
    local integers, longest = ffi.cast('int64_t *', C.mt_tensor_data(exact)), 0
    for i = 1, n do
      texts[i] = tostring(integers[i - 1]):sub(1, -3) -- without LL
      longest = math.max(longest, #texts[i]:gsub('%-', ''))
    end
    for i = 1, n do texts[i] = ('%' .. longest + 1 .. 's'):format(texts[i]) end
    return texts, longest + 1
  end
  local format, width, scale = choose(whole, least, greatest)
  local divisor = scale or 1
  for i = 1, n do texts[i] = format:format(reals.double(values, i - 1) / divisor) end
  return texts, width, scale ~= 1 and scale or nil
end

-- -- Pages ------------------------------------------------------------------------------------------------------

local function add(lines, text) lines[#lines + 1] = text end

local function add_factor(lines, indent, scale) add(lines, ('%s%g *'):format(indent, scale)) end

local function add_vector(lines, texts, scale)
  if scale then add_factor(lines, '', scale) end
  for i = 1, #texts do add(lines, texts[i]) end
end

-- A matrix of the texts from first on; one that is wider than the page goes in groups of columns.
local function add_matrix(lines, texts, first, rows, columns, indent, width, scale)
  local fit = width and floor((page_width - #indent) / (width + 1)) or columns
  local start = scale and indent .. ' ' or indent
  for left = 1, columns, fit do
    local right = math.min(left + fit - 1, columns)
    if fit < columns then
      if left > 1 then add(lines, '') end
      add(lines, ('%sColumns %d to %d'):format(left == 1 and indent or '', left, right))
    end
    if scale then add_factor(lines, indent, scale) end
    for row = 0, rows - 1 do
      local at = first + row * columns - 1
      add(lines, start .. table.concat(texts, ' ', at + left, at + right))
    end
  end
end

-- Matrices, each under its place: (2,1,.,.) = . The first of the leading dimensions runs fastest.
local function add_matrices(lines, t, texts, width, scale)
  local l, place, jump = layout(t), {}, {}
  local lead, rows, columns = l.dim - 2, tonumber(l.size[l.dim - 2]), tonumber(l.size[l.dim - 1])
  local step = rows * columns
  for d = lead, 1, -1 do
    place[d], jump[d] = 1, step
    step = step * tonumber(l.size[d - 1])
  end
  for n = 1, #texts / (rows * columns) do
    local first, d = 1, 1
    for i = 1, lead do first = first + (place[i] - 1) * jump[i] end
    if n > 1 then add(lines, '') end
    add(lines, ('(%s,.,.) = '):format(table.concat(place, ',')))
    add_matrix(lines, texts, first, rows, columns, ' ', width, scale)
    while d <= lead do
      place[d] = place[d] + 1
      if place[d] <= l.size[d - 1] then break end
      place[d], d = 1, d + 1
    end
  end
end

--- The text of a tensor.
--   print(torch.Tensor{{1, 2}, {3, 4.5}})
--   --  1.0000  2.0000
--   --  3.0000  4.5000
--   -- [torch.DoubleTensor of size 2x2]
function printing.tensor(t)
  local l, name = layout(t), handle.kind(t).tensor_name
  if l.dim == 0 then return ('[%s with no dimension]\n'):format(name) end
  local texts, width, scale = texts_of(t)
  local lines = {}
  if #texts > 0 then
    if l.dim == 1 then
      add_vector(lines, texts, scale)
    elseif l.dim == 2 then
      add_matrix(lines, texts, 1, tonumber(l.size[0]), tonumber(l.size[1]), '', width, scale)
    else
      add_matrices(lines, t, texts, width, scale)
    end
  end
  add(lines, ('[%s of size %s]\n'):format(name, sizes.text(t)))
  return table.concat(lines, '\n')
end

--- The text of a storage, given as a tensor of all its elements.
function printing.storage(t)
  local texts, _, scale = texts_of(t)
  local lines = {}
  add_vector(lines, texts, scale)
  add(lines, ('[%s of size %d]\n'):format(handle.kind(t).storage_name, #texts))
  return table.concat(lines, '\n')
end

return printing
