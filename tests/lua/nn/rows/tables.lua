--- Rows (see nn/rows.lua) of modules over tables, and of containers.
local function pair(x) return {x(3, 4), x(3, 4)} end
local function three(x) return {x(3, 4), x(3, 4), x(3, 4)} end
local function nested(x) return {x(2, 3), {x(2), {x(3, 2)}}, x(4)} end
local function lists(x) return {{x(3), x(2)}, {x(2), x(4)}, {x(1), x(2)}} end
local function one_to_many(x) return {x(3), {x(3), x(3)}} end
local function linear(n, m) return nn.Linear(n, m) end

local function branches(container)
  return function() return container():add(linear(4, 2)):add(nn.Sequential():add(linear(4, 3)):add(nn.Tanh())) end
end

return {
  CAddTable = {nn.CAddTable, three},
  CSubTable = {nn.CSubTable, pair},
  CMulTable = {nn.CMulTable, three},
  CDivTable = {nn.CDivTable, pair, shift = 2},
  CMaxTable = {nn.CMaxTable, three},
  CMinTable = {nn.CMinTable, three},
  CAddTensorTable = {nn.CAddTensorTable, one_to_many},
  JoinTable = {function() return nn.JoinTable(1, 1) end, function(x) return {x(2, 3), x(2, 1), x(2, 2)} end},
  SplitTable = {function() return nn.SplitTable(1, 1) end, {2, 3}, drops = 'the views that it gives'},
  SelectTable = {function() return nn.SelectTable(-2) end, nested, text = 'nn.SelectTable(-2)'},
  NarrowTable = {function() return nn.NarrowTable(2, 2) end, nested},
  FlattenTable = {nn.FlattenTable, nested},
  ZipTable = {nn.ZipTable, lists},
  ZipTableOneToMany = {nn.ZipTableOneToMany, one_to_many},
  MixtureTable = {nn.MixtureTable, function(x) return {x(2, 3), {x(2, 4), x(2, 4), x(2, 4)}} end},
  ['MixtureTable, one tensor'] = {function() return nn.MixtureTable(3) end,
                                  function(x) return {x(2, 3), x(2, 4, 3)} end},
  ['MixtureTable, single'] = {nn.MixtureTable, function(x) return {x(3), {x(4), x(4), x(4)}} end},
  ['MixtureTable, single tensor'] = {nn.MixtureTable, function(x) return {x(3), x(3, 4)} end},
  DotProduct = {nn.DotProduct, pair},
  CosineDistance = {nn.CosineDistance, pair},
  ['CosineDistance, vectors'] = {nn.CosineDistance, function(x) return {x(5), x(5)} end},
  PairwiseDistance = {nn.PairwiseDistance, pair},
  ['PairwiseDistance, 1'] = {function() return nn.PairwiseDistance(1) end, pair},
  ['PairwiseDistance, 3'] = {function() return nn.PairwiseDistance(3) end, function(x) return {x(5), x(5)} end},
  MM = {function() return nn.MM(false, true) end, function(x) return {x(2, 3, 2), x(2, 4, 2)} end},
  ['MM, matrices'] = {function() return nn.MM(true) end, function(x) return {x(2, 3), x(2, 4)} end},
  MV = {nn.MV, function(x) return {x(2, 3, 4), x(2, 4)} end},
  ['MV, transposed'] = {function() return nn.MV(true) end, function(x) return {x(3, 4), x(3)} end},
  CriterionTable = {function() return nn.CriterionTable(nn.MSECriterion()) end, pair,
                    number = 'the output is a number, and the gradient the criterion\'s'},

  Sequential = {function() return nn.Sequential():add(linear(4, 3)):add(nn.Tanh()):add(linear(3, 2)) end, {3, 4}},
  Concat = {branches(function() return nn.Concat(2) end), {3, 4}},
  DepthConcat = {function()
    return nn.DepthConcat(1):add(nn.Narrow(2, 1, 2)):add(nn.SpatialZeroPadding(0, 1, 0, 0)):add(nn.Tanh())
  end, {2, 4, 3}},
  ConcatTable = {branches(nn.ConcatTable), {3, 4}},
  Parallel = {function() return nn.Parallel(2, 1):add(linear(4, 2)):add(linear(4, 2)) end, {3, 2, 4}},
  ParallelTable = {branches(nn.ParallelTable), pair},
  MapTable = {function() return nn.MapTable(nn.Tanh()) end, three},
  ['MapTable, shared'] = {function() return nn.MapTable(linear(4, 2)) end, three, alone = 'its parameters repeat'},
  Bottle = {function() return nn.Bottle(linear(3, 2)) end, {2, 2, 3}},
  ['Bottle, fewer dimensions'] = {function()
    return nn.Bottle(nn.Sequential():add(nn.Squeeze(2)):add(linear(3, 2)), 3, 2)
  end, {2, 2, 1, 3}},
  ['Bottle, not needed'] = {function() return nn.Bottle(linear(3, 2)) end, {4, 3}},
  Decorator = {function() return nn.Decorator(linear(4, 2)) end, {3, 4}, text = 'nn.Decorator @ nn.Linear(4 -> 2)'},
  DontCast = {function() return nn.DontCast(linear(4, 2), true) end, {3, 4}, stays = 'its module keeps its type'},
  GPU = {function() return nn.GPU(linear(4, 2), 1) end, {3, 4}, text = 'nn.GPU(1) @ nn.Linear(4 -> 2)'},
  NaN = {function() return nn.NaN(linear(4, 2), 'n') end, {3, 4}, text = 'nn.NaN(n) @ nn.Linear(4 -> 2)'},
  Profile = {function() return nn.Profile(linear(4, 2), 10) end, {3, 4}, prints = true,
             text = 'nn.Profile @ nn.Linear(4 -> 2)'},
  Maxout = {function() return nn.Maxout(4, 2, 3) end, {3, 4}},
  LayerNormalization = {function() return nn.LayerNormalization(4, 0.5) end, {3, 4}},
  ['LayerNormalization, plain'] = {function() return nn.LayerNormalization(4, 0, 1e-5, false) end, {3, 4}},
}
