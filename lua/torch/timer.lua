--- torch.Timer: a stopwatch of real, user and system time; torch.tic and torch.toc.
local ffi = require 'ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local libc = require 'torch.libc'

local C = libc.C
local monotonic = ffi.os == 'OSX' and 6 or 1
local spec = ffi.new('long[2]')   -- seconds, nanoseconds
local usage = ffi.new('long[36]') -- user seconds, microseconds, system seconds, microseconds, …

local function real_time()
  C.mt_c_clock(monotonic, spec)
  return tonumber(spec[0]) + tonumber(spec[1]) * 1e-9
end

local function cpu_times()
  C.mt_c_usage(0, usage)
  return tonumber(usage[0]) + tonumber(usage[1]) * 1e-6, tonumber(usage[2]) + tonumber(usage[3]) * 1e-6
end

local module = {}

--- A stopwatch, which runs from the start.
--   local timer = torch.Timer()
--   print(timer:time().real .. ' seconds')
local Timer = class.class('torch.Timer', nil, module)

function Timer:__init()
  self:reset()
end

-- The sums of earlier runs are kept apart from the time of the last start; stopped timers have no such time.
local function start(self)
  self.started = real_time()
  self.started_user, self.started_sys = cpu_times()
end

--- Sets the times to zero and runs on. Gives the timer, as do stop and resume.
function Timer:reset()
  self.real, self.user, self.sys = 0, 0, 0
  start(self)
  return self
end

--- Stops the clock; time() keeps its values from now on.
function Timer:stop()
  if self.started then
    local now = self:time()
    self.real, self.user, self.sys, self.started = now.real, now.user, now.sys, nil
  end
  return self
end

--- Lets a stopped clock run on.
function Timer:resume()
  if not self.started then start(self) end
  return self
end

--- The seconds run so far: a table with real, user (CPU time of the process) and sys (that of the kernel for it).
function Timer:time()
  if not self.started then return {real = self.real, user = self.user, sys = self.sys} end
  local user, sys = cpu_times()
  return {
    real = self.real + real_time() - self.started,
    user = self.user + user - self.started_user,
    sys = self.sys + sys - self.started_sys,
  }
end

function Timer:__tostring__()
  return ('torch.Timer [status: %s]'):format(self.started and 'running' or 'stopped')
end

guard.methods(Timer, 'a torch.Timer', 'resume')

--- The time now, in seconds, for toc.
--   local start = torch.tic()
--   print(torch.toc(start) .. ' seconds')
function module.tic()
  return real_time()
end

--- Seconds since tic gave that number.
function module.toc(start_time)
  if type(start_time) ~= 'number' then
    errors.fail('toc: expected the number that tic gave, got a %s', type(start_time))
  end
  return real_time() - start_time
end

return module
