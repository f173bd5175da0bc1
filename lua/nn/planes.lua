--- What modules over one to three spatial axes share: their fields' names, inputs without a batch, print-outs.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local types = require 'torch.types'
local F = require('torch.op').F

local planes = {}

-- The fields of a module over axes with these letters, the outermost axis first. Torch7's constructors and print-outs
-- have the letters in another order: T, W, H.
local function fields(letters, shown)
  local names = {count = #letters, shown = shown}
  for _, prefix in ipairs {'k', 'd', 'pad', 'dilation', 'adj'} do
    names[prefix] = {}
    for i, letter in ipairs(letters) do names[prefix][i] = prefix .. letter end
  end
  return names
end

planes.image, planes.volume = fields({'H', 'W'}, {'W', 'H'}), fields({'T', 'H', 'W'}, {'T', 'W', 'H'})

--- The numbers in fields such as kT, kH, kW, the outermost first; default for those that are not there.
function planes.numbers(self, axes, prefix, default)
  local names, out = axes[prefix], {}
  for i = 1, axes.count do out[i] = self[names[i]] or default end
  return out
end

--- The window that the fields k…, d…, pad… and dilation… say.
function planes.window(self, axes, groups, count_pad)
  return F.window(planes.numbers(self, axes, 'k'), planes.numbers(self, axes, 'd', 1),
                  planes.numbers(self, axes, 'pad', 0), planes.numbers(self, axes, 'dilation', 1), groups,
                  self.ceil_mode, count_pad)
end

local shapes = {'xW', 'xHxW', 'xTxHxW'}

--- The input as a batch with so many spatial axes, and whether it was a single sample.
function planes.batch(self, input, count)
  local dims = torch.isTensor(input) and input:dim()
  if dims == count + 2 then return input, false end
  if dims == count + 1 then return F.unsqueeze(input, 0), true end
  local sample = (self.nInputPlane or 'C') .. shapes[count]
  return errors.fail('%s: expected %s or Nx%s, got %s', torch.type(self), sample, sample,
                     dims and sizes.text(input) or torch.type(input))
end

--- The output for the sample alone, where it was one.
function planes.unbatch(out, single) return single and F.squeeze(out, 0) or out end

--- x with other sizes, copied first where its elements do not lie in order.
function planes.view(x, ...) return F.contiguous(x):view(...) end

--- The convolution of a batch, as the module's activation has it: 'relu', or none.
function planes.convolve(self, batch, weight, bias, window)
  return F[self.activation == 'relu' and 'conv_relu' or 'conv'](batch, weight, bias, window)
end

--- x plus a number for each channel of N×C×…; bias may be nil.
function planes.add_bias(x, bias)
  if not bias then return x end
  local sides = {}
  for i = 1, x:dim() - 2 do sides[i] = 1 end
  return F.add(x, planes.view(bias, 1, bias:nElement(), unpack(sides)))
end

--- Makes an op's places the module's indices, as the user sees them. The tape lets go of its own handle, so this is
-- another.
function planes.keep_indices(self, index, single)
  local t, device = self.indices, handle.layout(index).device
  if not t or handle.kind(t) ~= types.at[device][C.MT_INT64] then
    t = handle.like(index)
    self.indices = t
  end
  if single then memory.call(C.mt_squeeze, t, index, 0) else t:set(index) end
end

-- -- Parameters -------------------------------------------------------------------------------------------------

--- Makes weight and bias of the sizes in two tables, and their gradients, and draws them.
function planes.make_parameters(self, weight, bias)
  self.weight, self.bias = torch.Tensor(unpack(weight)), torch.Tensor(unpack(bias))
  self.gradWeight, self.gradBias = torch.Tensor(unpack(weight)):zero(), torch.Tensor(unpack(bias)):zero()
  self:reset()
end

--- Draws the parameters, uniform within ±stdv·√3; by default ±1/√fan, where fan is the number of inputs to an output.
-- The weight is drawn first, then the bias, as in Torch7.
function planes.draw(self, stdv, fan)
  local bound = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(fan)
  self.weight:uniform(-bound, bound)
  if self.bias then self.bias:uniform(-bound, bound) end
  return self
end

--- The method noBias.
function planes.no_bias(self)
  self.bias, self.gradBias = nil, nil
  return self
end

-- -- Print-outs -------------------------------------------------------------------------------------------------

-- The numbers of some fields as text, and whether one of them differs from a usual value.
local function shown(self, axes, prefix, separator, usual)
  local texts, unusual = {}, false
  for i, letter in ipairs(axes.shown) do
    local value = self[prefix .. letter] or usual
    texts[i], unusual = tostring(value), unusual or value ~= usual
  end
  return table.concat(texts, separator), unusual
end

--- Torch7's text of the window: its size, then its steps, its padding where there is any, and what the fields named in
-- more say (where always, or where they differ from 0). bare: steps are left out where they and the padding are usual.
function planes.text(self, axes, bare, more, always)
  local text = shown(self, axes, 'k', 'x')
  local steps, moves = shown(self, axes, 'd', ',', 1)
  local pads, padded = shown(self, axes, 'pad', ',', 0)
  if moves or padded or not bare then text = text .. ', ' .. steps end
  if padded then text = text .. ', ' .. pads end
  if not more then return text end
  local added, unusual = shown(self, axes, more, ',', 0)
  return (always or unusual) and text .. ', ' .. added or text
end

--- What a print-out says of the activation behind a module.
function planes.text_of_activation(self) return self.activation and ', ' .. self.activation or '' end

--- Torch7's print-out of a convolution with such a window.
function planes.describe(self, window)
  return ('%s(%d -> %d, %s)%s%s'):format(torch.type(self), self.nInputPlane, self.nOutputPlane, window,
                                         self.bias and '' or ' without bias', planes.text_of_activation(self))
end

-- A number for all axes, or a table of them, as text; and whether one differs from a usual value.
local function listed(value, count, usual)
  local texts, unusual = {}, false
  for i = 1, count do
    local v = type(value) == 'table' and value[i] or value
    texts[i], unusual = tostring(v), unusual or v ~= usual
  end
  return table.concat(texts, ','), unusual
end

--- The window of a module with the fields kernel, stride, pad, dilation and groups, likewise.
function planes.any_text(self)
  local text, count = table.concat(self.kernel, 'x'), #self.kernel
  local steps, moves = listed(self.stride, count, 1)
  local pads, padded = listed(self.pad, count, 0)
  local apart, dilated = listed(self.dilation or 1, count, 1)
  if moves or padded then text = text .. ', ' .. steps end
  if padded then text = text .. ', ' .. pads end
  if dilated then text = text .. ', dilation ' .. apart end
  return (self.groups or 1) > 1 and text .. ', groups ' .. self.groups or text
end

return planes
