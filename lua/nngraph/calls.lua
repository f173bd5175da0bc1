--- What a call of a module makes: nodes, and nodes of nested tables.
local torch = require 'torch'
local errors = require 'torch.errors'

local calls = {}

--- Fails when what stands at a place of a list of nodes is none. list: 'inputs' or 'outputs'.
function calls.check_node(x, list, place)
  if torch.isTypeOf(x, 'nngraph.Node') then return end
  if x == nil then errors.fail('%s[%d] is nil (typo / bad index?)', list, place) end
  if torch.isTypeOf(x, 'nn.Module') then
    errors.fail('%s[%d] is an nn.Module, specifically a %s, but the only valid thing to pass is an instance of ' ..
                'nngraph.Node. Did you forget a second set of parens, which convert a nn.Module to a nngraph.Node?',
                list, place, torch.typename(x))
  end
  errors.fail('%s[%d] should be an nngraph.Node but is of type %s', list, place, torch.type(x))
end

--- The node that module(input) makes.
function calls.node_of(module, ...)
  if select('#', ...) > 1 then errors.fail('Use {input1, input2} to pass multiple inputs.') end
  local input = ...
  if select('#', ...) == 1 and input == nil then calls.check_node(nil, 'inputs', 1) end
  if type(input) == 'table' and not torch.typename(input) then
    if next(input) == nil then
      errors.fail('cannot pass an empty table of inputs. To indicate no incoming connections, leave the second ' ..
                  'set of parens blank.')
    end
  else
    input = {input}
  end
  local node = nngraph.Node({module = module})
  for i = 1, table.maxn(input) do
    calls.check_node(input[i], 'inputs', i)
    node:add(input[i], true)
  end
  return node
end

local function nest(x)
  if torch.isTypeOf(x, 'nngraph.Node') then return x end
  if type(x) ~= 'table' or #x == 0 then errors.fail('what is this in the nest input? %s', tostring(x)) end
  if #x == 1 then return nngraph.JustTable()(nest(x[1])) end
  local nodes = {}
  for i, child in ipairs(x) do nodes[i] = nest(child) end
  return nn.Identity()(nodes)
end

--- nngraph.nest(nodes): one node that gives a table, nested as the nodes are: nngraph.nest({a, {b}, c})
function calls.nest(...)
  if select('#', ...) > 1 then errors.fail('Use {input1, input2} to pass multiple inputs.') end
  if ... == nil then errors.fail('Pass an input.') end
  return nest((...))
end

return calls
