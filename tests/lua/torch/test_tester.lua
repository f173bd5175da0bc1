--- torch.Tester and torch.TestSuite: what holds and what does not, counts, reports, the order of events.
local t = require 'harness'
local torch = require 'torch'

-- Runs f while io.write collects; gives the text, and what pcall gave.
local function quietly(f, ...)
  local write, parts = io.write, {}
  rawset(io, 'write', function(...) parts[#parts + 1] = table.concat {...} end)
  local result = {pcall(f, ...)}
  rawset(io, 'write', write)
  return table.concat(parts), unpack(result, 1, 2)
end

-- A tester whose assertions can be asked without a run.
local function judge()
  local tester = torch.Tester()
  tester._success = function() return true end
  tester._failure = function(_, message) return false, message end
  return tester
end

local D, F, L = torch.DoubleTensor, torch.FloatTensor, torch.LongTensor
local one = D {1}
local cyclic_a, cyclic_b = {1}, {1}
cyclic_a.self, cyclic_b.self = cyclic_a, cyclic_b

t.test('values of all kinds are equal or not', function()
  local cases = {
    {true, 1, 1}, {false, 1, 2}, {true, 1, 1.5, 0.5}, {false, 1, 1.6, 0.5}, {false, 1, '1'}, {true, 'a', 'a'},
    {true, nil, nil}, {false, nil, false}, {true, math.huge, math.huge}, {false, 0 / 0, 0 / 0},
    {true, {1, {2, a = 3}}, {1, {2, a = 3}}}, {false, {1, {2, a = 3}}, {1, {2, a = 4}}}, {false, {1}, {1, 2}},
    {false, {1, 2}, {1}}, {false, {x = 1}, {y = 1}}, {true, {1, {2.1}}, {1.1, {2}}, 0.2}, {true, cyclic_a, cyclic_b},
    {true, one, one:clone()}, {false, one, 1}, {false, one, F {1}}, {false, one, D {{1}}}, {true, {one}, {D {1}}},
    {false, one, D {1 + 1e-9}}, {true, one, D {1 + 1e-9}, 1e-8}, {true, D(), D()}, {false, D(), L()}, {false, D(), one},
    {true, D {math.huge}, D {math.huge}}, {false, D {0 / 0}, D {0 / 0}}, {false, D {0 / 0}, D {0 / 0}, 1},
    {true, D {{1, 2}, {3, 4}}:t(), D {{1, 3}, {2, 4}}}, {true, torch.ByteTensor {1, 255}, torch.ByteTensor {2, 254}, 1},
    {false, torch.ByteTensor {0}, torch.ByteTensor {255}, 1}, {false, L {2 ^ 53 + 2}, L {9007199254740995LL}},
    {true, torch.HalfTensor {1}, torch.HalfTensor {1}}, {true, L(2, 0), L(2, 0)},
    {true, torch.IntStorage {1, 2}, torch.IntStorage {1, 2}}, {false, torch.IntStorage {1}, torch.LongStorage {1}},
    {false, torch.IntStorage {1}, torch.IntStorage {1, 2}}, {true, torch.FloatStorage {1}, torch.FloatStorage {1.5}, 1},
    {false, one, torch.DoubleStorage {1}}, {true, print, print}, {false, print, error},
  }
  local tester = judge()
  for i, case in ipairs(cases) do
    local equal, a, b, tolerance = unpack(case, 1, 4)
    t.eq((tester:eq(a, b, tolerance)), equal, 'eq, case ' .. i)
    t.eq((tester:ne(a, b, tolerance)), not equal, 'ne, case ' .. i)
  end
end)

t.test('assertions give true or false, with the message of the user in front', function()
  local tester = judge()
  local raise = function() error('a bang') end
  local cases = {
    {'assert', true, {true}}, {'assert', false, {false}}, {'assertlt', true, {1, 2}}, {'assertlt', false, {2, 2}},
    {'assertgt', true, {2, 1}}, {'assertgt', false, {2, 2}}, {'assertle', true, {2, 2}}, {'assertle', false, {3, 2}},
    {'assertge', true, {2, 2}}, {'assertge', false, {1, 2}}, {'asserteq', true, {1, 1}}, {'asserteq', false, {1, 2}},
    {'assertne', true, {1, 2}}, {'assertne', false, {1, 1}}, {'assertalmosteq', true, {1, 1 + 1e-17}},
    {'assertalmosteq', false, {1, 1.1}}, {'assertTableEq', true, {{1}, {1}}}, {'assertTableEq', false, {{1}, {2}}},
    {'assertTableNe', true, {{1}, {2}}}, {'assertTensorEq', true, {one, D {1}}},
    {'assertTensorEq', true, {one, D {{1}}}},
    {'assertTensorEq', false, {one, D {2}}}, {'assertTensorNe', true, {one, D {2}}}, {'assertError', true, {raise}},
    {'assertError', false, {print}}, {'assertNoError', true, {print}}, {'assertNoError', false, {raise}},
    {'assertErrorPattern', true, {raise, 'a b%l+g'}}, {'assertErrorPattern', false, {raise, 'a whimper'}},
    {'assertErrorMsg', true, {function() error('exactly', 0) end, 'exactly'}},
    {'assertErrorMsg', false, {raise, 'a bang'}},
    {'assertErrorObj', true, {function() error({code = 5}) end, function(e) return e.code == 5 end}},
  }
  for _, case in ipairs(cases) do
    local name, holds, arguments = unpack(case)
    arguments[#arguments + 1] = 'so it is'
    local _, ok, answer = quietly(function() return {tester[name](tester, unpack(arguments))} end)
    t.ok(ok, name .. ': ' .. tostring(answer))
    local got, message = unpack(answer)
    t.eq(got, holds, name)
    if not holds then t.ok(message:find('^so it is\n.'), name .. ' says ' .. tostring(message)) end
  end
  t.eq((tester:assertalmosteq(1, 1.1, 'message first', 0.2)), true)
  t.eq((tester:assertalmosteq(1, 1.1, 0.2, 'message last')), true)
end)

t.test('misuse of assertions', function()
  local tester = judge()
  t.raises('First argument should be a Tensor, got a table', tester.assertTensorEq, tester, {}, one)
  t.raises('Second argument should be a Tensor, got a number', tester.assertTensorEq, tester, one, 1)
  t.raises('Second argument should be a Table', tester.assertTableEq, tester, {}, 1)
  t.raises('Unexpected arguments', tester.assert, tester, true, 'a', 'b')
  t.raises('expected a message as a string, got a table', tester.asserteq, tester, 1, 1, {})
  t.raises('expected a tolerance of 0 or more and a message, got %-1', tester.eq, tester, 1, 1, -1)
  t.raises('expected a tolerance of 0 or more and a message, got true', tester.eq, tester, 1, 1, true)
end)

-- -- Runs -------------------------------------------------------------------------------------------------------

-- A tester with tests that pass, fail and raise.
local function example(passes, fails, raises)
  local tester, suite = torch.Tester(), torch.TestSuite()
  for i = 1, passes do suite['good' .. i] = function() tester:eq({i}, {i}) end end
  for i = 1, fails do suite['poor' .. i] = function() tester:asserteq(i, i) tester:asserteq(i, 0, 'not nought') end end
  for i = 1, raises do suite['torn' .. i] = function() error('torn apart') end end
  return tester:add(suite)
end

t.test('the report counts', function()
  for _, case in ipairs {
    {0, 0, 0, 'Completed 0 asserts in 0 tests with 0 failures and 0 errors'},
    {1, 0, 0, 'Completed 1 assert in 1 test with 0 failures and 0 errors'},
    {3, 2, 1, 'Completed 7 asserts in 6 tests with 2 failures and 1 error'},
  } do
    local passes, fails, raises, line = unpack(case)
    local tester = example(passes, fails, raises)
    local text, ok, message = quietly(tester.run, tester)
    t.ok(text:find(line, 1, true), text)
    t.eq(ok, fails + raises == 0)
    t.eq(tester.countasserts, passes + 2 * fails)
    t.eq(#tester.errors, fails + raises)
    if not ok then
      t.ok(tostring(message):find('test_tester.lua:%d+: An error was found while running tests'), tostring(message))
      t.ok(text:find('poor1\nnot nought\nexpected 1 == 0\n.*test_tester.lua:%d+'), text)
      t.ok(text:find('torn apart'), text)
    end
  end
end)

t.test('tests run in the order of their names, all or those that match', function()
  local tester, seen = torch.Tester(), {}
  for _, name in ipairs {'pear', 'apple', 'plum'} do tester:add(function() seen[#seen + 1] = name end, name) end
  quietly(tester.run, tester)
  t.eq(seen, {'apple', 'pear', 'plum'})
  seen = {}
  quietly(tester.run, tester, '^p')
  t.eq(seen, {'pear', 'plum'})
  seen = {}
  quietly(tester.run, tester, {'lum', 'apple'})
  t.eq(seen, {'apple', 'plum'})
  t.raises('there is no test fig', tester.run, tester, 'fig')
  t.raises('expected a name or a table of names, got a number', tester.run, tester, 3)
end)

t.test('disabled, aborted and rethrown', function()
  local tester = example(2, 0, 1)
  local text, ok = quietly(function() return tester:disable {'torn1', 'good1'}:run() end)
  t.eq(ok, true)
  t.ok(text:find('1/3 good1 [.]+ %[SKIP%]') and text:find('2 disabled'), text)
  t.raises('there is no test good9', tester.disable, tester, 'good9')

  tester = example(1, 3, 0)
  tester:setEarlyAbort(true)
  text = quietly(tester.run, tester)
  t.ok(text:find('Aborting on first error') and not text:find('poor2'), text)

  tester = example(0, 0, 1)
  tester:setRethrowErrors(true)
  local _, _, message = quietly(tester.run, tester)
  t.ok(message:find('torn apart'), message)
  tester = example(0, 1, 0)
  tester:setRethrowErrors(true)
  _, _, message = quietly(tester.run, tester)
  t.ok(message:find('test_tester.lua:%d+: not nought'), message)

  tester = example(0, 1, 0)
  tester:setSummaryOnly(true)
  t.ok(not quietly(tester.run, tester):find('not nought'), 'only a summary')
end)

t.test('set-up and tear-down surround each test', function()
  local tester, suite, seen = torch.Tester(), torch.TestSuite(), {}
  function suite._setUp(name) seen[#seen + 1] = 'before ' .. name end
  function suite._tearDown(name) seen[#seen + 1] = 'after ' .. name end
  function suite.one() seen[#seen + 1] = 'one' end
  function suite.two() error('broken') end
  tester:add(suite)
  quietly(tester.run, tester)
  t.eq(seen, {'before one', 'one', 'after one', 'before two', 'after two'})
  t.eq(tester.tests._setUp, nil)
  t.raises('Only one set%-up function', tester.add, tester, print, '_setUp')
  t.raises('Only one tear%-down function', tester.add, tester, print, '_tearDown')
end)

t.test('warnings', function()
  local function text_of(f)
    local tester = torch.Tester()
    tester:add(function() f(tester) end, 'doubtful')
    return (quietly(tester.run, tester))
  end
  for _, case in ipairs {
    {'boolean conditions', function(tester) tester:assert({}) end},
    {'basic values', function(tester) tester:assertne({}, {}) end},
    {'different dimensions', function(tester) tester:assertTensorEq(one, D {{1}}) end},
  } do
    local text = text_of(case[2])
    t.ok(text:find(case[1]) and text:find('1 warning') and text:find('%[PASS%]'), text)
  end
  local tester = torch.Tester()
  tester:add({plain = print})
  t.ok(tester.warnings[1]:find('TestSuite'), 'a plain table of tests')
end)

t.test('adding', function()
  local tester = torch.Tester()
  t.raises('Nested sets of tests', tester.add, tester, {{print}})
  t.raises('expected a function or a table of them, got a string', tester.add, tester, 'test')
  t.raises('a table of tests takes no name, got fruit', tester.add, tester, {}, 'fruit')
  tester:add(print, 'apple')
  t.raises('there is a test apple already', tester.add, tester, print, 'apple')
  local suite = torch.TestSuite()
  suite.apple = print
  t.eq(suite.apple, print)
  t.raises('Test apple is already defined', function() suite.apple = error end)
  t.raises('expected a function as test pear, got a table', function() suite.pear = {} end)
end)

t.test('the quick check of the installation passes', function()
  local text, ok = quietly(torch.test)
  t.ok(ok and text:find('in 6 tests with 0 failures and 0 errors'), text)
  text = quietly(torch.test, 'order')
  t.ok(text:find('in 1 test with 0 failures'), text)
end)
