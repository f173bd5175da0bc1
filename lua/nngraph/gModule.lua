--- nn.gModule(inputs, outputs): the net between nodes. inputs, outputs: lists of nodes; a net of one input takes a
-- tensor, one of several a table of them; outputs likewise.
-- Fields, as Torch7's files have them: fg and bg, the graphs of data and of gradients; innode and outnode, nodes before
-- the first and behind the last; forwardnodes and backwardnodes, the orders they run in; nInputs; verbose; name.
-- Each node's data holds its module, the input of the last forward, and the gradients to be added up (see
-- nngraph.Node).
local torch = require 'torch'
local errors = require 'torch.errors'
local calls = require 'nngraph.calls'
local utils = require 'nn.utils'

local gModule, parent = torch.class('nn.gModule', 'nn.Container')

-- -- Construction -----------------------------------------------------------------------------------------------

-- The node that all outputs lead to.
local function join_outputs(outputs)
  local node = nngraph.Node({input = {}})
  for i = 1, table.maxn(outputs) do
    calls.check_node(outputs[i], 'outputs', i)
    node:add(outputs[i], true)
  end
  return node
end

-- The node that all inputs come from.
local function split_inputs(inputs)
  for i = 1, table.maxn(inputs) do calls.check_node(inputs[i], 'inputs', i) end
  if #inputs == 0 then errors.fail('gModule: no inputs are not supported') end
  local node = nngraph.Node({input = {}})
  local sources = #inputs == 1 and {node} or {node:split(#inputs)}
  for i, input in ipairs(inputs) do
    if #input.children > 0 then errors.fail('gModule: inputs[%d] takes an input itself', i) end
    input:add(sources[i], true)
  end
  return node
end

-- Every root of the data's graph but the first node has to be a module without inputs, such as parameters.
local function find_input(fg, innode)
  local found
  for _, root in ipairs(fg:roots()) do
    if root.data == innode.data then
      found = root
    elseif not root.data.module then
      errors.fail('gModule: the node declared at %s has no input', root.data.annotations._debugLabel)
    end
  end
  return found or errors.fail('gModule: the outputs do not depend on the inputs')
end

-- Outputs of a split that nobody takes, and nodes that lead nowhere, are mistakes.
local function check_used(nodes)
  local present = {}
  for _, node in ipairs(nodes) do present[node.data] = true end
  for _, node in ipairs(nodes) do
    local data = node.data
    if data.nSplitOutputs and data.nSplitOutputs ~= #node.children then
      errors.fail('%d of split(%d) outputs from the node declared at %s are unused',
                  data.nSplitOutputs - #node.children, data.nSplitOutputs, data.annotations._debugLabel)
    end
    for successor in pairs(data.reverseMap) do
      if not present[successor.data] then
        errors.fail('node declared on %s does not connect to gmodule output', successor.data.annotations._debugLabel)
      end
    end
  end
end

function gModule:__init(inputs, outputs)
  parent.__init(self)
  self.outnode = join_outputs(outputs)
  local innode = split_inputs(inputs)
  self.bg = self.outnode:graph()
  self.fg = self.bg:reverse()
  self.innode = find_input(self.fg, innode)
  self.verbose, self.nInputs = false, #inputs
  self.forwardnodes, self.backwardnodes = self.fg:topsort(), self.bg:topsort()
  check_used(self.forwardnodes)
  for _, node in ipairs(self.forwardnodes) do
    node.data.forwardNodeId = node.id
    if node.data.module then self:add(node.data.module) end
  end
  self.output = #self.outnode.children > 1 and self.outnode.data.input or nil
  self.gradInput = nil
end

-- -- Forward ----------------------------------------------------------------------------------------------------

-- What a node takes: its only input, or the list of them; a node of parameters takes an empty list.
local function input_of(data)
  local input = data.input or {}
  return #input == 1 and input[1] or input
end

local function clear(list)
  for i = #(list or {}), 1, -1 do list[i] = nil end
end

-- The output of a node, given to each node that takes it.
local function propagate(node, output)
  for _, child in ipairs(node.children) do
    local data = child.data
    data.input = data.input or {}
    data.input[data.mapindex[node.data]] = output
  end
end

local function run_node(node, run)
  local data = node.data
  if data.selectindex then return propagate(node, data.input[1][data.selectindex]) end
  local output = input_of(data)
  if data.module then output = run(data.module, output) end
  if data.nSplitOutputs and (type(output) ~= 'table' or #output ~= data.nSplitOutputs) then
    errors.fail('split(%d) cannot split %s', data.nSplitOutputs,
                type(output) == 'table' and #output .. ' outputs' or 'a ' .. torch.type(output))
  end
  return propagate(node, output)
end

-- The node that a net is at, for errors and pictures of them.
local current = setmetatable({}, {__mode = 'k'})

--- The node that this net was at when it last ran, for nngraph.setDebug.
function gModule:_node() return current[self] end

local function walk(self, nodes, step, ...)
  for i = 1, #nodes do
    current[self] = nodes[i]
    step(nodes[i], ...)
    if self.verbose then print(' V : ' .. nodes[i]:label()) end
  end
end

local function check_inputs(self, input)
  local n = self.nInputs or #self.innode.children
  if n <= 1 then return {input} end
  if type(input) ~= 'table' then errors.fail('expecting table of %d inputs, got a %s', n, torch.type(input)) end
  if #input ~= n then errors.fail('Got %d inputs instead of %d', #input, n) end
  return input
end

--- Runs a function of each module on its input: a name, or f(module, input) that gives the output.
function gModule:runForwardFunction(f, input)
  local name = f
  if type(f) == 'string' then f = function(module, x) return module[name](module, x) end end
  local list = check_inputs(self, input)
  for _, node in ipairs(self.forwardnodes) do clear(node.data.input) end
  local data = self.innode.data
  data.input = data.input or {}
  for i, x in ipairs(list) do data.input[i] = x end
  walk(self, self.forwardnodes, run_node, f)
  self.output = self.outnode.data.input
  if #self.outnode.children == 1 then self.output = self.output[1] end
  return self.output
end

local function forward(module, input) return module:forward(input) end

function gModule:updateOutput(input) return self:runForwardFunction(forward, input) end

-- -- Backward ---------------------------------------------------------------------------------------------------

-- The sum of the gradients that came to a node; kept in gradOutputBuffer when there are several.
local function total_gradient(data)
  local list = data.gradOutput
  if #list == 1 then return list[1] end
  local sum = data.gradOutputBuffer
  sum = utils.recursiveResizeAs(sum, list[1])
  utils.recursiveCopy(sum, list[1])
  for i = 2, #list do utils.recursiveAdd(sum, 1, list[i]) end
  data.gradOutputBuffer = sum
  return sum
end

local function give_back(node, gradInput)
  local places = node.data.mapindex
  for _, child in ipairs(node.children) do
    local data = child.data
    data.gradOutput = data.gradOutput or {}
    local g = gradInput
    if #node.children > 1 then g = gradInput[places[data]] end
    data.gradOutput[#data.gradOutput + 1] = g
  end
end

-- One output of a split: its gradient goes to its place in the table.
local function give_back_entry(node, g)
  local data = node.children[1].data
  data.gradOutput = data.gradOutput or {}
  data.gradOutput[1] = data.gradOutput[1] or {}
  data.gradOutput[1][node.data.selectindex] = g
end

local function back_node(node)
  local data = node.data
  local g = total_gradient(data)
  if data.selectindex then return give_back_entry(node, g) end
  if data.module then g = data.module:updateGradInput(input_of(data), g) end
  return give_back(node, g)
end

local function check_gradients(self, gradOutput)
  local n = #self.outnode.children
  if n > 1 and (type(gradOutput) ~= 'table' or #gradOutput ~= n) then
    errors.fail('Got %s gradOutputs instead of %d', type(gradOutput) == 'table' and #gradOutput or 1, n)
  end
end

function gModule:updateGradInput(_, gradOutput)
  check_gradients(self, gradOutput)
  for _, node in ipairs(self.backwardnodes) do clear(node.data.gradOutput) end
  local data = self.outnode.data
  data.gradOutput = data.gradOutput or {}
  data.gradOutput[1] = gradOutput
  walk(self, self.backwardnodes, back_node)
  self.gradInput = self.innode.data.gradOutput[1]
  return self.gradInput
end

local function accumulate_node(node, scale)
  local data = node.data
  if not data.module then return end
  local g = #data.gradOutput > 1 and data.gradOutputBuffer or data.gradOutput[1]
  data.module:accGradParameters(input_of(data), g, scale)
end

function gModule:accGradParameters(_, gradOutput, scale)
  check_gradients(self, gradOutput)
  walk(self, self.backwardnodes, accumulate_node, scale or 1)
end

-- -- Changing ---------------------------------------------------------------------------------------------------

function gModule:replace(f)
  local out, place = f(self), {}
  for i, module in ipairs(self.modules) do place[module] = i end
  for _, node in ipairs(self.forwardnodes) do
    local module = node.data.module
    if module then
      node.data.module = module:replace(f)
      self.modules[place[module]] = node.data.module
    end
  end
  return out
end

--- Calls f(module, module of the other) for the modules of two nets of one structure.
function gModule:map(other, f)
  for i, node in ipairs(self.forwardnodes) do
    local twin = other.forwardnodes[i]
    if not twin or (node.data.module ~= nil) ~= (twin.data.module ~= nil) then
      errors.fail('map: the other gModule has a different structure')
    end
    if node.data.module then f(node.data.module, twin.data.module) end
  end
end

function gModule:type(type, cache)
  if not type then return self._type end
  cache = cache or {}
  for _, nodes in ipairs {self.forwardnodes, self.backwardnodes} do
    for _, node in ipairs(nodes) do
      for _, field in ipairs {'input', 'gradOutput', 'gradOutputBuffer'} do
        node.data[field] = utils.recursiveType(node.data[field], type, cache)
      end
    end
  end
  for _, module in ipairs(self.modules) do module:type(type, cache) end
  self.output = utils.recursiveType(self.output, type, cache)
  self.gradInput = utils.recursiveType(self.gradInput, type, cache)
  self._type = type
  return self
end

function gModule:clearState()
  parent.clearState(self)
  for _, node in ipairs(self.backwardnodes) do node.data.gradOutput, node.data.gradOutputBuffer = nil, nil end
  for _, node in ipairs(self.forwardnodes) do node.data.input = nil end
  return self
end

-- Old files have no list of modules.
function gModule:read(file)
  parent.read(self, file)
  if self.modules then return end
  self.modules = {}
  for _, node in ipairs(self.forwardnodes) do
    if node.data.module then self.modules[#self.modules + 1] = node.data.module end
  end
end

--- Where a module stands, for errors: its node's name, and where the user made it.
function gModule:place_of(module)
  for _, node in ipairs(self.forwardnodes) do
    if node.data.module == module then
      local notes = node.data.annotations
      return ('[%s declared at %s]'):format(notes.name or 'node ' .. node.id, (notes._debugLabel:gsub('_$', '')))
    end
  end
end

function gModule:__tostring__() return self.name or torch.type(self) end

return gModule
