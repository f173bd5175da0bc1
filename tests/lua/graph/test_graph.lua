--- Graphs: walks, orders, cycles, pictures.
local t = require 'harness'
require 'graph'

local function nodes(n)
  local list = {}
  for i = 1, n do list[i] = graph.Node(i) end
  return list
end

-- A graph of nodes 1 … n and edges given as pairs of numbers.
local function make(n, pairs_)
  local list, g = nodes(n), graph.Graph()
  for _, p in ipairs(pairs_) do g:add(graph.Edge(list[p[1]], list[p[2]])) end
  return g, list
end

local function data_of(list)
  local out = {}
  for i, node in ipairs(list) do out[i] = node.data end
  return out
end

t.test('nodes and edges are listed once; ids are places', function()
  local g, n = make(3, {{1, 2}, {1, 3}, {2, 3}, {1, 2}})
  t.eq({#g.nodes, #g.edges, n[3].id, g.nodes[n[2]]}, {3, 4, 3, 2})
  t.eq(#n[1].children, 2)
  t.raises('expected a graph.Edge', function() g:add(3) end)
end)

t.test('roots, leaves, walks', function()
  local g, n = make(5, {{1, 2}, {1, 3}, {2, 4}, {3, 4}, {5, 4}})
  t.eq(data_of(g:roots()), {1, 5})
  t.eq(data_of(g:leaves()), {4})
  local seen = {}
  n[1]:bfs(function(node) seen[#seen + 1] = node.data end)
  t.eq(seen, {1, 2, 3, 4})
  for _ = 1, 2 do   -- the marks are taken back
    seen = {}
    n[1]:dfs(function(node) seen[#seen + 1] = node.data end)
    t.eq(seen, {4, 2, 3, 1})
  end
end)

t.test('topsort: every edge leads onwards; a cycle is refused', function()
  local g = make(7, {{7, 1}, {1, 2}, {1, 3}, {3, 2}, {2, 4}, {5, 4}, {4, 6}})
  local sorted, place = g:topsort(), {}
  t.eq(#sorted, 7)
  for i, node in ipairs(sorted) do place[node] = i end
  for _, edge in ipairs(g.edges) do assert(place[edge.from] < place[edge.to]) end
  assert(not g:hasCycle())
  for _, edges in ipairs {{{1, 2}, {2, 3}, {3, 2}}, {{1, 2}, {2, 1}}, {{1, 2}, {2, 3}, {3, 4}, {4, 2}, {4, 5}}} do
    local ring = make(5, edges)
    assert(ring:hasCycle())
    t.raises('cycles', ring.topsort, ring)
  end
end)

t.test('a chain of 100,000 nodes is walked without recursion', function()
  local g, list = graph.Graph(), nodes(100000)
  for i = 2, #list do g:add(graph.Edge(list[i - 1], list[i])) end
  t.eq(#g:topsort(), 100000)
  assert(not g:hasCycle())
end)

t.test('clone and reverse make new nodes with the same data', function()
  local g, n = make(3, {{1, 2}, {2, 3}})
  local copy = g:clone()
  t.eq(data_of(copy.nodes), {1, 2, 3})
  assert(copy.nodes[1] ~= n[1])
  local turned, map = g:reverse()
  t.eq(data_of(turned:roots()), {3})
  t.eq(map[n[1]].data, 1)
  t.eq(data_of(n[2]:graph().nodes), {2, 3})
end)

t.test('descriptions for Graphviz escape what they hold', function()
  t.eq(graph._dotEscape('red'), 'red')
  t.eq(graph._dotEscape('a "b"\nc'), '"a \\"b\\"\\nc"')
  local g = graph.Graph()
  g:add(graph.Edge(graph.Node('x"y'), graph.Node('z')))
  local text = g:todot('a title')
  assert(text:find('label="a title"', 1, true) and text:find('n1[label="Node1\\nx\\"y"]', 1, true), text)
  assert(text:find('n1 -> n2;', 1, true))
end)

t.test('Graphviz draws and lays out', function()
  if os.execute('command -v dot >/dev/null 2>&1') ~= 0 then t.skip('graphviz is not there') end
  local g = make(3, {{1, 2}, {2, 3}})
  local places = graph.graphvizLayout(g)
  assert(places[1][2] > places[2][2] and places[2][2] > places[3][2])
  t.near(places[1][1], places[3][1], 1e-3)
  local name = os.tmpname()
  t.eq(graph.dot(g, 'chain', name), name .. '.svg')
  for ending, words in pairs {['.svg'] = '<svg', ['.dot'] = 'n1 %-> n2'} do
    local file = assert(io.open(name .. ending))
    assert(file:read('*a'):find(words))
    file:close()
    os.remove(name .. ending)
  end
  t.raises('no layout of Graphviz', graph.graphvizLayout, g, 'dot; true')
end)
