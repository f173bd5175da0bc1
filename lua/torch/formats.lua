--- The formats of files that torch.load reads, each known by how a file begins. Torch's own .t7 is registered where
-- torch.load is made, others by torch.formats.* and by packages.
local errors = require 'torch.errors'
local libc = require 'torch.libc'

local formats = {}

local list = {}

--- formats.register{name=, probe=, load=[, last=]}: adds a format, in place of one of the same name.
-- probe(head, path): whether a file is of the format; head: its first 512 bytes, or all where there are fewer.
-- load(path, options): gives what torch.load is to give; options: a table, as torch.load got it.
-- last: true to be asked only when no other format takes the file. The others are asked in the order they came in.
--   formats.register {name = 'text', probe = function(_, path) return path:match('%.txt$') ~= nil end, load = read}
function formats.register(format)
  for name, expected in pairs {name = 'string', probe = 'function', load = 'function'} do
    if type(format[name]) ~= expected then
      errors.fail('formats.register: expected a %s as %s, got a %s', expected, name, type(format[name]))
    end
  end
  local place = #list + 1
  for i, known in ipairs(list) do
    if known.name == format.name then place = i end
  end
  list[place] = format
end

local function head_of(path)
  local file = io.open(path, 'rb')
  local head = file and file:read(512)
  if file then file:close() end
  return head or ''
end

local function first(head, path, last)
  for _, format in ipairs(list) do
    if (format.last or false) == last and format.probe(head, path) then return format end
  end
end

--- The format of the file at a path, or nil: of files that cannot be read twice, such as pipes, nobody knows.
function formats.find(path)
  if type(path) ~= 'string' or libc.kind(path) ~= 'file' then return nil end
  local head = head_of(path)
  return first(head, path, false) or first(head, path, true)
end

--- The names of all formats, for messages.
function formats.names()
  local names = {}
  for i, format in ipairs(list) do names[i] = format.name end
  return table.concat(names, ', ')
end

return formats
