--- einsum: sums of products written with a letter for each dimension, as in A. Einstein's notation.
-- The operands are joined one after another. A letter that no later operand and not the result has is summed at once;
-- what two operands share becomes the batch or the inner dimension of one product of matrices.
local handle = require 'torch.handle'
local errors = require 'torch.errors'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F
local fail, layout, is_tensor = errors.fail, handle.layout, handle.is_tensor

-- -- Reading the formula ------------------------------------------------------------------------------------------

-- The letters of one operand, with the dimensions that its dots stand for named '.1', '.2', … from the last one on.
local function letters_of(formula, text, dims)
  local list, dots = {}, text:find('...', 1, true)
  local named = dots and #text - 3 or #text
  if named > dims or not dots and named < dims then
    fail('einsum: "%s" of "%s" has %d letters for %d dimensions', text, formula, named, dims)
  end
  local at = 1
  while at <= #text do
    if at == dots then
      for i = dims - named, 1, -1 do list[#list + 1] = '.' .. i end
      at = at + 3
    else
      local letter = text:sub(at, at)
      if not letter:find('%a') then fail('einsum: expected letters in "%s", got "%s"', formula, letter) end
      list[#list + 1] = letter
      at = at + 1
    end
  end
  return list
end

-- Without an arrow the result has what the dots stand for, and the letters that come once, in alphabetical order.
local function implied(operands)
  local count, list = {}, {}
  for _, x in ipairs(operands) do
    for _, letter in ipairs(x.letters) do count[letter] = (count[letter] or 0) + 1 end
  end
  for letter, n in pairs(count) do
    if n == 1 and #letter == 1 or #letter > 1 then list[#list + 1] = letter end
  end
  table.sort(list, function(a, b)
    if (#a > 1) ~= (#b > 1) then return #a > 1 end
    if #a > 1 then return tonumber(a:sub(2)) > tonumber(b:sub(2)) end
    return a < b
  end)
  return list
end

-- The letters of the result that stand behind the arrow.
local function given(formula, text, operands)
  local dots, known, seen = 0, {}, {}
  for _, x in ipairs(operands) do
    for _, letter in ipairs(x.letters) do
      known[letter] = true
      if #letter > 1 then dots = math.max(dots, tonumber(letter:sub(2))) end
    end
  end
  local named = #text - (text:find('...', 1, true) and 3 or 0)
  local list = letters_of(formula, text, named + (named < #text and dots or 0))
  for _, letter in ipairs(list) do
    if seen[letter] then fail('einsum: the result of "%s" has %s twice', formula, letter) end
    if not known[letter] then fail('einsum: no operand of "%s" has the letter %s of the result', formula, letter) end
    seen[letter] = true
  end
  return list
end

local function read(formula, tensors)
  local text = formula:gsub('%s', '')
  local left, right = text:match('^(.-)%->(.*)$')
  local operands = {}
  for part in ((left or text) .. ','):gmatch('([^,]*),') do
    local x = tensors[#operands + 1]
    if not x then fail('einsum: "%s" is of more than %d operands', formula, #tensors) end
    operands[#operands + 1] = {x = x, letters = letters_of(formula, part, layout(x).dim)}
  end
  if #operands < #tensors then fail('einsum: "%s" is of %d operands, got %d', formula, #operands, #tensors) end
  return operands, right and given(formula, right, operands) or implied(operands)
end

-- -- Single operands ----------------------------------------------------------------------------------------------

local function size(x, letter) return tonumber(layout(x.x).size[x.place[letter] - 1]) end

-- Where each letter stands; letters that come twice name a diagonal.
local function settle(x)
  x.place = {}
  local at = 1
  while at <= #x.letters do
    local letter = x.letters[at]
    local first = x.place[letter]
    if first then
      local l = layout(x.x)
      if l.size[first - 1] ~= l.size[at - 1] then
        fail('einsum: %s names dimensions of sizes %d and %d', letter, tonumber(l.size[first - 1]),
             tonumber(l.size[at - 1]))
      end
      x.x = F.diagonal(x.x, first - 1, at - 1)
      table.remove(x.letters, at)
      table.remove(x.letters, first)
      x.letters[#x.letters + 1] = letter
      x.place, at = {}, 1
    else
      x.place[letter] = at
      at = at + 1
    end
  end
  return x
end

local function reshaped(x, shape)
  x = F.contiguous(x)
  return F.view(x, nil, sizes.read('einsum', shape))
end

-- The dimensions in the order of these letters, which are all. A tensor without letters has one element.
local function permuted(x, letters)
  local order = {}
  if #letters == 0 then return x.x end
  for i, letter in ipairs(letters) do order[i] = x.place[letter] - 1 end
  return F.permute(x.x, order)
end

-- x summed over its letters that are not wanted.
local function summed(x, wanted)
  local dims, kept, all = 0, {}, {}
  for _, letter in ipairs(x.letters) do
    if wanted[letter] then kept[#kept + 1] = letter else dims = dims + 2 ^ (x.place[letter] - 1) end
    all[#all + 1] = letter
  end
  if dims == 0 then return x end
  local out = F.sum(x.x, dims)
  if #kept == 0 then return {x = reshaped(out, {1}), letters = {}, place = {}} end
  for at = #all, 1, -1 do
    if not wanted[all[at]] then out = F.select(out, at - 1, 0) end
  end
  return settle {x = out, letters = kept}
end

-- x without the letters that have size 1 here and another size in the other operand: they change nothing.
local function without_singles(x, other)
  local out, kept = x.x, {}
  for at = #x.letters, 1, -1 do
    local letter = x.letters[at]
    local n, m = size(x, letter), other.place[letter] and size(other, letter)
    if m and n == 1 and m ~= 1 then
      out = F.select(out, at - 1, 0)
    elseif m and n ~= m and m ~= 1 then
      fail('einsum: %s has size %d in one operand and %d in another', letter, n, m)
    else
      table.insert(kept, 1, letter)
    end
  end
  return settle {x = out, letters = kept}
end

-- -- Pairs --------------------------------------------------------------------------------------------------------

local function join(...)
  local out = {}
  for i = 1, select('#', ...) do
    for _, letter in ipairs((select(i, ...))) do out[#out + 1] = letter end
  end
  return out
end

-- The sizes of these letters, and their product.
local function sizes_of(x, letters)
  local out, n = {}, 1
  for i, letter in ipairs(letters) do
    out[i] = size(x, letter)
    n = n * out[i]
  end
  return out, n
end

-- x with one dimension for each group of letters; a view, as far as each group is one letter.
local function grouped(x, groups)
  local shape, single = {}, true
  for i, letters in ipairs(groups) do
    local _, n = sizes_of(x, letters)
    shape[i], single = n, single and #letters == 1
  end
  local out = permuted(x, join(unpack(groups)))
  return single and out or reshaped(out, shape), shape
end

-- The product of two operands, summed over the letters that are in both and not wanted.
local function pair(a, b, wanted)
  local shared, inner, left, right = {}, {}, {}, {}
  for _, letter in ipairs(a.letters) do
    local list = not b.place[letter] and left or wanted[letter] and shared or inner
    list[#list + 1] = letter
  end
  for _, letter in ipairs(b.letters) do
    if not a.place[letter] then right[#right + 1] = letter end
  end
  local out
  if #inner > 0 then
    local x, y = {left, inner}, {inner, right}
    if #shared > 0 then x, y = {shared, left, inner}, {shared, inner, right} end
    out = F.matmul((grouped(a, x)), (grouped(b, y)))
  else -- element by element, spread over the other's letters
    local x, model = grouped(a, {shared, left, {}})
    local y, other = grouped(b, {shared, {}, right})
    model[3] = other[3]
    out = F.mul(F.expand(x, nil, sizes.read('einsum', model)), F.expand(y, nil, sizes.read('einsum', model)))
  end
  local shape = join((sizes_of(a, shared)), (sizes_of(a, left)), (sizes_of(b, right)))
  return settle {x = reshaped(out, #shape > 0 and shape or {1}), letters = join(shared, left, right)}
end

-- -- The op -------------------------------------------------------------------------------------------------------

-- The letters that the result or an operand from the given one on has.
local function wanted_from(operands, first, result)
  local wanted = {}
  for _, letter in ipairs(result) do wanted[letter] = true end
  for i = first, #operands do
    for _, letter in ipairs(operands[i].letters) do wanted[letter] = true end
  end
  return wanted
end

local function with_letters(set, x)
  local out = {}
  for letter in pairs(set) do out[letter] = true end
  for _, letter in ipairs(x.letters) do out[letter] = true end
  return out
end

op.composed({'einsum', inputs = 'list',
  doc = 'einsum({x, y, …}, formula): the sum of products that the formula writes with a letter for each dimension: ' ..
        '\'ij,jk->ik\' is the product of matrices; and whether no letter is left',
  sample = function(make)
    return {{{make(3, 4), make(4, 2)}, 'ij,jk->ik'}, {{make(3, 3)}, 'ii->i'}, {{make(2, 3), make(2)}, 'ij,i->ji'},
            {{make(2, 3, 4), make(2, 4, 3), make(2)}, 'bij,bjk,b'},
            {{make(2, 1, 3), make(4, 3, 2)}, '...j,...jk->...k'}}
  end},
  function(list, formula)
    if type(formula) ~= 'string' then fail('einsum: expected a formula as a string, got %s', type(formula)) end
    for i = 1, math.max(1, #list) do
      if not is_tensor(list[i]) then op.expected_tensor('einsum', list[i]) end
      if layout(list[i]).dim == 0 then fail('einsum: operand %d has no elements', i) end
    end
    local operands, result = read(formula, list)
    for i = 1, #operands do settle(operands[i]) end
    local out = summed(operands[1], wanted_from(operands, 2, result))
    for i = 2, #operands do
      local wanted = wanted_from(operands, i + 1, result)
      local a, b = without_singles(out, operands[i]), without_singles(operands[i], out)
      out = pair(summed(a, with_letters(wanted, b)), summed(b, with_letters(wanted, a)), wanted)
    end
    out = permuted(out, result)
    return #operands == 1 and F.clone(out) or F.contiguous(out), #result == 0
  end)
