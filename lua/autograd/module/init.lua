--- autograd.module: layers as functions of their parameters, like autograd.model's.
return {
  LayerNormalization = require 'autograd.module.LayerNormalization',
  MaskedBatchNormalization = require 'autograd.module.MaskedBatchNormalization',
  SoftAttention = require 'autograd.module.SoftAttention',
}
