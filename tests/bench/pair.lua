--- Times one row: a process for each side, asked in turn.
local ffi = require 'ffi'

ffi.cdef 'int mkfifo(const char *path, unsigned mode);'

local pair = {}

-- -- One side ---------------------------------------------------------------------------------------------------

local Side = {}
Side.__index = Side

-- Starts a command whose standard input is a named pipe. It answers each line with a line.
local function start(command)
  local fifo = os.tmpname()
  os.remove(fifo)
  assert(ffi.C.mkfifo(fifo, 384) == 0, 'cannot make a named pipe')
  local output = assert(io.popen(command .. ' < ' .. fifo, 'r'))
  local input = assert(io.open(fifo, 'w'))
  os.remove(fifo)
  return setmetatable({command = command, input = input, output = output}, Side)
end

function Side:ask(line)
  self.input:write(line, '\n')
  self.input:flush()
  local answer = self.output:read('*l')
  local number = tonumber(answer or '')
  if not number then error(('%s\nanswered %q to %q'):format(self.command, answer or 'nothing', line), 0) end
  return number
end

--- Seconds that a step takes, over so many of them.
function Side:time(steps) return self:ask('run ' .. steps) / steps end

--- Ends the process; gives its peak memory in MB.
function Side:finish()
  local peak = self:ask('peak')
  self.input:write('quit\n')   -- the end of its input would not tell it: the other side has inherited the pipe
  self.input:close()
  self.output:close()
  return peak
end

-- -- The pair ---------------------------------------------------------------------------------------------------

local function median(list)
  table.sort(list)
  local n = #list
  return n % 2 == 1 and list[(n + 1) / 2] or (list[n / 2] + list[n / 2 + 1]) / 2
end
pair.median = median

local function start_sides(group, row, opt, here)
  local words = ('%s %q %d %s'):format(group, row.name, opt.threads, opt.toy and 'toy' or 'full')
  local env = ('OMP_NUM_THREADS=%d '):format(opt.threads)
  local ours = start(env .. (arg[-1] or 'th') .. ' ' .. here .. 'side.lua ' .. words)
  if opt.peer == 'none' then return {ours} end
  -- OpenBLAS's variables are not for the peer
  return {ours, start('env -u OPENBLAS_CORETYPE ' .. env .. opt.peer .. ' ' .. here .. 'side.py ' .. words)}
end

-- Until a side has all the memory that it goes on with, which is slow to get the first time: garbage of several steps.
local function warm_up(side, seconds)
  local spent, steps = side:time(2), 2
  while steps < 40 and spent < 10 * seconds do
    spent, steps = spent + side:time(1), steps + 1
  end
end

-- Enough steps for the wanted time; the slower side decides, so that both do equally many.
local function steps_for(sides, seconds)
  local slowest = 0
  for _, side in ipairs(sides) do
    warm_up(side, seconds)
    slowest = math.max(slowest, side:time(1))
  end
  return math.max(1, math.min(1e6, math.floor(seconds / slowest)))
end

--- {ours = seconds, peer = seconds, ratio, our_peak = MB, peer_peak = MB} of a row; the peer's are nil without one.
function pair.time(group, row, opt, here)
  if row.command then return pair.time_commands(row, opt) end
  local sides = start_sides(group, row, opt, here)
  local steps = steps_for(sides, opt.toy and 0 or opt.seconds)
  local times, ratios = {{}, {}}, {}
  for i = 1, opt.toy and 1 or opt.pairs do
    for k, side in ipairs(sides) do times[k][i] = side:time(steps) end
    if sides[2] then ratios[i] = times[1][i] / times[2][i] end
  end
  local result = {ours = median(times[1]), our_peak = sides[1]:finish()}
  if sides[2] then
    result.peer, result.ratio, result.peer_peak = median(times[2]), median(ratios), sides[2]:finish()
  end
  return result
end

--- The same for a row whose step is to run a command from start to end.
function pair.time_commands(row, opt)
  local torch = require 'torch'
  local timer = torch.Timer()
  local commands = {(arg[-1] or 'th') .. ' ' .. row.command, opt.peer ~= 'none' and opt.peer .. ' ' .. row.peer or nil}
  local times, ratios, peaks = {{}, {}}, {}, {}
  for k in ipairs(commands) do   -- this first run fills the file cache, too
    local pipe = io.popen((k == 1 and (arg[-1] or 'th') or opt.peer) .. ' ' .. row.peak[k])
    peaks[k] = tonumber(pipe:read('*a'):match('VmHWM:%s+(%d+)')) / 1024
    pipe:close()
  end
  for i = 1, opt.toy and 1 or opt.pairs do
    for k, command in ipairs(commands) do
      local before = timer:time().real
      assert(os.execute(command) == 0, command)
      times[k][i] = timer:time().real - before
    end
    if commands[2] then ratios[i] = times[1][i] / times[2][i] end
  end
  return {ours = median(times[1]), our_peak = peaks[1], peer = commands[2] and median(times[2]),
          ratio = commands[2] and median(ratios), peer_peak = peaks[2]}
end

return pair
