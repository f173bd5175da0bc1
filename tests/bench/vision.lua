--- Whole nets on float32: a step is forward, loss, backward and update, or forward alone.
local torch = require 'torch'
local autograd = require 'autograd'
local nn = require 'nn'
local optim = require 'optim'
local nets = require 'nets'

local goal = 0.95
local F = torch.F

-- A net with its flat parameters; step(loss) runs loss(), which adds up gradients and gives the loss, and updates.
local function learner(net, method, config)
  local parameters, gradients = net:getParameters()
  local function step(loss)
    return method(function()
      gradients:zero()
      return loss(), gradients
    end, parameters, config)
  end
  return step, parameters
end

local function momentum() return {learningRate = 1e-3, momentum = 0.9, dampening = 0} end

-- A large net does not keep the gradients by its layers' inputs; PyTorch's keep none, either.
local function without_inner_gradients(make)
  return function() return make():dropGradInputs() end
end

-- The training of a classifier with momentum.
local function training(name, make_net, batch, classes, ...)
  local size = {...}
  return {name = name .. ' step', goal = goal, make = function(pick)
    local n = pick(batch, 1)
    local x, labels = torch.FloatTensor(n, unpack(size)):uniform(-1, 1), torch.LongTensor(n):random(1, classes)
    local model, loss = make_net(), nn.CrossEntropyCriterion()
    local step = learner(model, optim.sgd, momentum())
    local function forward_backward()
      local e = loss:forward(model:forward(x), labels)
      model:backward(x, loss:backward(model.output, labels))
      return e
    end
    return function() step(forward_backward) end
  end}
end

local function as_evaluated(model)
  model:evaluate()
  return model
end

-- prepare: what makes a net for inference from a model
local function inference(name, net, batch, prepare)
  return {name = name, goal = goal, make = function(pick)
    local x = torch.FloatTensor(pick(batch, 1), 3, 224, 224):uniform(-1, 1)
    local model = prepare(nets[net]())
    return function() model:forward(x) end
  end}
end

-- Both nets of a DCGAN: the discriminator on real and on made images, then the generator through it.
local function dcgan(pick)
  local n = pick(16, 2)
  local real, noise = torch.FloatTensor(n, 3, 64, 64):uniform(-1, 1), torch.FloatTensor(n, 100, 1, 1):normal()
  local g, d, loss = nets.generator(), nets.discriminator(), nn.BCECriterion()
  local adam = {learningRate = 2e-4, beta1 = 0.5}
  local step_d = learner(d, optim.adam, adam)
  local step_g = learner(g, optim.adam, {learningRate = 2e-4, beta1 = 0.5})
  local ones, zeros = torch.ones(n, 1), torch.zeros(n, 1)

  local function judge(images, target)
    local e = loss:forward(d:forward(images), target)
    d:backward(images, loss:backward(d.output, target))
    return e
  end
  local function train_d() return judge(real, ones) + judge(g.output, zeros) end
  local function train_g()
    local e = loss:forward(d:forward(g.output), ones)
    g:backward(noise, d:updateGradInput(g.output, loss:backward(d.output, ones)))
    return e
  end
  return function()
    g:forward(noise)
    step_d(train_d)
    step_g(train_g)
  end
end

-- A step of the critic, whose loss holds a gradient.
local function critic(pick)
  local n = pick(16, 2)
  local real, made = torch.FloatTensor(n, 3, 64, 64):uniform(-1, 1), torch.FloatTensor(n, 3, 64, 64):uniform(-1, 1)
  local net = nets.critic()
  local step, parameters = learner(net, optim.adam, {learningRate = 1e-4, beta1 = 0, beta2 = 0.9})
  local list, gradients = net:parameters()

  local function score(x) return F.sum(net:forward(x)) end
  local function loss()
    local share = torch.FloatTensor(n, 1, 1, 1):uniform()
    local between = F.add(F.mul(real, share), F.mul(made, F.sub(1, share)))
    local slope = autograd.grad(score)(between)
    local excess = F.sub(F.norm(slope:view(n, -1), 2, 2), 1)
    local apart = F.sub(F.mean(net:forward(made)), F.mean(net:forward(real)))
    return F.add(apart, F.mul(F.mean(F.square(excess)), 10))
  end
  local differentiate = autograd.valueAndGrad(loss)
  return function()
    step(function()
      local e, slopes = differentiate(list)
      for i, g in ipairs(slopes) do gradients[i]:copy(g) end
      return e
    end)
    return parameters
  end
end

local function dqn(pick)
  local n = pick(32, 2)
  local before, after = torch.FloatTensor(n, 4, 84, 84):uniform(), torch.FloatTensor(n, 4, 84, 84):uniform()
  local actions, rewards = torch.LongTensor(n, 1):random(1, 18), torch.FloatTensor(n, 1):uniform()
  local net, target, loss = nets.dqn(), nets.dqn(), nn.SmoothL1Criterion()
  local step = learner(net, optim.rmsprop, {learningRate = 2.5e-4, alpha = 0.95})
  local slope = torch.FloatTensor()
  local function update()
    local best = target:forward(after):max(2):mul(0.99):add(rewards)
    local chosen = net:forward(before):gather(2, actions)
    local e = loss:forward(chosen, best)
    slope:resizeAs(net.output):zero():scatter(2, actions, loss:backward(chosen, best))
    net:backward(before, slope)
    return e
  end
  return function() step(update) end
end

return {
  training('LeNet b64', nets.lenet, 64, 10, 1, 28, 28),
  training('MLP b128', nets.mlp, 128, 10, 784),
  training('AlexNet b16', nets.alexnet, 16, 1000, 3, 224, 224),
  inference('VGG-16 b4 forward', 'vgg16', 4, as_evaluated),
  inference('VGG-16 b4 fused forward', 'vgg16', 4, nn.utils.fuse),
  training('GoogLeNet b8', without_inner_gradients(nets.googlenet), 8, 1000, 3, 224, 224),
  training('ResNet-18 b8', without_inner_gradients(nets.resnet18), 8, 1000, 3, 224, 224),
  training('ResNet-50 b4', without_inner_gradients(nets.resnet50), 4, 1000, 3, 224, 224),
  inference('ResNet-50 b1 forward', 'resnet50', 1, as_evaluated),
  inference('ResNet-50 b1 fused forward', 'resnet50', 1, nn.utils.fuse),
  {name = 'DCGAN 64x64 b16 step', goal = goal, make = dcgan},
  {name = 'WGAN-GP critic b16 step', goal = goal, make = critic},
  {name = 'DQN b32 update', goal = goal, make = dqn},
}
