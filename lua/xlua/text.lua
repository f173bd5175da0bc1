--- Values as text: xlua.table2string and xlua.print.
local text = {}

local value_text

local function key_text(key, seen)
  if type(key) == 'string' and key:match('^[%a_][%w_]*$') then return key end
  return '[' .. value_text(key, seen) .. ']'
end

-- The items of a table in order: those counted from 1 on without a key, then the others. equals stands after a key.
local function items(t, equals, seen)
  local list, others = {}, {}
  for i, value in ipairs(t) do list[i] = value_text(value, seen) end
  local counted = #list
  for key, value in pairs(t) do
    if not (type(key) == 'number' and key >= 1 and key <= counted and key % 1 == 0) then
      others[#others + 1] = key_text(key, seen) .. equals .. value_text(value, seen)
    end
  end
  table.sort(others)
  for _, item in ipairs(others) do list[#list + 1] = item end
  return list
end

function value_text(value, seen)
  if type(value) == 'string' then
    value = value:gsub('\n', '\\n')
    if value:find('"', 1, true) and not value:find("'", 1, true) then return "'" .. value .. "'" end
    return '"' .. value:gsub('"', '\\"') .. '"'
  end
  if type(value) ~= 'table' then return tostring(value) end
  if seen[value] then return '{…}' end
  seen[value] = true
  local out = '{' .. table.concat(items(value, '=', seen), ',') .. '}'
  seen[value] = nil
  return out
end

--- xlua.table2string(t[, lines]): a table as one line of Lua, or with an item to a line when lines is true
--   xlua.table2string({1, 2, name = 'net'})   -- {1,2,name="net"}
function text.table2string(t, lines)
  if not lines then return value_text(t, {}) end
  return '{\n   ' .. table.concat(items(t, ' : ', {[t] = true}), '\n   ') .. '\n}'
end

local longest = 40

local function field_text(value)
  if type(value) == 'userdata' then return '<userdata>' end
  local line = tostring(value):gsub('\n', '\\n')
  return #line > longest and line:sub(1, longest) .. ' ... ' or line
end

local function fields(t)
  local list = {}
  for key, value in pairs(t) do list[#list + 1] = ('[%s] = %s'):format(tostring(key), field_text(value)) end
  table.sort(list)
  return '{' .. table.concat(list, ',\n ') .. '}'
end

-- A table is its fields; one that describes itself is its description, an object of a class nothing else.
local function show(value)
  if type(value) ~= 'table' then return tostring(value) end
  local mt = getmetatable(value)
  if type(mt) == 'table' and mt.__tostring__ then return mt.__tostring__(value) end
  local own = tostring(value)
  if own:find('^table: ') then return fields(value) end
  if type(value.usage) == 'string' then return value.usage .. '\n\nFIELDS:\n' .. fields(value) end
  return own .. ':\n' .. fields(value)
end

--- xlua.print(value, …): prints values; of a table, its fields
function text.print(...)
  local shown = {}
  for i = 1, select('#', ...) do shown[i] = show((select(i, ...))) end
  io.write(table.concat(shown, '    '), '\n')
end

return text
