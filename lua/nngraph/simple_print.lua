--- nngraph.simple_print: pictures of graphs without the nodes that do nothing (splits and nn.Identity).
local torch = require 'torch'
local dot = require 'graph.dot'

local simple_print = {}

local function works(node)
  local module = type(node.data) == 'table' and node.data.module
  return module and torch.typename(module) ~= 'nn.Identity'
end

-- The nodes that work which a node leads to, through those that do not.
local function next_workers(node, found, seen)
  for _, child in ipairs(node.children) do
    if not seen[child] then
      seen[child] = true
      if works(child) then found[#found + 1] = child else next_workers(child, found, seen) end
    end
  end
  return found
end

--- The graph in Graphviz's language.
function simple_print.todot(g, title)
  local short, twins = graph.Graph(), {}
  local function twin(node)
    if not twins[node] then
      twins[node] = graph.Node(node.data)
      twins[node].label = function() return tostring(node.data.module) end
    end
    return twins[node]
  end
  for _, node in ipairs(g.nodes) do
    if works(node) then
      for _, worker in ipairs(next_workers(node, {}, {})) do short:add(graph.Edge(twin(node), twin(worker))) end
    end
  end
  return short:todot(title)
end

--- Draws it as graph.dot does; gives the picture's file name.
function simple_print.dot(g, title, fname)
  return dot.dot({todot = function() return simple_print.todot(g, title) end}, title, fname)
end

return simple_print
