--- Names of classes in files: what has another name today, and which package defines what.
local class = require 'torch.class'

local classes = {}

-- -- Old names --------------------------------------------------------------------------------------------------
-- Where a name in a file is no class here, the class that took its place is used: alias(old, new, defaults), in this
-- list or from a package. defaults: fields that objects of the old class did not have.

local aliases = {}

--- Declares that files call the class new by another name, too. defaults: fields to add to such objects, or nothing.
--   require('torch.fileclasses').alias('mynet.OldLinear', 'nn.Linear')
function classes.alias(old, new, defaults)
  aliases[old] = {name = new, defaults = defaults}
end

classes.alias('torch.Tensor', 'torch.DoubleTensor') -- of the first years
classes.alias('torch.Storage', 'torch.DoubleStorage')
classes.alias('tds_hash', 'tds.Hash')

-- Nets that were trained with cuDNN run without it: its modules are named after the ones of nn that they replace.
for _, name in ipairs {
  'SpatialConvolution', 'SpatialFullConvolution', 'VolumetricConvolution', 'VolumetricFullConvolution',
  'SpatialMaxPooling', 'VolumetricMaxPooling', 'BatchNormalization', 'SpatialBatchNormalization',
  'VolumetricBatchNormalization', 'Tanh', 'Sigmoid', 'SoftMax', 'LogSoftMax', 'SpatialSoftMax', 'SpatialLogSoftMax',
  'SpatialCrossMapLRN', 'VolumetricCrossEntropyCriterion', 'SpatialCrossEntropyCriterion',
} do
  classes.alias('cudnn.' .. name, 'nn.' .. name)
end
classes.alias('cudnn.ReLU', 'nn.ReLU', {threshold = 0, val = 0})
for _, name in ipairs {'SpatialAveragePooling', 'VolumetricAveragePooling'} do
  classes.alias('cudnn.' .. name, 'nn.' .. name, {divide = true, count_include_pad = true})
end

local makers = {}

--- Declares that classes whose names begin with a prefix are made when a file has objects of them: make(rest of the
-- name).
function classes.made(prefix, make) makers[prefix] = make end

local function make(name)
  for prefix, maker in pairs(makers) do
    if name:sub(1, #prefix) == prefix then maker(name:sub(#prefix + 1)) end
  end
end

--- The class to use for a name in a file, and fields to add to its objects; nil when there is none.
function classes.resolve(name)
  if not class.factory(name) then make(name) end
  if class.factory(name) then return name end
  local alias = aliases[name]
  if alias and class.factory(alias.name) then return alias.name, alias.defaults end
end

--- What the class is called today, whether it is there or not.
function classes.current_name(name)
  return aliases[name] and aliases[name].name or name
end

-- -- Packages ---------------------------------------------------------------------------------------------------

-- Classes that packages put among nn's.
local guests = {
  nngraph = 'gModule ModuleFromCriterion',
  dpnn = [[ArgMax BinaryClassReward BinaryLogisticRegression CategoricalEntropy Clip FireModule Inception NCECriterion
    NCEModule PCAColorTransform Reinforce ReinforceBernoulli ReinforceCategorical ReinforceGamma ReinforceNormal
    ReverseTable Serial SimpleColorTransform SpatialBinaryConvolution SpatialBinaryLogisticRegression
    SpatialFeatNormalization SpatialGlimpse SpatialRegionDropout SpatialUniformCrop TotalDropout VRClassReward]],
  rnn = [[AbstractRecurrent AbstractSequencer AbstractSequencerCriterion BiSequencer BiSequencerLM CopyGrad ExpandAs
    FastLSTM GRU LSTM LinearNoBias LinearRNN LookupRNN LookupTableMaskZero MaskZero MaskZeroCriterion MuFuRu
    NormStabilizer RecGRU RecLSTM Recurrence Recurrent RecurrentAttention Recursor Repeater RepeaterCriterion
    ReverseSequence ReverseUnreverse SAdd SeqBGRU SeqBLSTM SeqBRNN SeqGRU SeqLSTM SeqLSTMP SeqReverseSequence Sequencer
    SequencerCriterion StepGRU StepLSTM TrimZero VariableLength]],
  nnx = [[Balance CTCCriterion DataList DataSet DataSetLabelMe DataSetSamplingPascal DistMarginCriterion
    DistNLLCriterion FunctionWrapper Minus MultiSoftMax PixelSort Probe PullTable PushTable SaturatedLU SoftMaxForest
    SoftMaxTree SparseCriterion SpatialClassifier SpatialColorTransform SpatialDownSampling SpatialFovea SpatialGraph
    SpatialLinear SpatialMatching SpatialMaxSampling SpatialNormalization SpatialPadding SpatialPyramid
    SpatialRadialMatching SpatialReSampling SpatialReSamplingEx SpatialRecursiveFovea SpatialSparseCriterion
    SpatialUpSampling SuperCriterion Tic Toc TreeNLLCriterion]],
}

local package_of = {}
for package_name, names in pairs(guests) do
  for name in names:gmatch('%S+') do package_of['nn.' .. name] = package_name end
end

--- The package that defines a class, as its name tells; nil for names without a package.
function classes.package(name)
  name = classes.current_name(name)
  return package_of[name] or name:match('^([^%.]+)%.')
end

return classes
