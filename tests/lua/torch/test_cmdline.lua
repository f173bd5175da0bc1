-- torch.CmdLine and torch.Timer.
local t = require 'harness'
local CmdLine = require('torch.cmdline').CmdLine
local timer = require 'torch.timer'

local function new()
  local cmd = CmdLine()
  cmd:text('Trains a net.')
  cmd:text()
  cmd:argument('data', 'folder of the images')
  cmd:option('-lr', 0.1, 'learning rate')
  cmd:option('--model', 'lenet', 'which net')
  cmd:option('-cuda', false, 'train on the GPU')
  cmd:option('-shuffle', true)
  function cmd.error(_, message) error(message, 0) end
  return cmd
end

-- What a function writes through io.write.
local function written(f, ...)
  local write, parts = io.write, {}
  rawset(io, 'write', function(...)
    for i = 1, select('#', ...) do parts[#parts + 1] = tostring((select(i, ...))) end
  end)
  local ok, message = pcall(f, ...)
  rawset(io, 'write', write)
  if not ok then error(message, 0) end
  return table.concat(parts)
end

t.test('defaults and values', function()
  local cmd = new()
  t.eq(cmd:default(), {lr = 0.1, model = 'lenet', cuda = false, shuffle = true})
  t.eq(cmd:parse {'images'}, {data = 'images', lr = 0.1, model = 'lenet', cuda = false, shuffle = true})
  t.eq(cmd:parse {'-lr', '1e-3', 'images', '-cuda', '--model', '7', '-shuffle'},
       {data = 'images', lr = 1e-3, model = '7', cuda = true, shuffle = false})
  t.eq(cmd:parse {'-lr', '-2', '-5'}, {data = '-5', lr = -2, model = 'lenet', cuda = false, shuffle = true})
  t.eq(CmdLine():parse(nil), {})
end)

t.test('arguments are converted to the type asked for', function()
  local cmd = new()
  cmd:argument('epochs', 'how many', 'number')
  t.eq(cmd:parse({'images', '12'}).epochs, 12)
  t.raises('argument epochs: expected a number, got "many"', cmd.parse, cmd, {'images', 'many'})
end)

t.test('wrong command lines', function()
  local cmd = new()
  t.raises('not enough arguments: <data> is missing', cmd.parse, cmd, {})
  t.raises('invalid argument: b', cmd.parse, cmd, {'a', 'b'})
  t.raises('unknown option: %-size', cmd.parse, cmd, {'a', '-size'})
  t.raises('missing argument for option %-lr', cmd.parse, cmd, {'a', '-lr'})
  t.raises('option %-lr: expected a number, got "fast"', cmd.parse, cmd, {'a', '-lr', 'fast'})
end)

t.test('wrong declarations', function()
  local cmd = CmdLine()
  t.raises('option %-lr has no default value', cmd.option, cmd, '-lr')
  t.raises('its default is a number, not a string', cmd.option, cmd, '-lr', 1, '', 'string')
  t.raises('there is no type table', cmd.option, cmd, '-lr', {})
  t.raises('there is no type float', cmd.argument, cmd, 'x', '', 'float')
  t.raises('expected the name of the option', cmd.option, cmd, nil, 1)
  t.raises('expected a text', cmd.text, cmd, 7)
end)

t.test('strings for folders', function()
  local cmd = new()
  local params = cmd:parse {'images', '-lr', '0.5', '-cuda'}
  t.eq(cmd:string('run', params), 'run,data=images,cuda=t,lr=0.5')
  t.eq(cmd:string('run', params, {data = true, lr = true}), 'run,cuda=t')
  t.eq(cmd:string('run', cmd:default()), 'run')
  t.eq(cmd:string('', cmd:default()), '')
end)

t.test('help', function()
  t.eq(written(CmdLine.help, new(), {[0] = 'train.lua'}), [[
Usage: train.lua [options] <data>
Trains a net.

  <data>   folder of the images
  -lr      learning rate [0.1]
  --model  which net [lenet]
  -cuda    train on the GPU [false]
  -shuffle [true]
]])
end)

t.test('logs', function()
  local path, print_before, shown = os.tmpname(), _G.print, {}
  _G.print = function(...) shown[#shown + 1] = table.concat({...}, '|') end
  local cmd = new()
  cmd:addTime('run', 'T')
  cmd:log(path, {lr = 0.5})
  _G.print('seen', 'twice')
  cmd:silent()
  _G.print('only in the log')
  _G.print = print_before
  local text = io.open(path):read('*a')
  os.remove(path)
  t.ok(text:find('T[run]:  [command line arguments] \n', 1, true), text)
  t.ok(text:find('T[run]:  lr 0.5 \n', 1, true), text)
  t.ok(text:find('T[run]:  seen twice \n', 1, true), text)
  t.ok(text:find('T[run]:  only in the log \n', 1, true), text)
  t.eq(shown[#shown], 'seen|twice')
  t.raises('cannot open the log', cmd.log, cmd, '/nonexistent/log')
end)

t.test('a timer runs, stops and resumes', function()
  local watch = timer.Timer()
  t.eq(tostring(watch), 'torch.Timer [status: running]')
  local before = watch:time()
  local sum = 0
  for i = 1, 5e6 do sum = sum + i % 7 end
  local after = watch:time()
  t.ok(sum > 0 and after.real > before.real and after.user >= before.user and after.sys >= before.sys)
  t.eq(watch:stop(), watch)
  t.eq(tostring(watch), 'torch.Timer [status: stopped]')
  t.eq(watch:time(), watch:time())
  local kept = watch:time().real
  t.ok(watch:resume():time().real >= kept)
  t.ok(watch:reset():time().real < after.real)
  t.eq(watch:stop():stop():resume():resume(), watch)
end)

t.test('tic and toc', function()
  t.ok(timer.toc(timer.tic()) >= 0)
  t.raises('toc: expected the number', timer.toc)
end)
