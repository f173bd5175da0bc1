--- xlua: named arguments, text of values, the session, parameters from the environment.
-- luacheck: ignore 143 -- fields of string and table that xlua adds
local t = require 'harness'
local xlua = require 'xlua'
local paths = require 'paths'

-- Runs a script in a process of its own: what it wrote, and its exit status.
local function run(script, words, variables)
  local path = paths.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write("local xlua = require 'xlua'\n", script)
  file:close()
  local pipe = io.popen(('%s luajit %s %s 2>&1; echo "status $?"'):format(variables or '', path, words or ''))
  local text = pipe:read('*a')
  pipe:close()
  os.remove(path)
  return text:match('^(.-)status (%d+)%s*$')
end

-- -- Arguments --------------------------------------------------------------------------------------------------

local function step(...)
  local all, rate, momentum, decay = xlua.unpack({...}, 'step', 'one step downhill',
    {arg = 'rate', type = 'number', help = 'step size', req = true},
    {arg = 'momentum', type = 'number | nil', help = 'share of the last step', default = 0},
    {arg = 'decay', type = 'number', help = 'of the rate', defaulta = 'rate'})
  return all, rate, momentum, decay
end

t.test('unpack takes arguments by place and by name', function()
  local function values(all, ...)
    t.eq({all.rate, all.momentum, all.decay}, {...})
    t.eq({all[1], all[2], all[3]}, {...})
    return {...}
  end
  t.eq(values(step(0.1)), {0.1, 0, 0.1})
  t.eq(values(step(0.1, 0.9, 0.5)), {0.1, 0.9, 0.5})
  t.eq(values(step{momentum = 0.9, rate = 0.1}), {0.1, 0.9, 0.1})
end)

t.test('a list, a tensor or an object is an argument by place', function()
  local torch = require 'torch'
  local function first(...)
    local all = xlua.unpack({...}, 'first', nil, {arg = 'x', type = 'any'}, {arg = 'y', type = 'any', default = false})
    return all.x
  end
  local tensor, timer, list = torch.Tensor(2), torch.Timer(), {1, 2}
  t.ok(first(tensor) == tensor)
  t.ok(first(timer) == timer)
  t.ok(first(list) == list)
  t.eq(first{y = 1}, nil)
end)

t.test('a missing argument is an error that shows the usage', function()
  for _, call in ipairs {function() step() end, function() step{momentum = 1} end} do
    local ok, message = pcall(call)
    t.eq(ok, false)
    t.ok(message:find('step: missing argument: rate', 1, true) or message:find('step: expected arguments', 1, true))
    t.ok(message:find('one step downhill', 1, true) and message:find('rate = number  .*%-%- step size'), message)
    t.ok(message:find('[momentum = number | nil]', 1, true) and message:find('[default = 0]', 1, true), message)
    t.ok(message:find('[default == rate]', 1, true) and not message:find('\27'), message)
  end
end)

t.test('unpack_class fills an object', function()
  local object = {}
  xlua.unpack_class(object, {{a = 1}}, 'Class', '', {arg = 'a', type = 'number'},
                    {arg = 'b', type = 'table', default = {2}})
  t.eq(object.a, 1)
  t.eq(object.b, {2})
  t.eq(object[1], nil)
  t.ok(tostring(object.usage):find('Class{', 1, true))
end)

t.test('usage of arguments by place, in several forms', function()
  local text = xlua.usage('scale', 'scales', 'scale(x, 2)', {type = 'tensor', help = 'what', req = true},
                          {type = 'number', help = 'by'}, '', {type = 'string', help = 'file', req = true})
  local _, forms = text:gsub('scale%(\n', '')
  t.eq(forms, 2)
  t.ok(text:find('    tensor  .*%-%- what\n    %[number%]  .*%-%- by\n%)\nscale%(\n    string .*%-%- file\n%)'), text)
  t.ok(text:find('scale(x, 2)', 1, true))
end)

t.test('usage_module describes a module', function()
  local module = {}
  local help = xlua.usage_module(module, 'mine', 'does things')
  t.eq(tostring(module), help)
  t.ok(help:find('mine', 1, true) and help:find('does things', 1, true))
end)

t.test('error, trycatch', function()
  t.raises('test_xlua.lua:%d+: <net> no$', function() xlua.error('no', 'net') end)
  t.raises('no\nusage', xlua.error, 'no', nil, 'usage')
  local caught
  xlua.trycatch(function() error('oh', 0) end, function(reason) caught = reason end)
  t.eq(caught, 'oh')
  xlua.trycatch(function() caught = 'none' end, error)
  t.eq(caught, 'none')
end)

-- -- Text -------------------------------------------------------------------------------------------------------

t.test('table2string', function()
  t.eq(xlua.table2string{1, 'a', {true}}, '{1,"a",{true}}')
  t.eq(xlua.table2string{1, name = 'x"y', ['a b'] = 'l\n', [10] = 2}, '{1,["a b"]="l\\n",[10]=2,name=\'x"y\'}')
  t.eq(xlua.table2string({1, b = 2}, true), '{\n   1\n   b : 2\n}')
  local loop = {}
  loop.self = loop
  t.eq(xlua.table2string(loop), '{self={…}}')
  local pair = {}
  t.eq(xlua.table2string{pair, pair}, '{{},{}}')
end)

t.test('print shows the fields of tables', function()
  local text = run [[
    xlua.print(1, 'two', nil)
    xlua.print({a = 1, long = ('x'):rep(50), lines = 'a\nb'})
    xlua.print(setmetatable({usage = 'how to'}, {__tostring = function() return 'me' end}))
    xlua.print(require('torch').Tensor{1}:size())
  ]]
  t.eq(text, '1    two    nil\n{[a] = 1,\n [lines] = a\\nb,\n [long] = ' .. ('x'):rep(40) .. ' ... }\n' ..
             'how to\n\nFIELDS:\n{[usage] = how to}\n' .. tostring(require('torch').Tensor{1}:size()) .. '\n')
end)

t.test('formatTime gives the two largest parts', function()
  for seconds, text in pairs {[0] = '0ms', [0.2] = '200ms', [3.25] = '3s250ms', [59.9996] = '59s999ms', [61] = '1m1s',
                              [3600] = '1h', [90061] = '1D1h', [math.huge] = '?', [0.0001] = '0ms'} do
    t.eq(xlua.formatTime(seconds), text)
  end
  t.eq(xlua.formatTime(0 / 0), '?')
end)

-- -- Session ----------------------------------------------------------------------------------------------------

t.test('who, clear and clearall know what is the user\'s', function()
  local text = run [[
    mine, other = 5, 'text'
    xlua.who()
    xlua.clear('mine')
    print(mine, other)
    package.loaded.lib = {}
    lib = package.loaded.lib
    xlua.clearall()
    print(other, lib, package.loaded.lib, xlua ~= nil, string ~= nil)
  ]]
  t.ok(text:find('[mine] = 5,\n [other] = text}', 1, true) and text:find('Global Libs:.*string'), text)
  t.ok(text:find('nil\ttext\nnil\tnil\tnil\ttrue\ttrue\n', 1, true), text)
end)

t.test('log copies what is printed into a file', function()
  local folder = paths.tmpname()
  local text = run(([[
    xlua.log('%s/logs/run.log')
    print('one', 1)
    io.write('two\n')
    xlua.log('%s/logs/run.log', true)
    print('three')
  ]]):format(folder, folder))
  local file = assert(io.open(folder .. '/logs/run.log'))
  t.eq(file:read('*a'), text)
  t.eq(text, 'one    1\ntwo\nthree\n')
  file:close()
  paths.rmall(folder, 'yes')
  t.raises('log: cannot write /proc/none', xlua.log, '/proc/none/run.log')
end)

t.test('installed and require', function()
  local found, path = xlua.installed('xlua')
  t.eq({found, paths.basename(path)}, {true, 'init.lua'})
  t.eq({xlua.installed('no_such_package')}, {false})
  t.eq(xlua.require('paths'), paths)
  t.ok(run("print(xlua.require('no_such_package'))"):find('<no_such_package> could not be loaded.*\nfalse\n'))
end)

t.test('envparams takes values of the default\'s type', function()
  local text = run([[
    local p = xlua.envparams{rate = 0.1, nesterov = true, name = 'x', epochs = 5}
    print(p.rate * 2, p.nesterov, p.name, p.epochs)
    print(pcall(xlua.envparams, {name = 3}))
  ]], '', 'rate=0.5 nesterov=False name=net')
  t.ok(text:find('1\tfalse\tnet\t5\nfalse\t.-envparams: expected a number in the variable name, got "net"'), text)
end)

-- -- Extensions -------------------------------------------------------------------------------------------------

t.test('table.splice and table.prune', function()
  local rest, taken = table.splice({1, 2, 3, 4}, 2, 2)
  t.eq({rest, taken}, {{1, 4}, {2, 3}})
  t.eq({table.splice{1, 2}}, {{2}, {1}})
  t.eq(table.prune{1, 2, 1, 3}, {1, 2, 3})
  t.eq(table.prune({'a', 'bb', 'c'}, string.len), {'c', 'bb'})
  t.eq(table.prune({'a', 'bb', 'c'}, string.len, function(item, before) return before .. item end), {'ac', 'bb'})
end)

t.test('string.split and string.tosymbol', function()
  t.eq(('a,b'):split(','), {'a', 'b'})
  t.eq(string.tosymbol('string.len'), string.len)
  t.raises('there is no string.nothing', string.tosymbol, 'string.nothing')
  t.raises('tosymbol: ', string.tosymbol, 'a b')
end)
