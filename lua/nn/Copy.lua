--- nn.Copy([from, to[, forceCopy[, dontCast]]]): the input as a tensor of another type, by names as
-- 'torch.FloatTensor'. Where both are the same the input itself is given, unless forceCopy is true. dontCast: type()
-- leaves the module's types as they are.
--   nn.Copy('torch.DoubleTensor', 'torch.FloatTensor'):forward(torch.DoubleTensor{1, 2})   -- a FloatTensor
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local types = require 'torch.types'
local F = require('torch.op').F

local Copy, parent = torch.class('nn.Copy', 'nn.Module')

local function empty(name)
  local kind = types.by_name[name]
  if not kind then errors.fail('Copy: there is no tensor type %s', tostring(name)) end
  return handle.new(kind.dtype, kind.device)
end

function Copy:__init(intype, outtype, forceCopy, dontCast)
  parent.__init(self)
  self.gradInput = empty(intype or torch.getdefaulttensortype())
  self.output = empty(outtype or torch.getdefaulttensortype())
  self.forceCopy, self.dontCast = forceCopy or false, dontCast
end

function Copy:compute(input)
  local kind = handle.kind(self.output)
  if handle.kind(input) ~= kind then return F.cast(input, kind) end
  return self.forceCopy and F.clone(input) or input
end

-- Torch7's files may hold functions of the module's own, for equal types; compute does without.
function Copy:read(file)
  parent.read(self, file)
  self.updateOutput, self.updateGradInput = nil, nil
end

function Copy:type(type, cache)
  if type and self.dontCast then return self end
  return parent.type(self, type, cache)
end

return Copy
