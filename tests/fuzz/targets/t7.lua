-- Binary and in text, refusing and replacing what cannot simply be read. Functions are never made: they are code.
local torch = require 'torch'
local fuzzing = require 'fuzzing'
require 'tds'

local words = {'load', 'read', 'deserialize', 'file', 'storage', 'tds', 'hash', 'set'}

return function(bytes)
  fuzzing.try(words, torch.deserialize, bytes, 'binary')
  fuzzing.try(words, torch.deserialize, bytes, 'ascii')
  fuzzing.try(words, torch.deserialize, bytes, 'binary', {functions = 'placeholders', unknown = 'table'})
end
