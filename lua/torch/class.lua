--- Torch7's classes, over tables. A class is a metatable: its methods lie in it, its objects have it as metatable, and
-- its own metatable is its parent class. The constructor table (nn.Linear) stands in front of it.
-- Returns what belongs into the table torch.
local ffi = require 'ffi'
local errors = require 'torch.errors'

local class = {}

local classes = {}                                     -- name → class
local names = {}                                       -- class → name
local constructors = {}                                -- name → constructor table
local is_constructor = setmetatable({}, {__mode = 'k'})
local foreign = {}                                     -- functions: cdata → name, or nil

-- -- Types ------------------------------------------------------------------------------------------------------

local function foreign_name(object)
  for i = 1, #foreign do
    local name, pointer = foreign[i](object)
    if name then return name, pointer end
  end
end

--- The name of an object's class, or nil.
--   torch.typename(torch.Timer())   -- torch.Timer
function class.typename(object)
  local kind = type(object)
  if kind == 'cdata' then return (foreign_name(object)) end
  if kind ~= 'table' then return nil end
  local name = names[getmetatable(object)]
  if name and is_constructor[object] then return nil end
  return name
end

--- The name of an object's class, or else Lua's type of it.
--   torch.type(torch.Timer())   -- torch.Timer
--   torch.type({})              -- table
function class.type(object)
  return class.typename(object) or type(object)
end

--- Declares cdata of a kind to be objects: hook(cdata) gives the name of their class, or nil when they are others'. It
-- may also give a pointer to what they stand for, which is then the same object through different cdata.
function class.registerForeign(hook)
  if type(hook) ~= 'function' then errors.fail('registerForeign: expected a function, got a %s', type(hook)) end
  foreign[#foreign + 1] = hook
end

--- Whether object is of a class, or of one derived from it. spec: a name, a pattern that finds it, or a constructor.
--   torch.isTypeOf(nn.Linear(1, 1), 'nn.Module')         -- true
--   torch.isTypeOf(torch.FloatTensor(), 'torch.*Tensor')  -- true
function class.isTypeOf(object, spec)
  if type(spec) ~= 'string' then
    spec = names[spec] or type(spec) == 'table' and names[getmetatable(spec)] or
           errors.fail('isTypeOf: expected a class, its name or a pattern, got a %s', type(spec))
  end
  local mt = classes[class.typename(object)]
  while mt do
    local name = names[mt]
    local found = name == spec and name or name:match(spec)
    if found and (found == name or found ~= spec) then return true end -- a plain spec must be the whole name
    mt = names[getmetatable(mt)] and getmetatable(mt)
  end
  return false
end

-- -- Metamethods ------------------------------------------------------------------------------------------------
-- They are the same functions in every class and pass on to the method of the same name between double underscores,
-- which classes inherit, define late and replace as they like.

-- What the classes of the operands offer, the left one's first.
local function operator(a, b, name)
  local left, right = type(a) == 'table' and getmetatable(a), type(b) == 'table' and getmetatable(b)
  return left and left[name] or right and right[name] or
         errors.fail('%s is not defined for %s and %s', name, class.type(a), class.type(b))
end

local metamethods = {}

function metamethods.__add(a, b) return operator(a, b, '__add__')(a, b) end
function metamethods.__sub(a, b) return operator(a, b, '__sub__')(a, b) end
function metamethods.__mul(a, b) return operator(a, b, '__mul__')(a, b) end
function metamethods.__div(a, b) return operator(a, b, '__div__')(a, b) end
function metamethods.__mod(a, b) return operator(a, b, '__mod__')(a, b) end
function metamethods.__pow(a, b) return operator(a, b, '__pow__')(a, b) end
function metamethods.__concat(a, b) return operator(a, b, '__concat__')(a, b) end
function metamethods.__lt(a, b) return operator(a, b, '__lt__')(a, b) end
function metamethods.__le(a, b) return operator(a, b, '__le__')(a, b) end
function metamethods.__unm(a) return operator(a, nil, '__unm__')(a) end
function metamethods.__call(a, ...) return operator(a, nil, '__call__')(a, ...) end

function metamethods.__eq(a, b)
  local equal = getmetatable(a).__eq__
  if equal then return equal(a, b) end
  return rawequal(a, b)
end

-- Only a LuaJIT built for Lua 5.2 calls this one for tables; it has rawlen.
function metamethods.__len(a)
  local length = getmetatable(a).__len__
  if length then return length(a) end
  return rawget(_G, 'rawlen')(a)
end

function metamethods.__tostring(a)
  local describe = getmetatable(a).__tostring__
  if describe then return describe(a) end
  return class.type(a)
end

-- object:__index__(key) gives a value and true, or false, after which the class is asked. Classes are themselves
-- objects of their parents, but their methods are never looked for by the parent's __index__.
local function index(object, key)
  local mt = getmetatable(object)
  if not names[object] then
    local value, found = mt.__index__(object, key)
    if found then return value end
  end
  return mt[key]
end

local function newindex(object, key, value)
  if names[object] or not getmetatable(object).__newindex__(object, key, value) then rawset(object, key, value) end
end

-- Objects index their class as a table, which the compiler likes. A class with __index__ or __newindex__ changes over
-- when an object is made, since such methods are defined after torch.class has returned.
local function ready(mt)
  if mt.__index__ and rawget(mt, '__index') == mt then mt.__index = index end
  if mt.__newindex__ and not rawget(mt, '__newindex') then mt.__newindex = newindex end
  return mt
end

-- -- Making classes ---------------------------------------------------------------------------------------------

-- The table a class's constructor goes to and its name there.
local function place_of(name, module)
  local path, short = name:match('^(.+)%.([^%.]+)$')
  if module then return module, short or name end
  if not path then return _G, name end
  local found = _G
  for part in path:gmatch('[^%.]+') do found = type(found) == 'table' and found[part] or nil end
  found = found or package.loaded[path]
  if type(found) ~= 'table' then
    errors.fail('class %s: there is no module %s to put it in (expected a table, got %s)', name, path, type(found))
  end
  return found, short
end

local function new_metatable(name, parent)
  local mt = {__typename = name}
  for key, f in pairs(metamethods) do mt[key] = f end
  mt.__index = mt
  return parent and setmetatable(mt, parent) or mt
end

local function check_again(name, mt, parent)
  if (getmetatable(mt) or nil) ~= parent then
    errors.fail('class %s exists already, with %s, and cannot be made again with %s', name,
                getmetatable(mt) and 'parent ' .. tostring(names[getmetatable(mt)]) or 'no parent',
                parent and 'parent ' .. names[parent] or 'no parent')
  end
end

local function publish(name, mt, constructor, module, short)
  local function call(_, ...)
    if not constructor then errors.fail('%s: only classes derived from it have objects', name) end
    return constructor(...)
  end
  constructors[name] = constructors[name] or {}
  debug.setmetatable(constructors[name], {__index = mt, __newindex = mt, __metatable = mt, __call = call})
  is_constructor[constructors[name]] = true
  mt.new = constructor
  rawset(module, short, constructors[name])
end

local function check_arguments(name, parent, constructor, factory, module)
  if type(name) ~= 'string' or not name:match('^[%a_][%w_%.%-]*$') or name:match('%.%.') or name:match('%.$') then
    errors.fail('class: expected a name such as nn.Linear, got %s', tostring(name))
  end
  local function expect(what, value, wanted)
    if type(value) ~= 'nil' and type(value) ~= wanted then
      errors.fail('class %s: expected the %s to be a %s, got a %s', name, what, wanted, type(value))
    end
  end
  expect('parent', parent, 'string')
  expect('constructor', constructor, 'function')
  expect('factory', factory, 'function')
  expect('module', module, 'table')
end

--- Makes a class and puts its constructor table into a module: the one given, or the global one of its name.
-- constructor(...): called by Name(...). factory(): an empty object, used to read saved ones. Returns the class.
-- The fourth argument, a finaliser, is taken for the sake of old code; tables have none in LuaJIT.
function class.newmetatable(name, parent, constructor, _, factory, module)
  check_arguments(name, parent, constructor, factory, module)
  local parent_class = parent and (classes[parent] or errors.fail('class %s: the parent class %s does not exist',
                                                                   name, parent)) or nil
  local table_for, short = place_of(name, module)
  local mt = classes[name]
  if mt then
    check_again(name, mt, parent_class)
  else
    local present = rawget(table_for, short)
    if present ~= nil and not is_constructor[present] then
      errors.fail('class %s: its name is taken by a %s', name, type(present))
    end
    mt = new_metatable(name, parent_class)
    classes[name], names[mt] = mt, name
  end
  mt.__factory = factory or rawget(mt, '__factory')
  publish(name, mt, constructor, table_for, short)
  return mt
end

local function construct(mt, ...)
  local object = setmetatable({}, ready(mt))
  local init = mt.__init
  if init then init(object, ...) end
  return object
end

--- Makes a class. Returns it, and its parent.
-- name: with its module, 'nn.Linear'. parent: the name of a class, may be left out. module: the table to put the
-- constructor into instead of the global table nn. Name(…) makes an object and calls its __init(…). To make a class
-- a second time with the same parent gives the one there is.
--   local Square, parent = torch.class('nn.Square', 'nn.Module')
--   function Square:__init() parent.__init(self) end
--   local layer = nn.Square()
function class.class(name, parent, module)
  if type(parent) == 'table' and module == nil then parent, module = nil, parent end
  local mt
  local function constructor(...) return construct(mt, ...) end
  local function factory() return setmetatable({}, ready(mt)) end
  mt = class.newmetatable(name, parent, constructor, nil, factory, module)
  return mt, getmetatable(mt)
end

-- -- Looking at classes -----------------------------------------------------------------------------------------

--- A function that makes an empty object of a class, or nil.
--   local timer = torch.factory('torch.Timer')()
function class.factory(name)
  local mt = classes[name]
  return mt and mt.__factory
end

--- The class of a name, or nil.
function class.getmetatable(name)
  return classes[name]
end

--- The constructor table of a name, or nil: torch.getconstructortable('nn.Linear') is nn.Linear.
function class.getconstructortable(name)
  return constructors[name]
end

--- Makes a table an object of a class.
function class.setmetatable(object, name)
  if type(object) ~= 'table' then errors.fail('setmetatable: expected a table, got a %s', class.type(object)) end
  local mt = classes[name] or errors.fail('setmetatable: there is no class %s', tostring(name))
  return setmetatable(object, ready(mt))
end

--- Makes a table of methods known as the class of cdata objects (see registerForeign). factory(): an empty one.
function class.adopt(name, methods, factory)
  if type(name) ~= 'string' or type(methods) ~= 'table' then
    errors.fail('adopt: expected the name of a class and its methods, got a %s and a %s', type(name), type(methods))
  end
  classes[name], names[methods], constructors[name] = methods, name, methods
  methods.__factory = factory
end

--- Declares cdata of a C type to be objects of a class: torch.metatype(name, ctype) or torch.metatype(name, mt, ctype),
-- where the methods in mt (__factory, __write, __read …) become the class's. __pointer(object), where there is one,
-- gives what the cdata stands for.
function class.metatype(name, mt, ctype)
  if ctype == nil then mt, ctype = nil, mt end
  check_arguments(name)
  if mt ~= nil and type(mt) ~= 'table' then errors.fail('metatype: expected a table of methods, got a %s', type(mt)) end
  local known, found = pcall(ffi.typeof, ctype)
  if not known then errors.fail('metatype: expected a C type, got %s', tostring(ctype)) end
  ctype = found
  local own = classes[name] or new_metatable(name)
  classes[name], names[own] = own, name
  for key, value in pairs(mt or {}) do own[key] = value end
  class.registerForeign(function(object)
    if ffi.istype(ctype, object) then return name, own.__pointer and own.__pointer(object) end
  end)
end

--- A number that tells objects apart: the address of a table, function, thread or cdata pointer.
function class.pointer(object)
  if type(object) == 'cdata' then
    local _, pointer = foreign_name(object)
    return tonumber(ffi.cast('uintptr_t', ffi.cast('const void *', pointer or object)))
  end
  local address = ('%p'):format(object)
  return tonumber(address) or errors.fail('pointer: a %s has no address', type(object))
end

--- The version that an object's class gives to its files: __version, or 1.
function class.version(object)
  local mt = classes[class.typename(object)]
  return mt and rawget(mt, '__version') or 1
end

--- torch.getenv(f): the environment of a function
function class.getenv(f) return debug.getfenv(f) end

--- torch.setenv(f, environment): sets the environment of a function
function class.setenv(f, environment)
  if type(environment) ~= 'table' or type(f) ~= 'function' then
    errors.fail('setenv: expected a function and a table, got a %s and a %s', class.type(f), class.type(environment))
  end
  return debug.setfenv(f, environment)
end

return class
