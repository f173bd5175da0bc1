--- Reading and writing the files of torch.formats. They lie in memory where the system has /dev/shm, so that no disk
-- is measured. Each figure is the best of three runs.
local torch = require 'torch'

local folder = io.open('/dev/shm/.', 'r') and '/dev/shm/' or '/tmp/'

local function best(f)
  local least = math.huge
  for _ = 1, 3 do
    collectgarbage()
    collectgarbage()
    local timer = torch.Timer()
    f()
    least = math.min(least, timer:time().real)
  end
  return least
end

local function show(name, megabytes, f)
  local seconds = best(f)
  print(('%-44s %8.2f ms %10.0f MB/s'):format(name, seconds * 1e3, megabytes / seconds))
end

local weights = {}
for i = 1, 100 do weights['layer' .. i] = torch.FloatTensor(1250, 1000):fill(i) end
local path = folder .. 'moontorch-bench'

show('save 500 MB of safetensors', 500, function() torch.safetensors.save(path, weights) end)
show('load them', 500, function() torch.safetensors.load(path) end)
show('load them and add up all numbers', 500, function()
  for _, t in pairs((torch.safetensors.load(path))) do t:sum() end
end)
weights = nil

local x = torch.FloatTensor(10000, 5000):fill(1)
show('save 200 MB as .npy', 200, function() torch.npy.save(path, x) end)
show('load them', 200, function() torch.npy.load(path) end)
show('save 200 MB of ones as deflated .npz', 200, function() torch.npz.save(path, {x = x}, true) end)
show('load them', 200, function() torch.npz.load(path) end)
x = torch.rand(500000, 10)
torch.csv.save(path, x)
local file = io.open(path)
local megabytes = file:seek('end') / 1e6
file:close()
show(('save 5,000,000 numbers as CSV (%.0f MB)'):format(megabytes), megabytes, function() torch.csv.save(path, x) end)
show('load them', megabytes, function() torch.csv.load(path) end)
os.remove(path)
