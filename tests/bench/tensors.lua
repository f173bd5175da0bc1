--- Tensor ops on float32. bytes: what a step must read and write at the least.
local torch = require 'torch'

local million = 2 ^ 20
local goal = 0.8

local function unary(name)
  return {name = name .. ' of 4 M', goal = goal, bytes = 8 * 4 * million, make = function(pick)
    local x, out = torch.FloatTensor(pick(4 * million, 1000)):uniform(-1, 1), torch.FloatTensor()
    local f = torch[name]
    return function() f(out, x) end
  end}
end

return {
  {name = 'add of 8 floats x1000', goal = 0.3, make = function()
    local a, b = torch.FloatTensor(8):fill(1), torch.FloatTensor(8):fill(2)
    return function() for _ = 1, 1000 do torch.add(a, b) end end
  end},
  {name = 'add of 4 M', goal = goal, bytes = 12 * 4 * million, make = function(pick)
    local n = pick(4 * million, 1000)
    local a, b, out = torch.FloatTensor(n):uniform(), torch.FloatTensor(n):uniform(), torch.FloatTensor()
    return function() torch.add(out, a, b) end
  end},
  unary 'exp',
  unary 'tanh',
  {name = 'sum of 4 M', goal = goal, bytes = 4 * 4 * million, make = function(pick)
    local x = torch.FloatTensor(pick(4 * million, 1000)):uniform()
    return function() return x:sum() end
  end},
  {name = 'row sums of 2048x2048', goal = goal, bytes = 4 * 4 * million, make = function(pick)
    local n = pick(2048, 16)
    local x, out = torch.FloatTensor(n, n):uniform(), torch.FloatTensor()
    return function() torch.sum(out, x, 2) end
  end},
  {name = 'x + transposed x of 2048x2048', goal = goal, bytes = 12 * 4 * million, make = function(pick)
    local n = pick(2048, 16)
    local x, out = torch.FloatTensor(n, n):uniform(), torch.FloatTensor()
    local turned = x:t()
    return function() torch.add(out, x, turned) end
  end},
  {name = 'permuted copy of 64x64x32x32', goal = goal, bytes = 8 * 4 * million, make = function(pick)
    local c = pick(64, 4)
    local x = torch.FloatTensor(c, c, 32, 32):uniform()
    local turned, out = x:permute(1, 3, 4, 2), torch.FloatTensor()
    out:resize(c, 32, 32, c)
    return function() out:copy(turned) end
  end},
  {name = 'sort of 1 M', goal = goal, make = function(pick)
    local x = torch.FloatTensor(pick(million, 1000)):uniform()
    local values, places = torch.FloatTensor(), torch.LongTensor()
    return function() torch.sort(values, places, x) end
  end},
  {name = 'topk 10 of 1 M', goal = goal, bytes = 4 * million, make = function(pick)
    local x = torch.FloatTensor(pick(million, 1000)):uniform()
    return function() return x:topk(10, 1, true, true) end
  end},
  {name = 'pick 8192 of 50000 rows x 256', goal = goal, bytes = 8 * 8192 * 256, make = function(pick)
    local rows, n = pick(50000, 100), pick(8192, 20)
    local x, places = torch.FloatTensor(rows, 256):uniform(), torch.LongTensor(n):random(1, rows)
    local out = torch.FloatTensor()
    return function() torch.index(out, x, 1, places) end
  end},
  {name = 'gather of 2048x2048', goal = goal, bytes = 16 * 4 * million, make = function(pick)
    local n = pick(2048, 16)
    local x, places = torch.FloatTensor(n, n):uniform(), torch.LongTensor(n, n):random(1, n)
    local out = torch.FloatTensor()
    return function() torch.gather(out, x, 2, places) end
  end},
  {name = 'cumsum of 2048x2048', goal = goal, bytes = 8 * 4 * million, make = function(pick)
    local n = pick(2048, 16)
    local x, out = torch.FloatTensor(n, n):uniform(), torch.FloatTensor()
    return function() torch.cumsum(out, x, 2) end
  end},
  {name = 'softmax of 4096x1024', goal = goal, bytes = 8 * 4 * million, make = function(pick)
    local x = torch.FloatTensor(pick(4096, 16), pick(1024, 16)):uniform()
    local softmax = torch.F.softmax
    return function() return softmax(x, 1) end
  end},
  {name = 'normal_ of 4 M', goal = goal, bytes = 4 * 4 * million, make = function(pick)
    local x = torch.FloatTensor(pick(4 * million, 1000))
    return function() x:normal(0, 1) end
  end},
  {name = 'where of 4 M', goal = goal, bytes = 13 * 4 * million, make = function(pick)
    local n = pick(4 * million, 1000)
    local a, b = torch.FloatTensor(n):uniform(), torch.FloatTensor(n):uniform()
    local mask, out = a:gt(b), torch.FloatTensor()
    return function() torch.where(out, mask, a, b) end
  end},
  {name = 'cat of 8 x 512 K', goal = goal, bytes = 8 * 4 * million, make = function(pick)
    local parts, out = {}, torch.FloatTensor()
    for i = 1, 8 do parts[i] = torch.FloatTensor(pick(million / 2, 100)):uniform() end
    return function() torch.cat(out, parts, 1) end
  end},
}
