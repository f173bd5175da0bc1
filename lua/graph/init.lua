--- graph: directed graphs of any objects, their orders, and their pictures by Graphviz. require 'graph' also sets the
-- global graph.
--   local g = graph.Graph()
--   local a, b = graph.Node('a'), graph.Node('b')
--   g:add(graph.Edge(a, b))
--   for _, node in ipairs(g:topsort()) do print(node.data) end   -- a, b
local errors = require 'torch.errors'
require 'torch'

errors.package()

local graph = rawget(_G, 'graph') or {}
rawset(_G, 'graph', graph)

require 'graph.Node'
require 'graph.Edge'
require 'graph.Graph'
for name, value in pairs(require 'graph.dot') do graph[name] = value end

package.loaded.graph = graph
return graph
