--- LeNet as Caffe drew it: two convolutions with pooling, two linear layers; 431,080 parameters.
-- Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition, 1998.
local nn = require 'nn'

return function(classes)
  local net = nn.Sequential()
  net:add(nn.SpatialConvolution(1, 20, 5, 5))      -- 1x28x28 -> 20x24x24
  net:add(nn.SpatialMaxPooling(2, 2, 2, 2))        -- 20x12x12
  net:add(nn.ReLU(true))
  net:add(nn.SpatialConvolution(20, 50, 5, 5))     -- 50x8x8
  net:add(nn.SpatialMaxPooling(2, 2, 2, 2))        -- 50x4x4
  net:add(nn.ReLU(true))
  net:add(nn.View(50 * 4 * 4))
  net:add(nn.Linear(50 * 4 * 4, 500))
  net:add(nn.ReLU(true))
  net:add(nn.Linear(500, classes))
  net:add(nn.LogSoftMax())
  net:get(1).gradInput = nil                       -- nobody needs the gradient by the images
  return net
end
