--- Functions with named arguments that describe themselves: xlua.unpack, xlua.usage and their kin.
-- An argument is described by a table: {arg = 'rate', type = 'number', help = 'step size', default = 0.1}. req = true:
-- it has to be given; defaulta = 'other': where it is not, it is what the argument called other is.
local class = require 'torch.class'
local colors = require 'sys.colors'
local errors = require 'torch.errors'
local terminal = require 'xlua.terminal'
local text = require 'xlua.text'

local arguments = {}

-- Words in a colour, where there is a terminal to show it.
local function paint(color, words)
  if not terminal.is_terminal() or os.getenv('NO_COLOR') then return words end
  return colors[color] .. words .. colors.none
end

-- -- Descriptions -----------------------------------------------------------------------------------------------

local ruler = ('+'):rep(70)

local function default_of(row)
  if row.default ~= nil then
    local value = type(row.default) == 'table' and text.table2string(row.default) or tostring(row.default)
    return ('  [default = %s]'):format(value)
  end
  return row.defaulta and ('  [default == %s]'):format(row.defaulta) or ''
end

local function describe(row)
  local name = (row.arg and row.arg .. ' = ' or '') .. row.type
  if not row.req then name = '[' .. name .. ']' end
  return ('    %-36s-- %s%s'):format(name, row.help or '', row.arg and default_of(row) or '')
end

-- The forms of a call: one with named arguments, or those by place, which empty strings keep apart.
local function forms(name, rows)
  local named = rows[1] and rows[1] ~= '' and rows[1].arg
  local open, close = name .. (named and '{' or '('), named and '}' or ')'
  local lines = {open}
  for _, row in ipairs(rows) do
    if row == '' then
      lines[#lines + 1], lines[#lines + 2] = close, open
    else
      lines[#lines + 1] = describe(row)
    end
  end
  lines[#lines + 1] = close
  return table.concat(lines, '\n')
end

--- xlua.usage(name, description, example, …): the help text of a function; … describes its arguments, or is one table
-- {tabled = list}. An argument without arg is one by place, and an empty string begins another form of the call
function arguments.usage(name, description, example, ...)
  local rows = {...}
  if type(rows[1]) == 'table' and rows[1].tabled then rows = rows[1].tabled end
  local parts = {ruler, paint('Magenta', name), ''}
  if description then parts[4], parts[5] = description, '' end
  parts[#parts + 1] = '> usage:'
  parts[#parts + 1] = paint('cyan', forms(name, rows))
  if example then parts[#parts + 1] = '\n' .. paint('cyan', example) end
  parts[#parts + 1] = ruler
  return table.concat(parts, '\n')
end

--- xlua.usage_module(module, name[, description]): makes tostring(module) its help text; gives that
function arguments.usage_module(module, name, description)
  local lines = {ruler, 'PACKAGE:', name}
  if description then lines[4], lines[5], lines[6] = '', 'DESC:', description end
  lines[#lines + 1] = ruler
  local help = paint('magenta', table.concat(lines, '\n'))
  local mt = getmetatable(module) or {}
  mt.__tostring = function() return help end
  setmetatable(module, mt)
  return help
end

-- -- Reading arguments ------------------------------------------------------------------------------------------

local function example_of(name, rows)
  local first, second = rows[1], rows[2]
  if not second then return nil end
  local named = ('%s{%s=%s, %s=%s}'):format(name, second.arg, second.type, first.arg, first.type)
  return ('%s\n%s(%s, ...)'):format(named, name, first.type)
end

local function is_named(args)
  local only = args[1]
  return #args == 1 and type(only) == 'table' and #only == 0 and class.typename(only) == nil
end

-- The values by name, of a call with one table or with arguments by place.
local function by_name(args, rows)
  if is_named(args) then return args[1] end
  local given = {}
  for i, row in ipairs(rows) do given[row.arg] = args[i] end
  return given
end

--- xlua.unpack(args, name, description, …): reads the arguments of a function, {...} in args, that … describes. They
-- may be given by place or as one table, by name. Gives a table with all of them, by name and by place, and then each
-- by itself. An argument that is missing is an error that shows the function's usage.
--   local function step(...)
--     local _, rate, momentum = xlua.unpack({...}, 'step', 'one step downhill',
--       {arg = 'rate', type = 'number', help = 'step size', req = true},
--       {arg = 'momentum', type = 'number', help = 'share of the last step', default = 0})
--     return rate, momentum
--   end
--   print(step{rate = 0.1})   -- 0.1  0
function arguments.unpack(args, name, description, ...)
  local rows = {...}
  local usage = setmetatable({}, {__tostring = function()
    return arguments.usage(name, description, example_of(name, rows), {tabled = rows})
  end})
  if next(args) == nil then errors.raise(('%s: expected arguments\n%s'):format(name, tostring(usage))) end
  local given, values = by_name(args, rows), {usage = usage}
  for i, row in ipairs(rows) do
    local value = given[row.arg]
    if value == nil and row.req then
      errors.raise(('%s: missing argument: %s\n%s'):format(name, row.arg, tostring(usage)))
    end
    if value == nil then value = row.default end
    if value == nil and row.defaulta then value = values[row.defaulta] end
    values[row.arg], values[i] = value, value
  end
  return values, unpack(values, 1, #rows)
end

--- xlua.unpack_class(object, args, name, description, …): the same, into the fields of an object
function arguments.unpack_class(object, ...)
  for key, value in pairs((arguments.unpack(...))) do
    if type(key) ~= 'number' then object[key] = value end
  end
end

--- xlua.error(message[, domain[, usage]]): raises an error, '<domain> message' and below it the usage
function arguments.error(message, domain, usage)
  message = (domain and '<' .. domain .. '> ' or '') .. tostring(message)
  errors.raise(paint('Red', message) .. (usage and '\n' .. tostring(usage) or ''))
end

return arguments
