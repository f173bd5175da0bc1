--- The half of torch.Tester that adds tests, runs them and reports. Gives a function that defines these methods.
local errors = require 'torch.errors'
local machine = require 'torch.machine'

local page_width = 80

-- One text a call: scripts replace io.write by functions of one argument.
local function write(...) io.write(table.concat {...}) end

local function plural(n, what) return ('%d %s%s'):format(n, what, n == 1 and '' or 's') end

local function sorted_names(tests)
  local names = {}
  for name in pairs(tests) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

-- Colours only where a person watches.
local codes = {green = 32, yellow = 33, red = 31, magenta = 35, cyan = 36}
local function coloured(text, colour)
  if not machine.isatty(io.stdout) or os.getenv('NO_COLOR') then return text end
  return ('\27[%dm%s\27[0m'):format(codes[colour], text)
end

return function(Tester)
  -- -- Adding ---------------------------------------------------------------------------------------------------

  local function add_table(self, tests)
    if tests.__isTestSuite then
      tests = tests.__tests
    else
      self:_warning('Tester:add should use TestSuite rather than plain lua table, which hides tests of equal names')
    end
    for name, f in pairs(tests) do
      if type(f) == 'table' then errors.fail('Nested sets of tests are not supported (%s)', tostring(name)) end
      self:add(f, name)
    end
    return self
  end

  local hooks = {_setUp = 'set-up', _tearDown = 'tear-down'}

  --- add(f, name), add(suite): tests to be run. Functions named _setUp and _tearDown run around each test, which
  -- they get the name of.
  function Tester:add(f, name)
    if type(f) == 'table' then
      if name ~= nil then errors.fail('Tester: a table of tests takes no name, got %s', tostring(name)) end
      return add_table(self, f)
    end
    if type(f) ~= 'function' then errors.fail('Tester: expected a function or a table of them, got a %s', type(f)) end
    if hooks[name] then
      if rawget(self, name) then errors.fail('Only one %s function is allowed', hooks[name]) end
      self[name] = f
      return self
    end
    name = name or 'unknown'
    if self.tests[name] then errors.fail('Tester: there is a test %s already', tostring(name)) end
    self.tests[name] = f
    return self
  end

  --- disable(name), disable({names}): tests that run leaves out
  function Tester:disable(names)
    if type(names) == 'string' then names = {names} end
    if type(names) ~= 'table' then errors.fail('Tester: expected a name or a table of names, got a %s', type(names)) end
    for _, name in ipairs(names) do
      if not self.tests[name] then errors.fail('Tester: there is no test %s', tostring(name)) end
      self.disabledTests[name] = true
    end
    return self
  end

  --- The tests whose names match one of the patterns; nil: all.
  function Tester:_getTests(patterns)
    if patterns == nil then return self.tests end
    if type(patterns) == 'string' then patterns = {patterns} end
    if type(patterns) ~= 'table' then
      errors.fail('Tester: expected a name or a table of names, got a %s', type(patterns))
    end
    local found = {}
    for _, pattern in ipairs(patterns) do
      local any = false
      for name, f in pairs(self.tests) do
        if tostring(name):match(pattern) then found[name], any = f, true end
      end
      if not any then errors.fail('Tester: there is no test %s', pattern) end
    end
    return found
  end

  -- -- Running --------------------------------------------------------------------------------------------------

  --- Runs f: whether it raised no error, what it gave, and whether all it asserted held.
  function Tester:_pcall(f)
    local before = #self.errors
    local ok, result = xpcall(f, debug.traceback)
    if not ok then
      self.errors[before + 1] = ('%s\nError in the test: %s\n'):format(self._currentTestName, tostring(result))
    end
    return ok, result, ok and #self.errors == before
  end

  -- 'SKIP', 'PASS', 'FAIL' or 'ERROR'
  local function run_one(self, name, f)
    if self.disabledTests[name] then return 'SKIP' end
    local before, ok = #self.errors, true
    if self._setUp then self._setUp(name) end
    if self.rethrow then f() else ok = self:_pcall(f) end
    if self._tearDown then self._tearDown(name) end
    return not ok and 'ERROR' or #self.errors > before and 'FAIL' or 'PASS'
  end

  local colour_of = {SKIP = 'yellow', PASS = 'green', FAIL = 'red', ERROR = 'magenta'}

  function Tester:_run(tests)
    local names = sorted_names(tests)
    local width = #tostring(#names)
    write('Running ', plural(#names, 'test'), '\n')
    for i, name in ipairs(names) do
      self._currentTestName = name
      local count = ('%' .. width .. 'd/%d '):format(i, #names)
      local dots = ('.'):rep(page_width - 8 - #count - #tostring(name))
      local line = ('%s%s %s '):format(coloured(count, 'cyan'), tostring(name), dots)
      if machine.isatty(io.stdout) then write(line, '[', coloured('WAIT', 'cyan'), ']\r') end
      io.flush()
      local outcome = run_one(self, name, tests[name])
      if outcome == 'ERROR' then self.testError[name] = 1 end
      write(line, '[', coloured(outcome, colour_of[outcome]), ']\n')
      if outcome == 'PASS' and self._warningCount[name] > 0 then
        write((' '):rep(page_width - 10), '[', coloured('+warning', 'yellow'), ']\n')
      end
      io.flush()
      if self.earlyAbort and i < #names and (outcome == 'FAIL' or outcome == 'ERROR') then
        write('Aborting on first error, not all tests have been executed\n')
        break
      end
    end
    self._currentTestName = ''
  end

  -- -- Reporting ------------------------------------------------------------------------------------------------

  local function count_up(self, tests)
    local n = {tests = 0, failures = 0, errors = 0, warnings = self._warningCount[''] or 0, skipped = 0}
    self.countasserts = 0
    for name in pairs(tests) do
      local failures = self.assertionFail[name]
      self.countasserts = self.countasserts + failures + self.assertionPass[name]
      n.tests, n.errors = n.tests + 1, n.errors + self.testError[name]
      if failures > 0 then n.failures = n.failures + 1 end
      if self._warningCount[name] > 0 then n.warnings = n.warnings + 1 end
      if self.disabledTests[name] then n.skipped = n.skipped + 1 end
    end
    return n
  end

  function Tester:_report(tests)
    local n = count_up(self, tests)
    write('Completed ', plural(self.countasserts, 'assert'), ' in ', plural(n.tests, 'test'), ' with ',
             coloured(plural(n.failures, 'failure'), n.failures == 0 and 'green' or 'red'), ' and ',
             coloured(plural(n.errors, 'error'), n.errors == 0 and 'green' or 'magenta'))
    if n.warnings > 0 then write(' and ', coloured(plural(n.warnings, 'warning'), 'yellow')) end
    if n.skipped > 0 then write(' and ', coloured(n.skipped .. ' disabled', 'yellow')) end
    write('\n')
    if self.summaryOnly then return end
    local rule, first = ('-'):rep(page_width) .. '\n', true
    for _, list in ipairs {self.errors, self.warnings} do
      for _, text in ipairs(list) do
        write(first and rule or '', text, '\n', rule)
        first = false
      end
    end
  end

  --- run([names]): runs the tests whose names match one of the patterns, by default all, in the order of their names,
  -- and reports. An error at the end when something failed, so that a script ends with a failure.
  function Tester:run(names)
    local tests = self:_getTests(names)
    self.assertionPass, self.assertionFail, self.testError = {}, {}, {}
    for name in pairs(tests) do
      self.assertionPass[name], self.assertionFail[name], self.testError[name] = 0, 0, 0
      self._warningCount[name] = 0
    end
    self:_run(tests)
    self:_report(tests)
    for name in pairs(tests) do
      if self.assertionFail[name] > 0 or self.testError[name] > 0 then
        errors.fail('An error was found while running tests!')
      end
    end
    return 0
  end
end
