--- sys: clocks, commands, colours.
local t = require 'harness'
local sys = require 'sys'
local paths = require 'paths'

t.test('the clock runs forward, and tic and toc read it', function()
  local before = sys.clock()
  t.ok(math.abs(before - os.time()) < 60, 'seconds since 1970')
  sys.tic()
  sys.usleep(1000)
  sys.sleep(0.001)
  local took = sys.toc()
  t.ok(took >= 0.002 and took <= sys.clock() - before)
  for _, nothing in ipairs {0, -1, 0 / 0} do sys.sleep(nothing) end
  t.raises('expected a number', sys.sleep, 'x')
end)

t.test('toc without tic, and toc(true)', function()
  local code = [[luajit -e "local sys = require 'sys' %s"]]
  t.eq(sys.execute(code:format('print(pcall(sys.toc))')):match('there was no tic before'), 'there was no tic before')
  t.ok(tonumber(sys.execute(code:format('sys.tic() sys.toc(true)'))))
end)

t.test('commands give what they write', function()
  t.eq(sys.execute("printf '  a b\\n\\n'"), 'a b')
  t.eq(sys.execute('echo out; echo err >&2'), 'out\nerr')
  t.eq(sys.fexecute('echo out; echo err >&2'), 'out\nerr')
  t.eq(sys.fexecute('echo one; echo two', '*l'), 'one')
  t.eq(sys.fexecute('true', '*l'), nil)
  t.raises('expected a string', sys.execute)
end)

t.test('the lists of a folder', function()
  local folder = paths.tmpname()
  paths.mkdir(folder .. '/b')
  paths.mkdir(folder .. '/.a')
  t.eq(sys.ls(folder), 'b')
  t.eq(sys.ls('-A ' .. folder), '.a\nb')
  t.eq(sys.la(folder), '.\n..\n.a\nb')
  t.ok(sys.ll(folder):find('drwx') and not sys.ll(folder):find('%.a'))
  t.ok(sys.lla(folder):find('%.a'))
  t.eq(sys.ls(), sys.ls('.'))
  paths.rmall(folder, 'yes')
end)

t.test('the machine and the calling file', function()
  t.eq(sys.uname(), ({Linux = 'linux', OSX = 'macos'})[jit.os])
  t.eq(sys.OS, sys.uname())
  t.eq(type(sys.prefix), 'string')
  local folder, name = sys.fpath()
  t.eq({folder, name}, {paths.dirname(paths.thisfile()), 'test_sys.lua'})
  t.eq({sys.dirname, sys.concat}, {paths.dirname, paths.concat})
end)

t.test('split', function()
  t.eq(sys.split('a, b,c', ',%s*'), {'a', 'b', 'c'})
  t.eq(sys.split(',a,,b,', ','), {'a', '', 'b'})
  t.eq(sys.split('abc', ';'), {'abc'})
  t.eq(sys.split('', ','), {})
  t.eq(sys.split('abc', ''), {'abc'})
  t.eq(sys.split('abc', '^'), {'abc'})
end)

t.test('isNaN', function()
  t.eq({sys.isNaN(0 / 0), sys.isNaN(1), sys.isNaN(math.huge), sys.isNaN('x')}, {true, false, false, false})
end)

t.test('colours', function()
  local c = sys.COLORS
  t.eq({c.none, c.red, c.Red, c._red}, {'\27[0m', '\27[0;31m', '\27[1;31m', '\27[41m'})
  local count = 0
  for _ in pairs(c) do count = count + 1 end
  t.eq(count, 25)
  t.eq(require 'sys.colors', c)
end)
