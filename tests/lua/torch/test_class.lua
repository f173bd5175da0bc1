-- Classes: declaration, inheritance, operators, names, errors.
local t = require 'harness'
local ffi = require 'ffi'
local class = require 'torch.class'

local zoo = {}
_G.zoo = zoo

local Animal = class.class('zoo.Animal')
function Animal:__init(name) self.name = name end
function Animal:speak() return self.name .. ' makes a sound' end

local Dog, parent = class.class('zoo.Dog', 'zoo.Animal')
function Dog:__init(name, tricks)
  parent.__init(self, name)
  self.tricks = tricks or 0
end
function Dog:speak() return parent.speak(self) .. ': wuff' end

t.test('constructors, methods and parents', function()
  local dog = zoo.Dog('Rex', 3)
  t.eq(dog:speak(), 'Rex makes a sound: wuff')
  t.eq(dog.tricks, 3)
  t.eq(parent, Animal)
  t.eq(getmetatable(dog), Dog)
  t.eq(getmetatable(Dog), Animal)
  t.eq(zoo.Dog.new('Ada'):speak(), 'Ada makes a sound: wuff')
  t.eq(dog.new('Bo').name, 'Bo')
  t.eq(getmetatable(zoo.Dog), Dog)
  t.eq(class.getmetatable('zoo.Dog'), Dog)
  t.eq(class.getconstructortable('zoo.Dog'), zoo.Dog)
  t.eq(class.getmetatable('zoo.Cat'), nil)
end)

t.test('methods added through the constructor table reach objects and heirs', function()
  local dog = zoo.Dog('Rex')
  function zoo.Animal.legs() return 4 end
  t.eq(dog:legs(), 4)
  t.eq(Animal.legs, zoo.Dog.legs)
end)

t.test('type names', function()
  local dog = zoo.Dog('Rex')
  t.eq(class.typename(dog), 'zoo.Dog')
  t.eq(class.type(dog), 'zoo.Dog')
  t.eq(class.type({}), 'table')
  t.eq(class.type('text'), 'string')
  t.eq(class.typename(1), nil)
  t.eq(class.typename(zoo.Dog), nil)
  t.eq(class.typename(setmetatable({}, {__metatable = 'hidden'})), nil)
  t.eq(class.typename(setmetatable({}, {__typename = 'fake'})), nil)
  t.eq(tostring(dog), 'zoo.Dog')
end)

t.test('isTypeOf', function()
  local dog = zoo.Dog('Rex')
  for _, spec in ipairs {'zoo.Dog', 'zoo.Animal', 'zoo.*', 'An.*al', zoo.Dog, zoo.Animal} do
    t.eq(class.isTypeOf(dog, spec), true, tostring(spec))
  end
  for _, spec in ipairs {'Dog', 'zoo.Ani', 'zoo.Cat'} do t.eq(class.isTypeOf(dog, spec), false, spec) end
  t.eq(class.isTypeOf(zoo.Animal('x'), zoo.Dog), false)
  t.eq(class.isTypeOf({}, 'zoo.Dog'), false)
  t.eq(class.isTypeOf(nil, 'zoo.Dog'), false)
  t.raises('isTypeOf: expected a class', class.isTypeOf, dog, 5)
end)

t.test('factories make empty objects', function()
  local dog = class.factory('zoo.Dog')()
  t.eq(next(dog), nil)
  t.eq(class.typename(dog), 'zoo.Dog')
  t.eq(class.factory('zoo.Cat'), nil)
  t.eq(class.typename(class.setmetatable({}, 'zoo.Dog')), 'zoo.Dog')
  t.raises('there is no class zoo.Cat', class.setmetatable, {}, 'zoo.Cat')
  t.raises('expected a table', class.setmetatable, 3, 'zoo.Dog')
end)

t.test('operators', function()
  local V = class.class('zoo.V')
  local W = class.class('zoo.W', 'zoo.V')
  function V:__init(x) self.x = x end
  function V.__add__(a, b) return (type(a) == 'table' and a.x or a) + (type(b) == 'table' and b.x or b) end
  function V.__concat__(a, b) return tostring(a) .. '~' .. tostring(b) end
  function V:__unm__() return zoo.V(-self.x) end
  function V:__tostring__() return 'V' .. self.x end
  function V.__eq__(a, b) return a.x == b.x end
  function V.__lt__(a, b) return a.x < b.x end
  function V.__le__(a, b) return a.x <= b.x end
  function V:__call__(y, z) return self.x, y, z end
  local a, b = zoo.V(1), zoo.W(2)
  t.eq(a + b, 3)
  t.eq(10 + b, 12)
  t.eq(b + 10, 12)
  t.eq((-b).x, -2)
  t.eq(tostring(b), 'V2')
  t.eq(a .. 'text', 'V1~text')
  t.eq(a == zoo.V(1), true)
  t.eq(a ~= b, true)
  t.eq(a < b and a <= b, true)
  t.eq({b(5, 6)}, {2, 5, 6})
  t.raises('__mul__ is not defined for zoo.V and number', function() return a * 2 end)
  t.raises('__call__ is not defined for zoo.Dog', function() return zoo.Dog('Rex')() end)
  t.eq(getmetatable(b), W)
  t.eq(zoo.Dog('x') == zoo.Dog('x'), false)
end)

t.test('__index__ and __newindex__', function()
  local Box = class.class('zoo.Box')
  local Chest = class.class('zoo.Chest', 'zoo.Box')
  function Box:__init() rawset(self, 'content', {}) end
  function Box:__index__(key)
    local content = rawget(self, 'content')
    if content and content[key] then return content[key], true end
    return false
  end
  function Box:__newindex__(key, value)
    if type(key) ~= 'number' then return false end
    self.content[key] = value
    return true
  end
  function Box:size() return #self.content end
  function Chest:lock() self.locked = true end
  for _, make in ipairs {zoo.Box, zoo.Chest} do
    local box = make()
    box[1], box[2], box.name = 'gold', 'silver', 'b'
    t.eq(box[2], 'silver')
    t.eq(box:size(), 2)
    t.eq(rawget(box, 1), nil)
    t.eq(rawget(box, 'name'), 'b')
    t.eq(box.nothing, nil)
  end
  local chest = zoo.Chest()
  chest:lock()
  t.eq(chest.locked, true)
  function Chest.late() return 'late' end
  t.eq(chest:late(), 'late')
  t.eq(rawget(Chest, 'late') ~= nil, true)
end)

t.test('places of constructors', function()
  local room = {}
  class.class('zoo.Hidden', room)
  t.eq(zoo.Hidden, nil)
  t.eq(class.typename(room.Hidden()), 'zoo.Hidden')
  class.class('zoo.Hidden2', 'zoo.Dog', room)
  t.eq(room.Hidden2('x'):speak(), 'x makes a sound: wuff')
  class.class('Alone')
  t.eq(class.typename(_G.Alone()), 'Alone')
  zoo.deep = {}
  class.class('zoo.deep.Fish')
  t.eq(class.typename(zoo.deep.Fish()), 'zoo.deep.Fish')
  package.loaded.aquarium = {}
  class.class('aquarium.Shark')
  t.eq(class.typename(package.loaded.aquarium.Shark()), 'aquarium.Shark')
end)

t.test('refused declarations', function()
  t.raises('zoo.Mule: the parent class zoo.Horse does not exist', class.class, 'zoo.Mule', 'zoo.Horse')
  t.raises('there is no module nowhere', class.class, 'nowhere.Thing')
  t.raises('zoo.Dog exists already, with parent zoo.Animal, and cannot be made again with no parent', class.class,
           'zoo.Dog')
  t.raises('cannot be made again with parent zoo.Dog', class.class, 'zoo.Animal', 'zoo.Dog')
  zoo.tools = {}
  t.raises('zoo.tools: its name is taken by a table', class.class, 'zoo.tools')
  t.raises('expected a name', class.class, 7)
  t.raises('expected a name', class.class, 'a..b')
  t.raises('expected the parent to be a string', class.class, 'zoo.X', 7)
  t.eq(zoo.Mule, nil)
  local again, again_parent = class.class('zoo.Dog', 'zoo.Animal')
  t.eq(again, Dog)
  t.eq(again_parent, Animal)
  t.eq(zoo.Dog('Rex'):speak(), 'Rex makes a sound: wuff')
end)

t.test('cdata can be objects', function()
  ffi.cdef 'typedef struct zoo_point { double x, y; } zoo_point;'
  class.metatype('zoo.Point', {__factory = function() return ffi.new('zoo_point') end}, 'zoo_point')
  local point = class.factory('zoo.Point')()
  t.eq(class.typename(point), 'zoo.Point')
  t.eq(class.isTypeOf(point, 'zoo.Point'), true)
  t.eq(class.type(ffi.new('int[3]')), 'cdata')
  class.registerForeign(function(x) return ffi.istype('int[5]', x) and 'zoo.Dog' or nil end)
  t.eq(class.isTypeOf(ffi.new('int[5]'), 'zoo.Animal'), true)
end)

t.test('pointers and environments', function()
  local a, b = {}, {}
  t.eq(class.pointer(a) == class.pointer(a) and class.pointer(a) ~= class.pointer(b), true)
  local memory = ffi.new('int[4]')
  t.eq(class.pointer(ffi.cast('int *', memory)), class.pointer(memory))
  t.raises('a nil has no address', class.pointer, nil)
  local f = loadstring('return planet')
  class.setenv(f, {planet = 7})
  t.eq(f(), 7)
  t.eq(class.getenv(f).planet, 7)
end)
