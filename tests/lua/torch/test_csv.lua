--- CSV: what is read, what is refused and where, what is written.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local folder = files.formats()
local decode = torch.csv.decode

t.test('numbers, spaces, empty lines, quotes, both ends of lines, no last end', function()
  t.eq(decode('1,2\n3,4\n'):totable(), {{1, 2}, {3, 4}})
  t.eq(decode(' 1 ,\t2\r\n\r\n"3", "-4e2"  \n   \n5,.5'):totable(), {{1, 2}, {3, -400}, {5, 0.5}})
  t.eq(decode('1\n2\n'):totable(), {{1}, {2}})
  t.eq(decode('inf,-INF\n'):totable(), {{1 / 0, -1 / 0}})
  t.eq(decode('\239\187\1911,2\n'):totable(), {{1, 2}}) -- the mark of UTF-8
  t.eq(decode(''):size():totable(), {0, 0})
  t.eq(decode('a,b\n'):size():totable(), {0, 2})
end)

t.test('the header is found, or told', function()
  local x, names = decode 'a, "b ""c"",\nd" \n1,2\n'
  t.eq({x:totable(), names}, {{{1, 2}}, {'a', 'b "c",\nd'}})
  x, names = decode '1,2\n3,4\n'
  t.eq({x:size(1), names}, {2, nil})
  x, names = decode('1,2\n3,4\n', {header = true})
  t.eq({x:totable(), names}, {{{3, 4}}, {'1', '2'}})
  t.raises('line 1, column 2: expected a number, got "b"', decode, '1,b\n3,4\n', {header = false})
end)

t.test('columns by number or name, in any order; the others may hold text', function()
  local x, names = decode('n,name,x\n1,"a, b\nc",2\n3,,4\n', {columns = {'x', 1}})
  t.eq({x:totable(), names}, {{{2, 1}, {4, 3}}, {'x', 'n'}})
  t.raises('csv: the string: there is no column y', decode, 'n,x\n1,2\n', {columns = {'y'}})
  t.raises('there is no column 3', decode, '1,2\n', {columns = {3}})
  t.raises('the column x is asked for twice', decode, 'n,x\n1,2\n', {columns = {'x', 1, 'x'}})
  t.raises('there is no column 0', decode, '1,2\n', {columns = {0}})
end)

t.test('other delimiters', function()
  t.eq(decode('1;2\n3;4\n', {delimiter = ';'}):totable(), {{1, 2}, {3, 4}})
  t.eq(decode('1\t 2\n3\t4\n', {delimiter = '\t'}):totable(), {{1, 2}, {3, 4}})
  t.eq(decode('1 2\n3 4\n', {delimiter = ' '}):totable(), {{1, 2}, {3, 4}})
  for _, bad in ipairs {'', ',,', '1', 'e', '.', '"', '\n', '\200'} do
    t.raises('expected a delimiter such as', decode, '1', {delimiter = bad})
  end
end)

t.test('missing numbers are errors, or NaN', function()
  t.raises('line 2, column 2: expected a number, got nothing', decode, '1,2\n3,\n')
  t.raises('line 2, column 1: expected a number, got "NA"', decode, '1,2\nNA,4\n')
  local x = decode('1,2\n3,\nNA,""\n', {missing = 'nan'})
  t.eq(x:totable(), {{1, 2}, {3, 0 / 0}, {0 / 0, 0 / 0}})
  t.raises('line 3, column 1: expected a number, got "N/A"', decode, '1,2\n3,\nN/A,6\n', {missing = 'nan'})
  t.raises('expected a whole number, got nothing', decode, '1,\n', {missing = 'nan', type = 'torch.IntTensor'})
end)

t.test('types, and numbers that they do not hold', function()
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
    local x = decode('1,2\n3,127\n', {type = 'torch.' .. name .. 'Tensor'})
    t.eq({torch.type(x), x:totable()}, {'torch.' .. name .. 'Tensor', {{1, 2}, {3, 127}}})
  end
  local long = decode('9007199254740993\n', {type = 'torch.LongTensor'})
  t.ok(long:data()[0] == 9007199254740993LL)
  t.raises('line 2, column 1: expected a number that the tensor can hold, got "300"', decode, '1\n300\n',
           {type = 'torch.ByteTensor'})
  t.raises('expected a whole number, got "1.5"', decode, '1.5\n', {type = 'torch.LongTensor'})
  t.raises('expected a whole number, got "99999999999999999999"', decode, '99999999999999999999\n',
           {type = 'torch.LongTensor'})
  t.raises('cannot read numbers into a torch.HalfTensor', decode, '1', {type = 'torch.HalfTensor'})
  t.raises('cannot read numbers into a torch.FloatStorage', decode, '1', {type = 'torch.FloatStorage'})
end)

t.test('lines and columns of what is wrong', function()
  t.raises('csv: the string: line 3, column 1: the row has 1 cells, expected 2', decode, '1,2\n3,4\n5\n')
  t.raises('line 3, column 3: the row has 3 cells, expected 2', decode, '1,2\n\n3,4,5\n')
  t.raises('line 4, column 2: expected a number, got "x"', decode, 'a,"b\nc"\n1,2\n3,x\n')
  t.raises('line 1, column 2: the quote is never closed', decode, '1,"2\n3,4\n')
  t.raises('line 1, column 1: expected the end of the cell after the quote', decode, '"1"2,3\n')
  t.raises('got "0x10"', decode, '0x10\n', {header = false})
  t.raises('got "1%-2"', decode, '1-2\n', {header = false})
  t.raises('got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"', decode, ('a'):rep(1000), {header = false})
  local ok, reason = pcall(decode, '1\nx\n')
  t.ok(not ok and reason:find('^[^:]*test_csv.lua:%d+: '), reason)
end)

t.test('what Python wrote', function()
  local x, names = torch.csv.load(folder .. 'table.csv', {columns = {1, 3}})
  t.eq(names, {'x', 'a "quote"'})
  t.eq(x:totable(), {{0.1, -1e-300}, {2, 1e308}, {1 / 3, 5}})
end)

t.test('cells across the pieces in which a file is read', function()
  local rows, expected = {}, {}
  for i = 1, 60000 do
    rows[i] = ('%d,%s\n'):format(i, i % 7 == 0 and '"' .. i / 8 .. '"' or i / 8)
    expected[i] = i / 8
  end
  local path = files.temporary(table.concat(rows))
  local x = torch.csv.load(path)
  t.eq({x:size(1), x:select(2, 1):sum()}, {60000, 60000 * 60001 / 2})
  t.eq(x:select(2, 2):totable(), expected)
  os.remove(path)
  -- one cell longer than a piece
  local long = ('text "" '):rep(100000)
  t.eq(decode('1,"' .. long .. '",2\n3,,4\n', {columns = {1, 3}, header = false}):totable(), {{1, 2}, {3, 4}})
end)

-- The rows are counted first and read then: in between, the file gets other contents of the same length.
local function load_changing(before, after)
  local source = require 'torch.formats.source'
  local path, original, begun = files.temporary(before), source.with, 0
  function source.with(what, p, read, options)
    return original(what, p, function(s)
      local read_bytes = s.read
      function s.read(self, at, n, pointer)
        begun = begun + (at == 0 and n == #before and 1 or 0)
        if begun == 2 then
          local file = io.open(path, 'r+')
          file:write(after)
          file:close()
        end
        return read_bytes(self, at, n, pointer)
      end
      return read(s, options)
    end)
  end
  local ok, result = pcall(torch.csv.load, path, {header = false})
  source.with = original
  os.remove(path)
  if not ok then error(result, 0) end
  return result
end

t.test('a file that changes while it is read', function()
  t.eq(load_changing('1,2\n3,4\n', '5,6\n7,8\n'):totable(), {{5, 6}, {7, 8}})
  for _, after in ipairs {'1\n2\n3\n4\n', '1,2\n3,4,', '1,2,3,4\n', '1,2\n    ', '1\n2\n3\n45'} do
    t.raises('the file has changed while it was read', load_changing, '1,2\n3,4\n', after)
  end
end)

t.test('what is written is read again', function()
  local path = files.temporary()
  local x = torch.Tensor {{0.1, 1 / 3, 1e-300}, {-1e300, 0 / 0, 1 / 0}}
  torch.csv.save(path, x, {header = {'a', 'b,c', 'd "e"'}})
  t.eq(files.content(path), 'a,"b,c","d ""e"""\n0.1,0.3333333333333333,1e-300\n-1e+300,nan,inf\n')
  local back, names = torch.csv.load(path, {})
  t.eq({back:totable(), names}, {x:totable(), {'a', 'b,c', 'd "e"'}})
  for _, name in ipairs {'Byte', 'Long', 'Float', 'Half', 'BFloat16'} do
    local typed = torch.Tensor {1.1, 2, 100}:type('torch.' .. name .. 'Tensor')
    torch.csv.save(path, typed, {delimiter = ';'})
    t.eq(torch.csv.load(path):type('torch.' .. name .. 'Tensor'):view(3):totable(), typed:totable())
  end
  torch.csv.save(path, torch.range(1, 6):view(2, 3):t())
  t.eq(files.content(path), '1,4\n2,5\n3,6\n')
  t.raises('expected one or two dimensions, got 3', torch.csv.save, path, torch.zeros(2, 2, 2))
  t.raises('expected a list of 2 names', torch.csv.save, path, torch.zeros(2, 2), {header = {'a'}})
  t.eq(files.content(path), '1,4\n2,5\n3,6\n')
  os.remove(path)
  path = path .. '.tsv'
  torch.csv.save(path, torch.Tensor {{1, 2}})
  t.eq({files.content(path), torch.load(path):totable()}, {'1\t2\n', {{1, 2}}})
  os.remove(path)
end)
