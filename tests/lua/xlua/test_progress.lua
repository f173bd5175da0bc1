--- xlua.progress, in a pipe and on a terminal.
local t = require 'harness'
local terminal = require 'trepl.terminal'
local line = require('xlua.progress').line

t.test('the line of a bar', function()
  t.eq(line(60, 0, 10, 0, 0), ' [......... 0/10 .........] ETA: 0ms | Step: 0ms')
  t.eq(line(60, 5, 10, 5, 1), ' [========= 5/10 .........] ETA: 5s | Step: 1s')
  t.eq(line(60, 2, 10, 5, 1), ' [===>..... 2/10 .........] ETA: 8s | Step: 1s')
  t.eq(line(60, 10, 10, 70, 0.5), ' [======== 10/10 ========>] Tot: 1m10s | Step: 500ms')
  t.eq(#line(80, 5, 1000, 1, 0.123):match('%[.-%]'), 46)
end)

t.test('a bar never is wider than the terminal', function()
  for width = 10, 120 do t.ok(#line(width, 123456, 999999, 1e6, 98765.4) < width) end
end)

t.test('odd counts', function()
  t.ok(line(60, 0, 0, 0, 0):find('Tot'))
  t.ok(line(60, 20, 10, 0, 0):find('=>%]'))
  t.ok(line(60, -1, 10, 0, 0):find('%[%.'))
  t.ok(line(60, 0.5, 2.5, 0, 0):find('0.5/2.5', 1, true))
  t.raises('progress: expected two numbers', require('xlua').progress, 1)
end)

local loops = [[
  require 'xlua'
  for _ = 1, 2 do
    for i = 1, 3 do xlua.progress(i, 3) end
  end
  for i = 1, 4 do xlua.progress(i, 5) end
  for i = 1, 2 do xlua.progress(i, 2) end
  xlua.progress(2, 2)
]]

t.test('in a pipe only finished bars are written', function()
  local pipe = io.popen(('luajit -e "%s"'):format(loops))
  local text = pipe:read('*a')
  pipe:close()
  local counts = {}
  for count in text:gmatch(' (%d/%d) [^\n]*Tot: [^\n]*\n') do counts[#counts + 1] = count end
  t.eq(counts, {'3/3', '3/3', '2/2'})
  t.eq(select(2, text:gsub('\n', '')), 3)
  t.ok(not text:find('[\r\27]'))
end)

t.test('on a terminal a bar is drawn over itself', function()
  local luajit = io.popen('command -v luajit'):read('*l')
  local p = terminal.open({luajit, '-e', loops}, {'LUA_PATH=' .. package.path})
  for _, text in ipairs {'1/3', '2/3', '3/3', 'Tot', '1/3', '3/3', '1/5', '4/5', '1/2', '2/2'} do p:wait(text) end
  t.eq(p:finish(), 0)
end)
