--- nngraph: nets as graphs. Calling a module with nodes makes a node; nn.gModule(inputs, outputs) is the net.
--   require 'nngraph'
--   local x = nn.Identity()()
--   local h = nn.Tanh()(nn.Linear(10, 20)(x))       -- or: x - nn.Linear(10, 20) - nn.Tanh()
--   local net = nn.gModule({x}, {nn.CAddTable()({nn.Linear(20, 2)(h), nn.Linear(10, 2)(x)})})
--   graph.dot(net.fg, 'net', 'net')                 -- net.svg
-- While nngraph is loaded, module(input) makes nodes: use module:forward(input) for tensors.
local torch = require 'torch'
require 'nn'
require 'graph'
local errors = require 'torch.errors'

errors.package()

local nngraph = rawget(_G, 'nngraph') or {}
rawset(_G, 'nngraph', nngraph)

require 'nngraph.Node'
require 'nngraph.gModule'
require 'nngraph.fuse'
require 'nngraph.wrappers'
local calls = require 'nngraph.calls'
nngraph.nest = calls.nest
for name, value in pairs(require 'nngraph.inspect') do nngraph[name] = value end
nngraph.simple_print = require 'nngraph.simple_print'

-- -- The syntax -------------------------------------------------------------------------------------------------

local Module, Criterion = torch.getmetatable('nn.Module'), torch.getmetatable('nn.Criterion')
local Node = torch.getmetatable('nngraph.Node')

--- module(node), module({node, …}) or module(): a node that runs the module on what the nodes give.
Module.__call__ = calls.node_of

--- criterion({prediction, target}): a node that gives the loss.
function Criterion:__call__(...) return nn.ModuleFromCriterion(self)(...) end

--- −module is module(); a − b is b(a), for nodes and modules.
function Module.__unm__(module) return module() end
function Module.__sub__(before, after) return after(before) end
Node.__sub__ = Module.__sub__

package.loaded.nngraph = nngraph
return nngraph
