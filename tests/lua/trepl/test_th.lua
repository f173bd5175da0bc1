-- th as a script's interpreter: options, arguments, errors, exit status.
local t = require 'harness'

local root = debug.getinfo(1, 'S').source:match('^@(.*)tests/lua/trepl/') or ''
local th = os.getenv('TH') or root .. 'build/bin/th'

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function slurp(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  os.remove(path)
  return text
end

-- Runs th in an empty environment: what it wrote to stdout and stderr, and its exit status.
local function run(...)
  local words = { 'env -i', quoted(th) }
  for _, word in ipairs { ... } do words[#words + 1] = quoted(word) end
  local out, err, status = os.tmpname(), os.tmpname(), os.tmpname()
  os.execute(('%s </dev/null >%s 2>%s; echo $? >%s'):format(table.concat(words, ' '), out, err, status))
  return slurp(out), slurp(err), tonumber(slurp(status))
end

local function with_file(text, f)
  local path = os.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
  local ok, message = pcall(f, path)
  os.remove(path)
  if not ok then error(message, 0) end
end

t.test('-e runs code, with torch at hand, in an empty environment', function()
  local out, err, status = run('-e', 'print(1 + 1)')
  t.eq({ out, err, status }, { '2\n', '', 0 })
  out, err, status = run('-e', 'print(torch.ones(2):sum())')
  t.eq({ out, err, status }, { '2\n', '', 0 })
end)

t.test('options come in the order given, then the file with its arguments', function()
  with_file('print(x, arg[0] == ..., arg[1], arg[2], select("#", ...), (...))', function(path)
    local out, _, status = run('-e', 'x = 1', '-e', 'x = x + 1', path, 'a b', '-e')
    t.eq({ out, status }, { '2\tfalse\ta b\t-e\t2\ta b\n', 0 })
  end)
end)

t.test('-l requires a package and names it', function()
  t.eq({ run('-l', 'bit', '-e', 'print(bit.band(6, 3))') }, { '2\n', '', 0 })
  local _, err, status = run('-l', 'no_such_package', '-e', 'print(1)')
  t.ok(err:find("module 'no_such_package' not found", 1, true), err)
  t.eq(status, 1)
end)

t.test('-v and -h answer, and bad options are refused', function()
  local out, _, status = run('-v')
  t.ok(out:find('^Moontorch %d+%.%d+%.%d+ on LuaJIT'), out)
  t.eq(status, 0)
  out, _, status = run('-h')
  t.ok(out:find('^usage: th'), out)
  t.eq(status, 0)
  local _, err, bad = run('-x')
  t.ok(err:find('^th: unknown option %-x'), err)
  t.eq(bad, 1)
  _, err, bad = run('-e')
  t.ok(err:find('^th: option %-e needs an argument'), err)
  t.eq(bad, 1)
end)

t.test('code comes from standard input when that is no terminal', function()
  local out = os.tmpname()
  local status = os.execute(('echo "print(6 * 7)" | env -i %s >%s'):format(quoted(th), out))
  t.eq(slurp(out), '42\n')
  t.ok(status == 0 or status == true, 'exit status')
end)

t.test('an error names the line, shows it, and gives status 1', function()
  with_file('local function f(x)\n  return x.y\nend\nlocal a = f(nil)\nreturn a', function(path)
    local out, err, status = run(path)
    t.eq({ out, status }, { '', 1 })
    t.eq(err, ("th: %s:2: attempt to index local 'x' (a nil value)\n     2 |   return x.y\n" ..
               "  %s:2: in function 'f'\n  %s:4: in main chunk\n"):format(path, path, path))
  end)
end)

t.test('an error inside torch is blamed on the line that called it', function()
  with_file('local a = torch.ones(2, 3)\nlocal b = torch.ones(4)\na:add(b)\n', function(path)
    local _, err, status = run(path)
    t.ok(err:find('th: ' .. path .. ':3: add', 1, true) == 1, err)
    t.ok(not err:find('lua/torch', 1, true), err)
    t.eq(status, 1)
  end)
  local _, err = run('-e', 'torch.ones(2, 3):add(torch.ones(4))')
  t.ok(err:find('th: (command line):1: add', 1, true) == 1, err)
end)

t.test('syntax errors, missing files and odd error objects are reported', function()
  local _, err, status = run('-e', 'x =')
  t.eq({ err, status }, { "th: (command line):1: unexpected symbol near '<eof>'\n", 1 })
  _, err, status = run('no such file.lua')
  t.eq({ err, status }, { 'th: cannot open no such file.lua: No such file or directory\n', 1 })
  _, err, status = run('-e', 'error()')
  t.eq({ err, status }, { 'th: the error object is nil\n  (command line):1: in main chunk\n', 1 })
  _, err, status = run('-e', 'error({ code = 7 })')
  t.ok(err:find('code : 7', 1, true), err)
  t.eq(status, 1)
  _, err = run('-e', 'error(setmetatable({}, { __tostring = function() return "my error" end }))')
  t.ok(err:find('^th: my error\n'), err)
  _, err = run('-e', 'error(setmetatable({}, { __tostring = function() error "worse" end }))')
  t.ok(err:find('^th: the error object is a broken table\n'), err)
end)

t.test('a stack overflow is told in a few lines', function()
  local _, err, status = run('-e', 'local function f(n) return 1 + f(n) end f(1)')
  t.ok(err:find('stack overflow', 1, true), err)
  t.ok(#err < 600, err)
  t.eq(status, 1)
end)

t.test('os.exit gives its status', function()
  local _, _, status = run('-e', 'os.exit(7)')
  t.eq(status, 7)
end)

t.test('print unfolds tables, without colours when it writes to a file', function()
  local out = run('-e', 'local t = { 1, { b = true, a = "x\\n" }, n = {} } t.t = t print(t) print("x", 1)')
  t.eq(out, '{\n  1 : 1\n  2 :\n    {\n      a : "x\\n"\n      b : true\n    }\n  n : {}\n' ..
            '  t : { itself, 1 levels up }\n}\nx\t1\n')
end)

-- A folder with files of these texts, gone after f(folder).
local function with_folder(files, f)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(('mkdir -p %s/sub'):format(folder)) == 0)
  for name, text in pairs(files) do
    local file = assert(io.open(folder .. '/' .. name, 'w'))
    file:write(text)
    file:close()
  end
  local ok, message = pcall(f, folder)
  os.execute('rm -r ' .. folder)
  if not ok then error(message, 0) end
end

t.test('require ./file finds files beside the one that requires them', function()
  with_folder({
    ['main.lua'] = "print(require('./part.lua'), require './part', require './sub/inner')",
    ['part.lua'] = "return 'part'",
    ['sub/inner.lua'] = "return 'inner of ' .. require '../part'",
    ['none.lua'] = "require './missing'",
  }, function(folder)
    t.eq({ run(folder .. '/main.lua') }, { 'part\tpart\tinner of part\n', '', 0 })
    local _, err, status = run(folder .. '/none.lua')
    assert(status == 1 and err:find("none.lua:1: module './missing' not found", 1, true), err)
  end)
end)

t.test('Penlight, where it is installed, is at hand', function()
  with_folder({ ['pl.lua'] = "path = { join = function(a, b) return a .. '/' .. b end }" }, function(folder)
    local code = "'print(path.join([[a]], [[b]]))'"
    local pipe = io.popen(("env -i 'LUA_PATH=%s/?.lua;;' %s -e %s 2>&1"):format(folder, th, code))
    local text = pipe:read('*a')
    pipe:close()
    t.eq(text, 'a/b\n')
  end)
end)

t.test('trepl.colorize paints text, bold and behind, and not where NO_COLOR is set', function()
  local code = "'local c = require [[trepl.colorize]] io.write(c.red([[a]]), c.Blue(5), c._green([[b]]), c.none)'"
  local function output(environment)
    local pipe = io.popen(('env -i %s %s -e %s 2>&1'):format(environment, th, code))
    local text = pipe:read('*a')
    pipe:close()
    return text
  end
  t.eq(output(''), '\27[0;31ma\27[0m\27[1;34m5\27[0m\27[42mb\27[0m\27[0m')
  t.eq(output('NO_COLOR=1'), 'a5b')
end)
