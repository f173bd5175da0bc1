--- Products of FloatTensors as exact as the user wants them.
local t = require 'harness'
local torch = require 'torch'
local help = require 'torch.help'

local F = torch.F

local function with(precision, f)
  local before = torch.getfloat32precision()
  torch.setfloat32precision(precision)
  local ok, message = pcall(f)
  torch.setfloat32precision(before)
  if not ok then error(message, 0) end
end

local rounds = select(2, torch.getfloat32precision()) ~= 'none'

t.test('names', function()
  local name, unit = torch.getfloat32precision()
  t.eq(name, 'high', 'at the start')
  t.ok(unit == 'amx' or unit == 'avx512_bf16' or unit == 'none', unit)
  for _, each in ipairs {'highest', 'bf16', 'high'} do
    torch.setfloat32precision(each)
    t.eq({torch.getfloat32precision()}, {each, unit})
  end
  for _, wrong in ipairs {'medium', 'BF16', 1, false} do
    t.raises("expected 'highest', 'high' or 'bf16', got " .. tostring(wrong), torch.setfloat32precision, wrong)
  end
  t.raises("test_precision.lua:%d+: setfloat32precision: expected 'highest'", function()
    torch.setfloat32precision()
  end)
  t.eq(torch.getfloat32precision(), 'high', 'untouched by errors')
end)

t.test('the examples of the help', function()
  local text = help('torch.setfloat32precision')
  local example = text:match('\n  (torch.setfloat32precision%(.*)')
  local lines, env = {}, setmetatable({print = false}, {__index = _G})
  function env.print(x) lines[#lines + 1] = x end
  setfenv(assert(loadstring(example)), env)()
  t.eq(lines, {rounds and 64 or 64.03125})
  t.eq(torch.getfloat32precision(), 'high')
  t.ok(help('torch.getfloat32precision'):find("'amx', 'avx512_bf16'", 1, true))
end)

-- The largest error beside double, where x and y are near 1 and add up n terms.
local function error_of(product, n, ...)
  local exact = {}
  for i, x in ipairs {...} do exact[i] = x:double() end
  return (product(...):double() - product(unpack(exact))):abs():max() / n
end

t.test('matrices: other types and vectors are exact as ever', function()
  local x, y = torch.FloatTensor(96, 80):uniform(-1, 1), torch.FloatTensor(80, 64):uniform(-1, 1)
  local v = torch.FloatTensor(80):uniform(-1, 1)
  local function mm(a, b) return torch.mm(a, b) end
  local function mv(a, b) return torch.mv(a, b) end
  with('bf16', function()
    local e = error_of(mm, 80, x, y)
    t.ok(e < 2 ^ -7 and (e > 1e-5) == rounds, ('error %g'):format(e))
    t.ok(error_of(mv, 80, x, v) < 1e-6)
    t.ok(error_of(mm, 80, x, x:t()) < 2 ^ -7)
    t.eq(torch.mm(x:double(), y:double()):type(), 'torch.DoubleTensor')
  end)
  for _, precision in ipairs {'highest', 'high'} do
    with(precision, function() t.ok(error_of(mm, 80, x, y) < 1e-6, precision) end)
  end
end)

t.test('convolutions and their gradients', function()
  local window = F.window({3, 3}, 1, 1)
  local x, w = torch.FloatTensor(2, 32, 12, 13):uniform(-1, 1), torch.FloatTensor(40, 32, 3, 3):uniform(-1, 1)
  local g = torch.FloatTensor(2, 40, 12, 13):uniform(-1, 1)
  local passes = {
    {288, function(a, b) return F.conv(a, b, nil, window) end, x, w},
    {360, function(a, b) return F.conv_input(a, b, a.new(2, 32, 12, 13), window) end, g, w},
    {312, function(a, b) return F.conv_weight(a, b, a.new(40, 32, 3, 3), window) end, g, x},
  }
  for i, pass in ipairs(passes) do
    with('bf16', function()
      local e = error_of(pass[2], pass[1], pass[3], pass[4])
      t.ok(e < 2 ^ -7 and (e > 3e-6) == rounds, ('pass %d: error %g'):format(i, e))
    end)
    with('highest', function() t.ok(error_of(pass[2], pass[1], pass[3], pass[4]) < 1e-6, 'pass ' .. i) end)
  end
end)

-- Winograd's tiles of 4×4 outputs share 6×6 inputs, so that a large number disturbs outputs that do not see it.
t.test("'highest' does without Winograd", function()
  local window = F.window({3, 3}, 1, 0)
  local x, w = torch.FloatTensor(1, 32, 30, 30):uniform(-1, 1), torch.FloatTensor(32, 32, 3, 3):uniform(-1, 1)
  local g = torch.FloatTensor(1, 32, 28, 28):uniform(-1, 1)
  local function forward(a) return F.conv(a, w:type(a:type()), nil, window):narrow(3, 4, 20):clone() end
  local function back(a) return F.conv_input(a, w:type(a:type()), x:type(a:type()), window):narrow(3, 4, 20):clone() end
  x[{1, 1, 1, 1}], g[{1, 1, 1, 1}] = 2 ^ 40, 2 ^ 40
  with('highest', function()
    t.ok(error_of(forward, 288, x) < 1e-6)
    t.ok(error_of(back, 288, g) < 1e-6)
  end)
end)
