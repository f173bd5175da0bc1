--- JSON: tensors as nested arrays, exact numbers, what is refused.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local folder = files.formats()
local encode, decode = torch.json.encode, torch.json.decode

t.test('values', function()
  t.eq(encode {1, 'a', true, {}, {b = false, a = -2.5}}, '[1,"a",true,{},{"a":-2.5,"b":false}]')
  t.eq(encode(torch.json.null), 'null')
  t.eq(encode(nil), 'null')
  t.eq(encode 'a/b "c"\n\1', '"a/b \\"c\\"\\n\\u0001"')
  t.eq(decode '{"a": [1, {"b": null}]}', {a = {1, {b = torch.json.null}}})
end)

t.test('numbers come back as they were', function()
  for _, x in ipairs {0.1, 1 / 3, 0.1 + 0.2, 1e300, 5e-324, 2 ^ 53 + 2, -1e15, 123456789012345680, -7} do
    t.eq(decode(encode(x)), x)
  end
  t.eq(encode(0.1), '0.1')
  t.eq(1 / decode(encode(-0)), -1 / 0)
end)

t.test('tensors of every type and storages', function()
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double', 'Half', 'BFloat16'} do
    t.eq(encode(torch[name .. 'Tensor'] {{1, 2, 3}, {4, 5, 6}}), '[[1,2,3],[4,5,6]]')
  end
  t.eq(encode(torch.range(1, 6):view(2, 3):t()), '[[1,4],[2,5],[3,6]]')
  t.eq(encode(torch.FloatTensor {0.1, 1 / 3}), '[0.1,0.33333334]')
  t.eq(encode {torch.Tensor(), torch.zeros(2, 0), torch.zeros(1, 1, 1)}, '[[],[[],[]],[[[0]]]]')
  local long = torch.LongTensor(1)
  long:data()[0] = 2LL ^ 62 + 1
  t.eq(encode(long), '[4611686018427387905]')
  t.eq(encode(torch.LongStorage {3, 4}), '[3,4]')
  local x = torch.randn(5, 7)
  t.eq(decode(encode(x)), x:totable())
end)

t.test('NaN and infinity are errors, or null', function()
  t.raises("json.encode: JSON has no nan; the option {nan = 'null'} writes null %(at a.2%)", encode, {a = {1, 0 / 0}})
  t.raises('JSON has no inf', encode, torch.Tensor {1 / 0})
  t.eq(encode({0 / 0, torch.Tensor {1, -1 / 0}}, {nan = 'null'}), '[null,[1,null]]')
  t.raises("expected 'null' as the option nan, got zero", encode, 1, {nan = 'zero'})
end)

t.test('what cannot be written is named with its place', function()
  t.raises('JSON has no function %(at a.b%)', encode, {a = {b = print}})
  t.raises('JSON has no torch.MemoryFile', encode, torch.MemoryFile())
  t.raises('expected the keys of a table to be 1 to n, or names %(at x%)', encode, {x = {1, 2, y = 3}})
  t.raises('expected the keys', encode, {[1] = 1, [3] = 3})
  t.raises('expected the keys', encode, {[true] = 1})
  local loop = {}
  loop.again = loop
  t.raises('nested deeper than 1000 levels', encode, loop)
end)

t.test('bad texts', function()
  for _, text in ipairs {'', '[1,', '{"a" 1}', '[1] 2', 'nul', '"\\x"', '[NaN]', '[0x10]', ('['):rep(2000)} do
    t.raises('json: the string: ', decode, text)
  end
  t.raises('expected a string, got nil', decode)
  t.raises('json: cannot open /nonexistent.json', torch.json.load, '/nonexistent.json')
end)

t.test('what Python wrote', function()
  t.eq(torch.json.load(folder .. 'values.json'), {
    list = {1, 2.5, -1e-7, 1 / 3}, text = 'h\195\169\n\226\130\172\240\157\132\158', none = torch.json.null, yes = true,
  })
end)

t.test('files, also of many pieces', function()
  local path = files.temporary()
  local x = torch.randn(3000)
  torch.json.save(path, {x = x, name = 'ramp'})
  t.eq(torch.json.load(path), {x = x:totable(), name = 'ramp'})
  t.raises('JSON has no nan', torch.json.save, path, {0 / 0})
  t.eq(torch.json.load(path).name, 'ramp') -- untouched
  os.remove(path)
end)
