--- nn.BiSequencerLM(forward[, backward[, merge]]): nn.BiSequencer for language models, where a step must not see its
-- own input: the output at t is merged from what the forward module made of the steps before t and what the backward
-- one made of those after it; where there are none, 0 stands. For the arguments see nn.BiSequencer; forward and
-- backward may be stacks of sequencers. Input: a table of two steps or more.
local torch = require 'torch'
local errors = require 'torch.errors'
local directions = require 'rnn.directions'
local nested = require 'rnn.nested'

local BiSequencerLM, parent = torch.class('nn.BiSequencerLM', 'nn.AbstractSequencer')

local function sequencer(module)
  return torch.isTypeOf(module, 'nn.AbstractRecurrent') and nn.Sequencer(module) or module
end

function BiSequencerLM:__init(forward, backward, merge)
  parent.__init(self)
  directions.set(self, 'BiSequencerLM', forward, backward, merge)
  self.fwdSeq, self.bwdSeq = sequencer(self.forwardModule), sequencer(self.backwardModule)
  self.mergeSeq = nn.Sequencer(self.mergeModule)
  self._fwd, self._bwd = self.fwdSeq, directions.reversed(self.bwdSeq)
  self._merge = nn.Sequential():add(nn.ZipTable()):add(self.mergeSeq)
  self.modules = {self._fwd, self._bwd, self._merge}
  self.output, self.gradInput = {}, {}
end

local function part(list, first, last)
  local out = {}
  for i = first, last do out[#out + 1] = list[i] end
  return out
end

local function zeros_like(to, x)
  to = nested.recursiveResizeAs(to, x)
  nested.recursiveFill(to, 0)
  return to
end

function BiSequencerLM:updateOutput(input)
  if type(input) ~= 'table' or #input < 2 then
    errors.fail('BiSequencerLM: expected a table of two steps or more, got %s',
                type(input) == 'table' and #input or torch.type(input))
  end
  local n = #input
  local before, after = self._fwd:forward(part(input, 1, n - 1)), self._bwd:forward(part(input, 2, n))
  self._firstStep, self._lastStep = zeros_like(self._firstStep, before[1]), zeros_like(self._lastStep, after[1])
  self._mergeInput = {{self._firstStep, unpack(before)}, part(after, 1, n - 1)}
  self._mergeInput[2][n] = self._lastStep
  self.output = self._merge:forward(self._mergeInput)
  return self.output
end

-- The gradients of what both directions gave.
local function split(self, n)
  local g = self._mergeGradInput
  return part(g[1], 2, n), part(g[2], 1, n - 1)
end

function BiSequencerLM:updateGradInput(input, gradOutput)
  local n = #input
  self._mergeGradInput = self._merge:updateGradInput(self._mergeInput, gradOutput)
  local grad_before, grad_after = split(self, n)
  local from_before = self._fwd:updateGradInput(part(input, 1, n - 1), grad_before)
  local from_after = self._bwd:updateGradInput(part(input, 2, n), grad_after)
  local out = type(self.gradInput) == 'table' and self.gradInput or {}
  for i = 1, n do
    out[i] = nested.recursiveCopy(out[i], from_before[i] or from_after[i - 1])
    if i > 1 and i < n then nested.recursiveAdd(out[i], from_after[i - 1]) end
  end
  for i = n + 1, #out do out[i] = nil end
  self.gradInput = out
  return out
end

local function accumulate(self, method, input, gradOutput, factor)
  local n = #input
  local grad_before, grad_after = split(self, n)
  self._merge[method](self._merge, self._mergeInput, gradOutput, factor)
  self._fwd[method](self._fwd, part(input, 1, n - 1), grad_before, factor)
  self._bwd[method](self._bwd, part(input, 2, n), grad_after, factor)
end

function BiSequencerLM:accGradParameters(input, gradOutput, scale)
  accumulate(self, 'accGradParameters', input, gradOutput, scale or 1)
end

function BiSequencerLM:accUpdateGradParameters(input, gradOutput, lr)
  accumulate(self, 'accUpdateGradParameters', input, gradOutput, lr)
end

function BiSequencerLM:clearState()
  self._mergeInput, self._mergeGradInput, self._firstStep, self._lastStep = nil, nil, nil, nil
  return parent.clearState(self)
end

BiSequencerLM.__tostring__ = parent.describe_branches

return BiSequencerLM
