--- The rows of torch.op on the second device, and a net that trains there. Without a GPU the library that the tests
-- build for the CPU stands in: every kernel runs, thread by thread.
local t = require 'harness'
local ffi = require 'ffi'

ffi.cdef 'int setenv(const char *name, const char *value, int overwrite);'
local emulated = 'build/tests/libmoontorch_cuda.so'
if not os.getenv('MOONTORCH_CUDA_LIBRARY') and io.open(emulated) then
  ffi.C.setenv('MOONTORCH_CUDA_LIBRARY', emulated, 1)
end

local torch = require 'torch'
require 'nn'
local ok, reason = pcall(require, 'cutorch')
local optim = require 'optim'
local op = require 'torch.op'
local samples = require 'samples'

if not ok then
  t.test('the second device', function() t.skip(tostring(reason)) end)
  return
end

local F = op.F

local function to_cuda(x)
  return x:type((x:type():gsub('torch%.(%a-)Tensor', function(name)
    return 'torch.Cuda' .. (name == 'Float' and '' or name) .. 'Tensor'
  end)))
end

-- Ops whose kernels the GPU has not got yet give an error that names them.
local missing = {}

t.test('the number of a whole is as wide as its accumulator', function()
  local x = torch.CudaTensor {1, 2, 2}
  t.eq(x:mean(), 5 / 3)
  t.near(x:std(), math.sqrt(1 / 3), 1e-15)
  t.eq(x:max(), 2)
  t.eq(to_cuda(torch.ByteTensor(1000):fill(255)):sum(), 255000)
end)

for _, row in ipairs(op.rows) do
  if row.sample then
    t.test(row.name .. ' on the second device', function()
      local types = row.dtypes == 'ints' and {'torch.LongTensor', 'torch.ByteTensor'}
                    or row.dtypes == 'floats' and {'torch.FloatTensor', 'torch.DoubleTensor', 'torch.HalfTensor'}
                    or {'torch.FloatTensor', 'torch.DoubleTensor', 'torch.LongTensor'}
      for _, typename in ipairs(types) do
        for k, args in ipairs(samples.of(row, typename)) do
          local want = F[row.name](unpack(args))
          for name, layout in pairs {plain = function(x) return x end, transposed = samples.layouts.transposed} do
            local moved = samples.map(args, function(x) return layout(to_cuda(x)) end)
            local fine, got = pcall(F[row.name], unpack(moved))
            if not fine and row.kind ~= 'unary' and tostring(got):find('there is no such op for cuda', 1, true) then
              missing[row.name] = true
            elseif not (name == 'transposed' and row.name == 'view') then
              if not fine then error(got, 0) end
              local difference = samples.differ(got:type(want:type()), want, 4)
              local what = ('%s, %s, sample %d, %s'):format(row.name, typename, k, name)
              if difference then error(what .. ': ' .. difference, 0) end
            end
          end
        end
      end
    end)
  end
end

t.test('every pointwise row has its kernels there', function()
  for _, row in ipairs(op.rows) do assert(not (row.run and missing[row.name]), row.name) end
end)

t.test('an MLP trains there, and agrees with the CPU', function()
  torch.setdefaulttensortype('torch.FloatTensor')
  local function train(on_gpu)
    torch.manualSeed(3)
    local net = nn.Sequential():add(nn.Linear(6, 12)):add(nn.Tanh()):add(nn.Linear(12, 8)):add(nn.ReLU())
                  :add(nn.Linear(8, 3)):add(nn.LogSoftMax())
    local criterion = nn.ClassNLLCriterion()
    local x, y = torch.randn(20, 6), torch.LongTensor(20):random(1, 3)
    if on_gpu then
      net, criterion = net:cuda(), criterion:cuda()
      x, y = to_cuda(x), to_cuda(y)
    end
    local p, g = net:getParameters()
    local first, last
    for _ = 1, 30 do
      local _, fx = optim.sgd(function()
        g:zero()
        local loss = criterion:forward(net:forward(x), y)
        net:backward(x, criterion:backward(net.output, y))
        return loss, g
      end, p, {learningRate = 0.3})
      first, last = first or fx[1], fx[1]
    end
    return first, last, net
  end
  local first, last = train(false)
  local first_gpu, last_gpu, net = train(true)
  t.eq(net:type(), 'torch.CudaTensor')
  t.near(first_gpu, first, 1e-5)
  t.near(last_gpu, last, 1e-4)
  assert(last < 0.8 * first, ('the loss did not fall: %g to %g'):format(first, last))
  net:float()
  t.eq(net:get(1).weight:type(), 'torch.FloatTensor')
  torch.setdefaulttensortype('torch.DoubleTensor')
end)

t.test('devices do not mix', function()
  local x = torch.FloatTensor{1, 2}
  t.raises('expected a float tensor, got a cuda float one', function() return x + to_cuda(x) end)
end)

t.test('optimisers take the same steps on it', function()
  local config = {momentum = 0.9, learningRate = 0.1, weightDecay = 0.01}
  for _, name in ipairs {'sgd', 'nag', 'asgd', 'adam', 'adamw', 'adamax', 'lamb', 'rmsprop', 'adagrad', 'adadelta',
                         'rprop'} do
    local x = torch.range(1, 300):double():div(100)
    local y = to_cuda(x)
    for _, at in ipairs {x, y} do
      local own = setmetatable({}, {__index = config})
      for _ = 1, 3 do optim[name](function(v) return 0, v * 2 end, at, own) end
    end
    local difference = samples.differ(y:double(), x)
    if difference then error(name .. ': ' .. difference, 0) end
  end
end)
