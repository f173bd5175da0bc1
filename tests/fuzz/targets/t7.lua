-- Binary and in text.
local torch = require 'torch'
local fuzzing = require 'fuzzing'

local words = {'load', 'read', 'deserialize', 'file', 'storage'}

return function(bytes)
  fuzzing.try(words, torch.deserialize, bytes, 'binary')
  fuzzing.try(words, torch.deserialize, bytes, 'ascii')
end
