--- optim.ConfusionMatrix(classes): counts which class was taken for which. classes: their count, or a table of names.
--   local confusion = optim.ConfusionMatrix {'cat', 'dog'}
--   confusion:add(net:forward(image), 2)   -- or batchAdd(outputs, targets)
--   print(confusion)                       -- the matrix: rows are targets, columns predictions
--   print(confusion.totalValid)            -- the share that was right, after updateValids or print
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'

local ConfusionMatrix = torch.class('optim.ConfusionMatrix')

function ConfusionMatrix:__init(nclasses, classes)
  if type(nclasses) == 'table' then nclasses, classes = #nclasses, nclasses end
  if type(nclasses) ~= 'number' or nclasses < 1 then
    errors.fail('ConfusionMatrix: expected the count of classes or a table of their names, got %s', tostring(nclasses))
  end
  self.nclasses, self.classes = nclasses, classes or {}
  self.mat = torch.LongTensor(nclasses, nclasses):zero()
  self.valids, self.unionvalids = torch.FloatTensor(nclasses):zero(), torch.FloatTensor(nclasses):zero()
  self.totalValid, self.averageValid, self.averageUnionValid = 0, 0, 0
end

function ConfusionMatrix:zero()
  self.mat:zero()
  self.valids:zero()
  self.unionvalids:zero()
  self.totalValid, self.averageValid, self.averageUnionValid = 0, 0, 0
end

-- -- Counting ---------------------------------------------------------------------------------------------------

local function is_outside(class, n) return class ~= class or class < 1 or class > n or class ~= math.floor(class) end

-- Targets of 0 and less are unknown and do not count.
local function check(self, prediction, target)
  local n = self.nclasses
  if target <= 0 then return false end
  if is_outside(target, n) then errors.fail('ConfusionMatrix: target %s is outside 1..%d', target, n) end
  if is_outside(prediction, n) then errors.fail('ConfusionMatrix: prediction %s is outside 1..%d', prediction, n) end
  return true
end

function ConfusionMatrix:_add(prediction, target)
  if check(self, prediction, target) then
    self.mat[target][prediction] = self.mat[target][prediction] + 1
  end
end

-- A class, or the place of the greatest of a vector.
local function class_of(what, x)
  if type(x) == 'number' then return x end
  if not handle.is_tensor(x) or x:dim() ~= 1 then
    errors.fail('ConfusionMatrix: expected a class or a vector as %s, got %s', what,
                handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  local _, place = x:max(1)
  return place[1]
end

--- Counts one sample: a class, or a vector with a score for each, as prediction; a class or a one-hot vector as target.
function ConfusionMatrix:add(prediction, target)
  self:_add(class_of('prediction', prediction), class_of('target', target))
end

-- Classes of a batch, as a vector of longs: given so, as a column, or as a matrix with a row of scores for each.
local function classes_of(what, x)
  if not handle.is_tensor(x) or x:dim() ~= 1 and x:dim() ~= 2 then
    errors.fail('ConfusionMatrix: expected a vector or a matrix as %s, got %s', what,
                handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  if x:dim() == 1 then return x:long():contiguous() end
  if x:size(2) == 1 then return x:select(2, 1):long():contiguous() end
  local _, places = x:max(2)
  return places:select(2, 1):long():contiguous()
end

-- The counts are reached by their address, and may come from a file.
local function check_counts(self)
  local mat, n = self.mat, self.nclasses
  local fits = torch.type(mat) == 'torch.LongTensor' and mat:isContiguous() and mat:dim() == 2 and mat:size(1) == n and
               mat:size(2) == n
  if not fits then errors.fail('ConfusionMatrix: expected the counts as a LongTensor of size %sx%s', n, n) end
end

--- Counts a batch. predictions: N classes, or N×classes scores; targets: N classes, or N×classes one-hot rows.
function ConfusionMatrix:batchAdd(predictions, targets)
  local p, t = classes_of('predictions', predictions), classes_of('targets', targets)
  local n = p:nElement()
  if t:nElement() ~= n then errors.fail('ConfusionMatrix: %d predictions for %d targets', n, t:nElement()) end
  check_counts(self)
  local from, to = p:data(), t:data()
  for i = 0, n - 1 do check(self, tonumber(from[i]), tonumber(to[i])) end   -- all, before the first is counted
  local counts = self.mat:data()
  for i = 0, n - 1 do
    if to[i] > 0 then
      local at = (to[i] - 1) * self.nclasses + from[i] - 1
      counts[at] = counts[at] + 1
    end
  end
end

-- -- Rates ------------------------------------------------------------------------------------------------------

-- The mean of those numbers that are some.
local function mean(values, n)
  local sum, count = 0, 0
  for i = 1, n do
    if values[i] == values[i] then sum, count = sum + values[i], count + 1 end
  end
  return sum / count
end

--- Brings the rates up to date. valids: for each class the share of its samples that was recognised, NaN where there
-- was none; averageValid, their mean; totalValid, the share of all; unionvalids: recognised ones by all that are or
-- were taken for the class; averageUnionValid, their mean over the classes that were seen.
function ConfusionMatrix:updateValids()
  local n, right = self.nclasses, 0
  for i = 1, n do
    local hits = self.mat[i][i]
    local targets, predictions = self.mat:select(1, i):sum(), self.mat:select(2, i):sum()
    self.valids[i] = hits / targets
    self.unionvalids[i] = targets > 0 and hits / (targets + predictions - hits) or 0 / 0
    right = right + hits
  end
  self.totalValid = right / self.mat:sum()
  self.averageValid, self.averageUnionValid = mean(self.valids, n), mean(self.unionvalids, n)
end

--- The rates of false rejection and false acceptance: for each class (−1 where it was not seen), and then for the
-- classes seen alone. Returns four vectors: classFrrs, classFars, frrs, fars.
function ConfusionMatrix:farFrr()
  local n, mat = self.nclasses, self.mat
  local class_frrs, class_fars = torch.Tensor(n):fill(-1), torch.Tensor(n):fill(-1)
  local frrs, fars = {}, {}
  for i = 1, n do
    local samples = mat:select(1, i):sum()
    if samples > 0 then
      local taken, others = 0, 0
      for j = 1, n do
        local count = j ~= i and mat:select(1, j):sum() or 0
        if count > 0 then taken, others = taken + mat[j][i] / count, others + 1 end
      end
      frrs[#frrs + 1], fars[#fars + 1] = 1 - mat[i][i] / samples, taken / others
      class_frrs[i], class_fars[i] = frrs[#frrs], fars[#fars]
    end
  end
  return class_frrs, class_fars, torch.Tensor(frrs), torch.Tensor(fars)
end

-- -- Printing ---------------------------------------------------------------------------------------------------

local function describe_row(self, i, width)
  local parts = {i == 1 and '[' or ' ['}
  for j = 1, self.nclasses do parts[#parts + 1] = ('%' .. width .. 'd'):format(self.mat[i][j]) end
  parts[#parts + 1] = i == self.nclasses and ']]  ' or ']   '
  parts[#parts + 1] = ('%2.3f%% '):format(self.valids[i] * 100)
  if self.classes[1] then parts[#parts + 1] = ('\t[class: %s]'):format(self.classes[i] or '') end
  return table.concat(parts)
end

function ConfusionMatrix:__tostring__()
  self:updateValids()
  local width = math.max(8, 1 + math.ceil(math.log10(math.max(1, self.mat:max()))))
  local lines = {'ConfusionMatrix:'}
  for i = 1, self.nclasses do lines[i + 1] = (i == 1 and '[' or '') .. describe_row(self, i, width) end
  lines[#lines + 1] = (' + average row correct: %s%% '):format(self.averageValid * 100)
  lines[#lines + 1] = (' + average rowUcol correct (VOC measure): %s%% '):format(self.averageUnionValid * 100)
  lines[#lines + 1] = (' + global correct: %s%%'):format(self.totalValid * 100)
  return table.concat(lines, '\n')
end

return ConfusionMatrix
