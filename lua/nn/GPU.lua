--- nn.GPU(module, device[, outdevice]): a module for a certain GPU, and the GPU of its output (the same unless given).
-- One GPU is in use at a time (see cutorch), so both numbers are kept, and saved as Torch7 saves them, while the module
-- runs where its tensors are: on the CPU as well.
local torch = require 'torch'
local errors = require 'torch.errors'

local GPU, parent = torch.class('nn.GPU', 'nn.Decorator')

function GPU:__init(module, device, outdevice)
  parent.__init(self, module)
  if type(device) ~= 'number' then errors.fail('GPU: expected the number of a GPU, got %s', torch.type(device)) end
  if not torch.isTypeOf(module, 'nn.Module') then
    errors.fail('GPU: expected a module, got %s', torch.type(module))
  end
  self.device, self.outdevice, self._type = device, outdevice or device, module:type()
end

--- Takes another number for the module's GPU.
function GPU:setDevice(device)
  self.device = device or self.device
  return self
end

-- Torch7's files hold type and GPU first.
function GPU:write(file)
  file:writeObject {self._type, self.device}
  parent.write(self, file)
end

function GPU:read(file)
  file:readObject()
  parent.read(self, file)
end

function GPU:__tostring__()
  return ('%s(%d) @ %s'):format(torch.type(self), self.device, tostring(self.modules[1]))
end

return GPU
