-- What tensors look like in print; the texts follow Torch7's choice of format.
local t = require 'harness'
local torch = require 'torch'

local D = torch.DoubleTensor

-- lines: all but the empty one at the end
local function prints(x, ...) t.eq(tostring(x), table.concat({...}, '\n') .. '\n') end

t.test('vectors', function()
  prints(D {1, 2, 30}, '  1', '  2', ' 30', '[torch.DoubleTensor of size 3]')
  prints(D {0}, ' 0', '[torch.DoubleTensor of size 1]')
  prints(D {-1, 20}, ' -1', ' 20', '[torch.DoubleTensor of size 2]')
  prints(D {0.5, -0.25}, ' 0.5000', '-0.2500', '[torch.DoubleTensor of size 2]')
  prints(D {1.5, 100.25}, '   1.5000', ' 100.2500', '[torch.DoubleTensor of size 2]')
  prints(D {0.5, 0}, ' 0.5000', ' 0.0000', '[torch.DoubleTensor of size 2]')
  prints(D(), '[torch.DoubleTensor with no dimension]')
end)

t.test('factors and exponents', function()
  prints(D {0.001, 0.0025}, '0.001 *', ' 1.0000', ' 2.5000', '[torch.DoubleTensor of size 2]')
  prints(D {1e-7, 2e-7}, '1e-07 *', ' 1.0000', ' 2.0000', '[torch.DoubleTensor of size 2]')
  prints(D {123456.5}, '100000 *', ' 1.2346', '[torch.DoubleTensor of size 1]')
  prints(D {1234567.5}, '1e+06 *', ' 1.2346', '[torch.DoubleTensor of size 1]')
  prints(D {0.001, 100.5}, ' 1.0000e-03', ' 1.0050e+02', '[torch.DoubleTensor of size 2]')
  prints(D {1e-120, 0.5}, ' 1.0000e-120', '  5.0000e-01', '[torch.DoubleTensor of size 2]')
  prints(D {999999999}, ' 999999999', '[torch.DoubleTensor of size 1]')
  prints(D {1, 1e9}, ' 1.0000e+00', ' 1.0000e+09', '[torch.DoubleTensor of size 2]')
  prints(D {{0.001, 0.002}, {0.003, 0.004}}, '0.001 *', '  1.0000  2.0000', '  3.0000  4.0000',
         '[torch.DoubleTensor of size 2x2]')
end)

t.test('infinities and what is no number', function()
  prints(D {1, 1 / 0}, ' 1.0000e+00', '        inf', '[torch.DoubleTensor of size 2]')
  prints(D {0.5, -1 / 0}, '  5.0000e-01', '        -inf', '[torch.DoubleTensor of size 2]')
  prints(D {{1, 0 / 0}, {-0.5, 1 / 0}}, '1.000000 nan', '-0.500000 inf', '[torch.DoubleTensor of size 2x2]')
  local wide = D(1, 50):fill(0 / 0)
  t.eq(tostring(wide):match('Columns'), nil)
end)

t.test('wide matrices go in groups of columns', function()
  local x = torch.range(1, 30):view(1, 30)
  prints(x, 'Columns 1 to 20', '  1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19  20', '',
         'Columns 21 to 30', ' 21  22  23  24  25  26  27  28  29  30', '[torch.DoubleTensor of size 1x30]')
  x = torch.range(1, 24):view(2, 12):div(1e4)
  prints(x, 'Columns 1 to 10', '0.001 *',
         '  0.1000  0.2000  0.3000  0.4000  0.5000  0.6000  0.7000  0.8000  0.9000  1.0000',
         '  1.3000  1.4000  1.5000  1.6000  1.7000  1.8000  1.9000  2.0000  2.1000  2.2000', '',
         'Columns 11 to 12', '0.001 *', '  1.1000  1.2000', '  2.3000  2.4000', '[torch.DoubleTensor of size 2x12]')
  t.eq(select(2, tostring(D(2, 11):fill(0.5)):gsub('Columns', '')), 2)
  t.eq(select(2, tostring(D(2, 10):fill(0.5)):gsub('Columns', '')), 0)
  t.eq(select(2, tostring(D(2, 40):zero()):gsub('Columns', '')), 2)
end)

t.test('more dimensions go as matrices', function()
  prints(torch.range(1, 8):view(2, 2, 2), '(1,.,.) = ', '  1  2', '  3  4', '', '(2,.,.) = ', '  5  6', '  7  8',
         '[torch.DoubleTensor of size 2x2x2]')
  prints(torch.range(1, 4):view(2, 2, 1, 1), '(1,1,.,.) = ', '  1', '', '(2,1,.,.) = ', '  3', '',
         '(1,2,.,.) = ', '  2', '', '(2,2,.,.) = ', '  4', '[torch.DoubleTensor of size 2x2x1x1]')
  -- one format for all, from the whole tensor
  prints(D {{{1, 2}}, {{3, 4.5}}}, '(1,.,.) = ', '  1.0000  2.0000', '', '(2,.,.) = ', '  3.0000  4.5000',
         '[torch.DoubleTensor of size 2x1x2]')
  prints(D {{{1234567.5, 1e6}}}, '(1,.,.) = ', ' 1e+06 *', '   1.2346  1.0000', '[torch.DoubleTensor of size 1x1x2]')
  local groups = tostring(torch.zeros(1, 1, 30))
  t.eq(groups, '(1,.,.) = \n Columns 1 to 26\n ' .. (' 0 '):rep(26):sub(1, -2) .. '\n\nColumns 27 to 30\n ' ..
               (' 0 '):rep(4):sub(1, -2) .. '\n[torch.DoubleTensor of size 1x1x30]\n')
end)

t.test('types and views', function()
  prints(torch.ByteTensor {{0, 255}}, '   0  255', '[torch.ByteTensor of size 1x2]')
  prints(torch.FloatTensor {0.1}, ' 0.1000', '[torch.FloatTensor of size 1]')
  prints(torch.HalfTensor {0.5, 3}, ' 0.5000', ' 3.0000', '[torch.HalfTensor of size 2]')
  prints(torch.BFloat16Tensor {-7}, '-7', '[torch.BFloat16Tensor of size 1]')
  prints(D {{1, 2, 3}, {4, 5, 6}}:t(), ' 1  4', ' 2  5', ' 3  6', '[torch.DoubleTensor of size 3x2]')
  prints(D {{1, 2000}, {4, 5}}:select(2, 1), ' 1', ' 4', '[torch.DoubleTensor of size 2]')
  t.eq(tostring(torch.zeros(0)), '[torch.DoubleTensor of size 0]\n')
end)

t.test('storages', function()
  prints(torch.DoubleStorage {1, 2.5}, ' 1.0000', ' 2.5000', '[torch.DoubleStorage of size 2]')
  prints(torch.LongStorage {3, 40}, '  3', ' 40', '[torch.LongStorage of size 2]')
  prints(torch.ByteStorage(), '[torch.ByteStorage of size 0]')
  prints(D(3, 4):size(), ' 3', ' 4', '[torch.LongStorage of size 2]')
end)

t.test('whole numbers beyond 2^53 print in full', function()
  prints(torch.LongTensor {2 ^ 53 - 1, 1}, ' 9.0072e+15', ' 1.0000e+00', '[torch.LongTensor of size 2]')
  local x = torch.LongTensor(1, 3)
  x:data()[0], x:data()[1], x:data()[2] = 9007199254740993LL, -5LL, -9223372036854775807LL - 1LL
  prints(x, '    9007199254740993                   -5 -9223372036854775808', '[torch.LongTensor of size 1x3]')
end)

t.test('a large tensor', function()
  local expected, row = {}, (' 1 '):rep(26):sub(1, -2) .. '\n'
  for first = 1, 260, 26 do
    expected[#expected + 1] = ('Columns %d to %d\n'):format(first, first + 25) .. row:rep(1000)
  end
  t.ok(tostring(torch.ones(1000, 260)) ==
       table.concat(expected, '\n') .. '[torch.DoubleTensor of size 1000x260]\n', 'the text')
end)
