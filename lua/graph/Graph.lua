--- graph.Graph(): edges and the nodes between them.
-- Fields: nodes and edges, lists that also give each entry's place: nodes[node].
local torch = require 'torch'
local errors = require 'torch.errors'

local Graph = torch.class('graph.Graph')

function Graph:__init()
  self.nodes, self.edges = {}, {}
end

local function list_once(list, x)
  if not list[x] then
    local n = #list + 1
    list[n], list[x] = x, n
  end
  return list[x]
end

--- Adds an edge, or each of a list of edges, with its nodes; from gets to as a child.
function Graph:add(edge)
  if type(edge) ~= 'table' then
    errors.fail('add: expected a graph.Edge or a list of them, got %s', torch.type(edge))
  end
  if not torch.typename(edge) then
    for _, e in ipairs(edge) do self:add(e) end
    return
  end
  list_once(self.edges, edge)
  edge.from.id = list_once(self.nodes, edge.from)
  edge.to.id = list_once(self.nodes, edge.to)
  edge.from:add(edge.to)
end

--- A graph of new nodes, which share their data with the old ones.
function Graph:clone()
  local copy, nodes = torch.factory(torch.typename(self))(), {}
  copy:__init()
  for i, node in ipairs(self.nodes) do nodes[i] = node.new(node.data) end
  for _, edge in ipairs(self.edges) do
    copy:add(edge.new(nodes[self.nodes[edge.from]], nodes[self.nodes[edge.to]]))
  end
  return copy
end

--- A graph with all edges turned round, of new nodes that share their data; and a table from old nodes to new ones.
function Graph:reverse()
  local turned, map = graph.Graph(), {}
  local function twin(node)
    map[node] = map[node] or node.new(node.data)
    return map[node]
  end
  for _, edge in ipairs(self.edges) do
    local from, to = twin(edge.from), twin(edge.to)
    turned:add(edge.new(to, from))
  end
  return turned, map
end

-- The nodes that stand on one side of edges and never on the other, in the order of nodes.
local function only_on(self, side, other)
  local found, list = {}, {}
  for _, edge in ipairs(self.edges) do found[edge[side]] = true end
  for _, edge in ipairs(self.edges) do found[edge[other]] = nil end
  for _, node in ipairs(self.nodes) do
    if found[node] then list[#list + 1] = node end
  end
  return list
end

--- The nodes that no edge leads to.
function Graph:roots() return only_on(self, 'from', 'to') end

--- The nodes that no edge leaves.
function Graph:leaves() return only_on(self, 'to', 'from') end

function Graph:hasCycle()
  local roots = self:roots()
  for _, root in ipairs(roots) do
    if root:hasCycle() then return true end
  end
  return #roots == 0
end

--- The nodes in an order in which every edge leads onwards; also the reversed graph, and its roots. A graph with a
-- cycle has no such order.
function Graph:topsort()
  local turned, map = self:reverse()
  local original, sorted, starts = {}, {}, turned:roots()
  for node, twin in pairs(map) do original[twin] = node end
  -- what a node depends on lies below it in the turned graph, so it comes first when children come before parents
  for _, start in ipairs(starts) do
    for _, twin in ipairs(start:dfs_dirty(function() end)) do sorted[#sorted + 1] = original[twin] end
  end
  for _, twin in ipairs(turned.nodes) do twin.visited = false end
  if #sorted ~= #self.nodes or self:hasCycle() then errors.fail('topsort: the graph has cycles') end
  return sorted, turned, starts
end

--- The graph in Graphviz's language. A node may say more about itself with graphNodeName() and graphNodeAttributes().
function Graph:todot(title) return require('graph.dot').describe(self, title) end

return Graph
