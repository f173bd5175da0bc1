--- Products of matrices and convolutions on float32. flops: multiplications and additions of a step.
local torch = require 'torch'

local goal = 1.0

-- Convolutions of well-known nets: batch, channels, size, planes, kernel, step, padding.
local shapes = {
  {'AlexNet 1', 16, 3, 224, 64, 11, 4, 2}, {'AlexNet 2', 16, 64, 27, 192, 5, 1, 2},
  {'AlexNet 3', 16, 192, 13, 384, 3, 1, 1},
  {'VGG 1', 4, 3, 224, 64, 3, 1, 1}, {'VGG 4', 4, 128, 112, 128, 3, 1, 1}, {'VGG 12', 4, 512, 14, 512, 3, 1, 1},
  {'ResNet 1', 8, 3, 224, 64, 7, 2, 3}, {'ResNet 3x3', 8, 64, 56, 64, 3, 1, 1}, {'ResNet 1x1', 8, 256, 56, 64, 1, 1, 0},
}

local rows = {
  {name = '1024x1024 times 1024x1024', goal = goal, flops = 2 * 1024 ^ 3, make = function(pick)
    local n = pick(1024, 16)
    local a, b, out = torch.FloatTensor(n, n):uniform(), torch.FloatTensor(n, n):uniform(), torch.FloatTensor(n, n)
    return function() out:mm(a, b) end
  end},
  {name = '64 x 128x128 times 128x128', goal = goal, flops = 64 * 2 * 128 ^ 3, make = function(pick)
    local b, n = pick(64, 2), pick(128, 8)
    local x, y = torch.FloatTensor(b, n, n):uniform(), torch.FloatTensor(b, n, n):uniform()
    local out = torch.FloatTensor(b, n, n)
    return function() out:bmm(x, y) end
  end},
  {name = '4096x4096 times vector', goal = goal, bytes = 4 * 4096 ^ 2, make = function(pick)
    local n = pick(4096, 16)
    local a, x = torch.FloatTensor(n, n):uniform(), torch.FloatTensor(n):uniform()
    local out = torch.FloatTensor(n)
    return function() torch.mv(out, a, x) end
  end},
}

local F = torch.F
local passes = {
  forward = function(x, w, _, window) return function() F.conv(x, w, nil, window) end end,
  input = function(x, w, g, window) return function() F.conv_input(g, w, x, window) end end,
  weight = function(x, w, g, window) return function() F.conv_weight(g, x, w, window) end end,
}

for _, s in ipairs(shapes) do
  for _, pass in ipairs {'forward', 'input', 'weight'} do
    local out = math.floor((s[4] + 2 * s[8] - s[6]) / s[7]) + 1
    rows[#rows + 1] = {
      name = ('conv %s %s'):format(s[1], pass), goal = goal, flops = 2 * s[2] * s[5] * out ^ 2 * s[3] * s[6] ^ 2,
      make = function(pick)
        local n, size, k = pick(s[2], 1), pick(s[4], s[6] + 2), s[6]
        local window = F.window({k, k}, s[7], s[8])
        local x = torch.FloatTensor(n, s[3], size, size):uniform(-1, 1)
        local w = torch.FloatTensor(s[5], s[3], k, k):uniform(-1, 1)
        local g = F.conv(x, w, nil, window):uniform(-1, 1)
        return passes[pass](x, w, g, window)
      end,
    }
  end
end

return rows
