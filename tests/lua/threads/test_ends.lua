-- How programs with threads end: by themselves, by errors, os.exit and Ctrl-C, with jobs under way.
local t = require 'harness'
local files = require 'files'

local th = os.getenv('TH') or 'build/bin/th'

local start = [[
local threads, torch, ffi = require 'threads', require 'torch', require 'ffi'
io.stdout:setvbuf('no')
local pool = threads.Threads(2, function() require 'sys' end)
local function endless() while true do end end
local function endless_ops()
  local x = torch.ones(200, 200)
  while true do x:mul(1) end
end
local function begun(f)          -- a job that says that it has begun
  local m, c = threads.Mutex(), threads.Condition()
  m:lock()
  pool:addjob(function()
    m:lock()
    c:signal()
    m:unlock()
    f()
  end)
  c:wait(m)
end
]]

-- Runs a script after `start`, with luajit or th: its exit status (137 when it had to be killed) and what it wrote.
local function run(script, program)
  local path = files.temporary(start .. script)
  local command = ("timeout -s KILL 100 %s '%s' 2>&1; echo \"status $?\""):format(program or 'luajit', path)
  local pipe = assert(io.popen(command))
  local text = pipe:read('*a')
  pipe:close()
  os.remove(path)
  local output, status = text:match('^(.-)status (%d+)\n$')
  return tonumber(status), output
end

-- The script ends with a status, having written what the pattern says.
local function ends(status, pattern, script, program)
  local got, output = run(script, program)
  t.eq(got, status, output)
  t.ok(output:find(pattern), ('%q in %q'):format(pattern, output))
end

-- -- By itself --------------------------------------------------------------------------------------------------

t.test('a program that ends well finishes its jobs; endcallbacks are not called', function()
  for _, program in ipairs {'luajit', th} do
    ends(0, '^job job job job job job $', [[
      for i = 1, 6 do
        pool:addjob(function()
          sys.sleep(0.01)
          io.stdout:write('job ')
        end, i == 6 and function() print 'an endcallback' end or nil)
      end
      pool = nil
    ]], program)
  end
end)

t.test('a program that ends well, with idle threads, waiting threads, threads of threads', function()
  ends(0, '^$', '')
  ends(0, '^$', 'pool:terminate()')
  ends(0, '^$', "threads.Thread [[require('threads').Queue(1):dojob()]]")
  ends(0, '^inner inner $', [[
    begun(function()
      local inner = require('threads').Threads(2)
      for _ = 1, 2 do inner:addjob(function() io.stdout:write('inner ') end) end
    end)
  ]])
end)

t.test('jobs that never end', function()
  ends(0, '^threads: 10 s after the program\'s end a job still runs; it is stopped\n$',
       'begun(endless) begun(endless_ops)')
  ends(0, '^$', "threads.Thread [[while true do end]]")
end)

-- -- By an error, by os.exit ------------------------------------------------------------------------------------

t.test('a program that fails does not wait for its jobs', function()
  for _, job in ipairs {'endless', 'endless_ops', 'function() sys.sleep(1000) end'} do
    ends(1, 'of the script', ("begun(%s) pool:addjob(print, nil, 'late') error 'of the script'"):format(job))
  end
end)

t.test('os.exit, here and in a job', function()
  for _, job in ipairs {'endless', 'endless_ops', 'function() sys.sleep(1000) end'} do
    ends(3, '^said$', ("begun(%s) io.stdout:setvbuf('full') io.write('said') os.exit(3)"):format(job))
  end
  ends(4, '^$', 'begun(endless_ops) pool:addjob(function() os.exit(4) end) pool:synchronize()')
end)

-- -- By Ctrl-C --------------------------------------------------------------------------------------------------

local interrupt = [[
local function interrupt()
  ffi.cdef 'int kill(int, int); int getpid(void);'
  require('sys').sleep(0.2) -- until the other thread waits
  ffi.C.kill(ffi.C.getpid(), 2)
end
]]

t.test('Ctrl-C ends every kind of waiting', function()
  local waits = {
    synchronize = 'begun(interrupt) pool:addjob(endless) pool:synchronize()',
    terminate = 'begun(interrupt) pool:addjob(endless) pool:terminate()',
    dojob = 'begun(endless) pool:addjob(interrupt) pool:dojob() pool:dojob()',
    addjob = 'begun(endless) begun(interrupt) for _ = 1, 9 do pool:addjob(endless) end',
    lock = 'local m = threads.Mutex() m:lock() begun(interrupt) m:lock()',
    wait = 'local m, c = threads.Mutex(), threads.Condition() m:lock() begun(interrupt) c:wait(m)',
    queue = 'begun(interrupt) threads.Queue(1):dojob()',
    free = "local thread = threads.Thread 'while true do end' begun(interrupt) thread:free()",
  }
  for name, script in pairs(waits) do
    local status, output = run(interrupt .. script)
    t.eq(status, 1, name)
    t.ok(output:find('interrupted!'), name .. ': ' .. output)
  end
  for _, name in ipairs {'synchronize', 'lock'} do
    ends(130, 'interrupted', interrupt .. waits[name], th)
  end
end)

t.test('after a Ctrl-C that the program outlives, the pool works on; its threads hear nothing of it', function()
  ends(0, '^interrupted 8\n$', interrupt .. [[
    begun(function() interrupt() local x = torch.ones(2) for _ = 1, 1000 do x:mul(1) end end)
    local ok, message = pcall(pool.synchronize, pool)
    io.write(not ok and message:match('interrupted'), ' ')
    local sum = 0
    for _ = 1, 4 do pool:addjob(function() return torch.ones(2):sum() end, function(x) sum = sum + x end) end
    pool:terminate()
    print(sum)
  ]])
end)
