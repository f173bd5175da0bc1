--- The cells of a text of rows and columns, one after another, in a buffer that is filled in pieces: nothing becomes a
-- string on the way. Source: RFC 4180; spaces around a cell are not part of it, and empty lines are left out.
local ffi = require 'ffi'
local libc = require 'torch.libc'

local Cells = {}
Cells.__index = Cells

local room = 2 ^ 18
local SPACE, TAB, LINE, RETURN, QUOTE = 32, 9, 10, 13, 34

--- The cells of a source. delimiter: the byte between two of them.
local function new(source, delimiter)
  local self = setmetatable({
    source = source, delimiter = delimiter, stops = string.char(delimiter, LINE), room = math.min(room, source.size),
    place = 0,          -- of the next byte of the source to come into the buffer
    past = 0,           -- the end of what is in the buffer; a zero byte follows
    at = 0,             -- the next byte to be looked at
    first = 0, last = 0, -- the cell: from first up to, but not including, last
    quoted = false,     -- whether it stood in quotes
    row_ends = true,    -- whether it is the last one of its row
    line = 0, column = 0, -- where it is, from 1; line is that of its row's beginning
    lines = 1,          -- the line of the byte at at
  }, Cells)
  self.buffer = ffi.new('char[?]', self.room + 1)
  if source.size >= 3 and source:string(0, 3) == '\239\187\191' then self.place = 3 end -- the mark of UTF-8
  return self
end

-- Brings more bytes in behind those of the current cell, which move to the front; false at the end of the source.
local function fill(self)
  local kept = self.past - self.first
  local n = math.min(self.room - kept, self.source.size - self.place)
  if self.place == self.source.size then return false end
  if n == 0 then -- one cell fills the buffer
    self.room = 2 * self.room
    local larger = ffi.new('char[?]', self.room + 1)
    ffi.copy(larger, self.buffer + self.first, kept)
    self.buffer, n = larger, math.min(self.room - kept, self.source.size - self.place)
  else
    for i = 0, kept - 1 do self.buffer[i] = self.buffer[self.first + i] end
  end
  self.at, self.last, self.first = self.at - self.first, self.last - self.first, 0
  self.source:read(self.place, n, self.buffer + kept)
  self.place, self.past = self.place + n, kept + n
  self.buffer[self.past] = 0
  return true
end

--- Raises an error that names the file, the line and the column.
function Cells:fail(format, ...)
  return self.source:fail('line %d, column %d: ' .. format, self.line, self.column, ...)
end

-- From a quote to its end: a doubled quote stands for one.
local function skip_quoted(self)
  self.at = self.at + 1
  while true do
    if self.at == self.past and not fill(self) then self:fail('the quote is never closed') end
    local c = self.buffer[self.at]
    if c == QUOTE then
      if self.at + 1 == self.past then fill(self) end
      if self.buffer[self.at + 1] ~= QUOTE or self.at + 1 == self.past then break end
      self.at = self.at + 1
    elseif c == LINE then
      self.lines = self.lines + 1
    end
    self.at = self.at + 1
  end
  self.last = self.at
  self.at = self.at + 1
end

-- A loop that is left at once most of the time keeps LuaJIT from compiling the loop around it, so what happens again
-- and again in a cell calls itself for the next round.

-- To the delimiter or the end of the line.
local function skip_plain(self)
  self.at = self.at + tonumber(libc.C.mt_c_strcspn(self.buffer + self.at, self.stops))
  if self.at == self.past then
    if fill(self) then return skip_plain(self) end
  elseif self.buffer[self.at] == 0 then
    self.at = self.at + 1
    return skip_plain(self)
  end
end

local function is_space(c, delimiter) return (c == SPACE or c == TAB or c == RETURN) and c ~= delimiter end

local function skip_spaces(self)
  if self.at == self.past and not fill(self) then return end
  if not is_space(self.buffer[self.at], self.delimiter) then return end
  self.at = self.at + 1
  return skip_spaces(self)
end

-- Takes spaces off the end of the cell.
local function trim(self)
  if self.last == self.first or not is_space(self.buffer[self.last - 1], self.delimiter) then return end
  self.last = self.last - 1
  return trim(self)
end

-- Where a row begins, empty lines are passed over; false at the end of the source.
local function begin_row(self)
  self.column, self.line = 0, self.lines
  skip_spaces(self)
  self.first = self.at
  if self.at == self.past then return false end
  if self.buffer[self.at] ~= LINE then return true end
  self.at, self.lines = self.at + 1, self.lines + 1
  return begin_row(self)
end

--- Goes to the next cell; false when there is none.
function Cells:next()
  self.first = self.at
  if self.row_ends and not begin_row(self) then return false end
  self.column = self.column + 1
  skip_spaces(self)
  self.first = self.at
  self.quoted = self.at < self.past and self.buffer[self.at] == QUOTE
  if self.quoted then
    skip_quoted(self)
    self.first = self.first + 1
    skip_spaces(self)
    if self.at < self.past and self.buffer[self.at] ~= self.delimiter and self.buffer[self.at] ~= LINE then
      self:fail('expected the end of the cell after the quote')
    end
  else
    skip_plain(self)
    self.last = self.at
    trim(self)
  end
  self.row_ends = self.at == self.past or self.buffer[self.at] == LINE
  if self.at < self.past then
    if self.row_ends then self.lines = self.lines + 1 end
    self.at = self.at + 1
  end
  return true
end

--- The cell as a string.
function Cells:text()
  local text = ffi.string(self.buffer + self.first, self.last - self.first)
  return self.quoted and text:gsub('""', '"') or text
end

return new
