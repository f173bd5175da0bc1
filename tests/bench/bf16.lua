--- Rows of the other groups with products in bfloat16: torch.setfloat32precision('bf16') beside PyTorch's 'bf16' for
-- matrices and convolutions.
local torch = require 'torch'

local taken = {
  matrix = {
    '1024x1024 times 1024x1024', '64 x 128x128 times 128x128', 'conv AlexNet 2 forward', 'conv AlexNet 2 input',
    'conv AlexNet 2 weight', 'conv VGG 4 forward', 'conv VGG 4 input', 'conv VGG 4 weight', 'conv ResNet 3x3 forward',
    'conv ResNet 3x3 input', 'conv ResNet 3x3 weight', 'conv ResNet 1x1 forward', 'conv ResNet 1x1 input',
    'conv ResNet 1x1 weight',
  },
  vision = {'ResNet-50 b4 step'},
  sequences = {'GPT 4x256 T128 B16 step'},
}

local function rounded(row)
  local copy = {}
  for key, value in pairs(row) do copy[key] = value end
  function copy.make(pick)
    torch.setfloat32precision('bf16')
    return row.make(pick)
  end
  return copy
end

-- A linear layer and its gradients
local function linear(pick)
  local b, n = pick(128, 4), pick(1024, 8)
  local function random(...) return torch.FloatTensor(...):uniform() end
  local x, w, g, y, gx, gw = random(b, n), random(n, n), random(b, n), random(b, n), random(b, n), random(n, n)
  return function()
    y:mm(x, w:t())
    gx:mm(g, w)
    gw:mm(g:t(), x)
  end
end

local rows = {rounded {name = 'linear 128x1024x1024 step', goal = 1.0, flops = 6 * 128 * 1024 ^ 2, make = linear}}
for group, names in pairs(taken) do
  local by_name = {}
  for _, row in ipairs(require(group)) do by_name[row.name] = row end
  for _, name in ipairs(names) do rows[#rows + 1] = rounded(assert(by_name[name], name)) end
end
table.sort(rows, function(a, b) return a.name < b.name end)

return rows
