--- Tutorial 2: an LSTM learns to write, one character after another, from any text of a few hundred kilobytes.
--   th tutorials/02-char-rnn/train.lua --text shakespeare.txt
--   th tutorials/02-char-rnn/sample.lua --load char-rnn.t7 --start 'ROMEO:'
-- With the defaults and the 1.1 MB of "tiny Shakespeare" an epoch takes one to two minutes on two cores.
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path

local torch = require 'torch'
local nn = require 'nn'
local optim = require 'optim'
local model = require 'model'
local text = require 'text'
local writer = require 'writer'

local cmd = torch.CmdLine()
cmd:text('Trains an LSTM to tell the next character of a text.')
cmd:option('--text', '', 'the text file to learn from')
cmd:option('--limit', 0, 'use only that many bytes of it (0: all)')
cmd:option('--size', 128, 'numbers in the state of a layer')
cmd:option('--layers', 2, 'layers')
cmd:option('--dropout', 0, 'probability of dropout between layers')
cmd:option('--steps', 50, 'characters to go back through')
cmd:option('--batch', 50, 'texts side by side')
cmd:option('--epochs', 10, 'how often to go through the text')
cmd:option('--rate', 2e-3, 'learning rate')
cmd:option('--decay', 0.9, 'what the learning rate is multiplied by after an epoch')
cmd:option('--clip', 5, 'gradients are held between minus and plus this')
cmd:option('--seed', 1, 'seed of the random numbers')
cmd:option('--save', 'char-rnn.t7', 'where to save the trained net')
local opt = cmd:parse(arg)

if opt.text == '' then
  io.stderr:write('char-rnn: give a text to learn from: --text FILE\n')
  os.exit(1)
end
torch.setdefaulttensortype('torch.FloatTensor')
torch.manualSeed(opt.seed)

-- -- Data ---------------------------------------------------------------------------------------------------------

local bytes = text.read(opt.text, opt.limit)
local vocabulary = text.vocabulary(bytes)
local places = text.encode(bytes, vocabulary)
local held_back = math.floor(places:size(1) / 20) -- the last twentieth is not learned from
local training = text.batches(places:narrow(1, 1, places:size(1) - held_back), opt.batch, opt.steps)
local validation = text.batches(places:narrow(1, places:size(1) - held_back + 1, held_back), opt.batch, opt.steps)
print(('%d characters, %d different ones; %d batches to learn from, %d to check'):format(
  places:size(1), #vocabulary.list, #training, #validation))

-- -- Net ------------------------------------------------------------------------------------------------------------

local net = model.step(#vocabulary.list, opt.size, opt.layers, opt.dropout)
local parameters, gradients = net:getParameters()
local steps = model.unroll(net, opt.steps)
local criteria = model.unroll(nn.ClassNLLCriterion(), opt.steps)
print(('%d parameters, %d copies of the step'):format(parameters:nElement(), #steps))

local function inputs_at(batch, t, state) return {batch.x[t], unpack(state)} end

-- Goes through a batch: the loss of a character, the states before each step and after the last, the outputs.
local function forward(batch, state)
  local loss, states, outputs = 0, {[0] = state}, {}
  for t = 1, opt.steps do
    local out = steps[t]:forward(inputs_at(batch, t, states[t - 1]))
    states[t] = {unpack(out, 1, #state)}
    outputs[t] = out[#out]
    loss = loss + criteria[t]:forward(outputs[t], batch.y[t])
  end
  return loss / opt.steps, states, outputs
end

-- Back from the last step to the first; the gradient by the state after the last is taken as zero.
local function backward(batch, states, outputs, zeros)
  local by_state = zeros
  for t = opt.steps, 1, -1 do
    local by_output = {unpack(by_state)}
    by_output[#by_output + 1] = criteria[t]:backward(outputs[t], batch.y[t])
    local by_input = steps[t]:backward(inputs_at(batch, t, states[t - 1]), by_output)
    by_state = {unpack(by_input, 2)}
  end
end

-- The state lives in the buffers of a step's copy; what goes on to the next batch is copied from there.
local function carry(state, from)
  for i, s in ipairs(state) do s:copy(from[i]) end
end

-- -- Training -------------------------------------------------------------------------------------------------------

local config = {learningRate = opt.rate, alpha = 0.95}
local zeros = model.start(opt.size, opt.layers, opt.batch)

local function train_epoch(timer)
  for _, step in ipairs(steps) do step:training() end
  local state, smooth, start = model.start(opt.size, opt.layers, opt.batch), nil, timer:time().real
  for i, batch in ipairs(training) do
    local function evaluate()
      gradients:zero()
      local loss, states, outputs = forward(batch, state)
      backward(batch, states, outputs, zeros)
      gradients:div(opt.steps):clamp(-opt.clip, opt.clip)
      carry(state, states[opt.steps])
      return loss, gradients
    end
    local _, losses = optim.rmsprop(evaluate, parameters, config)
    smooth = smooth and 0.98 * smooth + 0.02 * losses[1] or losses[1]
    local each = (timer:time().real - start) / i
    optim.progress(i, #training, ('loss %.3f  %3.0f ms/batch'):format(smooth, 1000 * each), (#training - i) * each)
  end
  return smooth
end

local function check()
  for _, step in ipairs(steps) do step:evaluate() end
  local state, sum = model.start(opt.size, opt.layers, opt.batch), 0
  for _, batch in ipairs(validation) do
    local loss, states = forward(batch, state)
    sum = sum + loss
    carry(state, states[opt.steps])
  end
  return sum / #validation
end

local timer, loss = torch.Timer(), nil
for epoch = 1, opt.epochs do
  print(('epoch %d of %d'):format(epoch, opt.epochs))
  train_epoch(timer)
  loss = check()
  print(('      loss on the rest of the text: %.3f, %.2f bits a character'):format(loss, loss / math.log(2)))
  config.learningRate = config.learningRate * opt.decay
end
print(('trained in %s'):format(optim.clock(timer:time().real)))

-- -- Saving, loading, writing ---------------------------------------------------------------------------------------

net:evaluate()
torch.save(opt.save, {net = net:clearState(), vocabulary = vocabulary, size = opt.size, layers = opt.layers})
local loaded = torch.load(opt.save)
print(('saved to %s; it writes:\n'):format(opt.save))
print(writer.write(loaded, {length = 200, temperature = 0.7}))
print(('\nvalidation loss: %.3f'):format(loss))
