--- Our side of a row, in a process of its own: th side.lua GROUP ROW THREADS full|toy
-- Answers each line of standard input with a line: "run N": the seconds of N steps; "peak": the process's peak memory
-- in MB; "quit" ends it.
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path

local torch = require 'torch'

local group, name, threads, size = arg[1], arg[2], tonumber(arg[3]), arg[4]
torch.setnumthreads(threads)
torch.setdefaulttensortype('torch.FloatTensor')
torch.manualSeed(1)

local function find()
  for _, row in ipairs(require(group)) do
    if row.name == name then return row end
  end
  error(('%s has no row %s'):format(group, name))
end

-- Sizes: the first for a benchmark, the second to see that everything runs.
local function pick(full, toy) return size == 'toy' and toy or full end

local step = find().make(pick)

local function peak()
  for line in io.lines('/proc/self/status') do
    local kb = line:match('^VmHWM:%s+(%d+)')
    if kb then return tonumber(kb) / 1024 end
  end
end

local function run(n)
  local timer = torch.Timer()
  for _ = 1, n do step() end
  return timer:time().real
end

for line in io.lines() do
  if line == 'quit' then break end
  local n = tonumber(line:match('^run (%d+)$'))
  io.write(('%.9g\n'):format(n and run(n) or peak()))
  io.flush()
end
