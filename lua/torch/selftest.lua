--- torch.test: a quick check of an installation, from what the library computes to what a file gives back.
local C = require 'torch.ffi'
local types = require 'torch.types'

local module = {}

-- The tensor types of the CPU, by their constructors.
local function each_type(f)
  local torch = require 'torch'
  for _, kind in ipairs(types.all) do
    if kind.device == C.MT_CPU then f(torch[kind.name .. 'Tensor'], kind) end
  end
end

local function define(tests, tester, torch)
  function tests.elements()
    each_type(function(Type, kind)
      local x = Type {{1, 2, 3}, {4, 5, 6}}
      tester:eq(x[{2, 3}], 6, kind.name)
      tester:eq(x:t():totable(), {{1, 4}, {2, 5}, {3, 6}}, kind.name)
      tester:eq(x:select(2, 2):clone():fill(7):totable(), {7, 7}, kind.name)
    end)
  end

  function tests.arithmetic()
    each_type(function(Type, kind)
      local x, y = Type {6, 8, 10}, Type {3, 2, 5}
      tester:eq(torch.add(x, 2, y):totable(), {12, 12, 20}, kind.name)
      tester:eq(torch.cdiv(x, y):totable(), {2, 4, 2}, kind.name)
      tester:eq(torch.gt(x, 7):totable(), {0, 1, 1}, kind.name)
      tester:eq(x:sum(), 24, kind.name)
      tester:eq((torch.max(x, 1))[1], 10, kind.name)
    end)
  end

  function tests.products()
    for _, Type in ipairs {torch.FloatTensor, torch.DoubleTensor} do
      local a, b = Type(37, 50):uniform(-1, 1), Type(41, 50):uniform(-1, 1):t()
      local product = torch.mm(a, b)
      for _, place in ipairs {{1, 1}, {37, 41}, {20, 7}} do
        local want = torch.dot(a:select(1, place[1]), b:select(2, place[2]))
        tester:assertalmosteq(product[place], want, 1e-5)
      end
    end
  end

  function tests.order()
    local x = torch.randperm(1000)
    local sorted, places = torch.sort(x)
    tester:eq(sorted, torch.range(1, 1000))
    tester:eq(x:index(1, places), sorted)
  end

  function tests.random()
    local state = torch.getRNGState()
    torch.manualSeed(123)
    tester:eq(torch.random(), 2991312382, 'the Mersenne Twister of seed 123')
    tester:eq(torch.random(), 3062119789)
    torch.setRNGState(state)
  end

  function tests.files()
    local x = {tensor = torch.randn(3, 4), list = {1, 'two', true}}
    tester:eq(torch.deserialize(torch.serialize(x)), x)
  end
end

--- torch.test([names]): checks the installation and prints what it found; an error when something is wrong. names: of
-- the tests to run, by default all. Gives the tester.
function module.test(names)
  local torch = require 'torch'
  local tester, tests = torch.Tester(), torch.TestSuite()
  define(tests, tester, torch)
  tester:add(tests):run(names)
  return tester
end

return module
