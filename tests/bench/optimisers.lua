--- Steps of optimisers over 25 M float32 parameters.
local torch = require 'torch'
local optim = require 'optim'

local function row(name, method, config, passes)
  return {name = name, goal = 0.5, bytes = passes * 4 * 25e6, make = function(pick)
    local n = pick(25e6, 1000)
    local x, g = torch.FloatTensor(n):uniform(-1, 1), torch.FloatTensor(n):uniform(-1, 1)
    local function f() return 0, g end
    return function() method(f, x, config) end
  end}
end

return {
  row('Adam', optim.adam, {}, 7),
  row('SGD with momentum', optim.sgd, {momentum = 0.9, dampening = 0}, 5),
  row('RMSprop', optim.rmsprop, {}, 5),
}
