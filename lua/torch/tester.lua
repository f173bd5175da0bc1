--- torch.Tester: collects tests, runs them, counts what they assert and reports.
--   local tester = torch.Tester()
--   local suite = torch.TestSuite()
--   function suite.sums() tester:eq(torch.ones(3):sum(), 3) end
--   tester:add(suite):run()   -- an error at the end when something failed
-- Every assertion gives true or false and takes a message as its last argument; those that compare take a tolerance
-- too, before or after it.
local class = require 'torch.class'
local compare = require 'torch.compare'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'

local module = {}
local Tester = class.class('torch.Tester', nil, module)

function Tester:__init()
  self.tests = {}          -- name → function
  self.disabledTests = {}  -- name → true
  self.errors = {}         -- texts, in order
  self.warnings = {}
  self._warningCount = {}  -- name → how many
  self._currentTestName = ''
  -- assertTensorEq alone lets {{1}} equal {1}, with a warning: tests written for Torch7 rely on it
  self._assertTensorEqIgnoresDims = true
end

--- Whether run stops at the first test that fails.
function Tester:setEarlyAbort(on) self.earlyAbort = on end

--- Whether errors in tests, and failed assertions, end the run as errors of the caller.
function Tester:setRethrowErrors(on) self.rethrow = on end

--- Whether the report is only the counts.
function Tester:setSummaryOnly(on) self.summaryOnly = on end

-- -- Bookkeeping ------------------------------------------------------------------------------------------------

function Tester:_addDebugInfo(message)
  local name, place = self._currentTestName, errors.user_place()
  return (name ~= '' and name .. '\n' or '') .. message .. (place and '\n' .. place or '')
end

-- What run() makes.
local function counts(of)
  return of or errors.fail('Tester: assertions belong into tests, which run() runs')
end

--- Counts an assertion that held. Objects may replace this and _failure.
function Tester:_success()
  local name = self._currentTestName
  counts(self.assertionPass)[name] = self.assertionPass[name] + 1
  return true
end

function Tester:_failure(message)
  if self.rethrow then errors.raise(message) end
  local name = self._currentTestName
  counts(self.assertionFail)[name] = self.assertionFail[name] + 1
  self.errors[#self.errors + 1] = self:_addDebugInfo(message)
  return false
end

function Tester:_warning(message)
  local name = self._currentTestName
  self._warningCount[name] = (self._warningCount[name] or 0) + 1
  self.warnings[#self.warnings + 1] = self:_addDebugInfo(message)
end

--- Notes whether an assertion held, and if not, the message.
function Tester:_assert_sub(condition, message)
  if condition then return self:_success() end
  return self:_failure(message)
end

-- The message among an assertion's last arguments, as the head of what is reported.
local function message_of(message, ...)
  if select('#', ...) > 0 then errors.fail('Unexpected arguments behind the message of an assertion') end
  if message == nil or message == '' then return '' end
  if type(message) ~= 'string' then errors.fail('Tester: expected a message as a string, got a %s', type(message)) end
  return message .. '\n'
end

-- Tolerance and message, in either order.
local function tolerance_and_message(tolerance, ...)
  local message, given
  for i = 1, select('#', ...) do
    local x = select(i, ...)
    if type(x) == 'string' and not message then
      message = x
    elseif type(x) == 'number' and not given and x >= 0 then
      given = x
    elseif x ~= nil then
      errors.fail('Tester: expected a tolerance of 0 or more and a message, got %s', tostring(x))
    end
  end
  return given or tolerance, message_of(message)
end

-- -- Assertions -------------------------------------------------------------------------------------------------

--- assert(condition[, message]): the condition is true
function Tester:assert(condition, ...)
  local message = message_of(...)
  if type(condition) ~= 'boolean' then
    self:_warning('Tester:assert should only be used for boolean conditions; ask x ~= nil where that is meant')
  end
  return self:_assert_sub(condition, ('%sexpected true, got %s'):format(message, tostring(condition)))
end

function Tester:_eqOrNeq(got, expected, negate, ...)
  local tolerance, message = tolerance_and_message(0, ...)
  local equal, why = compare.equal(got, expected, tolerance)
  return self:_assert_sub(equal ~= negate, message .. (why or 'expected different values, got equal ones'))
end

--- eq(got, expected[, tolerance][, message]): values of any kind are equal, tables and tensors by their contents
function Tester:assertGeneralEq(got, expected, ...) return self:_eqOrNeq(got, expected, false, ...) end

--- ne(got, unexpected[, tolerance][, message]): they are not
function Tester:assertGeneralNe(got, unexpected, ...) return self:_eqOrNeq(got, unexpected, true, ...) end

function Tester:eq(...) return self:assertGeneralEq(...) end
function Tester:ne(...) return self:assertGeneralNe(...) end

-- assertlt(a, b[, message]) and so on
local function define_comparison(name, sign, holds)
  Tester[name] = function(self, a, b, ...)
    local message = message_of(...)
    local comparable, held = pcall(holds, a, b)
    if not comparable then errors.fail('%s: cannot compare %s with %s', name, class.type(a), class.type(b)) end
    return self:_assert_sub(held, ('%sexpected %s %s %s'):format(message, tostring(a), sign, tostring(b)))
  end
end
define_comparison('assertlt', '<', function(a, b) return a < b end)
define_comparison('assertgt', '>', function(a, b) return a > b end)
define_comparison('assertle', '<=', function(a, b) return a <= b end)
define_comparison('assertge', '>=', function(a, b) return a >= b end)
define_comparison('asserteq', '==', function(a, b) return a == b end)
define_comparison('assertne', '~=', function(a, b) return a ~= b end)

local plain_assertne = Tester.assertne
function Tester:assertne(a, b, ...)
  if type(a) == type(b) and (type(a) == 'table' or type(a) == 'cdata') then
    self:_warning('Tester:assertne should only be used to compare basic values; Tester:ne compares contents')
  end
  return plain_assertne(self, a, b, ...)
end

--- assertalmosteq(a, b[, tolerance][, message]): two numbers differ by the tolerance (1e-16) at most
function Tester:assertalmosteq(a, b, ...)
  local tolerance, message = tolerance_and_message(1e-16, ...)
  if type(a) ~= 'number' or type(b) ~= 'number' then
    errors.fail('assertalmosteq: expected two numbers, got %s and %s', class.type(a), class.type(b))
  end
  return self:_assert_sub(math.abs(a - b) <= tolerance,
                          ('%sexpected %.17g within %g, got %.17g'):format(message, b, tolerance, a))
end

function Tester:_assertTensorEqOrNeq(a, b, negate, ...)
  if not handle.is_tensor(a) then errors.fail('First argument should be a Tensor, got a %s', class.type(a)) end
  if not handle.is_tensor(b) then errors.fail('Second argument should be a Tensor, got a %s', class.type(b)) end
  local tolerance, message = tolerance_and_message(0, ...)
  local equal, why = compare.tensors_equal(a, b, tolerance, self._assertTensorEqIgnoresDims)
  if equal and not negate and not a:isSameSizeAs(b) then
    self:_warning('Tensors with the same content but different dimensions: Tester:eq would not take them as equal')
  end
  return self:_assert_sub(equal ~= negate, message .. (why or 'expected different tensors, got equal ones'))
end

--- assertTensorEq(a, b[, tolerance][, message]): two tensors of one type have equal elements
function Tester:assertTensorEq(a, b, ...) return self:_assertTensorEqOrNeq(a, b, false, ...) end
function Tester:assertTensorNe(a, b, ...) return self:_assertTensorEqOrNeq(a, b, true, ...) end

function Tester:_assertTableEqOrNeq(a, b, negate, ...)
  if type(a) ~= 'table' then errors.fail('First argument should be a Table, got a %s', class.type(a)) end
  if type(b) ~= 'table' then errors.fail('Second argument should be a Table, got a %s', class.type(b)) end
  return self:_eqOrNeq(a, b, negate, ...)
end

--- assertTableEq(a, b[, tolerance][, message]): two tables have equal contents
function Tester:assertTableEq(a, b, ...) return self:_assertTableEqOrNeq(a, b, false, ...) end
function Tester:assertTableNe(a, b, ...) return self:_assertTableEqOrNeq(a, b, true, ...) end

-- -- Assertions about errors ------------------------------------------------------------------------------------

--- assertErrorObj(f, accepts[, message]): f() raises an error for which accepts(error) is true
function Tester:assertErrorObj(f, accepts, ...)
  if type(accepts) ~= 'function' then
    errors.fail('assertErrorObj: expected a function that looks at the error, got %s', class.type(accepts))
  end
  local message = message_of(...)
  local ok, raised = pcall(f)
  local what = ok and 'expected an error, got none' or 'unexpected error: ' .. tostring(raised)
  return self:_assert_sub(not ok and accepts(raised), message .. what)
end

local function anything() return true end

--- assertError(f[, message]): f() raises an error
function Tester:assertError(f, ...) return self:assertErrorObj(f, anything, ...) end

--- assertErrorMsg(f, text[, message]): f() raises an error that is this text
function Tester:assertErrorMsg(f, text, ...)
  return self:assertErrorObj(f, function(raised) return raised == text end, ...)
end

--- assertErrorPattern(f, pattern[, message]): f() raises an error that the pattern is found in
function Tester:assertErrorPattern(f, pattern, ...)
  if type(pattern) ~= 'string' or not pcall(string.find, '', pattern) then
    errors.fail('assertErrorPattern: expected a pattern, got %s', tostring(pattern))
  end
  return self:assertErrorObj(f, function(raised) return tostring(raised):find(pattern) ~= nil end, ...)
end

--- assertNoError(f[, message]): f() raises none
function Tester:assertNoError(f, ...)
  local message = message_of(...)
  local ok, raised = pcall(f)
  return self:_assert_sub(ok, message .. 'unexpected error: ' .. tostring(raised))
end

require 'torch.testrun'(Tester)
guard.methods(Tester, 'a torch.Tester', '_assert_sub')

return module
