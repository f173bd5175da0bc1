--- graph.Edge(from, to[, weight]): an arrow between two nodes; fields from, to and weight.
local torch = require 'torch'

local Edge = torch.class('graph.Edge')

function Edge:__init(from, to, weight)
  self.from, self.to, self.weight = from, to, weight
end

return Edge
