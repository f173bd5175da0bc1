--- What a call costs: small tensors in compiled loops, and start-up. Each figure is the best of five runs.
local torch = require 'torch'

local function best(count, f)
  local least = math.huge
  for _ = 1, 5 do
    local timer = torch.Timer()
    f(count)
    least = math.min(least, timer:time().real / count)
  end
  return least
end

local function show(name, seconds, goal)
  print(('%-44s %8.4f us   (goal: %g us)'):format(name, seconds * 1e6, goal))
end

local a, b, c = torch.FloatTensor(8):fill(1), torch.FloatTensor(8):fill(2), torch.FloatTensor(8)

show('add two 8-float tensors into a given one', best(1e6, function(n) for _ = 1, n do torch.add(c, a, b) end end), 0.2)
show('add two 8-float tensors into a new one', best(1e6, function(n) for _ = 1, n do torch.add(a, b) end end), 0.6)
show('t[i]', best(1e7, function(n)
  local sum = 0
  for i = 1, n do sum = sum + a[i % 8 + 1] end
  return sum
end), 0.1)

local th = arg[-1] or 'build/bin/th'
local start = best(20, function(n)
  for _ = 1, n do os.execute(("%s -e \"require 'nn' print(1)\" > /dev/null"):format(th)) end
end)
print(('%-44s %8.1f ms   (goal: 60 ms)'):format("th -e 'print(1)' with torch and nn", start * 1e3))
