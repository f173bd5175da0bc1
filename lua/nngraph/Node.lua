--- nngraph.Node(data): a node of a net that is being put together. Its children are the nodes whose outputs it takes.
-- data, with the names that Torch7's files have: module, or selectindex for one output of a split; mapindex, the data
-- of the children in order, and each one's place; reverseMap, who takes this node's output; nSplitOutputs; annotations;
-- and while the net runs input, gradOutput and gradOutputBuffer.
local torch = require 'torch'
local errors = require 'torch.errors'

local Node, parent = torch.class('nngraph.Node', 'graph.Node')

-- Where the user's code is: "[net.lua]:12".
local function place_of_call()
  return ((errors.user_place() or '[C]:0'):gsub('^(.*):(%d+)$', '[%1]:%2'))
end

function Node:__init(data)
  parent.__init(self, data)
  data.annotations, data.mapindex, data.reverseMap = data.annotations or {}, data.mapindex or {}, data.reverseMap or {}
  data.annotations._debugLabel = data.annotations._debugLabel or place_of_call() .. '_'
end

--- Adds a child; with keep_place its output becomes the next of this node's inputs.
function Node:add(child, keep_place)
  parent.add(self, child)
  if not keep_place then return end
  local places, data = self.data.mapindex, child.data
  if places[data] then errors.fail("Don't pass the same input twice.") end
  places[#places + 1] = data
  places[data] = #places
  data.reverseMap[self] = true
end

--- split(n): n nodes for the n entries of the table that this node gives.
function Node:split(n)
  if n == 1 then return nngraph.JustElement()(self) end
  local label = self.data.annotations._debugLabel
  local split = ('%s split at %s-mnode'):format(label, place_of_call())
  local middle = nngraph.Node({nSplitOutputs = n, annotations = {_debugLabel = split}})
  middle:add(self, true)
  local nodes = {}
  for i = 1, n do
    nodes[i] = nngraph.Node({selectindex = i, input = {}, annotations = {_debugLabel = ('%s-%d'):format(label, i)}})
    nodes[i]:add(middle, true)
  end
  return unpack(nodes)
end

--- Notes about the node: name and description go into pictures and errors, graphAttributes are Graphviz's.
--   node:annotate{name = 'hidden', description = 'the state', graphAttributes = {color = 'red'}}
function Node:annotate(annotations)
  for key, value in pairs(annotations) do self.data.annotations[key] = value end
  return self
end

-- -- Pictures ---------------------------------------------------------------------------------------------------

function Node:graphNodeName()
  local name = self.data.annotations.name
  return name and ('%s (%d)'):format(name, self.id) or 'Node' .. self.id
end

function Node:graphNodeAttributes()
  local notes = self.data.annotations
  notes.graphAttributes = notes.graphAttributes or {}
  notes.graphAttributes.tooltip = notes.graphAttributes.tooltip or notes._debugLabel
  return notes.graphAttributes
end

-- What is wrong with a tensor's values, if anything.
local function flaw(t)
  if t:nElement() == 0 then return '' end
  if t:ne(t):max() > 0 then return 'NaN' end
  return t:max() == math.huge and 'inf' or t:min() == -math.huge and '-inf' or ''
end

local function describe(x)
  if torch.isTensor(x) then
    local kind = x:type() == torch.getdefaulttensortype() and 'Tensor' or x:type()
    return ('%s[%s]%s'):format(kind, table.concat(x:size():totable(), 'x'), flaw(x))
  elseif type(x) == 'table' and not torch.typename(x) then
    local list = {}
    for i, v in ipairs(x) do list[i] = describe(v) end
    return '{' .. table.concat(list, ',') .. '}'
  end
  return (tostring(x):gsub('\n', '\\l'))
end

local hidden = {forwardNodeId = true, annotations = true, reverseMap = true, mapindex = true}

function Node:label()
  local lines, places = {}, self.data.mapindex
  for key, value in pairs(self.data) do
    if not hidden[key] then lines[#lines + 1] = ('%s = %s'):format(key, describe(value)) end
  end
  if #places > 1 then
    local list = {}
    for i, data in ipairs(places) do list[i] = 'Node' .. (data.forwardNodeId or '') end
    lines[#lines + 1] = 'mapindex = {' .. table.concat(list, ',') .. '}'
  end
  table.sort(lines)
  local about = self.data.annotations.description
  return (about and 'desc = ' .. about .. '\\n' or '') .. table.concat(lines, '\\l')
end

return Node
