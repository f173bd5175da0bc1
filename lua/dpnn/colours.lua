--- Colours shifted at random while training: nn.SimpleColorTransform, nn.PCAColorTransform. Input C×H×W or
-- N×C×H×W; each image has a shift for each channel, self.noise. Both give their input when evaluating.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'

local parent = torch.getmetatable('nn.Module')

-- A class of them; shifts(self, n, model) gives n rows of shifts, one for each channel.
local function class(name, shifts)
  local made = torch.class(name, 'nn.Module')

  function made:compute(input)
    local dims, channels = input:dim(), self.inputChannels
    if dims ~= 3 and dims ~= 4 or input:size(dims - 2) ~= channels then
      errors.fail('%s: expected images of %d channels, got %s', name:match('[^%.]+$'), channels, sizes.text(input))
    end
    if not self.train then return F.alias(input) end
    if not (self.noise and leaf.is_again(self)) then
      self.noise = shifts(self, dims == 4 and input:size(1) or 1, input)
    end
    local spread = self.noise:view(-1, channels, 1, 1)
    return F.add(input, dims == 4 and spread or spread[1])
  end

  function made:type(type, cache)
    if type then self.noise = nil end
    return parent.type(self, type, cache)
  end

  return made
end

local function check(ok, message, ...)
  if not ok then errors.fail(message, ...) end
end

--- nn.SimpleColorTransform(inputChannels, range): channel c is shifted by a number uniform within ±range[c].
local Simple = class('nn.SimpleColorTransform', function(self, n, model)
  local noise = model.new(n, self.inputChannels)
  for c = 1, self.inputChannels do noise:select(2, c):uniform(-self.range[c], self.range[c]) end
  return noise
end)

function Simple:__init(inputChannels, range)
  parent.__init(self)
  check(handle.is_tensor(range) and range:nElement() == inputChannels,
        'SimpleColorTransform: expected a vector of %s ranges', tostring(inputChannels))
  self.train, self.inputChannels, self.range = true, inputChannels, range
end

--- nn.PCAColorTransform(inputChannels, eigenVectors, eigenValues[, std]): colours are shifted along the principal
-- components of the pixels, the columns of eigenVectors, by normal numbers of deviation std (0.1) times the eigenvalue.
-- Source: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
local PCA = class('nn.PCAColorTransform', function(self, n, model)
  local alphas = model.new(self.inputChannels, n):normal(0, self.std)
  local values = self.eigenValues:view(-1, 1):expandAs(alphas)
  return torch.mm(self.eigenVectors, alphas:cmul(values)):t():contiguous()
end)

function PCA:__init(inputChannels, eigenVectors, eigenValues, std)
  parent.__init(self)
  check(handle.is_tensor(eigenVectors) and eigenVectors:dim() == 2 and eigenVectors:size(1) == inputChannels and
        eigenVectors:size(2) == inputChannels, 'PCAColorTransform: expected the eigenvectors as a %sx%s matrix',
        tostring(inputChannels), tostring(inputChannels))
  check(handle.is_tensor(eigenValues) and eigenValues:nElement() == inputChannels,
        'PCAColorTransform: expected %s eigenvalues', tostring(inputChannels))
  self.train, self.inputChannels, self.std = true, inputChannels, std or 0.1
  self.eigenVectors, self.eigenValues = eigenVectors, eigenValues
end

function PCA:__tostring__()
  return ('%s channels: %d, std: %f'):format(torch.type(self), self.inputChannels, self.std)
end

return {SimpleColorTransform = Simple, PCAColorTransform = PCA}
