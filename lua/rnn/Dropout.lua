--- nn.Dropout(p[, v1[, inplace[, lazy[, mono]]]]): while rnn is loaded, the fourth and fifth arguments are these:
-- lazy: noise is drawn once for a sequence, by the first forward after a backward or forget; copies of the module for
-- other steps share it. mono: one sample is drawn for the whole batch.
-- Source: Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2015
-- (arXiv:1512.05287).
local torch = require 'torch'
local handle = require 'torch.handle'

local Dropout = torch.getmetatable('nn.Dropout')
local init, clear = Dropout.__init, Dropout.clearState
local update_grad_input, describe = Dropout.updateGradInput, Dropout.__tostring__

-- nn.SpatialDropout and its like took their methods from nn.Dropout when nn was loaded, and stay as they are.

function Dropout:__init(p, v1, inplace, lazy, mono)
  init(self, p, v1, inplace)
  self.lazy, self.mono = lazy or false, mono or false
  if self.lazy then
    -- one element each, so that there is memory to share; flag is 1 while noise is still to be drawn
    self.noise, self.flag = torch.Tensor(1), torch.ByteTensor {1}
    self.dpnn_parameters = {'noise', 'flag'}
  end
end

local function set_flag(self, value)
  if not self.lazy then return end
  if not handle.is_tensor(self.flag) then self.flag = torch.ByteTensor(1) end   -- Torch7's files hold a boolean
  self.flag[1] = value
end

function Dropout:is_due()
  if not self.lazy then return true end
  local is_due = not handle.is_tensor(self.flag) or self.flag[1] == 1
  set_flag(self, 0)
  return is_due
end

function Dropout:size_noise(noise, input)
  if not self.mono then return noise:resizeAs(input) end
  local size = input:size()
  size[1] = 1
  return noise:resize(size)
end

function Dropout:updateGradInput(input, gradOutput)
  set_flag(self, 1)
  return update_grad_input(self, input, gradOutput)
end

function Dropout:forget()
  set_flag(self, 1)
  return self
end

function Dropout:clearState()
  if not self.lazy then return clear(self) end
  local noise = self.noise   -- which others may share
  set_flag(self, 1)
  clear(self)
  self.noise = noise
  return self
end

function Dropout:__tostring__()
  return self.lazy and ('%s(%.1f, lazy)'):format(torch.type(self), self.p) or describe(self)
end
