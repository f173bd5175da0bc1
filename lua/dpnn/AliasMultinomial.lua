--- torch.AliasMultinomial(probabilities): draws places by weight, each in the same short time however many there are.
--   torch.AliasMultinomial(torch.Tensor{0.1, 0.9}):batchdraw(torch.LongTensor(5))
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'

local AliasMultinomial = torch.class('torch.AliasMultinomial')

-- The names of the table's two halves, as saved: other places, and the shares that stay.
AliasMultinomial.dpnn_parameters = {'J', 'q'}

function AliasMultinomial:__init(probabilities)
  if not handle.is_tensor(probabilities) or probabilities:dim() ~= 1 then
    errors.fail('AliasMultinomial: expected a vector of probabilities, got %s', torch.type(probabilities))
  end
  local state = torch.multinomialAliasSetup(probabilities)
  self.J, self.q = state[1], state[2]
end

--- Fills output, a LongTensor, with places.
function AliasMultinomial:batchdraw(output) return torch.multinomialAlias(output, {self.J, self.q}) end

--- One place.
function AliasMultinomial:draw() return self:batchdraw(torch.LongTensor(1))[1] end

return AliasMultinomial
