--- Pictures of graphs: descriptions in Graphviz's language, which its program dot (Debian's package graphviz) draws.
local torch = require 'torch'
local errors = require 'torch.errors'

local module = {}

local function in_quotes(text) return '"' .. text:gsub('\n', '\\n'):gsub('"', '\\"') .. '"' end

--- A text as an attribute's value: in quotes unless it is a plain word.
function module._dotEscape(text) return text:find('[^a-zA-Z]') and in_quotes(text) or text end
local escape = module._dotEscape

local function attributes_of(node)
  if not node.graphNodeAttributes then return '' end
  local list = {}
  for name, value in pairs(node:graphNodeAttributes()) do
    list[#list + 1] = ('%s=%s'):format(name, escape(tostring(value)))
  end
  table.sort(list)
  return ' ' .. table.concat(list, ' ')
end

function module.describe(g, title)
  local lines = {'digraph G {'}
  if title then lines[#lines + 1] = ('labelloc="t";\nlabel=%s;'):format(in_quotes(title)) end
  lines[#lines + 1] = 'node [shape = oval]; '
  for _, node in ipairs(g.nodes) do
    local name = node.graphNodeName and node:graphNodeName() or 'Node' .. node.id
    lines[#lines + 1] = ('n%d[label=%s%s];'):format(node.id, escape(name .. '\n' .. node:label()), attributes_of(node))
  end
  for _, edge in ipairs(g.edges) do lines[#lines + 1] = ('n%d -> n%d;'):format(edge.from.id, edge.to.id) end
  lines[#lines + 1] = '}'
  return table.concat(lines, '\n')
end

-- -- Drawing ----------------------------------------------------------------------------------------------------

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function write(path, text)
  local file, reason = io.open(path, 'w')
  if not file then errors.fail('graph: cannot write %s', reason) end
  file:write(text)
  file:close()
end

-- Draws text with one of Graphviz's programs; gives what it writes to standard output.
local function draw(text, algorithm, arguments)
  if not algorithm:find('^%a+$') then errors.fail('graph: %s is no layout of Graphviz', algorithm) end
  local source = os.tmpname()
  write(source, text)
  local pipe = io.popen(('dot -K%s %s %s 2>&1; echo "status $?"'):format(algorithm, arguments, quote(source)))
  local output = pipe:read('*a')
  pipe:close()
  os.remove(source)
  local answer, status = output:match('^(.-)status (%d+)%s*$')
  if status == '127' then errors.fail('graph: the program dot is missing: apt install graphviz') end
  if status ~= '0' then errors.fail('graph: %s could not draw it: %s', algorithm, answer) end
  return answer
end
module.draw = draw

--- graph.graphvizFile(g, algorithm, fname): draws a graph into a file whose ending says how: .svg, .pdf, .png, .dot …
-- algorithm: dot (the default), neato, circo, …
function module.graphvizFile(g, algorithm, fname)
  local kind = fname:match('%.(%w+)$')
  if not kind then errors.fail('graphvizFile: expected a file name with an ending, got %s', fname) end
  draw(g:todot(), algorithm or 'dot', ('-T%s -o %s'):format(kind, quote(fname)))
end

--- graph.graphvizLayout(g[, algorithm]): where Graphviz puts the nodes: a tensor n×2 of x and y, each from 0 to 1.
function module.graphvizLayout(g, algorithm)
  local text = draw(g:todot(), algorithm or 'dot', '-Tplain')
  local width, height = text:match('graph [%d.e+-]+ ([%d.e+-]+) ([%d.e+-]+)')
  local places = torch.zeros(#g.nodes, 2)
  for id, x, y in text:gmatch('\nnode n(%d+) ([%d.e+-]+) ([%d.e+-]+)') do
    local place = places[tonumber(id)]
    place[1], place[2] = x / width, y / height
  end
  return places
end

--- graph.dot(g, title, fname): draws a graph into fname.svg, and writes it with its layout into fname.dot. Without
-- fname it goes to a temporary file. Gives the picture's file name.
function module.dot(g, title, fname)
  fname = fname or os.tmpname()
  local text = g:todot(title)
  draw(text, 'dot', ('-Tdot -o %s -Tsvg -o %s'):format(quote(fname .. '.dot'), quote(fname .. '.svg')))
  return fname .. '.svg'
end

return module
