--- A run's record as CSV: a header, then a row for each report, flushed at once. A resumed run cuts off what came after
-- its checkpoint, so the file reads as if there had been no interruption.
local errors = require 'torch.errors'

local Records = {}
Records.__index = Records

local function read_rows(path, last_step)
  local file, rows, header = io.open(path), {}, nil
  if not file then return nil, rows end
  for line in file:lines() do
    local step = tonumber(line:match('^[^,]*,([^,]*)'))
    if not header then
      header = line
    elseif step and step <= last_step then
      rows[#rows + 1] = line
    end
  end
  file:close()
  return header, rows
end

local function write(self, line)
  local ok, reason = self.file:write(line, '\n')
  ok = ok and self.file:flush()
  if not ok then errors.fail('Trainer: cannot write to %s: %s', self.path, reason or 'no space left') end
end

--- names: the columns; the second must be the step. last_step: rows up to this step stay (0: a new file).
local function open(path, names, last_step)
  local header, rows = nil, {}
  if last_step > 0 then header, rows = read_rows(path, last_step) end
  local self = setmetatable({path = path, names = names}, Records)
  local reason
  self.file, reason = io.open(path, 'w')
  if not self.file then errors.fail('Trainer: cannot write %s', reason) end
  write(self, header or table.concat(names, ','))
  for _, row in ipairs(rows) do write(self, row) end
  return self
end

--- Adds a row from a table by names; what is missing stays empty. Numbers keep all their digits.
function Records:add(values)
  local row = {}
  for i, name in ipairs(self.names) do
    local v = values[name]
    row[i] = type(v) == 'number' and ('%.17g'):format(v) or v == nil and '' or tostring(v)
  end
  write(self, table.concat(row, ','))
end

function Records:close() self.file:close() end

return {open = open}
