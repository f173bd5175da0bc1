--- graph.Node(data): a node that holds any value. Nodes know their children, so that they can be walked without a
-- Graph. Fields: data; children, a list that also gives each child's place: children[child]; id, its place in the graph
-- it was added to; visited and marked, which the walks use.
local torch = require 'torch'

local Node = torch.class('graph.Node')

function Node:__init(data)
  self.data, self.id, self.children, self.visited, self.marked = data, 0, {}, false, false
end

--- Adds a child, or each of a list of children; one that is there already is not added again.
function Node:add(child)
  if type(child) == 'table' and not torch.typename(child) then
    for _, c in ipairs(child) do self:add(c) end
  elseif not self.children[child] then
    local n = #self.children + 1
    self.children[n], self.children[child] = child, n
  end
end

--- What a picture writes into the node.
function Node:label() return tostring(self.data) end

-- -- Walks ------------------------------------------------------------------------------------------------------

--- Depth first: before(node) on the way down, after(node) on the way up; nodes whose visited is set are left out. The
-- functions have to set it. Chains may be of any length: there is no recursion.
function Node:visit(before, after)
  if self.visited then return end
  if before then before(self) end
  local path, places = {self}, {0}
  while #path > 0 do
    local depth = #path
    local node, place = path[depth], places[depth] + 1
    local child = node.children[place]
    places[depth] = place
    if not child then
      if after then after(node) end
      path[depth], places[depth] = nil, nil
    elseif not child.visited then
      if before then before(child) end
      path[depth + 1], places[depth + 1] = child, 0
    end
  end
end

--- Depth first, children before their parents; visited stays set. Gives the nodes in the order of the calls.
function Node:dfs_dirty(f)
  local list = {}
  self:visit(function(node) node.visited = true end, function(node)
    f(node)
    list[#list + 1] = node
  end)
  return list
end

--- Calls f(node) depth first, children before their parents.
function Node:dfs(f)
  for _, node in ipairs(self:dfs_dirty(f)) do node.visited = false end
end

--- Breadth first, parents before their children; marked stays set. Gives the nodes in the order of the calls.
function Node:bfs_dirty(f)
  local list, at = {self}, 1
  self.marked = true
  while list[at] do
    local node = list[at]
    f(node)
    for _, child in ipairs(node.children) do
      if not child.marked then
        child.marked = true
        list[#list + 1] = child
      end
    end
    at = at + 1
  end
  return list
end

--- Calls f(node) breadth first, parents before their children.
function Node:bfs(f)
  for _, node in ipairs(self:bfs_dirty(f)) do node.marked = false end
end

--- The graph of this node and all below it.
function Node:graph()
  local g = graph.Graph()
  self:bfs(function(node)
    for _, child in ipairs(node.children) do g:add(graph.Edge(node, child)) end
  end)
  return g
end

--- Whether a walk down from this node can come to where it has been.
function Node:hasCycle()
  local on_path, done, cycle = {}, {}, false
  self:visit(function(node)
    on_path[node], node.visited = true, true
    for _, child in ipairs(node.children) do cycle = cycle or on_path[child] or false end
  end, function(node) on_path[node], done[node] = nil, true end)
  for node in pairs(done) do node.visited = false end
  return cycle
end

return Node
