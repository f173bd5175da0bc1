--- xlua.Profiler([mode[, verbose]]): stopwatches by name, of real time and of the processor's; 'off' prints nothing.
--   local profiler = xlua.Profiler()
--   profiler:start('forward')
--   profiler:lap('forward')
--   profiler:printAll()
local errors = require 'torch.errors'
local torch = require 'torch'

local Profiler = {}
Profiler.__index = Profiler

local function event(self, name)
  return self.events[name] or errors.fail('Profiler: %s was never started', tostring(name))
end

--- Starts the stopwatch of a name, anew when it runs. fps = 'fps': it is also reported as frames per second.
function Profiler:start(name, fps)
  if not self.events[name] then
    self.events[name] = {name = name}
    self.list[#self.list + 1] = self.events[name]
  end
  local e = self.events[name]
  e.started_cpu, e.started_real = os.clock(), torch.tic()
  if fps == 'fps' then e.fps = true end
  if self.verbose then
    io.write('<' .. name .. '>')
    io.flush()
  end
end

--- The colour that a display may give the name.
function Profiler:setColor(name, color) event(self, name).color = color end

--- Seconds of the processor since the start, divided by divider (1); they are what is reported.
function Profiler:cpu(name, divider)
  local e = event(self, name)
  e.cpu = (os.clock() - e.started_cpu) / (divider or 1)
  return e.cpu
end

--- Seconds since the start, divided by divider (1); they are what is reported.
function Profiler:real(name, divider)
  local e = event(self, name)
  e.real = torch.toc(e.started_real) / (divider or 1)
  return e.real
end

--- Both: real, cpu.
function Profiler:lap(name, divider)
  local real, cpu = self:real(name, divider), self:cpu(name, divider)
  if self.verbose then
    io.write('\r')
    self:print(name)
  end
  return real, cpu
end

--- A line about a name; -1 stands for times that were never taken.
function Profiler:format(name)
  local e = event(self, name)
  return ('$ real | cpu: %f | %f <%s>'):format(e.real or -1, e.cpu or -1, name)
end

function Profiler:print(name)
  if not self.off then print(self:format(name)) end
end

--- A line about each name.
function Profiler:formatAll()
  local lines = {'$ profiler report:'}
  for i, e in ipairs(self.list) do
    local rate = e.fps and e.real and (' = %f fps'):format(1 / e.real) or ''
    lines[i + 1] = ('$ real %f | cpu %f <%s>%s'):format(e.real or -1, e.cpu or -1, e.name, rate)
  end
  return table.concat(lines, '\n')
end

function Profiler:printAll()
  if not self.off then print(self:formatAll()) end
end

return function(mode, verbose)
  return setmetatable({events = {}, list = {}, off = mode == 'off', verbose = verbose or false}, Profiler)
end
