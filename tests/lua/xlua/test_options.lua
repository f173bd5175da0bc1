--- xlua.OptionParser and xlua.Profiler.
local t = require 'harness'
local paths = require 'paths'
local xlua = require 'xlua'

local script = [[
  local xlua = require 'xlua'
  local parser = xlua.OptionParser('%prog [options] FILE')
  parser:option{'-r', '--learning-rate', dest = 'rate', default = 0.1, help = 'learning rate'}
  parser:option{'-v', '--verbose', action = 'store_true', dest = 'verbose', default = false, help = 'say more'}
  parser:option{'-q', action = 'store_false', dest = 'loud', default = true, help = 'say less'}
  parser:option{'-n', '--name', dest = 'name', metavar = 'WORD', req = true, help = 'of the net'}
  local options, words = parser:parse()
  print(options.rate, options.verbose, options.loud, options.name, table.concat(words, ' '), options.__main__)
  parser:summarize()
  print(parser:tostring(true, {'-r', '-n'}))
]]

-- The script's output and exit status, with these words on its command line.
local function run(words)
  local path = paths.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write(script)
  file:close()
  local pipe = io.popen(('luajit %s %s 2>&1; echo "status $?"'):format(path, words))
  local text, status = pipe:read('*a'):match('^(.-)status (%d+)%s*$')
  pipe:close()
  os.remove(path)
  return text, tonumber(status)
end

t.test('options, their defaults and the other words', function()
  t.eq(run('-n net a b'):match('[^\n]*'), '0.1\tfalse\ttrue\tnet\ta b\ttrue')
  t.eq(run('a --learning-rate=0.5 -v -q --name net'):match('[^\n]*'), '0.5\ttrue\tfalse\tnet\ta\ttrue')
  t.eq(run('--name=a=b -r -1'):match('[^\n]*'), '-1\tfalse\ttrue\ta=b\t\ttrue')
end)

t.test('the summary, and options as a file name', function()
  local text, status = run("-n 'my net/1'")
  t.eq(status, 0)
  local summary = ' configuration:\n + __main__ = true\n + loud = true\n + name = my net/1\n + rate = 0.1\n'
  t.ok(text:find(summary, 1, true), text)
  t.ok(text:find('-r=0.1,-n=my_net|1\n', 1, true), text)
end)

t.test('the help', function()
  local text, status = run('--help')
  t.eq(status, 0)
  t.ok(text:find('^Usage: luajit %S+ %[options%] FILE\n\nOptions:\n  %-h, %-%-help  .*show this help'), text)
  t.ok(text:find('  -r RATE, --learning-rate=RATE  learning rate [default = 0.1]\n', 1, true), text)
  t.ok(text:find('  -n WORD, --name=WORD           of the net [REQUIRED]\n', 1, true), text)
end)

t.test('what is wrong ends the program with the help', function()
  for words, message in pairs {['-x'] = 'invalid option -x', ['-n'] = 'option requires an argument -n',
                               [''] = 'option --name requires an argument'} do
    local text, status = run(words)
    t.eq({text:match('[^\n]*'), status}, {message, 1}, words)
    t.ok(text:find('Options:', 1, true))
  end
end)

t.test('without a command line there are the defaults', function()
  local parser, before = xlua.OptionParser('%prog'), rawget(_G, 'arg')
  parser:option{'-a', dest = 'a', default = 1}
  rawset(_G, 'arg', nil)
  local options, words = parser:parse{b = 2}
  rawset(_G, 'arg', before)
  t.eq({options, words}, {{a = 1, b = 2, __main__ = false}, {}})
  t.raises('expected a name as dest', parser.option, parser, {'-c'})
end)

-- -- Profiler ---------------------------------------------------------------------------------------------------

t.test('a profiler measures and reports by name', function()
  local profiler = xlua.Profiler()
  profiler:start('forward')
  profiler:start('frame', 'fps')
  t.eq(profiler:format('forward'), '$ real | cpu: -1.000000 | -1.000000 <forward>')
  local real, cpu = profiler:lap('forward')
  t.ok(real >= 0 and cpu >= 0)
  profiler:start('forward')
  profiler:lap('frame', 2)
  profiler:setColor('frame', 'red')
  local report = profiler:formatAll()
  local pattern = '^%$ profiler report:\n%$ real [%d%.]+ | cpu [%d%.]+ <forward>\n%$ real .- <frame> = [%d%.a-z]+ fps$'
  t.ok(report:find(pattern), report)
  t.raises('none was never started', profiler.lap, profiler, 'none')
end)

t.test("mode 'off' prints nothing", function()
  local path = paths.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write [[
    local profiler = require('xlua').Profiler(arg[1], true)
    profiler:start('a')
    profiler:printAll()
  ]]
  file:close()
  local function output(mode) return io.popen(('luajit %s %s'):format(path, mode)):read('*a') end
  t.eq(output('off'), '<a>')
  t.eq(output('on'), '<a>$ profiler report:\n$ real -1.000000 | cpu -1.000000 <a>\n')
  os.remove(path)
end)
