--- einsum beyond its values (which test_linalg_values.lua compares with PyTorch's): against plain loops, in every
-- dtype, and what is refused.
local t = require 'harness'
local torch = require 'torch'
local samples = require 'samples'

torch.setdefaulttensortype('torch.DoubleTensor')

-- The sum by loops over every letter: operands are tensors, texts their letters.
local function by_loops(operands, texts, result)
  local size, letters = {}, {}
  for k, text in ipairs(texts) do
    for at = 1, #text do
      local letter = text:sub(at, at)
      if not size[letter] then letters[#letters + 1] = letter end
      size[letter] = math.max(size[letter] or 1, operands[k]:size(at))
    end
  end
  local sizes, place = {}, {}
  for at = 1, #result do sizes[at] = size[result:sub(at, at)] end
  if #sizes == 0 then sizes[1] = 1 end
  local out = torch.zeros(unpack(sizes))
  local function index(text, x)
    local list = {}
    for at = 1, #text do list[at] = x and x:size(at) == 1 and 1 or place[text:sub(at, at)] end
    return #list > 0 and list or {1}
  end
  local function go(depth)
    if depth > #letters then
      local product = 1
      for k, text in ipairs(texts) do product = product * operands[k][index(text, operands[k])] end
      out[index(result)] = out[index(result)] + product
      return
    end
    for i = 1, size[letters[depth]] do
      place[letters[depth]] = i
      go(depth + 1)
    end
  end
  go(1)
  return out
end

local function compare(formula, ...)
  local texts, result = {}, formula:match('>(.*)$')
  for text in formula:match('^(.-)%-'):gmatch('[^,]+') do texts[#texts + 1] = text end
  local got = torch.einsum(formula, ...)
  if type(got) == 'number' then got = torch.Tensor {got} end
  local difference = samples.differ(got:double(), by_loops({...}, texts, result), 10)
  if difference then error(formula .. ': ' .. difference, 2) end
end

t.test('random formulas', function()
  math.randomseed(11)
  local size = {a = 2, b = 3, c = 2, d = 4}
  local function text(most)
    local out = {}
    for i = 1, math.random(most) do out[i] = ('abcd'):sub(1, 4):sub(math.random(4)):sub(1, 1) end
    return table.concat(out)
  end
  for _ = 1, 150 do
    local texts, operands, seen, result = {}, {}, '', {}
    for k = 1, math.random(3) do
      local sizes = {}
      texts[k] = text(3)
      local single = math.random(4) == 1 and texts[k]:sub(1, 1) or nil -- this letter broadcasts here
      for at = 1, #texts[k] do
        local letter = texts[k]:sub(at, at)
        sizes[at] = letter == single and 1 or size[letter]
      end
      operands[k] = torch.randn(unpack(sizes))
      seen = seen .. texts[k]
    end
    for letter in ('dbca'):gmatch('.') do
      if seen:find(letter) and math.random(2) == 1 then result[#result + 1] = letter end
    end
    compare(table.concat(texts, ',') .. '->' .. table.concat(result), unpack(operands))
  end
end)

t.test('every dtype', function()
  for _, name in ipairs {'Float', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte'} do
    local kind = 'torch.' .. name .. 'Tensor'
    local a, b = torch.range(1, 6):view(2, 3), torch.range(1, 6):view(3, 2)
    local out = torch.einsum('ij,jk->ik', a:type(kind), b:type(kind))
    t.eq(out:type(), kind)
    t.eq(out:totable(), {{22, 28}, {49, 64}})
    t.eq(torch.einsum('ij,ji->ij', a:type(kind), b:type(kind)):totable(), {{1, 6, 15}, {8, 20, 36}})
  end
end)

t.test('strided and expanded operands', function()
  local a, b = torch.randn(4, 6):t():narrow(1, 2, 3), torch.randn(1, 4):expand(5, 4)
  compare('ij,kj->ik', a, b)
  compare('ij,kj->kij', a, b)
end)

t.test('a table of operands, a number where nothing is left, and a result of its own', function()
  t.eq(torch.einsum('i,i', {torch.Tensor {1, 2}, torch.Tensor {3, 4}}), 11)
  t.eq(torch.einsum('ii', torch.eye(3)), 3)
  local x = torch.ones(2, 2)
  torch.einsum('ij->ji', x):fill(5)
  t.eq(x:sum(), 4)
end)

t.test('what is refused', function()
  local x, y = torch.ones(2, 3), torch.ones(3, 2)
  t.raises('"ijk" of "ijk" has 3 letters for 2 dimensions', torch.einsum, 'ijk', x)
  t.raises('"i" of "i" has 1 letters for 2 dimensions', torch.einsum, 'i', x)
  t.raises('has 3 letters for 2 dimensions', torch.einsum, '...ijk', x)
  t.raises('j has size 3 in one operand and 2 in another', torch.einsum, 'ij,kj', x, y)
  t.raises('i names dimensions of sizes 2 and 3', torch.einsum, 'ii', x)
  t.raises('the result of "ij%->ii" has i twice', torch.einsum, 'ij->ii', x)
  t.raises('no operand of "ij%->k" has the letter k of the result', torch.einsum, 'ij->k', x)
  t.raises('"ij,jk" is of more than 1 operands', torch.einsum, 'ij,jk', x)
  t.raises('"ij" is of 1 operands, got 2', torch.einsum, 'ij', x, y)
  t.raises('expected letters in "i1", got "1"', torch.einsum, 'i1', x)
  t.raises('expected letters', torch.einsum, 'i.', x)
  t.raises('einsum: expected a formula as a string, got cdata', torch.einsum, x, 'ij')
  t.raises('einsum: expected a tensor, got nothing', torch.einsum, 'ij')
  t.raises('einsum: expected a tensor, got number', torch.einsum, 'i,i', torch.ones(2), 3)
  t.raises('einsum: operand 1 has no elements', torch.einsum, 'i', torch.Tensor())
  t.raises('expected tensors of one type', torch.einsum, 'ij,jk', x, y:float())
  t.raises('test_einsum.lua:%d+: einsum', function() torch.einsum('ii', x) end)
end)
