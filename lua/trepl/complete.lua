-- What the Tab key offers: keywords and globals, fields of tables, methods found through metatables.
local keywords = {
  'and', 'break', 'do', 'else', 'elseif', 'end', 'false', 'for', 'function', 'goto', 'if', 'in', 'local', 'nil',
  'not', 'or', 'repeat', 'return', 'then', 'true', 'until', 'while',
}

-- Splits the path at the end of a text, "net.modules[1]", into its keys {"net", "modules", 1}; nil when it is none.
local function path_keys(text)
  local keys = {}
  while true do
    local rest, name = text:match('^(.-)([%a_][%w_]*)$')
    local number
    if not name then rest, number = text:match('^(.-)%[(%-?%d+)%]$') end
    if not rest then return nil end
    table.insert(keys, 1, name or tonumber(number))
    local mark = rest:sub(-1)
    if name and mark ~= '.' and mark ~= ':' then return keys end
    text = name and rest:sub(1, -2) or rest
  end
end

local function value_at(keys)
  local value = _G
  for _, key in ipairs(keys) do
    if value == nil then return nil end
    value = value[key]
  end
  return value
end

-- The table in which the fields that a value lacks itself are looked for, or nil.
local function parent(value)
  local torch = package.loaded.torch
  local meta = debug.getmetatable(value)
  if type(value) == 'cdata' then -- tensors and the like: only torch knows their class
    local name = type(torch) == 'table' and torch.typename(value)
    return name and torch.getmetatable(name) or nil
  end
  if type(meta) ~= 'table' then return nil end
  local index = rawget(meta, '__index')
  return type(index) == 'table' and index or meta
end

-- Adds the names of a value's fields and of those it inherits.
local function collect(found, value, methods_only)
  local seen = {}
  local t = type(value) == 'table' and value or parent(value)
  while t and not seen[t] do
    seen[t] = true
    for key, field in next, t do
      if type(key) == 'string' and key:match('^[%a_][%w_]*$') and (not methods_only or type(field) == 'function') then
        found[key] = true
      end
    end
    t = parent(t)
  end
end

--- Candidates for the word at the cursor.
-- @param word the text to complete, "torch.ra" or "net:forw"
-- @return a sorted list of whole words
return function(word)
  local path, mark, name = word:match('^(.*)([.:])([%w_]*)$')
  local found, head = {}
  if path then
    local keys = path_keys(path)
    if not keys then return {} end
    local value = value_at(keys)
    if value == nil then return {} end
    collect(found, value, mark == ':')
    head = path .. mark
  else
    head, name = word:match('^(.-)([%w_]*)$')
    collect(found, _G)
    for _, keyword in ipairs(keywords) do found[keyword] = true end
  end
  local list = {}
  for key in next, found do
    -- names that start with two underscores are offered only to who asks for them
    if key:sub(1, #name) == name and (key:sub(1, 2) ~= '__' or name:sub(1, 1) == '_') then
      list[#list + 1] = head .. key
    end
  end
  table.sort(list)
  return list
end
