--- nn.FireModule(nInputPlane, s1x1, e1x1, e3x3[, activation]): squeezes to s1x1 planes by 1×1 kernels, then expands to
-- e1x1 planes by 1×1 and e3x3 by 3×3 kernels; activation ('ReLU') is the name of the class behind both.
-- Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", 2016
-- (arXiv:1602.07360).
--   nn.FireModule(3, 4, 8, 8):forward(torch.randn(2, 3, 16, 16))   -- 2x16x16x16
local torch = require 'torch'

local FireModule, parent = torch.class('nn.FireModule', 'nn.Decorator')

function FireModule:__init(nInputPlane, s1x1, e1x1, e3x3, activation)
  self.nInputPlane, self.s1x1, self.e1x1, self.e3x3 = nInputPlane, s1x1, e1x1, e3x3
  self.activation = activation or 'ReLU'
  self.squeeze = nn.SpatialConvolution(nInputPlane, s1x1, 1, 1)
  self.expand = nn.Concat(2)
    :add(nn.SpatialConvolution(s1x1, e1x1, 1, 1))
    :add(nn.SpatialConvolution(s1x1, e3x3, 3, 3, 1, 1, 1, 1))
  self.module = nn.Sequential():add(self.squeeze):add(nn[self.activation]()):add(self.expand)
    :add(nn[self.activation]())
  parent.__init(self, self.module)
end

function FireModule:__tostring__()
  return ('%s inputPlanes: %d -> Squeeze Planes: %d -> Expand: %d(1x1) + %d(3x3), activation: %s'):format(
    torch.type(self), self.nInputPlane, self.s1x1, self.e1x1, self.e3x3, self.activation)
end

return FireModule
