--- Looking into what a function records: the options debugHook, dotFile and showCode of autograd(f, options).
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local tape = require 'autograd.tape'

local guard, state = tape.guard, op.state
local is_tensor = handle.is_tensor

local debugging = {}

-- -- The tape as text -------------------------------------------------------------------------------------------

local function of_size(t)
  return t:nElement() == 1 and 'number' or sizes.text(t)
end

-- The slots that entry n reads.
local function inputs(t, n)
  local a = t.slot_a[n]
  if type(a) == 'table' then return a end
  local list = {}
  for _, slot in ipairs {a or 0, t.slot_b[n] or 0, t.slot_c[n] or 0} do
    if slot > 0 then list[#list + 1] = slot end
  end
  return list
end

--- The tape as a list of ops, one a line: "5 = mul(3, 4)   32x100".
function debugging.listing(t)
  local lines = {}
  for n = 1, t.n do
    local row = t.row[n]
    lines[n] = ('%d = %s   %s'):format(n, row and ('%s(%s)'):format(row.name, table.concat(inputs(t, n), ', ')) or
                                          'argument', of_size(t.out[n]))
  end
  return table.concat(lines, '\n')
end

local function broken(t)
  if not is_tensor(t) or not handle.kind(t).floating or t:nElement() == 0 then return false end
  local low, high = t:min(), t:max()
  return low ~= low or high ~= high or high == math.huge or low == -math.huge
end

-- A node n and the edges to it, in Graphviz's language.
local function describe(lines, n, row, out, slots)
  lines[#lines + 1] = ('  %d [label="%s\\n%s", shape=%s, color=%s];'):format(
    n, row and row.name:gsub('["\\]', '\\%0') or 'argument', of_size(out), row and 'ellipse' or 'box',
    broken(out) and 'red' or 'black')
  for _, slot in ipairs(row and slots or {}) do lines[#lines + 1] = ('  %d -> %d;'):format(slot, n) end
end

--- The tape as a graph in Graphviz's language; values with a NaN or an infinity are red. row, out, …: an op that is not
-- recorded yet, its result and operands; they may be left out.
function debugging.dot(t, row, out, ...)
  local lines, slots = {'digraph autograd {'}, {}
  for n = 1, t.n do describe(lines, n, t.row[n], t.out[n], inputs(t, n)) end
  for i = 1, select('#', ...) do
    local x = select(i, ...)
    for _, operand in ipairs(type(x) == 'table' and x or {x or nil}) do slots[#slots + 1] = t.slot[operand] end
  end
  if row then describe(lines, t.n + 1, row, out, slots) end
  lines[#lines + 1] = '}\n'
  return table.concat(lines, '\n')
end

local function write(path, text)
  local file, reason = io.open(path, 'w')
  if not file then errors.fail('autograd: cannot write %s', reason) end
  file:write(text)
  file:close()
end

-- -- The hook ---------------------------------------------------------------------------------------------------

-- The user's line as {source = the script's text, line = the number, place = "script.lua:12"}.
local function user_line()
  local info = errors.user_info()
  local gen = {source = '', line = info and info.currentline or 0}
  gen.place = info and ('%s:%d'):format(info.short_src, info.currentline) or 'unknown'
  if info and info.source:sub(1, 1) == '@' then
    local file = io.open(info.source:sub(2))
    gen.source = file and file:read('*a') or ''
    if file then file:close() end
  elseif info and info.source:sub(1, 1) ~= '=' then
    gen.source = info.source
  end
  return gen
end

-- t: the tape; then what debugging.dot takes.
local function debugger_of(...)
  local text = debugging.dot(...)
  local debugger = {generateDot = function(path) write(path or 'autograd.dot', text) end}
  function debugger.showDot()
    local path = os.tmpname()
    write(path, text)
    os.execute(('dot -Tsvg -o %s.svg %s && (xdg-open %s.svg || open %s.svg)'):format(path, path, path, path))
    os.remove(path)
  end
  return debugger
end

-- Calls hook where a value is broken. While it looks and the hook runs, nothing is recorded or looked at.
local function check(what, hook, row, value, ...)
  local result, gradient = guard.result, guard.gradient
  guard.result, guard.gradient = nil, nil
  local ok, message = pcall(op.unrecorded, function(...)
    if not broken(value) then return end
    local gen = user_line()
    hook(debugger_of(...), ('autograd: a nan or inf value in %s of %s, at %s'):format(what, row.name, gen.place), gen)
  end, ...)
  guard.result, guard.gradient = result, gradient
  if not ok then error(message, 0) end
end

--- Whether options ask for something of this file.
function debugging.wanted(o) return o.debugHook or o.dotFile or o.showCode end

--- differentiate(f, o, ...), watched as the options o ask.
function debugging.watch(differentiate, f, o, ...)
  local t
  local function body(...)
    t = state.tape
    return f(...)
  end
  local before_result, before_gradient = guard.result, guard.gradient
  if o.debugHook then
    guard.result = function(row, out, ...) check('the result', o.debugHook, row, out, t, row, out, ...) end
    guard.gradient = function(row, g) check('the gradient', o.debugHook, row, g, t) end
  end
  local function finish(ok, ...)
    guard.result, guard.gradient = before_result, before_gradient
    if not ok then error((...), 0) end
    if o.dotFile then write(o.dotFile, op.unrecorded(debugging.dot, t)) end
    if o.showCode then print(debugging.listing(t)) end
    return ...
  end
  return finish(pcall(differentiate, body, o, ...))
end

return debugging
