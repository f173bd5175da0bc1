--- What this machine can do at best, for the bounds of rows: bytes a second through memory, flops a second of sgemm.
local torch = require 'torch'

local machine = {}

local function best(times, f)
  local least = math.huge
  for _ = 1, times do
    local timer = torch.Timer()
    f()
    least = math.min(least, timer:time().real)
  end
  return least
end

local function processor()
  for line in io.lines('/proc/cpuinfo') do
    local name = line:match('^model name%s*:%s*(.*)')
    if name then return name end
  end
  return 'unknown processor'
end

--- {processor, threads, bandwidth (bytes/s), peak (flops/s)}
function machine.measure(opt)
  torch.setnumthreads(opt.threads)
  local n, size = opt.toy and 1000 or 16 * 2 ^ 20, opt.toy and 16 or 2048
  local a, b = torch.FloatTensor(n):fill(1), torch.FloatTensor(n):fill(2)
  local bandwidth = 8 * n / best(5, function() a:copy(b) end)
  local x, out = torch.FloatTensor(size, size):uniform(), torch.FloatTensor(size, size)
  local peak = 2 * size ^ 3 / best(3, function() out:mm(x, x) end)
  return {processor = processor(), threads = opt.threads, bandwidth = bandwidth, peak = peak}
end

return machine
