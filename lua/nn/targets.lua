--- nn.targets: classes as targets. They are numbers from 1, given as one number or as a tensor of any type.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local losses = require 'nn.losses'

local layout, is_tensor = handle.layout, handle.is_tensor
local long, byte = torch.LongTensor(), torch.ByteTensor() -- models for buffers

local targets = {}

local function copy(owner, target, n)
  local places = leaf.buffer(owner, 'places', long):resize(n)
  if type(target) == 'number' and n == 1 then return places:fill(target) end
  if not is_tensor(target) or target:nElement() ~= n then
    errors.fail('%s: expected %d target%s, got %s', losses.name(owner), n, n == 1 and '' or 's',
                is_tensor(target) and sizes.text(target) or torch.type(target))
  end
  memory.call(C.mt_copy, places, target)   -- no tape needs to know
  return places
end

--- n targets as a LongTensor with n elements in the criterion's own memory, on the CPU, all of them within 1 … classes.
-- ignored: a number that may stand where no target is meant. These become class 1, and a mask (n bytes, 1 for targets
-- that count) is given, too, when there are any.
function targets.read(owner, target, n, classes, ignored)
  local places = copy(owner, target, n)
  local data, mask = places:data(), nil
  for i = 0, n - 1 do
    local class = tonumber(data[i])
    if class == ignored then
      mask = mask or leaf.buffer(owner, 'mask', byte):resize(n):fill(1)
      mask:data()[i] = 0
      data[i] = 1
    elseif class < 1 or class > classes then
      errors.fail('%s: target %.0f at element %d is outside 1..%d', losses.name(owner), class, i + 1, classes)
    end
  end
  return places, mask
end

-- The sizes of x, N×C×…, with 1 for the classes.
local function one_class(x)
  local list = {}
  for i = 1, x:dim() do list[i] = i == 2 and 1 or x:size(i) end
  return unpack(list)
end

--- Targets for scores of classes, N×C×…: places and mask as read gives them, beside the scores and of their sizes with
-- 1 for C.
function targets.of_scores(owner, target, scores, ignored)
  local classes = scores:size(2)
  local places, mask = targets.read(owner, target, scores:nElement() / classes, classes, ignored)
  places = leaf.beside(owner, 'places there', places, scores):view(one_class(scores))
  return places, mask and leaf.beside(owner, 'mask there', mask, scores):view(one_class(scores))
end

--- The entries of weights, a vector over the classes, at the places; of the places' sizes.
function targets.weights(owner, weights, places)
  local rows = leaf.buffer(owner, 'rows', weights)
  memory.call(C.mt_index_select, rows, weights, 0, places:view(-1))
  return rows:resizeAs(places)
end

--- weights, a vector over the classes, so that they spread over scores N×C×….
function targets.along_classes(weights, scores)
  local list = {}
  for i = 1, scores:dim() do list[i] = 1 end
  list[2] = weights:nElement()
  return weights:view(unpack(list))
end

--- Refuses weights that are not one for each class.
function targets.check_weights(owner, weights, classes)
  if weights and weights:nElement() ~= classes then
    errors.fail('%s: %d weights for %d classes', losses.name(owner), weights:nElement(), classes)
  end
end

--- x with one row where it is a vector; otherwise it has to have dims dimensions (2).
function targets.as_rows(owner, x, dims)
  dims = dims or 2
  losses.check(owner, x)
  if x:dim() == 1 and dims == 2 then return F.unsqueeze(x, 0) end
  if x:dim() == dims then return x end
  return errors.fail('%s: expected %s, got %s', losses.name(owner),
                     dims == 2 and 'a vector or a matrix' or dims .. ' dimensions', sizes.text(x))
end

--- A mask of the sizes of scores, N×C, that is 0 at the places (N×k) and 1 elsewhere.
function targets.others(owner, scores, places)
  local mask = leaf.buffer(owner, 'others', handle.new(C.MT_UINT8, layout(scores).device))
  mask:resizeAs(scores):fill(1)
  memory.call(C.mt_scatter, mask, 1, places, nil, 0)
  return mask
end

return targets
