--- How nn.utils.fuse goes through the nodes of nn.gModule. The graph stays as it is: a module that becomes part of one
-- before it leaves nn.Identity behind.
local fuse = require 'nn.fuse'

-- The node that makes all that a node takes, and whose output goes nowhere else; nil where there is none.
local function only_source(node, before)
  local sources = node.data.mapindex
  local from = #sources == 1 and before[sources[1]]
  if not from or #from.children ~= 1 or from.data.nSplitOutputs or from.data.selectindex then return nil end
  return from
end

local function identity_like(module) return nn.Identity():type(module:type()) end

-- made[node]: the node whose module makes what this one passes on
local function fuse_node(work, node, before, made)
  local data = node.data
  local from = only_source(node, before)
  local maker = from and (made[from] or from.data.module and from)
  if fuse.is_nothing(data.module) then
    made[node], data.module = maker, identity_like(data.module)
    return
  end
  if not maker then return end
  local first, second = fuse.join(work, maker.data.module, data.module)
  if not first then return end
  maker.data.module, data.module = first, second or identity_like(data.module)
  if not second then made[node] = maker end
end

fuse.containers['nn.gModule'] = function(work, net)
  local before, made = {}, {}
  net.modules = {}
  for _, node in ipairs(net.forwardnodes) do
    local data = node.data
    before[data], data.input, data.gradOutput, data.gradOutputBuffer = node, nil, nil, nil
  end
  for _, node in ipairs(net.forwardnodes) do
    if node.data.module then
      fuse.look_into(work, node.data.module)
      fuse_node(work, node, before, made)
    end
  end
  for _, node in ipairs(net.forwardnodes) do
    if node.data.module then net.modules[#net.modules + 1] = node.data.module end
  end
end
