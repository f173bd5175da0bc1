-- Draws of Torch7, for tests/lua/torch/test_random.lua. Needs Torch7: luajit random_torch7.lua > random.lua
-- Each row is a Lua expression that gives a tensor, and the elements that Torch7 gives for it after manualSeed(7).
require 'torch'

local expressions = {
  -- parameters are numbers of the tensor's own type
  'torch.FloatTensor(5):uniform(-0.1, 0.3)',
  'torch.FloatTensor(5):normal(0.1, 0.3)',
  'torch.FloatTensor(5):exponential(0.7)',
  'torch.FloatTensor(5):cauchy(0.1, 0.7)',
  'torch.FloatTensor(5):logNormal(0.1, 0.7)',
  'torch.FloatTensor(5):geometric(0.3)',
  'torch.FloatTensor(5):bernoulli(0.3)',
  -- reversed bounds, strided results
  'torch.DoubleTensor(5):uniform(2, 1)',
  'torch.DoubleTensor(3, 2):t():uniform()',
  'torch.DoubleTensor(3, 2):t():normal()',
  'torch.LongTensor(3, 2):t():random(9)',
  -- whole numbers of each type
  'torch.ByteTensor(4):random()', 'torch.CharTensor(4):random()', 'torch.ShortTensor(4):random()',
  'torch.IntTensor(4):random()', 'torch.LongTensor(4):random()', 'torch.FloatTensor(4):random()',
  'torch.DoubleTensor(4):random()', 'torch.IntTensor(4):random(3, 1000000)', 'torch.LongTensor(4):random(100)',
  -- probabilities in tensors
  'torch.ByteTensor(8):bernoulli(torch.FloatTensor{0, 0.1, 0.3, 0.5, 0.7, 0.9, 1, 0.5})',
  'torch.DoubleTensor(8):bernoulli(torch.DoubleTensor{0, 0.1, 0.3, 0.5, 0.7, 0.9, 1, 0.5})',
  'torch.multinomial(torch.FloatTensor{0.1, 0.2, 0.7}, 6, true)',
  'torch.multinomial(torch.DoubleTensor{{1, 2, 3, 4}, {4, 0, 2, 1}}, 3)',
  'torch.randperm(7)', 'torch.FloatTensor():randperm(5)', 'torch.LongTensor():randperm(5)',
  'torch.randn(3)', 'torch.FloatTensor():randn(3)', 'torch.FloatTensor():rand(3)',
}

print('-- Made by random_torch7.lua with Torch7.')
print('return {')
for _, expression in ipairs(expressions) do
  torch.manualSeed(7)
  local x = loadstring('return ' .. expression)()
  local flat, numbers = torch.DoubleTensor(x:size()):copy(x):storage(), {}
  for i = 1, flat:size() do numbers[i] = ('%.17g'):format(flat[i]) end
  local text = table.concat(numbers, ', '):gsub('(' .. ('[^,]+, '):rep(5) .. ')', '%1\n    '):gsub(' +\n', '\n')
  print(("  {'%s',\n   {%s}},"):format(expression, text))
end
print('}')
