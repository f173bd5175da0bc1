--- Functions in files. A function is its bytecode (a string) and its upvalues (a value):
--   8: number, bytecode, a list of {name=, id=, value=}; functions that share a variable have its id
--   7: number, bytecode, a list of values          6: the same without a number
-- Bytecode is a program, so it is only loaded for those who ask for it. It also is a program for one kind of Lua: that
-- of another one becomes a placeholder, a function that says so when it is called, and is saved as it was.
local errors = require 'torch.errors'

local functions = {}

-- -- Bytecode ---------------------------------------------------------------------------------------------------

-- What bytecode this Lua makes: it begins with these four bytes.
local ours = string.dump(function() end):sub(1, 4)

local function maker(code)
  local jit_version, lua_version = code:match('^\27LJ(.)'), code:match('^\27Lua(.)')
  if jit_version then return ('LuaJIT 2.%d'):format(jit_version:byte() - 1) end
  if lua_version then return ('Lua %d.%d'):format(math.floor(lua_version:byte() / 16), lua_version:byte() % 16) end
end

-- The function, or nil and why not.
local function compile(code, place)
  local name = maker(code) or errors.fail('load: the function at byte %d cannot be loaded: it is no bytecode', place)
  if code:sub(1, 4) ~= ours then return nil, ('it is bytecode of %s, which this Lua cannot run'):format(name) end
  return loadstring(code, '=loaded function', 'b')
end

-- -- Placeholders -----------------------------------------------------------------------------------------------

local placeholders = setmetatable({}, {__mode = 'k'}) -- placeholder → {code=, upvalues=}

local function placeholder(code, reason)
  local function f() errors.fail('this function of a file cannot be called: %s', reason) end
  placeholders[f] = {code = code}
  return f
end

-- -- Writing ----------------------------------------------------------------------------------------------------

function functions.can_dump(f)
  return placeholders[f] ~= nil or (pcall(string.dump, f))
end

local function upvalues_of(file, f)
  file._variables = file._variables or {count = 0}
  local variables, list, i = file._variables, {}, 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then return list end
    local address = tostring(debug.upvalueid(f, i))
    if not variables[address] then
      variables.count = variables.count + 1
      variables[address] = variables.count
    end
    list[i] = {name = name, id = variables[address], value = value}
    i = i + 1
  end
end

--- The bytecode and the upvalues of a function; nothing for one of C.
function functions.dump(file, f)
  local kept = placeholders[f]
  if kept then return kept.code, kept.upvalues end
  local ok, code = pcall(string.dump, f)
  if ok then return code, upvalues_of(file, f) end
end

-- -- Reading ----------------------------------------------------------------------------------------------------

local function refuse(code, place)
  local also = code:sub(1, 4) ~= ours and maker(code)
  errors.fail('load: there is a function at byte %d; functions are code, so they are only loaded with ' ..
              '{functions = true}, which is for files from people you trust, or with ' ..
              "{functions = 'placeholders'} as functions that cannot be called%s", place,
              also and (' (which this one would be anyway: it is bytecode of %s)'):format(also) or '')
end

-- What an upvalue is: its value, and the id of the variable. named: it is a table with its name.
local function open_upvalue(upvalue, i, named)
  if not named then return upvalue end
  local good = type(upvalue) == 'table' and type(upvalue.name) == 'string'
  if not good or upvalue.id ~= nil and type(upvalue.id) ~= 'number' then
    errors.fail('load: upvalue %d of a function is malformed', i)
  end
  return upvalue.value, upvalue.id
end

-- Variables that several functions shared are shared again: file._joined has the first owner of each.
local function set_upvalue(file, f, i, value, id)
  if not debug.setupvalue(f, i, value) then errors.fail('load: a function has no upvalue %d', i) end
  if not id then return end
  file._joined = file._joined or {}
  local owner = file._joined[id]
  if owner then
    debug.upvaluejoin(f, i, owner[1], owner[2])
  else
    file._joined[id] = {f, i}
  end
end

-- A placeholder's upvalues are kept for the day it is saved; the ids are another file's then.
local function set_upvalues(file, f, upvalues, named)
  if type(upvalues) ~= 'table' then errors.fail('load: expected the upvalues of a function, got %s', type(upvalues)) end
  local kept = placeholders[f]
  if kept then kept.upvalues = {} end
  for i, upvalue in ipairs(upvalues) do
    local value, id = open_upvalue(upvalue, i, named)
    if kept then
      kept.upvalues[i] = {name = named and upvalue.name or '?', value = value}
    else
      set_upvalue(file, f, i, value, id)
    end
  end
end

--- Reads a function's code; the function has no upvalues yet.
-- file._functions: true, or 'placeholders'. A file that nobody but this process has written may hold functions too.
function functions.read_code(file)
  local place = file:position()
  local code = file:_read_bytes(file:readInt())
  local wanted = file._functions or file._own
  if not wanted then refuse(code, place) end
  if wanted == 'placeholders' then return placeholder(code, 'it was not asked for') end
  local f, reason = compile(code, place)
  return f or placeholder(code, reason)
end

--- Reads a function's upvalues. named: each is a table {name=, id=, value=}.
function functions.read_upvalues(file, f, named)
  set_upvalues(file, f, file:readObject(), named)
  return f
end

return functions
