--- Hot loops compile: each of these runs under the compiler's event hook, and a loop that stays interpreted fails.
local t = require 'harness'
local torch = require 'torch'
local vmdef = require 'jit.vmdef'

local function reason_of(code, detail)
  local text = vmdef.traceerr[code] or tostring(code)
  return type(detail) == 'number' and text:format(detail) or text:gsub('%%s', tostring(detail))
end

-- Runs loop(n) until it is hot. Gives the number of loops compiled within it, or in the file named, and why others
-- were not.
local function compile(loop, n, file)
  local loops, aborts = 0, {}
  local source = debug.getinfo(loop, 'S').source
  local first, last = debug.getinfo(loop, 'S').linedefined, debug.getinfo(loop, 'S').lastlinedefined
  local start
  local function watch(what, trace, f, pc, code, detail)
    if what == 'start' then
      local info = require('jit.util').funcinfo(f, pc)
      local within = info.source == source and info.currentline and info.currentline >= first and
                     info.currentline <= last
      start = file and info.source and info.source:find(file, 1, true) or not file and within
    elseif what == 'stop' and start then
      local link = require('jit.util').traceinfo(trace)
      if link and (link.linktype == 'loop' or link.linktype == 'root') then loops = loops + 1 end
    elseif what == 'abort' and start then
      aborts[#aborts + 1] = reason_of(code, detail)
    end
  end
  for _ = 1, 2 do collectgarbage() end -- finalisers of what was dropped before would end the recording
  jit.flush()
  jit.attach(watch, 'trace')
  loop(n)
  jit.attach(watch)
  return loops, table.concat(aborts, '; ')
end

local function compiles(name, loop, n, file)
  t.test(name .. ' compiles', function()
    local loops, aborts = compile(loop, n or 2000, file)
    if loops == 0 then error('no loop was compiled: ' .. aborts, 0) end
  end)
end

local a, b, c = torch.FloatTensor(8):fill(1), torch.FloatTensor(8):fill(2), torch.FloatTensor(8)
local m = torch.FloatTensor(4, 8):fill(1)

compiles('torch.add(result, x, y)', function(n) for _ = 1, n do torch.add(c, a, b) end end)
compiles('torch.add(x, y)', function(n) for _ = 1, n do torch.add(a, b) end end)
compiles('x + y', function(n) local s = a for _ = 1, n do s = a + b end return s end)
compiles('x:mul(number)', function(n) for _ = 1, n do c:mul(1.0001) end end)
compiles('x:add(scale, y)', function(n) for _ = 1, n do c:add(0.5, a) end end)
compiles('torch.tanh(result, x)', function(n) for _ = 1, n do torch.tanh(c, a) end end)
compiles('t[i]', function(n) local s = 0 for i = 1, n do s = s + a[i % 8 + 1] end return s end)
compiles('t[i] = v', function(n) for i = 1, n do c[i % 8 + 1] = i end end)
compiles('x:sum()', function(n) local s = 0 for _ = 1, n do s = s + a:sum() end return s end)
compiles('x:sum(dim)', function(n) for _ = 1, n do m:sum(2) end end)
compiles('torch.mm(result, x, y)', function(n)
  local out, right = torch.FloatTensor(4, 4), m:t()
  for _ = 1, n do torch.mm(out, m, right) end
end)
compiles('x:narrow(…)', function(n) for _ = 1, n do m:narrow(1, 2, 2) end end)
compiles('x:dim() and x:nElement()', function(n)
  local s = 0
  for _ = 1, n do s = s + m:dim() + m:nElement() end
  return s
end)

compiles('x:apply(f)', function(n)
  local x = torch.FloatTensor(100)
  local function double(v) return v * 2 end
  for _ = 1, n do x:apply(double) end
end, 2000, 'torch/mapping.lua')
compiles('x:map(y, f)', function(n)
  local x, y = torch.FloatTensor(100), torch.FloatTensor(100):fill(1)
  local function add(v, w) return v + w end
  for _ = 1, n do x:map(y, add) end
end, 2000, 'torch/mapping.lua')
compiles('x:select(…)', function(n)
  local s = 0
  for i = 1, n do s = s + m:select(1, i % 4 + 1):select(1, 2) + a:select(1, i % 8 + 1) end
  return s
end)

t.test('a loop that cannot compile is noticed', function()
  local loops = compile(function(n) for i = 1, n do local f = function() return i end f() end end, 2000)
  t.eq(loops, 0)
end)
