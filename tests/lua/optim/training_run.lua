--- A small training run as a program of its own, which a test kills and starts again:
--   luajit training_run.lua FOLDER EVERY     prints "step loss", the loss with all its bits, after each step
local torch = require 'torch'
local sys = require 'sys'
require 'nn'
local optim = require 'optim'

torch.manualSeed(11)
local x = torch.randn(60, 6)
local y = (x:narrow(2, 1, 1):gt(0):long() + 1):view(60)
local net = nn.Sequential():add(nn.Linear(6, 16)):add(nn.BatchNormalization(16)):add(nn.Tanh()):add(nn.Dropout(0.3))
net:add(nn.Linear(16, 2)):add(nn.LogSoftMax())

local trainer = optim.Trainer {
  model = net, criterion = nn.ClassNLLCriterion(), method = optim.adam, config = {weightDecay = 1e-3}, epochs = 6,
  schedule = optim.schedule('cosine', {rate = 0.02, steps = 48, warmup = 5}), clip = 5, folder = arg[1],
  every = tonumber(arg[2]), progress = false, data = optim.Batches {input = x, target = y, size = 8, shuffle = true},
  validation = optim.Batches {input = x, target = y, size = 30},
  on = {step = function(self)
    io.write(('%d %a\n'):format(self.step, self.loss))
    io.flush()
    sys.usleep(4000)   -- time to be killed in
  end},
}
trainer:run()
