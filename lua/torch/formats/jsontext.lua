--- Values as JSON text, in pieces. lua-cjson writes 14 digits of a number, which gives others back, and knows no
-- tensors; so only its strings are used here.
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local elements = require 'torch.formats.elements'
local ffi = require 'ffi'
local handle = require 'torch.handle'
local numbertext = require 'torch.numbertext'
local types = require 'torch.types'
local storages = require 'torch.storage'

local deepest = 1000 -- levels of tables in tables

local write

local function fail(self, message)
  local path = table.concat(self.path, '.')
  errors.fail('%s: %s%s', self.what, message, path ~= '' and ' (at ' .. path .. ')' or '')
end

local function put(self, text)
  local n = self.n + 1
  self[n], self.n = text, n
  if self.flush and n == 4096 then
    self.flush(table.concat(self, '', 1, n))
    self.n = 0
  end
end

local function not_finite(self, value)
  if self.nan == 'null' then return 'null' end
  fail(self, ("JSON has no %s; the option {nan = 'null'} writes null"):format(value))
end

local function double(self, value)
  return value - value == 0 and numbertext.double(value) or not_finite(self, value)
end

local function single(self, value)
  return value - value == 0 and numbertext.single(value) or not_finite(self, value)
end

-- -- Tensors ----------------------------------------------------------------------------------------------------

-- Bracketed rows of dimension dim (from 1) on; at: the place of the first element.
local function write_rows(self, kind, data, sizes, dim, at, text_of)
  put(self, '[')
  if dim == #sizes then
    for i = 0, sizes[dim] - 1 do
      put(self, (i > 0 and ',' or '') .. text_of(self, kind.element(data, at + i)))
    end
    at = at + sizes[dim]
  else
    for i = 1, sizes[dim] do
      if i > 1 then put(self, ',') end
      at = write_rows(self, kind, data, sizes, dim + 1, at, text_of)
    end
  end
  put(self, ']')
  return at
end

local function whole(_, value) return numbertext.whole(value) end

local function write_tensor(self, t)
  local kind = handle.kind(t)
  if not kind.pointer then kind = types.by_name['torch.FloatTensor'] end -- 16-bit floats have no type in Lua
  local sizes = elements.sizes(t)
  if #sizes == 0 then return put(self, '[]') end
  local data, _, alive = elements.packed(t, kind)
  local text_of = kind.dtype == C.MT_DOUBLE and double or kind.dtype == C.MT_FLOAT and single or whole
  write_rows(self, kind, ffi.cast(kind.pointer, data), sizes, 1, 0, text_of)
  return alive -- not collected before it was written
end

-- -- Tables -----------------------------------------------------------------------------------------------------

-- Whether all keys are 1 … n, or the sorted keys where all are strings.
local function keys_of(self, t)
  local names, count = {}, 0
  for key in pairs(t) do
    count = count + 1
    if type(key) == 'string' then names[#names + 1] = key end
  end
  if #names == count then
    table.sort(names)
    return names, false
  end
  if #names > 0 or #t ~= count then fail(self, 'expected the keys of a table to be 1 to n, or names') end
  return nil, true
end

local function write_table(self, t)
  local path = self.path
  if #path == deepest then errors.fail('%s: the value is nested deeper than %d levels', self.what, deepest) end
  local names, is_list = keys_of(self, t)
  put(self, is_list and '[' or '{')
  for i = 1, is_list and #t or #names do
    local key = is_list and i or names[i]
    path[#path + 1] = tostring(key)
    put(self, (i > 1 and ',' or '') .. (is_list and '' or self.quote(key) .. ':'))
    write(self, t[key])
    path[#path] = nil
  end
  put(self, is_list and ']' or '}')
end

function write(self, value)
  local kind = type(value)
  if value == nil or value == self.null then return put(self, 'null') end
  if handle.is_tensor(value) then return write_tensor(self, value) end
  if handle.is_storage(value) then return write_tensor(self, storages.as_tensor(value)) end
  if kind == 'string' then return put(self, self.quote(value)) end
  if kind == 'number' then return put(self, double(self, value)) end
  if kind == 'boolean' then return put(self, tostring(value)) end
  if kind == 'table' and not class.typename(value) then return write_table(self, value) end
  fail(self, 'JSON has no ' .. class.type(value))
end

--- Gives the text of a value, or hands it in pieces to flush(text) where there is that.
-- options: what (begins the messages of errors), quote(string), null (a value that stands for null), nan ('null' or
-- nil).
return function(value, options, flush)
  local self = {n = 0, path = {}, flush = flush, what = options.what, quote = options.quote, null = options.null,
                nan = options.nan}
  write(self, value)
  local rest = table.concat(self, '', 1, self.n)
  if not flush then return rest end
  flush(rest)
end
