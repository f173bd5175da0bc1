--- CSV files: rows of numbers as tensors. Lines end with \n or \r\n, cells may stand in quotes.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local elements = require 'torch.formats.elements'
local ffi = require 'ffi'
local handle = require 'torch.handle'
local libc = require 'torch.libc'
local making = require 'torch.making'
local new_cells = require 'torch.formats.cells'
local numbertext = require 'torch.numbertext'
local reals = require 'torch.reals'
local replace = require 'torch.replacefile'
local source = require 'torch.formats.source'
local types = require 'torch.types'

local csv = {}

-- -- Options ----------------------------------------------------------------------------------------------------

local function check_option(what, options, name, expected)
  if options[name] ~= nil and type(options[name]) ~= expected then
    errors.fail('%s: expected a %s as the option %s, got a %s', what, expected, name, type(options[name]))
  end
end

local function delimiter_of(what, options, path)
  if type(path) ~= 'nil' and type(path) ~= 'string' then
    errors.fail('%s: expected a file name, got a %s', what, type(path))
  end
  check_option(what, options, 'delimiter', 'string')
  local delimiter = options.delimiter or path and path:lower():match('%.tsv$') and '\t' or ','
  if not delimiter:match('^[%p \t]$') or delimiter:match('[%.+%-"]') then
    errors.fail('%s: expected a delimiter such as , ; or \\t, got %q', what, delimiter)
  end
  return delimiter
end

local function read_options(options, path)
  options = options or {}
  if type(options) ~= 'table' then errors.fail('csv.load: expected a table of options, got %s', type(options)) end
  check_option('csv.load', options, 'header', 'boolean')
  check_option('csv.load', options, 'columns', 'table')
  check_option('csv.load', options, 'type', 'string')
  if options.missing ~= nil and options.missing ~= 'nan' and options.missing ~= 'error' then
    errors.fail("csv.load: expected 'nan' or 'error' as the option missing, got %s", tostring(options.missing))
  end
  local kind = options.type and types.by_name[options.type] or not options.type and making.default()
  if not kind or not kind.pointer or kind.device ~= C.MT_CPU or options.type == kind.storage_name then
    errors.fail('csv.load: cannot read numbers into a %s', options.type or kind.tensor_name)
  end
  return {delimiter = delimiter_of('csv.load', options, path):byte(), header = options.header,
          columns = options.columns, kind = kind,
          missing = options.missing == 'nan' and kind.floating and 'nan' or 'error'}
end

-- -- Numbers ----------------------------------------------------------------------------------------------------

local rest = ffi.new('char *[1]')
local X, SIGN = ('x'):byte(), {[('+'):byte()] = true, [('-'):byte()] = true}

-- strtod reads hexadecimal numbers too.
local function is_hexadecimal(start)
  if SIGN[start[0]] then start = start + 1 end
  return start[0] == 48 and bit.bor(start[1], 32) == X
end

local function is_missing(cells)
  local n = cells.last - cells.first
  return n == 0 or n == 2 and cells.buffer[cells.first] == 78 and cells.buffer[cells.first + 1] == 65 -- NA
end

local function not_a_number(cells, expected)
  local text = cells:text()
  if text == '' then text = 'nothing' else text = ('"%s"'):format(#text > 40 and text:sub(1, 40) .. '…' or text) end
  cells:fail('expected %s, got %s', expected, text)
end

-- The cell as a number, or nil.
local function real(cells)
  local start = cells.buffer + cells.first
  local value = reals.parse(start, rest)
  if cells.last > cells.first and rest[0] == cells.buffer + cells.last and not is_hexadecimal(start) then
    return value
  end
end

local function put_real(cells, data, i, missing)
  local value = real(cells)
  if not value then
    if missing ~= 'nan' or not is_missing(cells) then not_a_number(cells, 'a number') end
    value = 0 / 0
  end
  data[i] = value
end

local function put_whole(cells, data, i)
  local start = cells.buffer + cells.first
  ffi.errno(0)
  local value = libc.C.mt_c_strtoll(start, rest, 10)
  if cells.last == cells.first or rest[0] ~= cells.buffer + cells.last or ffi.errno() ~= 0 then
    not_a_number(cells, 'a whole number')
  end
  data[i] = value
  if data[i] ~= value then not_a_number(cells, 'a number that the tensor can hold') end
end

-- -- Rows -------------------------------------------------------------------------------------------------------

-- The first row: its cells as strings, and whether one of them is no number.
local function first_row(cells)
  local names, has_text = {}, false
  while cells:next() do
    names[#names + 1] = cells:text()
    has_text = has_text or not real(cells) and not is_missing(cells)
    if cells.row_ends then break end
  end
  return names, has_text
end

-- How many rows there are, which all have to have as many cells as the first.
local function count_rows(cells, width)
  local rows = 0
  while cells:next() do
    if cells.row_ends then
      if cells.column ~= width then cells:fail('the row has %d cells, expected %d', cells.column, width) end
      rows = rows + 1
    end
  end
  return rows
end

-- By the column of the file, from 1: that of the tensor, from 0, or false.
local function places_of(s, columns, names, width)
  local places, by_name = {}, {}
  for i = 1, width do
    places[i] = not columns and i - 1
    if names then by_name[names[i]] = by_name[names[i]] or i end
  end
  for i, column in ipairs(columns or {}) do
    local place = type(column) == 'number' and column or by_name[column]
    if not place or places[place] == nil then s:fail('there is no column %s', tostring(column)) end
    if places[place] then s:fail('the column %s is asked for twice', tostring(column)) end
    places[place] = i - 1
  end
  return places, columns and #columns or width
end

-- The file may have changed since the rows were counted.
local function fill(cells, options, data, places, rows, count)
  local put = options.kind.floating and put_real or put_whole
  local at, past, width = 0, rows * count, #places
  while cells:next() do
    local place = places[cells.column]
    if at == past and count > 0 then break end
    if place then put(cells, data, at + place, options.missing) end
    if cells.row_ends then
      if cells.column ~= width then break end
      at = at + count
    end
  end
  if at ~= past or cells:next() then cells:fail('the file has changed while it was read') end
end

local function picked(names, places, width)
  local list = {}
  for i = 1, width do
    if places[i] then list[places[i] + 1] = names[i] end
  end
  return list
end

-- The rows are counted first, so that the tensor can be made in one piece.
local function read_source(s, options)
  local cells = new_cells(s, options.delimiter)
  local names, has_text = first_row(cells)
  local width, header = #names, options.header
  if header == nil then header = has_text end
  local rows = count_rows(cells, width) + (header and 0 or width > 0 and 1 or 0)
  local places, count = places_of(s, options.columns, header and names or nil, width)
  local storage = elements.new_storage(options.kind.dtype, rows * count)
  cells = new_cells(s, options.delimiter)
  if header then first_row(cells) end
  fill(cells, options, ffi.cast(options.kind.pointer, handle.block(storage).data), places, rows, count)
  return elements.view(storage, 0, {rows, count}), header and picked(names, places, width) or nil
end

--- torch.csv.load(path[, options]): the numbers of a CSV file as a tensor of rows and columns, and the names of the
-- columns where its first row has them. The text is read in pieces, so files may be larger than memory for strings.
-- options: header (true, false; by default it is looked at), delimiter (',', or a tab where the name ends in .tsv),
-- columns (a list of those wanted, by name
-- or number; others may hold text), missing ('error', or 'nan' for cells that are empty or NA), type (the default
-- tensor type).
--   torch.csv.save('/tmp/x.csv', torch.Tensor{{1, 0.5}, {2, 0.25}}, {header = {'n', 'x'}})
--   local x, names = torch.csv.load('/tmp/x.csv')
--   print(x[2][2], names[2])   -- 0.25  x
function csv.load(path, options)
  return source.with('csv', path, read_source, read_options(options, path))
end

--- torch.csv.decode(text[, options]): the same for the text of a CSV file.
function csv.decode(text, options)
  return read_source(source.of_string('csv', text), read_options(options))
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local function quoted(text, delimiter)
  if text:find('[%c"]') or text:find(delimiter, 1, true) then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

local function header_line(names, width, delimiter)
  if type(names) ~= 'table' or #names ~= width then
    errors.fail('csv.save: expected a list of %d names as the option header', width)
  end
  local parts = {}
  for i, name in ipairs(names) do
    if type(name) ~= 'string' then errors.fail('csv.save: expected names as strings, got %s', type(name)) end
    parts[i] = quoted(name, delimiter)
  end
  return table.concat(parts, delimiter) .. '\n'
end

local function write_rows(file, kind, data, rows, width, delimiter, text_of)
  local parts = {}
  for i = 0, rows - 1 do
    for j = 1, width do parts[j] = text_of(kind.element(data, i * width + j - 1)) end
    file:writeString(table.concat(parts, delimiter) .. '\n')
  end
end

--- torch.csv.save(path, tensor[, options]): writes a tensor of one or two dimensions, a row of it a line, so that the
-- same numbers are read again. options: header (the names of the columns), delimiter (as above). The file appears whole
-- or not at all.
function csv.save(path, t, options)
  options = options or {}
  if type(options) ~= 'table' then errors.fail('csv.save: expected a table of options, got %s', type(options)) end
  if not handle.is_tensor(t) then errors.fail('csv.save: expected a tensor, got %s', type(t)) end
  local sizes, delimiter = elements.sizes(t), delimiter_of('csv.save', options, path)
  if #sizes > 2 then errors.fail('csv.save: expected one or two dimensions, got %d', #sizes) end
  local kind = handle.kind(t)
  if not kind.pointer then kind = types.by_name['torch.FloatTensor'] end
  local text_of = kind.dtype == C.MT_DOUBLE and numbertext.double or kind.floating and numbertext.single or
                  numbertext.whole
  local rows, width = sizes[1] or 0, sizes[2] or 1
  local header = options.header and header_line(options.header, width, delimiter)
  replace('csv.save', path, function(file)
    local data, _, alive = elements.packed(t, kind)
    if header then file:binary():writeString(header) end
    write_rows(file:binary(), kind, ffi.cast(kind.pointer, data), rows, width, delimiter, text_of)
    return alive
  end)
end

return csv
