--- The machine that Python's pickles are programs for, closed: it makes numbers, strings, booleans and tables, and
-- calls nothing but what the caller's find(name) hands out. Source: Python's pickletools.py; protocols 2 to 5.
-- None becomes nil. A list or tuple becomes a list, which has its length in the field n where it holds None; a dict
-- becomes a table, and orders[table] is the list of its keys in their order. Integers beyond 2^53 become 64-bit ones
-- (int64_t or uint64_t), beyond those the nearest number.
local numbers = require 'torch.formats.picklenumbers'

local unpickle = {}

local NONE = {}                                        -- stands for None on the stack
local LIST, TUPLE, DICT, GLOBAL = 'a list', 'a tuple', 'a dict', 'a class or function'

--- The keys of tables that were dicts, in their order.
unpickle.orders = setmetatable({}, {__mode = 'k'})
local orders = unpickle.orders

-- -- The stack --------------------------------------------------------------------------------------------------

local function fail(m, format, ...)
  m.stream:fail('byte %d of the pickle: ' .. format, m.stream:at() - m.start, ...)
end

local function push(m, value)
  m.n = m.n + 1
  m.stack[m.n] = value
end

local function pop(m)
  local n, value = m.n, m.stack[m.n]
  if n <= m.marks[#m.marks] then fail(m, 'the stack is empty') end
  m.stack[n], m.n = nil, n - 1
  return value
end

-- Where the items after the last mark begin; the mark is taken away.
local function pop_mark(m)
  if #m.marks == 1 then fail(m, 'a mark is missing') end
  return table.remove(m.marks) + 1
end

-- -- Values -----------------------------------------------------------------------------------------------------

-- A value as it is kept: what can only be called is none. Tuples hold such things on their way to a call.
local function storable(m, value)
  local callable = m.kinds[value] == GLOBAL and value or m.holds[value]
  if callable then fail(m, '%s is used as a value, for which there is none in Lua', callable.name) end
  return value
end

local function new(m, kind)
  local t = {}
  m.kinds[t], m.lengths[t] = kind, kind ~= DICT and 0 or nil
  if kind == DICT then orders[t] = {} end
  return t
end

local function append(m, t, value)
  local n = m.lengths[t] + 1
  m.lengths[t] = n
  if m.kinds[t] == TUPLE then
    m.holds[t] = m.holds[t] or m.kinds[value] == GLOBAL and value or m.holds[value]
  else
    storable(m, value)
  end
  if value ~= NONE then t[n] = value end
  if value == NONE or t.n then t.n = n end
end

-- The items of the stack from first on, taken off it, go to the end of a list.
local function append_from(m, t, first)
  for i = first, m.n do
    append(m, t, m.stack[i])
    m.stack[i] = nil
  end
  m.n = first - 1
end

local function set(m, t, key, value)
  if key == NONE or key ~= key or type(key) == 'cdata' then
    fail(m, 'the key of a dict is %s, which cannot be one in Lua', key == NONE and 'None' or tostring(key))
  end
  if value == NONE then
    value = nil
  elseif t[key] == nil then
    table.insert(orders[t], key)
  end
  t[storable(m, key)] = value ~= nil and storable(m, value) or value
end

local function set_from(m, t, first)
  if (m.n - first) % 2 == 0 then fail(m, 'a key of a dict has no value') end
  for i = first, m.n, 2 do set(m, t, m.stack[i], m.stack[i + 1]) end
  for i = first, m.n do m.stack[i] = nil end
  m.n = first - 1
end

local function expect(m, value, kind)
  if m.kinds[value] ~= kind then fail(m, 'expected %s, got %s', kind, m.kinds[value] or type(value)) end
  return value
end

-- -- Numbers ----------------------------------------------------------------------------------------------------

local function read_number(m, width) return m.stream:number(width, 'the pickle') end

local function integer(m, width)
  return numbers.integer(m.stream:string(width, 'the pickle')) or fail(m, 'an integer of %d bytes is too large', width)
end

-- -- Calls ------------------------------------------------------------------------------------------------------

local function push_global(m, module, name)
  local full = module .. '.' .. name
  local value, refused = m.find(full)
  if type(value) == 'function' then
    value = {name = full, call = value}
    m.kinds[value] = GLOBAL
  elseif value == nil then
    fail(m, '%s makes %s; only tensors, storages, tables, strings and numbers are made here', full,
         refused or 'what is unknown')
  end
  push(m, value)
end

local longest_name, most_arguments = 1000, 20

local function line(m)
  local bytes = {}
  for i = 1, longest_name do
    local c = m.stream:byte('the pickle')
    if c == 10 then return table.concat(bytes) end
    bytes[i] = string.char(c)
  end
  fail(m, 'a name is longer than %d bytes', longest_name)
end

local function call(m)
  local arguments, callee = expect(m, pop(m), TUPLE), expect(m, pop(m), GLOBAL)
  push(m, callee.call(m, unpack(arguments, 1, math.min(m.lengths[arguments], most_arguments))))
end

--- A dict of a list of pairs of keys and values, or of none.
function unpickle.dict(m, items)
  local t = new(m, DICT)
  if items ~= nil and type(items) ~= 'table' then fail(m, 'expected pairs of keys and values, got %s', type(items)) end
  for _, pair in ipairs(items or {}) do
    if type(pair) ~= 'table' or pair[1] == nil then fail(m, 'expected a pair of a key and a value') end
    set(m, t, pair[1], pair[2] == nil and NONE or pair[2])
  end
  return t
end

-- -- The instructions -------------------------------------------------------------------------------------------

local run = {} -- by their bytes

local function define(letter, f) run[letter:byte()] = f end

local function string_of(width)
  return function(m) push(m, m.stream:string(read_number(m, width), 'the pickle')) end
end

local function constant(value) return function(m) push(m, value) end end

define('\128', function(m) -- PROTO
  local version = read_number(m, 1)
  if version < 2 or version > 5 then fail(m, 'protocol %d is not known, expected 2 to 5', version) end
end)
define('\149', function(m) read_number(m, 8) end) -- FRAME: only says how much to read at once

define('N', constant(NONE))
define('\136', constant(true))
define('\137', constant(false))
define('K', function(m) push(m, read_number(m, 1)) end)
define('M', function(m) push(m, read_number(m, 2)) end)
define('J', function(m) push(m, integer(m, 4)) end)
define('\138', function(m) push(m, integer(m, read_number(m, 1))) end)
define('G', function(m) push(m, numbers.real(m.stream:string(8, 'the pickle'))) end)

define('U', string_of(1))    -- texts of Python 2
define('T', string_of(4))
define('X', string_of(4))    -- texts
define('\140', string_of(1))
define('\141', string_of(8))
define('C', string_of(1))    -- bytes
define('B', string_of(4))
define('\142', string_of(8))
define('\150', string_of(8)) -- a bytearray

define(']', function(m) push(m, new(m, LIST)) end)
define('}', function(m) push(m, new(m, DICT)) end)
define(')', function(m) push(m, new(m, TUPLE)) end)
define('(', function(m) m.marks[#m.marks + 1] = m.n end)

local function collect(kind)
  return function(m)
    local first, t = pop_mark(m), new(m, kind)
    append_from(m, t, first)
    push(m, t)
  end
end
define('l', collect(LIST))
define('t', collect(TUPLE))

local function tuple_of(n)
  return function(m)
    local t = new(m, TUPLE)
    if m.n - n < m.marks[#m.marks] then fail(m, 'the stack is empty') end
    append_from(m, t, m.n - n + 1)
    push(m, t)
  end
end
define('\133', tuple_of(1))
define('\134', tuple_of(2))
define('\135', tuple_of(3))

define('d', function(m)
  local first, t = pop_mark(m), new(m, DICT)
  set_from(m, t, first)
  push(m, t)
end)

-- The table that the items of the stack from first on are to go to.
local function target(m, first, kind)
  if first - 1 <= m.marks[#m.marks] then fail(m, 'the stack is empty') end
  return expect(m, m.stack[first - 1], kind)
end
define('a', function(m) append_from(m, target(m, m.n, LIST), m.n) end)
define('s', function(m) set_from(m, target(m, m.n - 1, DICT), m.n - 1) end)
define('e', function(m)
  local first = pop_mark(m)
  append_from(m, target(m, first, LIST), first)
end)
define('u', function(m)
  local first = pop_mark(m)
  set_from(m, target(m, first, DICT), first)
end)

define('0', function(m) pop(m) end)
define('2', function(m)
  local value = pop(m)
  push(m, value)
  push(m, value)
end)
define('1', function(m)
  local first = pop_mark(m)
  for i = first, m.n do m.stack[i] = nil end
  m.n = first - 1
end)

local function put(m, index)
  if m.n <= m.marks[#m.marks] then fail(m, 'the stack is empty') end
  m.memo[index] = m.stack[m.n]
end
local function get(m, index)
  local value = m.memo[index]
  if value == nil then fail(m, 'nothing was kept as number %.0f', index) end
  push(m, value)
end
define('q', function(m) put(m, read_number(m, 1)) end)
define('r', function(m) put(m, read_number(m, 4)) end)
define('\148', function(m)
  put(m, m.kept)
  m.kept = m.kept + 1
end)
define('h', function(m) get(m, read_number(m, 1)) end)
define('j', function(m) get(m, read_number(m, 4)) end)

define('c', function(m)
  local module = line(m)
  push_global(m, module, line(m))
end)
define('\147', function(m)
  local name, module = pop(m), pop(m)
  if type(name) ~= 'string' or type(module) ~= 'string' then fail(m, 'expected the name of a class or function') end
  push_global(m, module, name)
end)
define('R', call)
define('\129', call) -- NEWOBJ
define('Q', function(m) push(m, m.persist(m, expect(m, pop(m), TUPLE))) end)
define('b', function(m) -- BUILD: attributes of an OrderedDict, which a table has no place for
  expect(m, pop(m), DICT)
  expect(m, m.stack[m.n], DICT)
end)

-- -- Running ----------------------------------------------------------------------------------------------------

local STOP = ('.'):byte()

--- Runs the pickle ahead in a stream and gives its value.
-- find(name): for a global such as 'collections.OrderedDict' a function that is called as f(machine, …) and gives a
-- value, or another value that the global stands for; where it is refused, nil and what it would make.
-- persist(machine, id): the value that a persistent id, a list, stands for.
function unpickle.run(stream, find, persist)
  local m = {stream = stream, find = find, persist = persist, start = stream:at(), stack = {}, n = 0, marks = {0},
             memo = {}, kept = 0, kinds = {}, lengths = {}, holds = {}}
  while true do
    local code = stream:byte('the pickle')
    if code == STOP then
      local value = storable(m, pop(m))
      if value ~= NONE then return value end
      return nil
    end
    local instruction = run[code] or fail(m, 'instruction %d is not known', code)
    instruction(m)
  end
end

unpickle.fail = fail

return unpickle
