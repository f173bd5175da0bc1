-- What was read can be written, and then reads the same.
local torch = require 'torch'
local fuzzing = require 'fuzzing'

local options = {nan = 'null'} -- of 1e999

local function check(bytes)
  local value = torch.json.decode(bytes)
  local text = torch.json.encode(value, options)
  if torch.json.encode(torch.json.decode(text), options) ~= text then error('the value changes: ' .. text, 0) end
end

return function(bytes) fuzzing.try({'json'}, check, bytes) end
