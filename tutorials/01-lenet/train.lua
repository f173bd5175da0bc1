--- Tutorial 1: a LeNet learns to tell clothes apart (Fashion-MNIST) or digits (MNIST), in two minutes on two cores.
--   th tutorials/01-lenet/train.lua                       Fashion-MNIST of Debian's package
--   th tutorials/01-lenet/train.lua --data DIR            MNIST's own four files in DIR
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path

local torch = require 'torch'
local nn = require 'nn'
local optim = require 'optim'
local dataset = require 'dataset'
local show = require 'show'

local cmd = torch.CmdLine()
cmd:text('Trains a LeNet on the images of Fashion-MNIST, or of MNIST.')
cmd:option('--data', '', 'folder with the four IDX files (default: Fashion-MNIST of Debian)')
cmd:option('--epochs', 3, 'how often to go through the training images')
cmd:option('--batch', 100, 'images per step')
cmd:option('--rate', 0.05, 'highest learning rate')
cmd:option('--limit', 0, 'use only that many images for training and for testing (0: all)')
cmd:option('--seed', 1, 'seed of the random numbers')
cmd:option('--save', 'lenet.t7', 'where to save the trained net')
local opt = cmd:parse(arg)

torch.setdefaulttensortype('torch.FloatTensor')
torch.manualSeed(opt.seed)

-- -- Data ---------------------------------------------------------------------------------------------------------

local folder = opt.data ~= '' and opt.data or dataset.fashion_folder
local names = opt.data ~= '' and dataset.digit_names or dataset.fashion_names
local train, test = dataset.mnist(folder)

local function cut(part)
  if opt.limit <= 0 then return part end
  local n = math.min(opt.limit, part.images:size(1))
  return {images = part.images:narrow(1, 1, n), labels = part.labels:narrow(1, 1, n)}
end
train, test = cut(train), cut(test)

local pixels = train.images:narrow(1, 1, math.min(10000, train.images:size(1))):float()
local mean, std = pixels:mean(), pixels:std()
print(('%s images to learn from, %s to test on, %d classes; %d threads'):format(
  train.images:size(1), test.images:size(1), #names, torch.getnumthreads()))

-- Buffers that every batch is written into.
local bytes, input, target = torch.ByteTensor(), torch.FloatTensor(), torch.LongTensor()

--- Fills input (N×1×28×28, zero mean, unit deviation) and target with the images at these places.
local function load_batch(part, places)
  torch.index(bytes, part.images, 1, places)
  torch.index(target, part.labels, 1, places)
  input:resize(places:size(1), 1, 28, 28):copy(bytes):add(-mean):div(std)
end

-- -- Net and training ---------------------------------------------------------------------------------------------

local net = require('model')(#names)
local criterion = nn.ClassNLLCriterion()
local parameters, gradients = net:getParameters()
local config, state = {learningRate = opt.rate, momentum = 0.9, dampening = 0, weightDecay = 5e-4}, {}
print(net)
print(('%d parameters'):format(parameters:nElement()))

local function step()
  gradients:zero()
  local loss = criterion:forward(net:forward(input), target)
  net:backward(input, criterion:backward(net.output, target))
  return loss, gradients
end

local steps_each = math.ceil(train.images:size(1) / opt.batch)
local timer, step_count = torch.Timer(), 0

-- Warm up over the first tenth, then fall to 0 as a half cosine.
local function rate_at(progress)
  if progress < 0.1 then return opt.rate * (0.1 + 0.9 * progress / 0.1) end
  return opt.rate * 0.5 * (1 + math.cos(math.pi * (progress - 0.1) / 0.9))
end

local function train_epoch()
  net:training()
  local order, smooth, start = torch.randperm(train.images:size(1)):long(), nil, timer:time().real
  for i = 1, steps_each do
    local first = (i - 1) * opt.batch + 1
    load_batch(train, order:narrow(1, first, math.min(opt.batch, order:size(1) - first + 1)))
    config.learningRate = rate_at(step_count / (steps_each * opt.epochs))
    local _, losses = optim.sgd(step, parameters, config, state)
    step_count = step_count + 1
    smooth = smooth and 0.98 * smooth + 0.02 * losses[1] or losses[1]
    if i % 10 == 0 or i == steps_each then
      local now = timer:time().real
      local rate = i * opt.batch / (now - start)
      local left = (steps_each - i) * opt.batch / rate
      optim.progress(i, steps_each, ('loss %.3f  %5d images/s'):format(smooth, rate), left)
    end
  end
end

-- -- Testing ------------------------------------------------------------------------------------------------------

local function evaluate(confusion)
  net:evaluate()
  confusion:zero()
  local all = torch.range(1, test.images:size(1)):long()
  for _, places in ipairs(all:split(500)) do
    load_batch(test, places)
    confusion:batchAdd(net:forward(input), target)
  end
  confusion:updateValids()
  return confusion.totalValid
end

local confusion = optim.ConfusionMatrix(names)
local accuracy
for epoch = 1, opt.epochs do
  print(('epoch %d of %d'):format(epoch, opt.epochs))
  train_epoch()
  accuracy = evaluate(confusion)
  print(('      accuracy on the test images: %.2f %%'):format(100 * accuracy))
end
print(('trained in %s'):format(optim.clock(timer:time().real)))
print(confusion)

-- -- Saving, loading, looking ---------------------------------------------------------------------------------------

net:clearState()
torch.save(opt.save, net)
local loaded = torch.load(opt.save)
load_batch(test, torch.range(1, 5):long())
local difference = (loaded:forward(input) - net:forward(input)):abs():max()
print(('saved to %s; loaded again, its output differs by %g'):format(opt.save, difference))
assert(difference == 0, 'the loaded net gives another output')

local _, predicted = loaded.output:max(2)
local images, captions = {}, {}
for i = 1, 5 do
  images[i] = test.images[i]
  captions[i] = {names[test.labels[i]], '→ ' .. names[predicted[i][1]]}
end
print('\nthe first test images: what they are → what the net sees')
show.images(images, captions)
print(('\ntest accuracy: %.2f %%'):format(100 * accuracy))
