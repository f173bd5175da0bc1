-- The first byte chooses the options.
local torch = require 'torch'
local fuzzing = require 'fuzzing'

local options = {
  {}, {missing = 'nan'}, {header = true, columns = {2, 'a'}}, {delimiter = ';', header = false},
  {type = 'torch.LongTensor', delimiter = ' '}, {type = 'torch.CharTensor', delimiter = '\t'},
}

return function(bytes)
  if bytes == '' then return end
  fuzzing.try({'csv'}, torch.csv.decode, bytes:sub(2), options[bytes:byte() % #options + 1])
end
