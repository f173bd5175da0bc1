--- optim.Logger([filename[, timestamp]]): writes values into a file, one row at a time, and plots them.
-- Without a file name it writes to the standard output. timestamp: adds the time to the file's name.
--   local logger = optim.Logger('run/accuracy.log')
--   logger:setNames {'training', 'test'}
--   logger:add {0.93, 0.91}
--   logger:style {'-', '-'}
--   logger:plot()             -- with the package gnuplot
local torch = require 'torch'
local errors = require 'torch.errors'
local libc = require 'torch.libc'

local Logger = torch.class('optim.Logger')

-- Makes the folders that a path leads through.
local function make_folders(path)
  for at in path:gmatch('()/') do
    if at > 1 then libc.make_folder(path:sub(1, at - 1)) end
  end
end

function Logger:__init(filename, timestamp)
  if filename then
    make_folders(filename)
    self.name = filename
    self.epsfile = filename .. '.eps'
    local path = timestamp and filename .. '-' .. os.date('%Y_%m_%d_%X') or filename
    local reason
    self.file, reason = io.open(path, 'w')
    if not self.file then errors.fail('Logger: cannot write %s', reason) end
  else
    self.name, self.file = 'stdout', io.stdout
    print('<Logger> warning: no path provided, logging to std out')
  end
  self.empty, self.showPlot, self.logscale, self.defaultStyle = true, true, false, '+'
  self.symbols, self.styles, self.names, self.idx = {}, {}, {}, {}
end

local function write(self, ...)
  local ok, reason = self.file:write(...)
  ok = ok and self.file:flush()
  if not ok then errors.fail('Logger: cannot write to %s: %s', self.name, reason or 'no space left') end
end

-- The first row: keys[i] is column i's key in add's tables, names[key] its name.
local function open_columns(self, keys, names)
  self.empty, self.keys, self.nsymbols = false, keys, #keys
  local row = {}
  for i, key in ipairs(keys) do
    row[i] = names[key] .. '\t'
    self.symbols[key], self.styles[key] = {}, {self.defaultStyle}
    self.names[key], self.idx[names[key]] = names[key], key
  end
  write(self, table.concat(row), '\n')
end

--- Names the columns: setNames{'training', 'test'}; add then takes {0.93, 0.91}.
function Logger:setNames(names)
  local keys = {}
  for i = 1, #names do keys[i] = i end
  open_columns(self, keys, names)
  return self
end

local function before(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == 'number'
end

-- Columns from the keys of the first row; named ones in alphabetical order.
local function columns_of(symbols)
  local keys, names = {}, {}
  for key in pairs(symbols) do
    keys[#keys + 1], names[key] = key, tostring(key)
  end
  table.sort(keys, before)
  return keys, names
end

local function cell(key, value)
  if type(value) == 'number' then return ('%11.4e\t'):format(value) end
  if type(value) == 'string' then return value .. '\t' end
  return errors.fail('Logger: expected numbers and strings, got %s for %s', torch.type(value), tostring(key))
end

-- The values of a row by column; they may be given by the columns' names.
local function by_column(self, symbols)
  local values = {}
  for key, value in pairs(symbols) do
    local column = self.symbols[key] and key or self.idx[key]
    if not column then errors.fail('Logger: there is no column %s', tostring(key)) end
    values[column] = value
  end
  for _, key in ipairs(self.keys) do
    if values[key] == nil then errors.fail('Logger: there is no value for %s', tostring(self.names[key])) end
  end
  return values
end

--- Writes a row: add{0.93, 0.91}, or add{training = 0.93, test = 0.91}. The first row says which columns there are.
function Logger:add(symbols)
  local values, keys, names, row = symbols, self.keys, nil, {}
  if self.empty then keys, names = columns_of(symbols) else values = by_column(self, symbols) end
  for i, key in ipairs(keys) do row[i] = cell(key, values[key]) end
  if names then open_columns(self, keys, names) end
  write(self, table.concat(row), '\n')
  for _, key in ipairs(keys) do table.insert(self.symbols[key], values[key]) end
end

--- The styles that columns are plotted in: style{'-', '+'} or style{training = '-', test = {'-', '+'}}.
function Logger:style(symbols)
  for name, style in pairs(symbols) do
    if type(style) ~= 'string' and type(style) ~= 'table' then
      errors.fail('Logger: expected a style as a string or a table of strings, got %s', type(style))
    end
    self.styles[name] = type(style) == 'string' and {style} or style
  end
  return self
end

--- Whether the vertical axis is logarithmic.
function Logger:setlogscale(state) self.logscale = state end

--- Whether plot shows a window, too.
function Logger:display(state) self.showPlot = state end

-- -- Plotting ---------------------------------------------------------------------------------------------------

-- What gnuplot.plot takes: a table of {name, values, style}. keys: the columns wanted.
local function curves_of(self, keys)
  local list = {}
  for _, key in ipairs(keys) do
    local values = self.symbols[key]
    if #values > 1 then
      local y = torch.Tensor(values)
      for _, style in ipairs(self.styles[key]) do list[#list + 1] = {self.names[key], y, style} end
    end
  end
  return list
end

local function draw(self, gnuplot, curves)
  if self.logscale then gnuplot.logscale('on') end
  gnuplot.plot(curves)
  if self.plotRawCmd then gnuplot.raw(self.plotRawCmd) end
  gnuplot.grid('on')
  gnuplot.title('<Logger::' .. self.name .. '>')
end

local function keys_of(self, wanted)
  if #wanted == 0 then return self.keys or {} end
  local keys = {}
  for i, name in ipairs(wanted) do
    keys[i] = self.idx[name] or errors.fail('Logger: there is no column %s', tostring(name))
  end
  return keys
end

--- Plots all columns, or those named, into a window (see display) and beside the file, as .eps. Needs the package
-- gnuplot; without it a warning is printed once.
function Logger:plot(...)
  local found, gnuplot = pcall(require, self.plotter or 'gnuplot')
  if not found then
    if not self.warned then print('<Logger> warning: cannot plot without the package gnuplot') end
    self.warned = true
    return
  end
  local curves = curves_of(self, keys_of(self, {...}))
  if #curves == 0 then return end
  if self.showPlot then
    self.figure = gnuplot.figure(self.figure)
    draw(self, gnuplot, curves)
  end
  if self.epsfile then
    os.remove(self.epsfile)
    local figure = gnuplot.epsfigure(self.epsfile)
    draw(self, gnuplot, curves)
    gnuplot.plotflush()
    gnuplot.close(figure)
  end
end

return Logger
