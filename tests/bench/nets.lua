--- The nets of the vision rows, written as Torch7's users write them; nets.py has the same ones.
local nn = require 'nn'

local nets = {}

local function chain(...)
  local s = nn.Sequential()
  for _, m in ipairs {...} do s:add(m) end
  return s
end

local function conv(from, to, k, step, pad) return nn.SpatialConvolution(from, to, k, k, step, step, pad, pad) end
local function pool(k, step, pad) return nn.SpatialMaxPooling(k, k, step, step, pad or 0, pad or 0) end
local function relu() return nn.ReLU(true) end

-- Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998, in Torch7's later form
function nets.lenet()
  return chain(conv(1, 20, 5, 1, 0), pool(2, 2), nn.ReLU(true), conv(20, 50, 5, 1, 0), pool(2, 2), nn.ReLU(true),
    nn.View(800), nn.Linear(800, 500), relu(), nn.Linear(500, 10))
end

function nets.mlp()
  return chain(nn.Linear(784, 1024), relu(), nn.Linear(1024, 1024), relu(), nn.Linear(1024, 10))
end

-- A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014
function nets.alexnet()
  return chain(conv(3, 64, 11, 4, 2), relu(), pool(3, 2), conv(64, 192, 5, 1, 2), relu(), pool(3, 2),
    conv(192, 384, 3, 1, 1), relu(), conv(384, 256, 3, 1, 1), relu(), conv(256, 256, 3, 1, 1), relu(), pool(3, 2),
    nn.View(256 * 6 * 6), nn.Dropout(0.5), nn.Linear(256 * 6 * 6, 4096), relu(), nn.Dropout(0.5),
    nn.Linear(4096, 4096), relu(), nn.Linear(4096, 1000))
end

-- K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014
function nets.vgg16()
  local net, from = nn.Sequential(), 3
  for _, stage in ipairs {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}} do
    for _ = 1, stage[2] do
      net:add(conv(from, stage[1], 3, 1, 1)):add(relu())
      from = stage[1]
    end
    net:add(pool(2, 2))
  end
  net:add(nn.View(512 * 7 * 7)):add(nn.Linear(512 * 7 * 7, 4096)):add(relu()):add(nn.Dropout(0.5))
  return net:add(nn.Linear(4096, 4096)):add(relu()):add(nn.Dropout(0.5)):add(nn.Linear(4096, 1000))
end

-- C. Szegedy et al., "Going deeper with convolutions", 2014, without the auxiliary heads
local function inception(from, a, b1, b2, c1, c2, d)
  return nn.Concat(2)
    :add(chain(conv(from, a, 1, 1, 0), relu()))
    :add(chain(conv(from, b1, 1, 1, 0), relu(), conv(b1, b2, 3, 1, 1), relu()))
    :add(chain(conv(from, c1, 1, 1, 0), relu(), conv(c1, c2, 5, 1, 2), relu()))
    :add(chain(pool(3, 1, 1), conv(from, d, 1, 1, 0), relu()))
end

function nets.googlenet()
  return chain(conv(3, 64, 7, 2, 3), relu(), pool(3, 2, 1), conv(64, 64, 1, 1, 0), relu(), conv(64, 192, 3, 1, 1),
    relu(), pool(3, 2, 1), inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64),
    pool(3, 2, 1), inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64),
    inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64),
    inception(528, 256, 160, 320, 32, 128, 128), pool(3, 2, 1), inception(832, 256, 160, 320, 32, 128, 128),
    inception(832, 384, 192, 384, 48, 128, 128), nn.SpatialAveragePooling(7, 7), nn.View(1024), nn.Dropout(0.4),
    nn.Linear(1024, 1000))
end

-- K. He et al., "Deep residual learning for image recognition", 2015
local function norm(planes) return nn.SpatialBatchNormalization(planes) end
local function bare(from, to, k, step, pad) return conv(from, to, k, step, pad):noBias() end

local function residual(branch, from, to, step)
  local shortcut = (step == 1 and from == to) and nn.Identity() or chain(bare(from, to, 1, step, 0), norm(to))
  return chain(nn.ConcatTable():add(branch):add(shortcut), nn.CAddTable(true), relu())
end

local function basic(from, planes, step)
  return residual(chain(bare(from, planes, 3, step, 1), norm(planes), relu(), bare(planes, planes, 3, 1, 1),
    norm(planes)), from, planes, step), planes
end

local function bottleneck(from, planes, step)
  return residual(chain(bare(from, planes, 1, 1, 0), norm(planes), relu(), bare(planes, planes, 3, step, 1),
    norm(planes), relu(), bare(planes, 4 * planes, 1, 1, 0), norm(4 * planes)), from, 4 * planes, step), 4 * planes
end

local function resnet(block, counts)
  local net, from = chain(bare(3, 64, 7, 2, 3), norm(64), relu(), pool(3, 2, 1)), 64
  for stage, count in ipairs(counts) do
    for i = 1, count do
      local m
      m, from = block(from, 64 * 2 ^ (stage - 1), stage > 1 and i == 1 and 2 or 1)
      net:add(m)
    end
  end
  return net:add(nn.SpatialAveragePooling(7, 7)):add(nn.View(from)):add(nn.Linear(from, 1000))
end

function nets.resnet18() return resnet(basic, {2, 2, 2, 2}) end
function nets.resnet50() return resnet(bottleneck, {3, 4, 6, 3}) end

-- A. Radford et al., "Unsupervised representation learning with deep convolutional GANs", 2015
function nets.generator()
  local function up(from, to, step, pad)
    return nn.SpatialFullConvolution(from, to, 4, 4, step, step, pad, pad):noBias()
  end
  return chain(up(100, 512, 1, 0), norm(512), relu(), up(512, 256, 2, 1), norm(256), relu(), up(256, 128, 2, 1),
    norm(128), relu(), up(128, 64, 2, 1), norm(64), relu(), up(64, 3, 2, 1), nn.Tanh())
end

local function leaky() return nn.LeakyReLU(0.2, true) end

function nets.discriminator()
  return chain(bare(3, 64, 4, 2, 1), leaky(), bare(64, 128, 4, 2, 1), norm(128), leaky(), bare(128, 256, 4, 2, 1),
    norm(256), leaky(), bare(256, 512, 4, 2, 1), norm(512), leaky(), bare(512, 1, 4, 1, 0), nn.Sigmoid(), nn.View(1))
end

-- I. Gulrajani et al., "Improved training of Wasserstein GANs", 2017: no batch norm in the critic
function nets.critic()
  return chain(conv(3, 64, 4, 2, 1), nn.LeakyReLU(0.2), conv(64, 128, 4, 2, 1), nn.LeakyReLU(0.2),
    conv(128, 256, 4, 2, 1), nn.LeakyReLU(0.2), conv(256, 512, 4, 2, 1), nn.LeakyReLU(0.2), conv(512, 1, 4, 1, 0),
    nn.View(1))
end

-- V. Mnih et al., "Human-level control through deep reinforcement learning", 2015
function nets.dqn()
  return chain(conv(4, 32, 8, 4, 0), relu(), conv(32, 64, 4, 2, 0), relu(), conv(64, 64, 3, 1, 0), relu(),
    nn.View(3136), nn.Linear(3136, 512), relu(), nn.Linear(512, 18))
end

return nets
