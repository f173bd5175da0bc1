--- xlua.progress: a bar that fills.
local errors = require 'torch.errors'
local terminal = require 'xlua.terminal'
local Timer = require('torch').Timer

local progress = {}

local units = {{86400, 'D'}, {3600, 'h'}, {60, 'm'}, {1, 's'}, {0.001, 'ms'}}

--- xlua.formatTime(seconds): its two largest parts, "1h20m", "3s250ms"
function progress.formatTime(seconds)
  if seconds ~= seconds or seconds >= 1e15 then return '?' end
  local text, parts = '', 0
  for _, unit in ipairs(units) do
    local count = math.floor(seconds / unit[1] + 1e-9)
    if count > 0 and parts < 2 then text, parts = text .. count .. unit[2], parts + 1 end
    seconds = seconds - count * unit[1]
  end
  return text ~= '' and text or '0ms'
end

--- The line of a bar. elapsed, step: seconds since the start, and for one step.
local function line(width, current, goal, elapsed, step)
  local done = current >= goal
  local time = done and 'Tot: ' .. progress.formatTime(elapsed) or
               'ETA: ' .. progress.formatTime(math.max(goal - current, 0) * step)
  local count = (' %s/%s '):format(current, goal)
  local cells = math.max(width - 36, #count + 2)
  local filled = goal > 0 and math.floor(math.min(math.max(current / goal, 0), 1) * cells) or cells
  local bar = ('='):rep(filled - 1) .. (filled > 0 and '>' or '') .. ('.'):rep(cells - filled)
  local before = math.floor((cells - #count) / 2)
  bar = bar:sub(1, before) .. count .. bar:sub(before + #count + 1)
  return (' [%s] %s | Step: %s'):format(bar, time, progress.formatTime(step)):sub(1, width - 1)
end
progress.line = line

-- The bar being drawn: its timer, and when the latest steps were taken, which the time left is told from.
local bar
local remembered = 100

local function start(current, goal)
  return {goal = goal, first = 1, last = 0, at = {}, seconds = {}, timer = Timer(), current = current}
end

-- Seconds for a step, over the steps remembered.
local function note(current, elapsed)
  bar.last = bar.last + 1
  bar.at[bar.last], bar.seconds[bar.last] = current, elapsed
  if bar.last - bar.first >= remembered then
    bar.at[bar.first], bar.seconds[bar.first] = nil, nil
    bar.first = bar.first + 1
  end
  local steps = current - bar.at[bar.first]
  return steps > 0 and (elapsed - bar.seconds[bar.first]) / steps or 0
end

--- xlua.progress(current, goal): draws a bar of how far current is on the way to goal, how long the rest will take and
-- how long a step takes. The first call starts the clock; reaching goal ends the bar. On a terminal the bar is drawn
-- over itself; elsewhere only a finished bar is written.
--   for i = 1, 100 do xlua.progress(i, 100) end
function progress.progress(current, goal)
  if type(current) ~= 'number' or type(goal) ~= 'number' then
    errors.fail('progress: expected two numbers, got %s and %s', type(current), type(goal))
  end
  if bar and bar.done and bar.goal == goal and current >= goal then return end -- the same end, told again
  if not bar or bar.done or bar.goal ~= goal or current < bar.current then bar = start(current, goal) end
  bar.current, bar.done = current, current >= goal
  local elapsed = bar.timer:time().real
  local step = note(current, elapsed)
  terminal.redraw(line(math.min(terminal.width(), 120), current, goal, elapsed, step), bar.done)
end

return progress
