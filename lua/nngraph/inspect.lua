--- Looking at graphs: names for nodes, pictures, and pictures of where a net failed.
local torch = require 'torch'
local paths = require 'paths'
local dot = require 'graph.dot'

local module = {}

--- nngraph.annotateNodes([level]): gives nodes that stand in local variables of the calling function their names.
-- level: which function of the stack, 1 the caller.
function module.annotateNodes(level)
  level = (level or 1) + 1
  local i = 1
  while true do
    local name, value = debug.getlocal(level, i)
    if not name then return end
    if torch.isTypeOf(value, 'nngraph.Node') and not value.data.annotations.name then value:annotate({name = name}) end
    i = i + 1
  end
end

--- nngraph.display(net): opens a picture of the net in the desktop's viewer. Gives the picture's file name.
function module.display(net)
  local path = dot.dot(net.fg, net.name or 'gModule')
  local open = require('ffi').os == 'OSX' and 'open' or 'xdg-open'
  os.execute(('%s %s >/dev/null 2>&1'):format(open, path))
  return path
end

-- -- Debugging --------------------------------------------------------------------------------------------------

local methods = {'runForwardFunction', 'updateGradInput', 'accGradParameters'}
local plain = {}
local gModule = torch.getmetatable('nn.gModule')
for _, name in ipairs(methods) do plain[name] = gModule[name] end

-- The picture of a net with the node it was at in red.
local function draw_failure(net)
  local prefix = net.name or ('nngraph_%din_%dout'):format(net.nInputs or #net.innode.children, #net.outnode.children)
  if paths.filep(prefix .. '.svg') then prefix = prefix .. '_' .. paths.basename(os.tmpname()) end
  local text, failed = net.fg:todot(prefix), net:_node()
  for _, node in ipairs(net.fg.nodes) do
    if failed and node.data == failed.data then
      text = text:gsub('}%s*$', ('n%d[style=filled, fillcolor=red];\n}'):format(node.id))
    end
  end
  io.stderr:write(('saving %s.svg\n'):format(prefix))
  dot.draw(text, 'dot', ("-Tsvg -o '%s.svg'"):format(prefix))
end

local function guarded(f)
  return function(net, ...)
    local function finish(ok, ...)
      if ok then return ... end
      draw_failure(net)
      error((...), 0)
    end
    return finish(pcall(f, net, ...))
  end
end

--- nngraph.setDebug(on): while on, a net that fails leaves a picture, NAME.svg (from net.name), with the node in red.
function module.setDebug(on)
  for _, name in ipairs(methods) do gModule[name] = on and guarded(plain[name]) or plain[name] end
end

return module
