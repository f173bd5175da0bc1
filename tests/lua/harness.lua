--- The tests' harness: t.test(name, function) runs one test; at the end the counts are printed, and the process fails
-- when a test did. A test fails by raising an error; the checks below raise ones that say what was expected.
local harness = {}

local passed, failed, skipped = 0, 0, 0
local skip = {} -- raised by t.skip

local function show(value)
  if type(value) == 'string' then return ('%q'):format(value) end
  if type(value) == 'number' then return ('%.17g'):format(value) end
  return tostring(value)
end

-- The line of the test that called the check.
local function complain(message, ...)
  error(message:format(...), 3)
end

function harness.test(name, f)
  local ok, message = xpcall(f, function(e) return e == skip and e or debug.traceback(tostring(e), 2) end)
  if ok then
    passed = passed + 1
  elseif message == skip then
    skipped = skipped + 1
    print(('skipped: %s (%s)'):format(name, skip.reason))
  else
    failed = failed + 1
    print(('FAILED: %s\n%s'):format(name, message))
  end
end

--- Leaves the running test, which counts as skipped.
function harness.skip(reason)
  skip.reason = reason
  error(skip, 0)
end

local function same(a, b, path)
  if rawequal(a, b) then return true end
  if type(a) == 'table' and type(b) == 'table' and getmetatable(a) == getmetatable(b) then
    for key, value in pairs(a) do
      local ok, where = same(value, b[key], path .. '.' .. tostring(key))
      if not ok then return ok, where end
    end
    for key in pairs(b) do
      if a[key] == nil then return false, path .. '.' .. tostring(key) end
    end
    return true
  end
  return a == b or a ~= a and b ~= b, path
end

--- got and expected are equal; tables are compared by content, NaN is equal to itself.
function harness.eq(got, expected, what)
  local ok, where = same(got, expected, '')
  if not ok then
    complain('%sexpected %s, got %s%s', what and what .. ': ' or '', show(expected), show(got),
             where ~= '' and ' (they differ at ' .. where .. ')' or '')
  end
end

--- Numbers differ by no more than tolerance (1e-9), relative to the expected one where that is above 1.
function harness.near(got, expected, tolerance, what)
  local limit = (tolerance or 1e-9) * math.max(1, math.abs(expected))
  local gap = math.abs(got - expected)
  if gap ~= gap or gap > limit then
    complain('%sexpected %s within %g, got %s', what and what .. ': ' or '', show(expected), limit, show(got))
  end
end

function harness.ok(value, what)
  if not value then complain('%s: expected a true value, got %s', what or 'check', show(value)) end
end

--- f(...) raises an error whose message contains the pattern.
function harness.raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  if ok then complain('expected an error with %q, got none', pattern) end
  if not tostring(message):find(pattern) then
    complain('expected an error with %q, got %s', pattern, tostring(message))
  end
end

-- os.exit skips finalisers, so the counts are printed by a wrapper around it, or by the proxy at the state's end.
local function finish()
  print(('%d passed, %d failed%s'):format(passed, failed, skipped > 0 and (', %d skipped'):format(skipped) or ''))
  io.stdout:flush()
  if failed > 0 then
    require('ffi').cdef 'void _exit(int);'
    require('ffi').C._exit(1)
  end
end

harness.at_exit = newproxy(true)
getmetatable(harness.at_exit).__gc = finish

return harness
