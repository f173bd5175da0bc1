--- torch.TestSuite: a table of tests that refuses to define a test twice, which a plain table would hide.
--   local suite = torch.TestSuite()
--   function suite.adds() tester:eq(1 + 1, 2) end
--   tester:add(suite):run()
local errors = require 'torch.errors'

local suite = {}

function suite.__index(self, name) return rawget(self, '__tests')[name] end

function suite.__newindex(self, name, f)
  local tests = rawget(self, '__tests')
  if tests[name] ~= nil then errors.fail('Test %s is already defined.', tostring(name)) end
  if type(f) ~= 'function' then
    errors.fail('TestSuite: expected a function as test %s, got a %s', tostring(name), type(f))
  end
  tests[name] = f
end

local module = {}

--- torch.TestSuite(): an empty suite
function module.TestSuite()
  return setmetatable({__tests = {}, __isTestSuite = true}, suite)
end

return module
