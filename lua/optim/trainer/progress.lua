--- What training shows in a terminal: a line that fills, and curves.
local terminal = require 'xlua.terminal'

local module = {}

local eighths = {[0] = ' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'}

--- optim.clock(seconds): "1:05", or "2:03:05" from an hour on
function module.clock(seconds)
  seconds = math.floor(seconds)
  local minutes = ('%d:%02d'):format(math.floor(seconds / 60) % 60, seconds % 60)
  if seconds < 3600 then return minutes end
  return ('%d:%02d:%02d'):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60)
end

--- optim.progress(done, total, text[, left]): a line " 34% ████▍      text  0:41 left"; left: the seconds
-- left. On a terminal it is drawn over itself; elsewhere only its last state is written, when done reaches total.
function module.progress(done, total, text, left)
  local cells = 24
  local filled = total > 0 and math.min(done / total, 1) * cells or cells
  local bar = ('█'):rep(math.floor(filled))
  if filled < cells then
    bar = bar .. eighths[math.floor(filled % 1 * 8)] .. (' '):rep(cells - math.floor(filled) - 1)
  end
  local rest = left and done < total and ('  %s left'):format(module.clock(left)) or ''
  terminal.redraw((' %3d%% %s %s%s'):format(math.floor(100 * filled / cells), bar, text, rest), done >= total)
end

-- -- Curves -----------------------------------------------------------------------------------------------------

local marks = {'●', '○', '◆', '◇', '▲', '△'}

-- The value of a series at a column: the mean of those that fall into it.
local function column_value(values, column, columns)
  local first = math.floor((column - 1) * #values / columns) + 1
  local last = math.max(first, math.floor(column * #values / columns))
  local sum, n = 0, 0
  for i = first, math.min(last, #values) do
    if values[i] == values[i] and math.abs(values[i]) ~= math.huge then sum, n = sum + values[i], n + 1 end
  end
  return n > 0 and sum / n or nil
end

local function bounds(series)
  local least, most = math.huge, -math.huge
  for _, s in ipairs(series) do
    for _, v in ipairs(s.values) do
      if v == v and math.abs(v) ~= math.huge then least, most = math.min(least, v), math.max(most, v) end
    end
  end
  if least == most then least, most = least - 1, most + 1 end
  return least, most
end

--- optim.chart(series[, columns[, rows]]): curves drawn with characters, as a string of lines.
-- series: a list of {name = 'loss', values = {…}}, each stretched over the width (60 columns, 10 rows).
function module.chart(series, columns, rows)
  columns, rows = columns or 60, rows or 10
  local least, most = bounds(series)
  if least > most then return 'nothing to draw' end
  local cells, lines, names = {}, {}, {}
  for row = 1, rows do cells[row] = {} end
  for k, s in ipairs(series) do
    names[k] = marks[(k - 1) % #marks + 1] .. ' ' .. s.name
    for column = 1, columns do
      local v = #s.values > 0 and column_value(s.values, column, columns)
      if v then cells[rows - math.floor((v - least) / (most - least) * (rows - 1) + 0.5)][column] = k end
    end
  end
  for row = 1, rows do
    local line = {}
    for column = 1, columns do
      local k = cells[row][column]
      line[column] = k and marks[(k - 1) % #marks + 1] or ' '
    end
    local label = row == 1 and ('%10.4g'):format(most) or row == rows and ('%10.4g'):format(least) or (' '):rep(10)
    lines[row] = label .. ' │' .. table.concat(line):gsub(' +$', '')
  end
  lines[rows + 1] = (' '):rep(12) .. table.concat(names, '   ')
  return table.concat(lines, '\n')
end

return module
